/* SPDX-License-Identifier: GPL-3.0-or-later */
/* placement_list.h: explicit placements: "0-2,5", "core:0-3", "package:1.core:0-3". Used by placement.c alone. */
#ifndef BREAKEVEN_PLACEMENT_LIST_H
#define BREAKEVEN_PLACEMENT_LIST_H

#include "kernels/reason.h"

#include <hwloc.h>

/* Fills cpus[0 .. workers) with malloc'ed lists. 0, -EINVAL or -ENOMEM with one line in `why`; what was filled before a
 * failure is freed by the caller. */
int placement_list(const char *text, hwloc_topology_t topology, unsigned workers, char **cpus, struct reason *why);

#endif
