/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/kernel.h"

#include <string.h>

#define KERNEL(name) extern const struct kernel kernel_##name;
#include "kernels/list.h"
#undef KERNEL

const struct kernel *const kernels[] = {
#define KERNEL(name) &kernel_##name,
#include "kernels/list.h"
#undef KERNEL
    NULL,
};

const struct kernel *kernel_find(const char *name)
{
    for (const struct kernel *const *kernel = kernels; *kernel; kernel++)
        if (!strcmp((*kernel)->name, name)) return *kernel;
    return NULL;
}

const char *bottleneck_name(enum bottleneck bottleneck)
{
    static const char *const names[BOTTLENECKS] = {
        [BOTTLENECK_NONE] = "none",           [BOTTLENECK_LATENCY] = "latency",
        [BOTTLENECK_COMPUTE] = "compute",     [BOTTLENECK_BANDWIDTH] = "memory bandwidth",
        [BOTTLENECK_CACHE] = "cache",         [BOTTLENECK_IRREGULAR] = "irregular",
        [BOTTLENECK_CONTENTION] = "contention", [BOTTLENECK_PAYLOAD] = "payload",
    };
    return bottleneck < BOTTLENECKS ? names[bottleneck] : "unknown";
}
