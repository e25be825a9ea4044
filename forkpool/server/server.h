/* SPDX-License-Identifier: MIT */
/* server.h: the spawn server: a process without threads that forks workers, learns of their deaths, settles what they
 * left behind and replaces them. */
#ifndef FORKPOOL_SERVER_H
#define FORKPOOL_SERVER_H

#include <stdio.h>

#include "shared.h"
#include "system.h"

enum { STARTS_FAILED_MAX = 8 }; /* workers that die one after another before they are ready: the pool gives up */

/* The server's own record of one worker. */
struct hand {
    pid_t pid;                  /* 0: none */
    enum forkpool_cause killed; /* why the server killed it; UNKNOWN: it did not */
    int64_t started_at, leaves_at, killed_at; /* leaves_at: it was first seen in its finalizer; killed_at: SIGKILL; 0: not yet */
    size_t memory_bytes;        /* of its own that it began with: the program's; only where recycle_rss_bytes is set */
    int64_t spawn_at;           /* with pid 0: when to fork; 0: not wanted now */
};

struct server {
    struct shared *shared;
    pid_t program;
    int program_fd, control_fd, signal_fd; /* pidfd, -1 where there are none; closed by the program: end; SIGCHLD */
    volatile unsigned char *guard;
    struct hand *hands;         /* shared with the program; not with workers */
    unsigned alive, started, starts_failed, forks_failed;
    unsigned window_restarts;   /* since window_start */
    int64_t window_start;
    int64_t kill_at;            /* after terminate: SIGKILL at; 0 */
    FILE *children;             /* of this process, in /proc; NULL: not opened yet, or not there */
    uint64_t oom_kills;         /* the kernel's counter when last read */
    bool ending;                /* terminated or broken: no more forks */
};

/* In the new process; never returns. `guard` is zeroed in each child; `hands`, one for each worker, are the program's too. */
_Noreturn void server_main(struct shared *shared, pid_t program, int control_fd, volatile unsigned char *guard,
                            struct hand *hands);

/* signal.c: no more forks, all workers are killed, and the program is told why. */
void server_break(struct server *server, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Every signal that the server sends goes through here. `pid` is a child of this process that was not waited for yet, so
 * the number is nobody else's: a worker's comes from `hands`, which no task can write. To its process group too, where it
 * leads one. */
enum whom { ONE, GROUP };
void server_signal(pid_t pid, enum whom whom, int number);
/* Before a signal to the group that a worker leads: a task may have moved another worker there. */
void server_part_group(const struct server *server, pid_t group);
void server_kill_all(struct server *server, int number);

/* spawn.c: forks worker `number` now. On failure it is put off, or the pool given up. */
void spawn_worker(struct server *server, unsigned number);
void spawn_due(struct server *server, int64_t now, int64_t *wake_at); /* those whose time has come */
/* Missing ones up to `wanted` come, those beyond leave. */
void spawn_wanted(struct server *server, int64_t now, int64_t *wake_at);

bool spawn_work_left(struct shared *shared);                          /* tasks or maps that nobody has ended */

/* reap.c: all children that have ended; then workers that were killed and whose end a debugger holds back. */
void reap_children(struct server *server);
void reap_held(struct server *server, int64_t now, int64_t *wake_at);
void reap_strays(struct server *server); /* what tasks left behind */
void reap_prepare(struct server *server); /* while there are descriptors */
uint64_t cause_oom_kills(void);

/* watch.c: private memory of a process that is resident; 0: can't be seen */
size_t watch_memory(pid_t pid);
/* watch.c: limits, memory, idleness. Sets *wake_at to when it must look again, if earlier. */
void watch_workers(struct server *server, int64_t now, int64_t *wake_at);

/* recover.c: settles what dead worker `number` left in slots and maps. `loss` says how it died; its job and range are
 * filled in, and reports added. `counted`: the death counts even where nothing was lost. */
void recover_worker(struct server *server, unsigned number, struct forkpool_loss *loss, bool counted);

#endif
