/* SPDX-License-Identifier: GPL-3.0-or-later */
/* waiting.h: how long a thread was ready to run and did not, since somebody else had its cpu; and how long it ran.
 *
 * The numbers of /proc/PID/task/TID/schedstat (the kernel's Documentation/scheduler/sched-stats.rst), exact to the ns
 * where counts of switches only hint. Costs one open, read and close.
 */
#ifndef BREAKEVEN_WAITING_H
#define BREAKEVEN_WAITING_H

#include <stdbool.h>
#include <stdint.h>

/* Since the thread began; both -1 where the kernel does not say, or the thread is gone. */
struct waiting {
    int64_t ran_ns, waited_ns;
};
struct waiting waiting_read(int pid, int tid);

/* What all threads of this process's children (those that its first thread forked) ran since they began, in ns, but for
 * those that `left_out` says so of. 0 where the kernel does not say. Costs two directories and a file a thread. */
int64_t waiting_children_ran_ns(bool (*left_out)(int tid, const void *context), const void *context);

#endif
