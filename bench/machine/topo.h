/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topo.h: the machine as JSON, for `breakeven topo` and for the record of a run. */
#ifndef BREAKEVEN_TOPO_H
#define BREAKEVEN_TOPO_H

#include "runners/cpus/limits.h"

#include <hwloc.h>

struct json_t;

/* {"model", "packages", "numa_nodes", "cores", "cpus", "allowed_cpus", "allowed", "tree"}: counts of the whole machine,
 * the allowed set as number and list, and the objects above the hardware threads: {"type", "index", "os_index", "cpus",
 * "bytes" (of memory or cache), "children"}. NULL without memory; the caller drops it. */
struct json_t *topo_machine_json(hwloc_topology_t topology);

/* {"online", "affinity", "cpuset", "allowed", "allowed_list", "usable", "quota_cpus", "quota_where",
 * "asked", "asked_by", "groups"}: as in
 * limits.h; no quota and what cannot be read are null. */
struct json_t *topo_limits_json(const struct limits *limits);

#endif
