/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.h: the machine a run was measured on, what of it this process may use, the settings that change what is
 * measured, and what really runs here beside our own code (the OpenMP runtime that was loaded need not be the
 * compiler's), as JSON for the record. Each returns a new reference, NULL without memory. */
#ifndef BREAKEVEN_HOST_H
#define BREAKEVEN_HOST_H

#include "runners/cpus/limits.h"

#include <hwloc.h>

struct json_t;

/* {hostname, model, kernel, machine, cpus, cores, packages, numa, cpus_online, cores_online, usable, allowed, ..}: cpus to
 * numa count what this process may use, the allowed set of `topology` (hwloc's allowed set and the affinity); .._online
 * the whole machine; usable: workers that can run at once, quota and all (limits.h). */
struct json_t *host_to_json(hwloc_topology_t topology);
struct json_t *host_limits_to_json(void); /* null where they cannot be read */
/* {"OMP_..": "..", ..}, those that are not obeyed too. */
struct json_t *host_environment_to_json(void);
/* ["HWLOC_XMLFILE", ..]: the names of those. */
struct json_t *host_ignored_to_json(void);

/* Arguments and variables may hold any bytes; JSON holds UTF-8. */
struct json_t *host_text(const char *text);

/* {"model", "packages", "numa_nodes", "cores", "cpus", "allowed_cpus", "allowed", "tree"}: counts of the whole machine,
 * the allowed set as number and list, and the objects above the hardware threads: {"type", "index", "os_index", "cpus",
 * "bytes" (of memory or cache), "children"}. (topo.c) */
struct json_t *topo_machine_json(hwloc_topology_t topology);

/* {"online", "affinity", "cpuset", "allowed", "allowed_list", "usable", "quota_cpus", "quota_where",
 * "asked", "asked_by", "groups"}: as in limits.h; no quota and what cannot be read are null. (topo.c) */
struct json_t *topo_limits_json(const struct limits *limits);

/* {"program": {path, build_id}, "openmp": {path, build_id}, "libc": {version, path, build_id}, "hwloc": {version, path,
 * build_id}, "kernel": {line, preemption, sched_ext}, "gnuplot": "..", "python": {version, gil, start_method} (with `python`), "mpi":
 * {library, launcher} (with `mpi`)}; what cannot be read is null. Starts gnuplot, python3 and breakeven-rank, each for
 * 10 s at most. */
struct json_t *software_to_json(bool python, bool mpi);

/* The hash of a file's bytes, 16 hexadecimal digits; null where it cannot be read. */
struct json_t *software_file_hash(const char *path);

#endif
