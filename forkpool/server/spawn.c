/* SPDX-License-Identifier: MIT */
/* spawn.c: forking workers, at opening and later. */
#include "server.h"

#include "park.h"
#include "queue.h"
#include "range.h"
#include "worker.h"

enum { FORKS_FAILED_MAX = 10, BACKOFF_NS = 1000000, SHRINK_NS = 5000000 }; /* 1, 2, 4 ms ... half a second, then once more; about a second */

static void entry_reset(struct worker *worker)
{
    atomic_store(&worker->retire, 0);
    atomic_store(&worker->leave, LEAVE_NOT);
    atomic_store(&worker->busy, 0);
    atomic_store(&worker->kill, 0);
    atomic_store(&worker->call, 0);
    atomic_store(&worker->faulted, 0);
    atomic_store(&worker->parked_at, 0);
    atomic_store(&worker->life, LIFE_STARTING);
}

static bool opening(const struct shared *shared)
{
    return start_may_fail(&shared->config) && atomic_load(&shared->ready) < shared->config.workers;
}

static void fork_failed(struct server *server, unsigned number, int error)
{
    server->hands[number].spawn_at = now_ns() + ((int64_t)BACKOFF_NS << server->forks_failed);
    if (server->forks_failed < FORKS_FAILED_MAX - 1) {
        server->forks_failed++;
    } else if (!server->alive) {
        server_break(server, FORKPOOL_BROKEN, "no worker left, and fork for worker %u fails: %s", number, strerror(error));
    } else if (opening(server->shared)) { /* which waits for each worker */
        server_break(server, -error, "fork for worker %u, which died while starting, fails: %s", number, strerror(error));
    }
}

void spawn_worker(struct server *server, unsigned number)
{
    struct shared *shared = server->shared;
    struct worker *worker = &shared->workers[number];
    struct hand *hand = &server->hands[number];
    entry_reset(worker);
    pid_t server_pid = getpid(), pid = fork();
    if (pid == 0) {
        int fds[] = {server->program_fd, server->control_fd, server->signal_fd, server->children ? fileno(server->children) : -1};
        worker_main(shared, number, server_pid, server->guard, fds, 4);
    }
    if (pid < 0) {
        int error = errno;
        atomic_store(&worker->life, LIFE_NONE);
        if (server->started < shared->config.workers)
            server_break(server, -error, "fork of worker %u failed: %s", number, strerror(error));
        else
            fork_failed(server, number, error);
        return;
    }
    if (atomic_load(&worker->pid)) atomic_fetch_add(&worker->restarts, 1);
    atomic_store(&worker->pid, pid);
    *hand = (struct hand){.pid = pid, .started_at = now_ns(), .memory_bytes = shared->config.recycle_rss_bytes ? watch_memory(server_pid) : 0};
    server->alive++;
    server->forks_failed = 0;
    atomic_store(&shared->alive, server->alive);
    atomic_store(&shared->started, ++server->started);
}

void spawn_due(struct server *server, int64_t now, int64_t *wake_at)
{
    for (unsigned i = 0; i < server->shared->capacity && !server->ending; i++) {
        struct hand *hand = &server->hands[i];
        if (hand->pid || !hand->spawn_at) continue;
        if (hand->spawn_at <= now) spawn_worker(server, i);
        if (!hand->pid && hand->spawn_at && hand->spawn_at < *wake_at) *wake_at = hand->spawn_at;
    }
}

bool spawn_work_left(struct shared *shared)
{
    for (unsigned map = 0; map < MAPS; map++)
        if ((atomic_load(&shared->maps[map].state) & 3u) == MAP_ACTIVE) return true;
    return queue_takes(shared) < queue_puts(shared);
}

/* Nobody else runs the units of a static map that are this worker's. */
static bool has_static_share(struct shared *shared, unsigned number)
{
    for (unsigned i = 0; i < MAPS; i++) {
        const struct map *map = &shared->maps[i];
        if ((atomic_load(&map->state) & 3u) == MAP_ACTIVE && map->schedule == FORKPOOL_STATIC && number < map->lines &&
            range_left(&map_lines(shared, i)[number]))
            return true;
    }
    return false;
}

/* Workers beyond `wanted` are told to leave, once no static map needs them, for which they even come; missing ones come,
 * unless they left as idle and there is no work. */
void spawn_wanted(struct server *server, int64_t now, int64_t *wake_at)
{
    struct shared *shared = server->shared;
    unsigned wanted = atomic_load(&shared->wanted);
    bool work = spawn_work_left(shared), drained = atomic_load(&shared->drain) && !work;
    if (work || atomic_exchange(&shared->recall, 0)) atomic_store(&shared->retired, 0);
    bool recall = !atomic_load(&shared->retired);
    for (unsigned i = 0; i < shared->capacity; i++) {
        struct hand *hand = &server->hands[i];
        bool kept = i >= wanted && has_static_share(shared, i), surplus = i >= wanted && !kept;
        if (kept && now + SHRINK_NS < *wake_at) *wake_at = now + SHRINK_NS;
        if (surplus && hand->pid && !atomic_load(&shared->workers[i].retire)) {
            atomic_store(&shared->workers[i].retire, LEAVE_SHRINK);
            park_wake(shared, i);
        }
        if (surplus || drained) hand->spawn_at = 0;
        else if (!hand->pid && !hand->spawn_at && recall) hand->spawn_at = 1;
    }
}
