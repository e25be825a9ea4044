/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel_info.h: what the planner knows of a kernel without running its code, and how it is loaded where it runs. A
 * user's shared object is asked in a process of its own (_inspect, _calibrate), so that its crash is one clear line.
 */
#ifndef BREAKEVEN_KERNEL_INFO_H
#define BREAKEVEN_KERNEL_INFO_H

#include "kernels/kernel.h"
#include "kernels/reason.h"

struct kernel_info {
    char name[256]; /* as a cell names it: built-in name, or the object's absolute path */
    char label[40]; /* the kernel's own name */
    enum bottleneck bottleneck;
    uint64_t default_tasks, default_size;
    char size_unit[32];
    uint64_t result_size; /* bytes of a result; 0: `size` bytes */
};

/* What asking may cost before it is given up. */
struct kernel_info_limits {
    uint64_t deadline_ns;  /* of timing a task, and 2 s for loading its kernel before; 0: 10 s. Loading alone: 10 s */
    uint64_t memory_bytes; /* 0: none */
};

/* All return 0, or -errno with one line in `why` that does not repeat the kernel's name. */
int kernel_info_get(const char *name, struct kernel_info_limits, struct kernel_info *, struct reason *why);

/* One task among `tasks` of the problem `seed`: its size, and how long it lasts. */
struct kernel_task {
    uint64_t tasks, seed, size;
    double task_ns;
};

/* How long a task of task->size lasts; where that is 0, first the size that makes it last task->task_ns (calibrate.c).
 * Takes about 0.1 s. -EINVAL where the kernel cannot; another error where no process can be started. */
int kernel_info_calibrate(const struct kernel_info *, struct kernel_info_limits, struct kernel_task *, struct reason *why);

/* ---- Loading runs the object's own start-up code: only _cell, _calibrate and _inspect, which may crash, do it ---- */

/* Finds `name` among the built-in kernels, or loads the shared object and checks its struct: version, and everything
 * that must be there. 0, or -EINVAL with one line in `why`. Never unloaded. */
int kernel_load(const char *name, const struct kernel **, struct reason *why);

#endif
