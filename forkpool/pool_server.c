/* SPDX-License-Identifier: MIT */
/* pool_server.c: the spawn server seen from the program: whether it lives, that it goes on, that it has ended. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "park.h"
#include "pool.h"
#include "server/server.h"
#include "sound.h"

enum { CHECK_NS = 20000000, GROUPS_NS = 500000000, GROUPS_LOOK_NS = 1000000 };

/* A worker whose server is dead dies with it, but not what its tasks have started. The kernel gives the number of a group
 * that has members to no process. So the group is the worker's where no process has its number, or that process is a
 * child of ours or leads the group in our session, as workers do. False: a child that is to be waited for. */
static bool group_end(pid_t leader)
{
    siginfo_t info;
    bool child = !waitid(P_PID, (id_t)leader, &info, WEXITED | WNOHANG | WNOWAIT); /* where the program is its reaper */
    bool there = !kill(leader, 0) || errno != ESRCH, leads = getpgid(leader) == leader && getsid(leader) == getsid(0);
    if (child || !there || leads) kill(-leader, SIGKILL);
    return !child || waitpid(leader, NULL, WNOHANG) == leader;
}

/* Nobody but the server took their numbers out: where it left by itself, none is there. */
static void groups_end(struct forkpool *pool)
{
    bool left = true;
    for (int64_t until = now_ns() + GROUPS_NS; left && now_ns() < until;) {
        left = false;
        for (unsigned i = 0; i < pool->shared->capacity; i++)
            if (pool->hands[i].pid > 1 && group_end(pool->hands[i].pid)) pool->hands[i].pid = 0;
            else left |= pool->hands[i].pid > 1;
        struct timespec rest = {0, GROUPS_LOOK_NS};
        if (left) nanosleep(&rest, NULL);
    }
}

/* The server has ended; `status` where it is known. */
static void server_ended(struct forkpool *pool, bool known, int status)
{
    struct shared *shared = pool->shared;
    pool->server_reaped = true;
    groups_end(pool);
    if (!pool->broken && atomic_load(&shared->server) != SERVER_GONE && !atomic_load(&shared->error)) {
        if (known && WIFSIGNALED(status))
            snprintf(shared->reason, sizeof shared->reason, "the spawn server was killed by signal %d (%s)",
                     WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
            snprintf(shared->reason, sizeof shared->reason, "the spawn server ended unexpectedly");
        atomic_store(&shared->error, FORKPOOL_BROKEN);
    }
    if (pool->broken) atomic_store(&shared->error, FORKPOOL_BROKEN); /* whatever stands there by now */
    pool->server_gone = true;
}

/* A stopped server goes on; one that does not end in time is killed. It is a child of this process that was not waited
 * for yet, so its number is nobody else's. */
static void server_push(struct forkpool *pool, bool stopped, int64_t now)
{
    if (stopped) kill(pool->server, SIGCONT);
    if (pool->kill_at && now >= pool->kill_at) kill(pool->server, SIGKILL);
}

/* Its end of the socket is closed: its number may be another process's by now. */
static bool hung_up(const struct forkpool *pool)
{
    struct pollfd closed = {pool->control_fd, 0, 0};
    return poll(&closed, 1, 0) > 0;
}

void pool_check(struct forkpool *pool)
{
    NOT_CANCELLED;
    int64_t now = now_ns();
    if (pool->server_reaped || now - pool->checked_at < CHECK_NS) return;
    pool->checked_at = now;
    int status = 0;
    pid_t pid = waitpid(pool->server, &status, WNOHANG | WUNTRACED);
    bool stopped = pid > 0 && WIFSTOPPED(status);
    if (pid < 0 && errno != EINTR && (hung_up(pool) || kill(pool->server, 0))) server_ended(pool, false, 0); /* reaped elsewhere */
    if (pid > 0 && !stopped) server_ended(pool, true, status);
    if (pool->server_reaped) return;
    if (pid >= 0) server_push(pool, stopped, now);
    const char *what = pool->broken || pool->kill_at || pool_gone(pool) ? NULL : sound_look(pool, now);
    if (what) pool_break(pool, what);
}

/* It ends by itself or is killed. Sleeps until its end of the socket is closed, which comes first. */
void pool_reap(struct forkpool *pool)
{
    NOT_CANCELLED;
    struct pollfd closed = {pool->control_fd, 0, 0};
    siginfo_t ended;
    for (bool reaped = false; !reaped;) {
        if (poll(&closed, 1, 100) > 0) waitid(P_PID, (id_t)pool->server, &ended, WEXITED | WNOWAIT);
        pool_lock(pool);
        pool->checked_at = 0;
        pool_check(pool);
        reaped = pool->server_reaped;
        pool_unlock(pool);
    }
}
