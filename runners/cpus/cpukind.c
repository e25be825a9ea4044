/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/cpukind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What tells how fast a kind is where hwloc does not rank them itself, and what names it. */
static const char *const speeds[] = {"LinuxCapacity", "FrequencyMaxMHz", "FrequencyBaseMHz"};

static const char *info(hwloc_topology_t topology, unsigned kind, const char *name)
{
    struct hwloc_info_s *infos;
    unsigned count;
    if (hwloc_cpukinds_get_info(topology, kind, NULL, NULL, &count, &infos, 0)) return NULL;
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(infos[i].name, name)) return infos[i].value;
    return NULL;
}

unsigned cpukind_count(hwloc_topology_t topology)
{
    int count = hwloc_cpukinds_get_nr(topology, 0);
    return count > 0 ? (unsigned)count : 0;
}

bool cpukind_cpus(hwloc_topology_t topology, unsigned kind, hwloc_bitmap_t cpus)
{
    if (hwloc_cpukinds_get_info(topology, kind, cpus, NULL, NULL, NULL, 0)) return false;
    hwloc_bitmap_and(cpus, cpus, hwloc_topology_get_allowed_cpuset(topology));
    return !hwloc_bitmap_iszero(cpus);
}

int cpukind_speed(hwloc_topology_t topology, unsigned kind)
{
    int efficiency = -1;
    unsigned kinds = cpukind_count(topology), named;
    if (hwloc_cpukinds_get_info(topology, kind, NULL, &efficiency, NULL, NULL, 0)) return 0;
    if (efficiency >= 0) return efficiency;
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        for (named = 0; named < kinds && info(topology, named, speeds[i]); named++) {
        }
        if (named == kinds) return atoi(info(topology, kind, speeds[i]));
    }
    return 0;
}

int cpukind_speed_of(hwloc_topology_t topology, hwloc_const_cpuset_t cpu)
{
    int kind = hwloc_cpukinds_get_by_cpuset(topology, cpu, 0);
    return kind < 0 ? 0 : cpukind_speed(topology, (unsigned)kind);
}

void cpukind_name(hwloc_topology_t topology, unsigned kind, char *name, size_t size)
{
    const char *type = info(topology, kind, "CoreType");
    snprintf(name, size, "%s", type ? type : "");
    for (size_t i = 0; !name[0] && i < sizeof speeds / sizeof *speeds; i++)
        if (info(topology, kind, speeds[i])) snprintf(name, size, "%s %s", speeds[i], info(topology, kind, speeds[i]));
    if (!name[0]) snprintf(name, size, "of no name");
}

/* The kind that comes after `last` (-1: the first): the faster first, of equal ones the lower number. -1: none. */
static int next_kind(hwloc_topology_t topology, int last)
{
    int best = -1, best_speed = 0, last_speed = last < 0 ? 0 : cpukind_speed(topology, (unsigned)last);
    for (int kind = 0; kind < (int)cpukind_count(topology); kind++) {
        int speed = cpukind_speed(topology, (unsigned)kind);
        bool after = last < 0 || speed < last_speed || (speed == last_speed && kind > last);
        if (after && (best < 0 || speed > best_speed)) best = kind, best_speed = speed;
    }
    return best;
}

void cpukind_line(hwloc_topology_t topology, char *line, size_t size)
{
    unsigned kinds = cpukind_count(topology);
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    line[0] = 0;
    if (cpus && kinds > 1) snprintf(line, size, "%u kinds of cores, the fast first", kinds);
    for (int kind = -1; cpus && kinds > 1 && (kind = next_kind(topology, kind)) >= 0;) {
        char name[CPUKIND_NAME], list[80] = "none allowed";
        size_t at = strlen(line);
        if (cpukind_cpus(topology, (unsigned)kind, cpus)) hwloc_bitmap_list_snprintf(list, sizeof list, cpus);
        cpukind_name(topology, (unsigned)kind, name, sizeof name);
        snprintf(line + at, size - at, "%s kind %d %s (cpus %s)", strchr(line, '(') ? "," : ":", kind, name, list);
    }
    hwloc_bitmap_free(cpus);
}
