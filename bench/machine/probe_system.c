/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/probe.h"

#include "runners/cpus/cpukind.h"
#include "runners/cpus/placement.h"

#include <errno.h>
#include <hwloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool probe_line(const char *root, const char *path, const char *begin, char *line, size_t size)
{
    char whole[512];
    bool found = false;
    FILE *file = snprintf(whole, sizeof whole, "%s%s", root, path) < (int)sizeof whole ? fopen(whole, "re") : NULL;
    while (file && !found && fgets(line, (int)size, file)) found = !strncmp(line, begin, strlen(begin));
    if (file) fclose(file);
    line[found ? strcspn(line, "\n") : 0] = '\0';
    return found;
}

/* The file may be gone, or say something else than it does today: then the figure is unknown. The program never calls
 * setlocale, so that '.' is the decimal point. */
static double number_read(const char *root, const char *path, const char *before)
{
    char line[256], *end;
    const char *at;
    if (!probe_line(root, path, "", line, sizeof line) || !(at = strstr(line, before))) return NAN;
    double value = strtod(at + strlen(before), &end);
    return end == at + strlen(before) ? NAN : value;
}

static void governor_read(const char *root, const unsigned *cpus, size_t count, char *governor, size_t size)
{
    governor[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char path[96], one[32];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpus[i]);
        if (!probe_line(root, path, "", one, sizeof one)) continue;
        if (governor[0] && strcmp(governor, one)) strcpy(one, "mixed");
        snprintf(governor, size, "%s", one);
        if (!strcmp(governor, "mixed")) return;
    }
}

/* Two drivers, two files, opposite meanings. */
static int boost_read(const char *root)
{
    double boost = number_read(root, "/sys/devices/system/cpu/cpufreq/boost", "");
    if (!isnan(boost)) return boost != 0;
    double no_turbo = number_read(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", "");
    return isnan(no_turbo) ? -1 : no_turbo == 0;
}

static bool hypervisor_read(const char *root)
{
    char line[8192];
    return probe_line(root, "/proc/cpuinfo", "flags", line, sizeof line) && strstr(line, " hypervisor");
}

static double waited_us(const char *root)
{
    return number_read(root, "/proc/pressure/cpu", " total=");
}

/* The average of ten seconds still holds the build that has just ended: then the second from now on says more. */
static void pressure_read(const char *root, struct probe_system *system)
{
    const double busy = 0.02;
    system->pressure = number_read(root, "/proc/pressure/cpu", "some avg10=") / 100, system->pressure_s = 10;
    if (!(system->pressure > busy)) return;
    double before_us = waited_us(root);
    sleep(1);
    double now = (waited_us(root) - before_us) / 1e6;
    if (now < system->pressure) system->pressure = now, system->pressure_s = 1;
}

void probe_system_read(const char *root, const unsigned *cpus, size_t count, struct probe_system *system)
{
    *system = (struct probe_system){
        .load = number_read(root, "/proc/loadavg", ""),
        .boost = boost_read(root),
        .virtual_machine = hypervisor_read(root),
    };
    pressure_read(root, system);
    governor_read(root, cpus, count, system->governor, sizeof system->governor);
    probe_line(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource", "", system->clocksource,
              sizeof system->clocksource);
    probe_line(root, "/sys/devices/system/clocksource/clocksource0/available_clocksource", "", system->clocksources,
              sizeof system->clocksources);
}

/* The first line of /proc/stat: user nice system idle iowait irq softirq steal; guest times are inside user and nice.
 */
void probe_ticks_read(const char *root, struct probe_ticks *ticks)
{
    char line[256];
    long long value[8];
    *ticks = (struct probe_ticks){-1, -1};
    if (!probe_line(root, "/proc/stat", "", line, sizeof line)) return;
    if (sscanf(line, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &value[0], &value[1], &value[2], &value[3],
               &value[4], &value[5], &value[6], &value[7]) != 8)
        return;
    *ticks = (struct probe_ticks){.steal = value[7], .all = 0};
    for (int i = 0; i < 8; i++) ticks->all += value[i];
}

double probe_steal_share(const struct probe_ticks *before, const struct probe_ticks *after)
{
    if (before->all < 0 || after->all <= before->all) return NAN;
    return (double)(after->steal - before->steal) / (double)(after->all - before->all);
}

/* Adds the allowed cpus of one core where there are two or more, as long as the text has room for all of them. */
static int core_add(hwloc_const_bitmap_t core, hwloc_const_bitmap_t allowed, char *text, size_t size)
{
    char one[96];
    hwloc_bitmap_t both = hwloc_bitmap_alloc();
    if (!both) return -ENOMEM;
    hwloc_bitmap_and(both, core, allowed);
    int siblings = hwloc_bitmap_weight(both) > 1;
    if (siblings) {
        hwloc_bitmap_list_snprintf(one, sizeof one, both);
        if (strlen(text) + strlen(one) + 2 <= size) text_add(text, size, "%s%s", *text ? " " : "", one);
    }
    hwloc_bitmap_free(both);
    return siblings;
}

int probe_cores(char *siblings, size_t siblings_size, char *kinds, size_t kinds_size)
{
    hwloc_topology_t topology;
    struct reason why = {""};
    siblings[0] = kinds[0] = '\0';
    int status = topology_load(NULL, &topology, &why), groups = 0;
    if (status) return status;
    cpukind_line(topology, kinds, kinds_size);
    hwloc_obj_t core = NULL;
    while (status >= 0 && (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
        status = core_add(core->cpuset, hwloc_topology_get_allowed_cpuset(topology), siblings, siblings_size);
        if (status > 0) groups++;
    }
    hwloc_topology_destroy(topology);
    return status < 0 ? status : groups;
}
