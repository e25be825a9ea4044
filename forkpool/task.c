/* SPDX-License-Identifier: MIT */
/* task.c: a worker runs a submitted task. */
#include "children.h"
#include "park.h"
#include "queue.h"
#include "worker.h"

static int item_call(struct self *self, const struct work *work, size_t i)
{
    int status = work->item(work->context, work->input + i * work->input_stride,
                            work->output + i * work->output_stride);
    worker_check(self);
    status = children_end(self, status);
    if (status <= STATUS_RERUN) status = STATUS_RERUN + 1;
    publish(&work->status[i], status);
    STEP();
    return status;
}

int work_call(struct self *self, const struct work *work, size_t begin, size_t end)
{
    if (work->range) {
        int status = work->range(work->context, self->me, begin, end);
        worker_check(self);
        return children_end(self, status);
    }
    int first = 0;
    for (size_t i = begin; i < end; i++) {
        if (relaxed(&work->status[i]) != STATUS_PENDING) continue; /* a further round, after a loss */
        int status = item_call(self, work, i);
        if (!first) first = status;
    }
    return first;
}

/* Nothing of the slot is written before worker_check: a task's stray child may come back here much later. */
static void slot_call(struct self *self, struct slot *slot)
{
    long value = slot->value;
    int status = 0;
    switch (slot->kind) {
    case KIND_CALL: value = slot->run.call(value); break;
    case KIND_TASK: status = slot->run.task(slot->argument, slot->argument_bytes, slot->result, slot->result_bytes); break;
    case KIND_PIECE: status = work_call(self, slot->run.work, slot->begin, slot->end); break;
    }
    worker_check(self);
    slot->value = value;
    slot->status = children_end(self, status);
}

void task_run(struct self *self, struct slot *slot)
{
    struct shared *shared = self->shared;
    bool condemned = false, limited = slot->limited;
    self->slot = slot;
    if (limited) worker_limited_begin(self, &slot->limits);
    slot_call(self, slot);
    if (limited) worker_limited_end(self);
    bool waited = queue_finish(slot, &condemned);
    if (condemned) worker_doomed();
    self->slot = NULL;
    atomic_store_explicit(&self->own->busy, 0, memory_order_relaxed);
    worker_count(self);
    if (waited) event_raise(shared);
}
