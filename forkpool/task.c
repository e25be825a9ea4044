/* SPDX-License-Identifier: MIT */
/* task.c: a worker runs a submitted task. */
#include "worker.h"

#include <sys/mman.h>

#include "park.h"
#include "queue.h"

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

/* While a task runs, its small argument stands at the beginning of a page of this worker's own, its small result at the
 * end, and the pages on either side can't be reached from here: what writes beyond them is lost, and nothing of others. */
static char *scratch(struct self *self)
{
    const struct shared *shared = self->shared;
    if (__builtin_expect(self->scratch != NULL, 1)) return self->scratch;
    char *gap = shared->scratch + 2 * self->me * shared->page;
    mprotect(gap, shared->page, PROT_NONE);
    mprotect(gap + 2 * shared->page, shared->page, PROT_NONE);
    return self->scratch = gap + shared->page;
}

static int task_call(struct self *self, struct slot *slot)
{
    size_t argument_bytes = slot->argument_bytes, result_bytes = slot->result_bytes;
    const void *argument = slot->argument;
    char *result = slot->result, *written = result;
    bool staged = slot->staged && result_bytes <= STAGED_MOST;
    if (argument == slot->bytes && argument_bytes <= SLOT_INLINE) argument = memcpy(scratch(self), argument, argument_bytes);
    if (staged) {
        size_t align = result_bytes > SLOT_INLINE ? 64 : 16;
        written = scratch(self) + self->shared->page - (result_bytes + align - 1) / align * align;
        memset(written, 0, result_bytes);
    }
    self->result_bytes = result_bytes;
    int status = slot->run.task(argument, argument_bytes, written, result_bytes);
    worker_check(self);
    size_t used = self->result_bytes < result_bytes ? self->result_bytes : result_bytes;
    if (used < result_bytes) slot->result_bytes = used;
    if (staged) memcpy(result, written, used);
    return status;
}

/* Nothing of the slot is written before worker_check: a task's stray child may come back here much later. */
static void slot_call(struct self *self, struct slot *slot)
{
    enum slot_kind kind = (enum slot_kind)slot->kind;
    long value = 0;
    int status = 0;
    switch (kind) {
    case KIND_CALL: value = slot->run.call(slot->value); break;
    case KIND_TASK: status = task_call(self, slot); break;
    case KIND_PIECE: status = work_call(self, slot->run.work, slot->begin, slot->end); break;
    }
    worker_check(self);
    if (kind == KIND_CALL) slot->value = value;
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
