/* SPDX-License-Identifier: GPL-3.0-or-later */
/* placement.h: which worker runs on which cpus. The planner computes it with a topology; repetitions get plain lists.
 *
 *     hwloc_topology_t topology;
 *     struct placement placement;
 *     if (!topology_load(NULL, &topology, &why) &&
 *         !placement_compute("spread", topology, 4, 2, &placement, &why))
 *         team.cpus = (const char *const *)placement.cpus;        // cpus[process * threads + thread]
 *
 * Policies:
 *   none    no binding: cpus is NULL
 *   env     none of ours: OpenMP's threads stand where OMP_PROC_BIND, OMP_PLACES and the like put them; cpus is NULL
 *   close   consecutive workers on consecutive cores, from the first one
 *   spread  processes as far apart as the machine allows (packages, then memory nodes, dies, caches, cores), in the
 *           machine's order, one to each part and then by size; the threads of one process close together inside its
 *           part. Of a single process the threads are kept apart so: OpenMP's spread over cores where their number divides
 *           the cores; else packages get equal shares first.
 *   LIST    "0-2,5": cpus; "core:0-3", "numa:1", "package:1.core:0-3": objects of the topology by logical index, those
 *           after a dot counted inside the one before; "kind:1": the cores of a kind. Worker i gets the i-th of them, all of its allowed cpus, and
 *           counts round where workers are more.
 *
 * close and spread give each worker one cpu, use every core before a second hardware thread of any, and every hardware
 * thread before two workers share one. Where hwloc knows which cores are the faster ones, close begins with them and
 * spread gives each of them a worker before the slower kinds are spread over; only then are hardware threads shared. Only cpus of the allowed set (affinity and
 * cpuset) are given. The same topology and numbers give the same placement.
 */
#ifndef BREAKEVEN_PLACEMENT_H
#define BREAKEVEN_PLACEMENT_H

#include "kernels/reason.h"

#include <hwloc.h>
#include <stddef.h>

struct placement {
    unsigned workers; /* processes * threads */
    char **cpus;      /* cpus[worker]: "0-3,8", indices of the operating system; NULL (the array): unbound */
};

enum { PLACEMENT_WORKERS_MAX = 1 << 20 };

/* The policies that are words: for the options, `breakeven list` and placement_compute. Ends with a NULL name. */
struct cores;
struct placement_policy {
    const char *name, *summary;
    /* pu_of[process * threads + thread] is the cpu of a worker, by the operating system's index; 0 or -ENOMEM. NULL: it
     * binds nothing. */
    int (*place)(struct cores *, unsigned processes, unsigned threads, unsigned *pu_of);
    bool by_node; /* it fills one memory node after the other */
};
extern const struct placement_policy placement_policies[];

/* NULL: none of that name, so it is a LIST, or nothing. */
const struct placement_policy *placement_policy_find(const char *name);

/* Computes the placement of processes x threads workers (both >= 1). 0, -EINVAL or -ENOMEM with one line in `why`;
 * *placement is written on success only and freed by placement_free. Binds nothing. */
int placement_compute(const char *policy, hwloc_topology_t topology, unsigned processes, unsigned threads,
                      struct placement *placement, struct reason *why);

/* placement_list.c, for placement_compute: explicit placements, "0-2,5", "core:0-3", "package:1.core:0-3".
 * Fills cpus[0 .. workers) with malloc'ed lists. 0, -EINVAL or -ENOMEM with one line in `why`; what was filled before a
 * failure is freed by the caller. */
int placement_list(const char *text, hwloc_topology_t topology, unsigned workers, char **cpus, struct reason *why);

/* Accepts a zeroed struct. */
void placement_free(struct placement *placement);

/* Loads a topology: source NULL: this machine; a synthetic description such as "pack:2 numa:2 core:4 pu:2": another
 * one. Objects outside the allowed set are kept; hwloc_topology_get_allowed_cpuset says which may be used (of this
 * machine: the cpuset of the cgroup and the affinity of the calling thread). 0, -EINVAL, -ENOENT or -ENOMEM with one
 * line in `why`. Freed by hwloc_topology_destroy. Takes tens of milliseconds. */
int topology_load(const char *description, hwloc_topology_t *topology, struct reason *why);

/* Hands a topology to `use`; the source may also be the path of hwloc's XML, of this program's or of foreign origin. That
 * is loaded, and used, in a child, which a damaged file may crash or keep busy (120 s of cpu time at most): what `use` is
 * to leave must be printed or written to a descriptor. Returns what `use` returned (0 to 255), or -errno with one line in
 * `why`, the library's reason among them. Waits for the child; the caller must not have SIGCHLD ignored. */
int topology_use(const char *source, int (*use)(hwloc_topology_t, void *), void *closure, struct reason *why);

#endif
