/* SPDX-License-Identifier: MIT */
/* recover.c: the server settles what a dead worker left: its task, its units of maps, a steal under way. */
#include "server.h"

#include "queue.h"
#include "range.h"
#include "worker.h"

static void report(struct shared *shared, const struct forkpool_loss *loss)
{
    uint64_t count = relaxed(&shared->loss_count);
    shared->losses[count % LOSSES] = *loss;
    publish(&shared->loss_count, count + 1);
}

static enum phase slot_end(const struct forkpool_loss *loss, enum phase phase)
{
    if (loss->cause == FORKPOOL_CAUSE_LIMIT) return SLOT_LIMIT;
    if (loss->cause == FORKPOOL_CAUSE_CANCELLED || phase == SLOT_CONDEMNED) return SLOT_CANCELLED;
    return SLOT_LOST;
}

static int status_of(const struct forkpool_loss *loss)
{
    if (loss->cause == FORKPOOL_CAUSE_LIMIT) return FORKPOOL_LIMIT;
    return loss->cause == FORKPOOL_CAUSE_CANCELLED ? FORKPOOL_CANCELLED : FORKPOOL_LOST;
}

/* Items that a lost call did not come to: the first without a status was running, those behind it run again. The array is
 * as a task may have left the pointer to it. */
static void items_settle(const struct shared *shared, struct map *map, _Atomic int *statuses, const struct forkpool_loss *loss)
{
    bool first = true;
    size_t begin = loss->begin, end = loss->end;
    if (begin > end || end > SIZE_MAX / sizeof *statuses ||
        !shared_in_arena(shared, (const void *)statuses, end * sizeof *statuses, alignof(_Atomic int)))
        return;
    for (size_t i = begin; i < end; i++) {
        if (acquire(&statuses[i]) != STATUS_PENDING) continue;
        publish(&statuses[i], first ? status_of(loss) : STATUS_RERUN);
        if (!first && map) atomic_fetch_add(&map->rerun, 1);
        first = false;
    }
}

static void piece_settle(const struct shared *shared, const struct work *work, const struct forkpool_loss *loss)
{
    if (shared_in_arena(shared, work, sizeof *work, alignof(struct work)) && work->item)
        items_settle(shared, NULL, work->status, loss);
}

/* The slot that it was in, if it was in one. */
static unsigned recover_slot(struct server *server, unsigned dead, struct forkpool_loss *loss)
{
    struct shared *shared = server->shared;
    uint32_t number = atomic_load(&shared->workers[dead].busy) - 1;
    if (number >= shared->slot_count) return 0; /* in none */
    struct slot *slot = &shared->slots[number];
    uint64_t state = acquire(&slot->state);
    enum phase phase = slot_phase(state);
    if ((phase != SLOT_RUNNING && phase != SLOT_CONDEMNED) || slot_worker(state) != dead) return 0;
    loss->job = slot->job;
    loss->begin = slot->kind == KIND_PIECE ? slot->begin : 0;
    loss->end = slot->kind == KIND_PIECE ? slot->end : 1;
    if (!server->ending) report(shared, loss);
    if (slot->kind == KIND_PIECE) piece_settle(shared, slot->run.work, loss);
    if (!slot_turn(slot, phase, slot_end(loss, phase))) /* it was condemned meanwhile */
        slot_turn(slot, SLOT_CONDEMNED, slot_end(loss, SLOT_CONDEMNED));
    return 1;
}

static void map_lost(struct map *map, const struct forkpool_loss *loss)
{
    if (loss->cause == FORKPOOL_CAUSE_LIMIT) {
        atomic_fetch_add(&map->limit, 1);
    } else if (loss->cause == FORKPOOL_CAUSE_CANCELLED) {
        atomic_fetch_add(&map->killed, 1);
    } else {
        uint32_t index = relaxed(&map->lost);
        if (index < LOST_RANGES) {
            map->lost_ranges[index].begin = loss->begin;
            map->lost_ranges[index].end = loss->end;
        }
        publish(&map->lost, index + 1);
    }
    if (map->flags & FORKPOOL_FAIL_FAST) atomic_store(&map->stop, 1);
}

/* A map that the worker was in stays in use until in_map is cleared. */
static unsigned recover_map(struct server *server, unsigned dead, struct forkpool_loss *loss)
{
    struct shared *shared = server->shared;
    struct worker *worker = &shared->workers[dead];
    unsigned number = (atomic_load(&worker->in_map) & ~IN_MAP_CONDEMNED) - 1, found = 0;
    if (number >= MAPS) return 0; /* in none */
    struct map *map = &shared->maps[number];
    uint32_t state = atomic_load(&map->state);
    struct line *lines = map_lines(shared, number);
    uint32_t count = map->lines <= shared->capacity ? map->lines : shared->capacity;
    if ((state & 3u) == MAP_ACTIVE && dead < count) {
        struct units units = range_recover(lines, dead);
        if (units.begin != units.end && range_sound(map, units)) {
            loss->job = map->job;
            struct tasks tasks = range_tasks(map, units);
            loss->begin = tasks.begin;
            loss->end = tasks.end;
            if (map->work.item) items_settle(shared, map, map->work.status, loss);
            map_lost(map, loss);
            if (!server->ending) report(shared, loss);
            range_finish(&lines[dead], units.end - units.begin);
            found = 1;
        }
        if (range_all_ended(lines, count, map->units, &map->dropped))
            atomic_compare_exchange_strong(&map->state, &state, (state & ~3u) | MAP_ENDED);
        atomic_fetch_add(&shared->active, UINT64_C(1) << MAPS); /* its range may be anew: look again */
    }
    atomic_store(&worker->in_map, 0);
    return found;
}

void recover_worker(struct server *server, unsigned number, struct forkpool_loss *loss, bool counted)
{
    unsigned found = recover_map(server, number, loss) + recover_slot(server, number, loss);
    if (!found && counted) report(server->shared, loss);
    children_forget(server->shared, number); /* last: who hears of it finds the report */
}
