/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/kernel_load.h"

#include "kernels/reason.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

bool kernel_is_path(const char *name)
{
    size_t length = strlen(name);
    return strchr(name, '/') || (length > 3 && !strcmp(name + length - 3, ".so"));
}

/* What is wrong with a user's struct; NULL: nothing. Its version is checked before: only then are the fields ours. */
static const char *fault_of(const struct kernel *kernel)
{
    if (!kernel->name || !*kernel->name) return "its name is missing";
    if (strlen(kernel->name) > 39) return "its name is longer than 39 characters";
    for (const char *c = kernel->name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("-_.", *c)))
            return "its name is not one word of a-z, 0-9, '-', '_', '.'";
    if (!kernel->summary) return "its summary is missing";
    if ((unsigned)kernel->bottleneck >= BOTTLENECKS) return "its bottleneck is not one of enum bottleneck";
    if (!kernel->run) return "its run function is missing";
    if (!kernel->size_unit) return "its size_unit is missing";
    if (!kernel->default_tasks || !kernel->default_size) return "its default_tasks or default_size is 0";
    return NULL;
}

static int load(const char *path, const struct kernel **kernel, struct reason *why)
{
    char with_slash[4096];
    snprintf(with_slash, sizeof with_slash, "%s%s", strchr(path, '/') ? "" : "./", path); /* else dlopen searches */
    void *object = dlopen(with_slash, RTLD_NOW | RTLD_LOCAL);
    if (!object) return reason_give(why, -EINVAL, "cannot load it: %s", dlerror());
    const struct kernel *found = dlsym(object, "breakeven_kernel");
    const char *fault = NULL;
    if (!found) reason_set(why, "it has no symbol breakeven_kernel (see kernels/kernel.h)");
    else if (found->version != KERNEL_VERSION)
        reason_set(why, "it is of kernel version %u, this program takes %u: compile it again with this kernel.h",
                   found->version, KERNEL_VERSION);
    else if ((fault = fault_of(found))) reason_set(why, "%s (see kernels/kernel.h)", fault);
    else {
        *kernel = found;
        return 0;
    }
    return -EINVAL;
}

int kernel_load(const char *name, const struct kernel **kernel, struct reason *why)
{
    if (kernel_is_path(name)) return load(name, kernel, why);
    const struct kernel *found = kernel_find(name);
    if (!found) return reason_give(why, -EINVAL, "no kernel \"%.60s\"", name);
    *kernel = found;
    return 0;
}
