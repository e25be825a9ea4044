/* task.c: a worker runs a submitted task. */
#include "park.h"
#include "queue.h"
#include "worker.h"

static int item_call(struct self *self, const struct work *work, size_t i)
{
    int status = work->item(work->context, work->input + i * work->input_stride,
                            work->output + i * work->output_stride);
    worker_check(self);
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
        return status;
    }
    int first = 0;
    for (size_t i = begin; i < end; i++) {
        if (relaxed(&work->status[i]) != STATUS_PENDING) continue; /* a further round, after a loss */
        int status = item_call(self, work, i);
        if (!first) first = status;
    }
    return first;
}

static int slot_call(struct self *self, struct slot *slot)
{
    switch (slot->kind) {
    case KIND_CALL: slot->value = slot->run.call(slot->value); return 0;
    case KIND_TASK: return slot->run.task(slot->argument, slot->argument_bytes, slot->result, slot->result_bytes);
    case KIND_PIECE: return work_call(self, slot->run.work, slot->begin, slot->end);
    }
    return 0;
}

void task_run(struct self *self, struct slot *slot)
{
    struct shared *shared = self->shared;
    bool condemned = false, limited = slot->limited;
    self->slot = slot;
    atomic_store_explicit(&self->own->busy, 1, memory_order_relaxed);
    if (limited) worker_limited_begin(self, &slot->limits);
    slot->status = slot_call(self, slot);
    worker_check(self);
    if (limited) worker_limited_end(self);
    bool waited = queue_finish(slot, &condemned);
    if (condemned) worker_doomed();
    self->slot = NULL;
    atomic_store_explicit(&self->own->busy, 0, memory_order_relaxed);
    worker_count(self);
    if (waited) event_raise(shared);
}
