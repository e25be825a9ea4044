/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpukind.h: machines with several kinds of cores (fast and saving ones), as hwloc numbers them.
 *
 *     for (unsigned kind = 0; kind < cpukind_count(topology); kind++) {
 *         char name[CPUKIND_NAME];
 *         cpukind_name(topology, kind, name, sizeof name);    // "IntelCore", "LinuxCapacity 1024"
 *     }
 *
 * A kind counts only where it has an allowed cpu, but keeps its number. Nothing here blocks or is owned by the caller.
 */
#ifndef BREAKEVEN_CPUKIND_H
#define BREAKEVEN_CPUKIND_H

#include <hwloc.h>
#include <stdbool.h>

enum { CPUKIND_NAME = 64 };

/* How many kinds hwloc knows; 0 or 1: all cores are alike, or it cannot tell. */
unsigned cpukind_count(hwloc_topology_t);

/* The allowed cpus of a kind, into *cpus; false: there is no such kind, or none of its cpus is allowed. */
bool cpukind_cpus(hwloc_topology_t, unsigned kind, hwloc_bitmap_t cpus);

/* The higher, the faster: hwloc's own ranking, else the kernel's capacity (LinuxCapacity) or the highest frequency that
 * all kinds name. 0 for all kinds where nothing says which is the faster. */
int cpukind_speed(hwloc_topology_t, unsigned kind);

/* The speed of the kind that a cpu belongs to; 0 where it belongs to none. */
int cpukind_speed_of(hwloc_topology_t, hwloc_const_cpuset_t cpu);

/* What is known of the kind, in a few words. */
void cpukind_name(hwloc_topology_t, unsigned kind, char *name, size_t size);

/* One line about all kinds, the fastest first: "2 kinds of cores: 1 IntelCore (cpus 0-3), 0 IntelAtom (cpus 4-9)"; ""
 * where there is one kind. */
void cpukind_line(hwloc_topology_t, char *line, size_t size);

#endif
