/* SPDX-License-Identifier: MIT */
/* pool_server.c: the spawn server seen from the program: what it is told, whether it lives, that it goes on, that it has
 * ended; and whether a task has written over what both share. */
#include "pool.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "park.h"
#include "queue.h"
#include "range.h"
#include "server/server.h"

enum { SERVER_ENDS_NS = 1000000000, CHECK_NS = 20000000, GROUPS_NS = 500000000, GROUPS_LOOK_NS = 1000000 };
enum { SLOTS_A_LOOK = 1024, NUDGE_NS = 100000000, NUDGES_MOST = 6 };

void pool_poke(struct forkpool *pool)
{
    NOT_CANCELLED;
    send(pool->control_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void pool_recall(struct forkpool *pool)
{
    atomic_store(&pool->shared->recall, 1);
    pool_poke(pool);
}

void pool_tell_end(struct forkpool *pool)
{
    int64_t latest = time_after(now_ns() + SERVER_ENDS_NS, pool->shared->config.grace_ns);
    if (!pool->kill_at) pool->kill_at = latest;
    if (!atomic_exchange(&pool->shared->terminate, 1) && !pool->server_reaped) pool_poke(pool);
}

void pool_break(struct forkpool *pool, const char *what)
{
    if (pool->broken) return;
    struct shared *shared = pool->shared;
    pool->broken = true;
    snprintf(shared->reason, sizeof shared->reason, "%s was overwritten: a task wrote beyond its own memory", what);
    atomic_store(&shared->error, FORKPOOL_BROKEN);
    pool_tell_end(pool);
}

bool pool_gone(struct forkpool *pool)
{
    if (acquire(&pool->shared->server) == SERVER_GONE && pool_marked(pool)) pool->server_gone = true;
    return pool->server_gone;
}

/* Workers may leave once nothing can be submitted any more, not even by the pool itself. */
void pool_drain_if_due(struct forkpool *pool)
{
    if (!pool->closed || pool->repeatable || pool->iterators || relaxed(&pool->shared->drain)) return;
    atomic_store(&pool->shared->drain, 1);
    park_wake_all(pool->shared);
    if (!atomic_load(&pool->shared->alive)) pool_poke(pool); /* else the end of its last worker tells the server */
}

/* ---- Is the shared memory sound? ----
 * A task can write to every byte that the workers share. The program looks, while it waits, whether what it knows itself
 * still stands there: a pool that would never end its jobs any more is to say so instead. Everything that is read may be
 * what a task has left there: compared, never followed. */

static const char *queue_unsound(const struct shared *shared, unsigned queue)
{
    const _Atomic uint64_t *at = &shared->queues[queue].head;
    uint64_t head = acquire(at), tail = relaxed(&shared->queues[queue].tail); /* this thread holds the lock: tail stays */
    if (head > tail || tail - head > 2 * (uint64_t)shared->slot_count) return "the ends of the queue";
    if (head < tail && queue_at(shared, queue, head) == NOTHING && acquire(at) == head) return "the queue";
    return NULL;
}

static bool slot_sound(const struct shared *shared, const struct forkpool_job *job)
{
    const struct slot *slot = &shared->slots[job->place];
    uint64_t state = acquire(&slot->state);
    enum phase phase = slot_phase(state);
    bool held = phase == SLOT_RUNNING || phase == SLOT_CONDEMNED;
    return phase > SLOT_FREE && phase <= SLOT_CANCELLED && slot->job == job->id &&
           (!held || slot_worker(state) < shared->capacity);
}

static bool map_sound(const struct shared *shared, unsigned place, const struct forkpool_job *job)
{
    const struct map *map = &shared->maps[place];
    uint32_t state = atomic_load(&map->state) & 3u;
    if (map->job != job->id || (state != MAP_ACTIVE && state != MAP_ENDED)) return false;
    for (uint32_t i = 0; i < shared->capacity && i < map->lines; i++) {
        uint64_t word = acquire(&map_lines(shared, place)[i].word);
        if (!range_sound(map, (struct units){range_begin(word), range_end(word)})) return false;
    }
    return true;
}

static bool jobs_outstanding(const struct forkpool *pool)
{
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i]) return true;
    return pool->free_count < pool->shared->config.max_inflight;
}

static const char *jobs_unsound(struct forkpool *pool)
{
    const struct shared *shared = pool->shared;
    if (!jobs_outstanding(pool)) return NULL;
    for (uint32_t i = 0; i < SLOTS_A_LOOK && i < shared->slot_count; i++) {
        const struct forkpool_job *job = pool->slot_jobs[pool->looked_slot++ & (shared->slot_count - 1)];
        if (job && !slot_sound(shared, job)) return "the record of a task";
    }
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i] && !map_sound(shared, i, pool->map_jobs[i])) return "the record of a map";
    return NULL;
}

/* Are all workers there that are wanted, and asleep? */
static bool all_parked(const struct forkpool *pool)
{
    for (uint32_t i = 0; i < pool->shared->capacity; i++) {
        const struct worker *worker = &pool->shared->workers[i];
        bool there = atomic_load(&worker->life) != LIFE_NONE;
        if (there ? !relaxed(&worker->parked) : i < pool->wanted) return false;
    }
    return true;
}

/* There is work, so nobody sleeps long: if all do, again and again after they were woken to look, it can't be found any
 * more. Woken is everybody, whatever the marks say that tell who sleeps. A stopped worker does not sleep again. */
static const char *stalled(struct forkpool *pool, int64_t now)
{
    struct shared *shared = pool->shared;
    if (!jobs_outstanding(pool)) pool->nudges = 0;
    if (!jobs_outstanding(pool) || now - pool->nudged_at < NUDGE_NS) return NULL;
    pool->nudged_at = now;
    jobs_settle(pool);
    pool->nudges = jobs_outstanding(pool) && all_parked(pool) ? pool->nudges + 1 : 0;
    if (pool->nudges > NUDGES_MOST) return "what is to run next";
    for (uint32_t i = 0; i < shared->capacity; i++) {
        atomic_store(&shared->workers[i].parked, 0);
        futex_wake(&shared->workers[i].parked, 1);
    }
    return NULL;
}

/* With the lock held: what is damaged, for people; NULL: nothing that can be told. Wakes workers that sleep beside work. */
static const char *sound_look(struct forkpool *pool, int64_t now)
{
    const char *what = NULL;
    if (!pool_marked(pool)) return "the heads of the protocol";
    if (atomic_load(&pool->shared->wanted) != pool->wanted) return "how many workers are wanted";
    for (unsigned i = 0; !what && i < QUEUES; i++) what = queue_unsound(pool->shared, i);
    if (!what && !(what = jobs_unsound(pool))) what = stalled(pool, now);
    return what;
}

/* ---- Does the server live? ---- */

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
