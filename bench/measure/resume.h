/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resume.h: may a run be finished here? Only by the same build, on the same cpus, under the same settings: else its
 * samples would be of two experiments. */
#ifndef BREAKEVEN_RESUME_H
#define BREAKEVEN_RESUME_H

#include "kernels/reason.h"

#include <hwloc.h>

struct run;

/* 0, or -EXDEV with one line in `why` that names every field that differs, as it was and as it is. A host name alone
 * makes no other machine: each container has a new one. What an older record does not tell is not asked. `allow`: words of
 * "build,host,software,environment,object" (NULL: none) whose fields may differ; those that do are told in `allowed`, one line. */
int resume_check(const struct run *, hwloc_topology_t, const char *allow, struct reason *allowed, struct reason *why);

#endif
