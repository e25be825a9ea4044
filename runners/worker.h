/* SPDX-License-Identifier: GPL-3.0-or-later */
/* worker.h: what a worker does first: bind itself and say where it stands.
 *
 * Needs no topology, so that a repetition starts lean: the planner has turned a placement into lists of cpus.
 */
#ifndef BREAKEVEN_WORKER_H
#define BREAKEVEN_WORKER_H

#include "runners/runner.h"

#include <hwloc.h>

/* The cpus that the calling thread may run on, as the kernel has them; the other sets them. 0 or -errno. */
int worker_affinity_read(hwloc_bitmap_t into);
int worker_affinity_write(hwloc_const_bitmap_t from);

/* Binds the calling thread to the cpus of worker number `worker` of `team` (without lists: leaves it as it is), reads the
 * binding back and fills its report, where they are wanted, `ready` last. Returns 0; or, with one line in failure->text,
 * -errno where the kernel refused, or -EINVAL where it bound to other cpus than asked (it drops cpus that the cpuset
 * forbids); the report's error holds the same errno. Call once, from the worker itself. Safe across threads and in a child
 * after fork. */
int worker_join(const struct team *team, unsigned worker, struct failure *failure);

/* Is that where the report says it stands? Both lists are compared as sets, written alike: however long they are, nothing
 * of the one that is cut is taken for a difference. */
bool worker_is_at(const struct worker_report *, const char *cpus);

/* The lists cpus[0 .. count) as one, sorted: the cpuset of a process from those of its threads. malloc'ed; NULL: no
 * memory or a bad list. */
char *worker_union(const char *const *cpus, unsigned count);

/* libgomp and libomp bind the initial thread when the program is loaded if OMP_PROC_BIND, OMP_PLACES or
 * GOMP_CPU_AFFINITY are set, and everything it starts inherits that. Gives the calling thread back the affinity that the
 * process was started with. To be called first in main. Returns 0 (also where there was nothing to undo) or -errno. */
int worker_unbind_openmp(void);

/* Undoes that: the calling thread, the program's first, stands again where the OpenMP runtime had put it. Where it had not
 * bound it: nothing. Returns 0 or -errno. */
int worker_rebind_openmp(void);

#endif
