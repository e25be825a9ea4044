/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.h: manifest.json, what a run was and on what machine: written before the first repetition with "complete"
 * false, and again at the end.
 *
 *     {"schema", "name", "complete", "stopped", "began", "command": [..], "working_directory", "seed", "efficiency"
 * (METG's), "build": {version, compiler, flags, commit, ..}, "host": {hostname, model, kernel, cpus, cores, packages,
 * numa, allowed, quota_cpus, memory_bytes, ..} (host.h),
 *      "clock": {cost_ns, resolution_ns, backwards}, "limits": {..}, "topology": {..} (host.h), "placement_probe": {..}
 * (probe.h), "environment": {"OMP_...": ".."}, "not_obeyed": [".."], "protocol": {..}, "software": {..} (host.h), "kernel_objects": {path:
 *      hash}, "notes": [..], "cells": [..], "task_ns": [expected
 * duration of a task, by cell]}
 */
#ifndef BREAKEVEN_MANIFEST_H
#define BREAKEVEN_MANIFEST_H

#include "bench/plan/plan.h"
#include "kernels/reason.h"

#include <stdbool.h>

/* The manifest of a run that begins now; NULL without memory. A new reference. Takes about 0.1 s: it probes the clock
 * and the placement of the cpus. */
struct json_t *manifest_make(const struct plan *, const char *name, const struct options *);

/* Writes it, and topology.xml beside it, the first time. 0, or -errno with `why` (-ENOMEM: it is NULL). */
int manifest_begin(const char *dir, const struct json_t *manifest, hwloc_topology_t, struct reason *why);
/* Writes it again. 0 or -errno. */
int manifest_write(const char *dir, const struct json_t *manifest);
/* The topology of a simulated machine, in hwloc's synthetic notation. */
int manifest_write_synthetic(const char *dir, const char *description);

/* Sets how the run ended; stopped: "reps", "precision", "not converged", "time limit", "interrupted", .. */
void manifest_finish(struct json_t *manifest, bool complete, const char *stopped, int64_t measured_ns);

/* Reads back what plan_adopt and the experiment need. 0 or -EINVAL with `why`; *task_ns: one for each of `cells`,
 * malloc'ed. */
int manifest_protocol(const struct json_t *manifest, unsigned cells, struct protocol *, double **task_ns,
                      struct reason *why);

/* May a run be finished here? Only by the same build, on the same cpus, under the same settings: else its samples would
 * be of two experiments. 0, or -EXDEV with one line in `why` that names every field that differs, as it was and as it
 * is. A host name alone makes no other machine: each container has a new one. What an older record does not tell is not
 * asked. `allow`: words of "build,host,software,environment,object" (NULL: none) whose fields may differ; those that do
 * are told in `allowed`, one line. */
int manifest_check(const struct run *, hwloc_topology_t, const char *allow, struct reason *allowed, struct reason *why);

#endif
