/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.h: the machine a run was measured on, what of it this process may use, and the settings that change what is
 * measured, as JSON for the record. Each returns a new reference, NULL without memory. */
#ifndef BREAKEVEN_HOST_H
#define BREAKEVEN_HOST_H

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

#endif
