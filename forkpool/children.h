/* SPDX-License-Identifier: MIT */
/* children.h: work that a task offers to the pool that it runs in.
 *
 * Each worker has a board of a few entries. The task puts a child up and goes on; an idle worker, or one that waits for
 * a child of its own, takes it by one swap of the entry's word, which names it. Who waits runs what nobody has taken,
 * then helps the worker that has its child (so its stack grows no further than its own task's would), then sleeps. So a
 * wait ends without any other worker, and a lost wake-up costs time alone. A full board runs the child at once.
 * An entry's generation changes when it is given back: a worker whose parent has died finds its outcome unwanted.
 */
#ifndef FORKPOOL_CHILDREN_H
#define FORKPOOL_CHILDREN_H

#include "worker.h"

struct call {
    forkpool_range_fn *run;
    void *context;
    size_t begin, end;
};

void children_spawn(struct self *self, const struct call *call);
/* Waits for all that the running call has put up. 0, FORKPOOL_FAILED, or FORKPOOL_LOST. */
int children_sync(struct self *self);
/* A call of the user's has returned `status`: what it has put up ends first, and tells where it did not. */
static inline int children_end(struct self *self, int status)
{
    if (__builtin_expect(!self->top && !self->children_failed, 1)) return status;
    int children = children_sync(self);
    return status ? status : children;
}
/* W without work: runs one that another worker has put up. */
bool children_help(struct self *self);
/* S: the worker is dead: its children are not wanted, those that it ran are lost. */
void children_forget(struct shared *shared, unsigned dead);

#endif
