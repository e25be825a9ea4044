/* waiting.h: how long a worker was ready to run and did not: somebody else had its cpu.
 *
 * The second number of /proc/PID/task/TID/schedstat (the kernel's Documentation/scheduler/sched-stats.rst), exact to the ns
 * where counts of switches only hint. Costs one open, read and close.
 */
#ifndef BREAKEVEN_WAITING_H
#define BREAKEVEN_WAITING_H

#include <stdint.h>

/* Since the thread began; -1 where the kernel does not say, or the thread is gone. */
int64_t waiting_ns(int pid, int tid);

#endif
