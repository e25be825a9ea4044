/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/placement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A synthetic description begins with a type and a colon; anything else is a path. */
static int source_set(hwloc_topology_t topology, const char *source, char *why, size_t why_size)
{
    struct stat file;
    if (!stat(source, &file)) {
        if (!S_ISREG(file.st_mode)) {
            snprintf(why, why_size, "topology %.120s is not a regular file", source);
            return -EINVAL;
        }
        if (!access(source, R_OK) && !hwloc_topology_set_xml(topology, source)) return 0;
        snprintf(why, why_size, "topology %.120s cannot be read as hwloc's XML", source);
        return -EINVAL;
    }
    if (!strchr(source, ':') && !strpbrk(source, " 0123456789")) {
        snprintf(why, why_size, "topology %.120s: %s", source, strerror(errno));
        return -ENOENT;
    }
    if (!hwloc_topology_set_synthetic(topology, source)) return 0;
    snprintf(why, why_size, "topology '%.120s' is neither a file nor a description such as 'pack:2 numa:2 core:4 pu:2'",
             source);
    return -EINVAL;
}

/* Of this machine, allowed is what both the cpuset and the calling thread's affinity allow. */
static int allow_bound(hwloc_topology_t topology)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int error = set ? 0 : -ENOMEM;
    if (!error && hwloc_get_cpubind(topology, set, HWLOC_CPUBIND_THREAD)) error = -errno;
    if (!error) hwloc_bitmap_and(set, set, hwloc_topology_get_allowed_cpuset(topology));
    if (!error && hwloc_topology_allow(topology, set, NULL, HWLOC_ALLOW_FLAG_CUSTOM)) error = -errno;
    hwloc_bitmap_free(set);
    return error;
}

int topology_load(const char *source, hwloc_topology_t *topology, char *why, size_t why_size)
{
    hwloc_topology_t loaded;
    if (hwloc_topology_init(&loaded)) {
        snprintf(why, why_size, "no memory for a topology");
        return -ENOMEM;
    }
    int error = source ? source_set(loaded, source, why, why_size) : 0;
    if (error) goto out;
    hwloc_topology_set_flags(loaded, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (hwloc_topology_load(loaded)) {
        error = -EINVAL;
        snprintf(why, why_size, "hwloc cannot load the topology %.120s", source ? source : "of this machine");
    } else if (!source && hwloc_topology_is_thissystem(loaded) && (error = allow_bound(loaded))) {
        snprintf(why, why_size, "the cpus this process may use cannot be read: %s", strerror(-error));
    }
out:
    if (error) hwloc_topology_destroy(loaded);
    else *topology = loaded;
    return error;
}
