/* SPDX-License-Identifier: MIT */
/* watch.c: what the server looks at from time to time: limits, memory, idleness. */
#include "server.h"

#include <signal.h>

#include "park.h"
#include "queue.h"

enum { MEMORY_TICK_NS = 50000000, TICK_LEAST_NS = 1000000 };

static void execute(struct server *server, unsigned number, enum forkpool_cause cause)
{
    struct hand *hand = &server->hands[number];
    if (hand->killed) return;
    hand->killed = cause;
    hand->killed_at = now_ns();
    server_part_group(server, hand->pid);
    server_signal(hand->pid, GROUP, SIGKILL);
}

static int64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used)) return 0;
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* A call past its limit: condemned by the swap, which fails where it has just ended; then killed. */
static void watch_limit(struct server *server, unsigned number, int64_t now)
{
    struct worker *worker = &server->shared->workers[number];
    uint64_t call = acquire(&worker->call);
    if ((call & 3u) != CALL_RUNNING) return;
    int64_t hard_at = acquire(&worker->hard_at), cpu_at = acquire(&worker->cpu_at);
    bool over = (hard_at && now >= hard_at) || (cpu_at && cpu_of(server->hands[number].pid) >= cpu_at);
    if (over && atomic_compare_exchange_strong(&worker->call, &call, (call & ~UINT64_C(3)) | CALL_CONDEMNED))
        execute(server, number, FORKPOOL_CAUSE_LIMIT);
}

/* Cancelled tasks were condemned by the program. */
static void watch_cancelled(struct server *server, unsigned number)
{
    struct worker *worker = &server->shared->workers[number];
    uint32_t slot = atomic_load(&worker->kill), inside = atomic_load(&worker->in_map);
    if (slot && slot <= server->shared->slot_count) {
        uint64_t state = atomic_load(&server->shared->slots[slot - 1].state);
        if (slot_phase(state) == SLOT_CONDEMNED && slot_worker(state) == number)
            execute(server, number, FORKPOOL_CAUSE_CANCELLED);
    }
    uint32_t map = (inside & ~IN_MAP_CONDEMNED) - 1; /* 0 less 1 is above all too */
    if (map >= MAPS || atomic_load(&server->shared->maps[map].stop) != 2) return;
    if (atomic_compare_exchange_strong(&worker->in_map, &inside, inside | IN_MAP_CONDEMNED))
        execute(server, number, FORKPOOL_CAUSE_CANCELLED);
}

size_t watch_memory(pid_t pid)
{
    char path[32];
    unsigned long resident = 0, shared = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *statm = fopen(path, "re");
    if (statm && fscanf(statm, "%*u %lu %lu", &resident, &shared) != 2) resident = shared = 0;
    if (statm) fclose(statm);
    return resident > shared ? (resident - shared) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

/* What it added, that is: the program's pages came with the fork, and stay the program's until somebody writes there. */
static bool has_grown(const struct hand *hand, size_t most)
{
    size_t now = watch_memory(hand->pid);
    return now > hand->memory_bytes && now - hand->memory_bytes > most;
}

/* In its initializer, or its finalizer, for too long. */
static void watch_startup(struct server *server, unsigned number, int64_t now)
{
    const struct shared *shared = server->shared;
    struct hand *hand = &server->hands[number];
    uint64_t most = shared->config.initializer_ns;
    int life = atomic_load(&shared->workers[number].life);
    if (life == LIFE_LEAVING && !hand->leaves_at) hand->leaves_at = now;
    int64_t since = life == LIFE_STARTING ? hand->started_at : life == LIFE_LEAVING ? hand->leaves_at : 0;
    if (!since || now < time_after(since, most) || hand->killed) return;
    execute(server, number, FORKPOOL_CAUSE_LIMIT);
    if (atomic_load(&shared->ready) < shared->config.workers)
        server_break(server, -ETIMEDOUT, "the initializer of worker %u took longer than %.3g s", number, (double)most / 1e9);
}

static void retire(struct server *server, unsigned number, enum leave why)
{
    uint32_t none = LEAVE_NOT;
    if (atomic_compare_exchange_strong(&server->shared->workers[number].retire, &none, why))
        park_wake(server->shared, number);
}

static void watch_idle(struct server *server, unsigned number, int64_t now, unsigned *staying)
{
    const struct worker *worker = &server->shared->workers[number];
    int64_t parked_at = acquire(&worker->parked_at);
    if (*staying < 2 || !parked_at || now < time_after(parked_at, server->shared->config.idle_ns)) return;
    if (atomic_load(&worker->retire)) return;
    --*staying;
    retire(server, number, LEAVE_IDLE);
}

static void tick(int64_t now, uint64_t period, int64_t *wake_at)
{
    if (period < TICK_LEAST_NS) period = TICK_LEAST_NS;
    int64_t at = time_after(now, period);
    if (at < *wake_at) *wake_at = at;
}

void watch_workers(struct server *server, int64_t now, int64_t *wake_at)
{
    struct shared *shared = server->shared;
    const struct forkpool_config *config = &shared->config;
    bool limited = atomic_load(&shared->limited), bounded = config->initializer_ns && (config->initializer || config->finalizer);
    unsigned staying = 0; /* those already told to leave do not count, or the last would be told too */
    for (unsigned i = 0; i < shared->capacity; i++)
        staying += server->hands[i].pid && !atomic_load(&shared->workers[i].retire);
    for (unsigned i = 0; i < shared->capacity; i++) {
        if (!server->hands[i].pid) continue;
        watch_cancelled(server, i);
        if (limited) watch_limit(server, i, now);
        if (bounded) watch_startup(server, i, now);
        if (config->recycle_rss_bytes && has_grown(&server->hands[i], config->recycle_rss_bytes))
            retire(server, i, LEAVE_RECYCLE);
        if (config->idle_ns) watch_idle(server, i, now, &staying);
    }
    if (limited) tick(now, atomic_load(&shared->tick_ns), wake_at);
    if (bounded) tick(now, config->initializer_ns / 8, wake_at);
    if (config->recycle_rss_bytes) tick(now, MEMORY_TICK_NS, wake_at);
    if (config->idle_ns && server->alive > 1) tick(now, config->idle_ns / 4, wake_at);
}
