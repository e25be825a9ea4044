/* SPDX-License-Identifier: MIT */
/* server.c: see server.h. */
#include "server.h"

#include <poll.h>
#include <signal.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "park.h"
#include "worker.h"

enum { SETTLED_NS = 20000000, ORPHAN_LOOK_NS = 100000000 };

/* What workers inherit. */
static void server_prepare(struct server *server)
{
    uint64_t all = UINT64_MAX; /* the C library would leave its own two out, which kill too */
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
    setpgid(0, 0); /* who kills the program's group leaves somebody to clear up after it */
    worker_inheritance();
    __fpurge(stdout); /* what the program has printed is its own to write */
    __fpurge(stderr);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    server->shared->server_pid = getpid();
    mprotect((char *)server->shared + FIXED_BYTES - page, page, PROT_READ); /* nothing here changes any more, and no task is to change it */
    madvise(server->hands, server->shared->hands_bytes, MADV_DONTFORK); /* tasks do not reach it */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (getppid() != server->program) _exit(0);
}

/* Before the first fork: without these nobody would learn that a worker has ended. */
static void server_watch(struct server *server)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    server->program_fd = fd_above_standard((int)syscall(SYS_pidfd_open, server->program, 0));
    if (server->program_fd < 0 && errno != ENOSYS) { /* before Linux 5.3, and under valgrind 3.19, it looks itself */
        server_break(server, -errno, "the spawn server can't watch the program: pidfd_open: %m");
        return;
    }
    server->signal_fd = fd_above_standard(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    if (server->signal_fd < 0) server_break(server, -errno, "no descriptor for the spawn server: signalfd: %m");
}

static void server_open(struct server *server)
{
    server_prepare(server);
    server_watch(server);
    for (unsigned i = 0; i < server->shared->config.workers && !server->ending; i++) spawn_worker(server, i);
    if (server->ending) return;
    atomic_store(&server->shared->server, SERVER_RUNNING);
    event_raise(server->shared);
}

static void terminate_step(struct server *server, int64_t now, int64_t *wake_at)
{
    struct shared *shared = server->shared;
    if (!atomic_load(&shared->terminate) && !atomic_load(&shared->interrupts)) return;
    if (!server->ending) {
        server->ending = true;
        for (unsigned i = 0; i < shared->capacity; i++)
            if (server->hands[i].pid) server->hands[i].killed = FORKPOOL_CAUSE_CANCELLED;
        server_kill_all(server, SIGTERM);
        park_wake_all(shared);
        server->kill_at = time_after(now, shared->config.grace_ns);
    }
    if (server->kill_at && now >= server->kill_at) {
        server_kill_all(server, SIGKILL);
        server->kill_at = now + 10000000; /* a worker may have been in the middle of fork */
    }
    if (server->kill_at && server->kill_at < *wake_at) *wake_at = server->kill_at;
}

static bool finished(struct server *server)
{
    return !server->alive && (server->ending || (atomic_load(&server->shared->drain) && !spawn_work_left(server->shared)));
}

static _Noreturn void server_finish(struct server *server)
{
    reap_strays(server);
    atomic_store(&server->shared->server, SERVER_GONE);
    event_raise(server->shared);
    _exit(0);
}

/* The program is gone: at once. */
static _Noreturn void server_orphaned(struct server *server)
{
    server_kill_all(server, SIGKILL);
    reap_strays(server);
    _exit(0);
}

static void wait_for_something(struct server *server, int64_t wake_at)
{
    struct pollfd fds[] = {{server->program_fd, POLLIN, 0}, {server->control_fd, POLLIN, 0}, {server->signal_fd, POLLIN, 0}};
    if (server->program_fd < 0) {
        if (getppid() != server->program) server_orphaned(server);
        int64_t look_at = now_ns() + ORPHAN_LOOK_NS;
        if (look_at < wake_at) wake_at = look_at;
    }
    int64_t left = wake_at - now_ns();
    struct timespec timeout = timespec_of(left > 0 ? left : 0);
    if (ppoll(fds, 3, wake_at == INT64_MAX ? NULL : &timeout, NULL) <= 0) return;
    char bytes[64];
    if (fds[0].revents) server_orphaned(server);
    if (fds[1].revents && read(server->control_fd, bytes, sizeof bytes) == 0) server_orphaned(server);
    struct signalfd_siginfo info[8];
    if (fds[2].revents && read(server->signal_fd, info, sizeof info) < 0) return;
}

_Noreturn void server_main(struct shared *shared, pid_t program, int control_fd, volatile unsigned char *guard,
                            struct hand *hands)
{
    struct server server = {.shared = shared, .program = program, .control_fd = control_fd, .program_fd = -1,
                            .signal_fd = -1, .guard = guard, .hands = hands, .oom_kills = UINT64_MAX};
    server_open(&server);
    int64_t settled_at = now_ns() + SETTLED_NS;
    for (;;) {
        int64_t now = now_ns(), wake_at = INT64_MAX;
        reap_children(&server);
        reap_held(&server, now, &wake_at);
        if (finished(&server)) server_finish(&server);
        terminate_step(&server, now, &wake_at);
        if (server.oom_kills == UINT64_MAX) { /* reading the counter takes a while, so not while the pool opens */
            if (now >= settled_at) reap_prepare(&server), server.oom_kills = cause_oom_kills();
            else if (settled_at < wake_at) wake_at = settled_at;
        }
        if (!server.ending) {
            spawn_wanted(&server, now, &wake_at);
            spawn_due(&server, now, &wake_at);
            watch_workers(&server, now, &wake_at);
        }
        if (!finished(&server)) wait_for_something(&server, wake_at);
    }
}
