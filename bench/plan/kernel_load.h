/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel_load.h: a kernel by name, or from a user's shared object. Loading runs the object's own start-up code: only
 * processes that may crash do it (_cell, _calibrate, _inspect), never the planner.
 */
#ifndef BREAKEVEN_KERNEL_LOAD_H
#define BREAKEVEN_KERNEL_LOAD_H

#include "kernels/kernel.h"
#include "kernels/reason.h"

#include <stdbool.h>

/* Is this the path of a shared object rather than a built-in kernel's name? */
bool kernel_is_path(const char *name);

/* Finds `name` among the built-in kernels, or loads the shared object and checks its struct: version, and everything
 * that must be there. 0, or -EINVAL with one line in `why`. Never unloaded. */
int kernel_load(const char *name, const struct kernel **, struct reason *why);

#endif
