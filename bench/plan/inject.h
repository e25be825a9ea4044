/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inject.h: known costs, and deliberate mistakes, put into a repetition from inside: what the tool is tested with.
 *
 *     const struct inject inject = {.dispatch_ns = 1000};        // each chunk is handed out 1 us later
 *     repetition.inject = &inject;
 *
 * They pass through everything that a real cost passes through: the runner's own claims and calls, the hook, the clock.
 * Waiting is busy waiting: a core that waits here is a core in use. A clock that follows a script must move when it is
 * read, or no wait ends.
 */
#ifndef BREAKEVEN_INJECT_H
#define BREAKEVEN_INJECT_H

#include "runners/instruments.h"
#include "bench/base/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum { INJECT_SLOT = 128 };

struct inject {
    int64_t start_ns, stop_ns; /* added to bringing the workers up and down */
    int64_t dispatch_ns;       /* before each chunk, outside the kernel */
    double byte_ns;            /* after each chunk, for each byte of its results, outside the kernel */
    int64_t work_ns;           /* inside the kernel, for each task */
    double work_share;         /* inside the kernel: what a chunk took, times this, again: 0.1 is 10 % slower */
    uint64_t work_tasks;       /* both only for chunks that begin below this task; 0: for all */
    bool skip;                 /* mistake: the second half of each chunk is not computed */
    bool wrong;                /* mistake: one bit of task 0's result is wrong */
    bool unbound;              /* mistake: workers are left unbound although a placement was asked */
};

/* An injection at work: wraps the job's kernel and hook. */
struct injected {
    struct hook hook;     /* first: the hook's function finds the rest behind it */
    struct kernel kernel; /* a copy with another run */
    const struct inject *inject;
    const struct clock *clock;
    const struct job *job;      /* the wrapped one */
    const struct kernel *inner; /* what it was */
    const void *inner_input;
    const struct hook *inner_hook;
    int64_t own_ns;    /* what a wait takes beyond the time between its first reading of the clock and its last */
    char *slots;       /* shared, slot_size bytes a worker: how long it really waited in its dispatches; not owned */
    size_t slot_size;
    unsigned workers;
};

/* Two steps, since what measures the kernel's time stands between them: the kernel is wrapped first, then comes
 * whatever sets a hook of its own, then the hook is wrapped. The job then needs `injected` as long as it is used. */
void inject_kernel(struct injected *, const struct inject *, const struct clock *, struct job *);
void inject_hook(struct injected *, const struct instruments *slots, struct job *); /* of INJECT_SLOT bytes and more */
void inject_reset(struct injected *); /* between passes */

/* Busy for `wait_ns` in all, its own cost taken off; not at all where that is no longer than two readings of the clock. Returns
 * how long it really was: an interruption at the end of a wait makes it longer, and what is to come back is what went in. */
int64_t inject_wait(const struct injected *, int64_t wait_ns);

/* The waits in all dispatches since the last reset, those of all workers together. */
int64_t inject_dispatched_ns(const struct injected *);

#endif
