/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/host.h"

#include "bench/base/site.h"
#include "bench/machine/probe.h"
#include "bench/machine/probe_system.h"
#include "bench/machine/topo.h"
#include "kernels/reason.h"
#include "results/summary/summary_json.h"
#include "runners/cpus/cpukind.h"
#include "runners/cpus/limits.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char **environ;

/* The objects of a type that have a cpu this process may use; of cores and memory nodes without cpus none. */
static int usable_of(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    int count = 0;
    for (hwloc_obj_t object = NULL; (object = hwloc_get_next_obj_by_type(topology, type, object));)
        count += hwloc_bitmap_intersects(object->cpuset, allowed);
    return count;
}

/* The first line of a file that begins so, behind its ": "; "" where there is none. */
static void read_field(const char *path, const char *begin, char *value, size_t size)
{
    char line[512];
    FILE *file = fopen(path, "re");
    *value = '\0';
    while (file && !*value && fgets(line, sizeof line, file)) {
        const char *colon = strstr(line, ": ");
        if (strncmp(line, begin, strlen(begin))) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(value, size, "%.*s", (int)size - 1, colon ? colon + 2 : line);
        text_trim(value); /* firmware fills names up */
    }
    if (file) fclose(file);
}

json_t *host_text(const char *text)
{
    json_t *string = json_string(text);
    return string ? string : json_string("(not UTF-8)");
}

static json_t *counts_to_json(hwloc_topology_t topology, const struct limits *limits)
{
    int cpus = usable_of(topology, HWLOC_OBJ_PU);
    return json_pack("{si si si si si si si ss so}", "cpus", cpus, "cores", usable_of(topology, HWLOC_OBJ_CORE),
                     "packages", usable_of(topology, HWLOC_OBJ_PACKAGE), "numa",
                     usable_of(topology, HWLOC_OBJ_NUMANODE), "cpus_online",
                     hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU), "cores_online",
                     hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE), "usable",
                     limits->usable ? (int)limits->usable : cpus, "allowed", limits->allowed_list, "quota_cpus",
                     json_number(limits->quota_cpus));
}

json_t *host_to_json(hwloc_topology_t topology)
{
    struct limits limits;
    struct probe_system system;
    struct utsname name;
    unsigned cpus[PROBE_CPUS_MAX];
    char model[128], pages[128], release[200];
    struct reason why = {""};
    if (limits_read("", &limits, &why)) limits = (struct limits){.quota_cpus = INFINITY};
    probe_system_read("", cpus, probe_allowed_cpus(cpus, PROBE_CPUS_MAX), &system);
    uname(&name);
    read_field("/proc/cpuinfo", "model name", model, sizeof model);
    read_field("/sys/kernel/mm/transparent_hugepage/enabled", "", pages, sizeof pages);
    snprintf(release, sizeof release, "%s %s", name.sysname, name.release);
    json_t *host = json_pack("{ss ss ss ss sI ss ss so sb so ss}", "hostname", name.nodename, "model",
                             *model ? model : name.machine, "kernel", release, "machine", name.machine, "memory_bytes",
                             (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), "clocksource",
                             system.clocksource, "governor", system.governor, "boost",
                             system.boost < 0 ? json_null() : json_boolean(system.boost), "virtual_machine",
                             (int)system.virtual_machine, "load", json_number(system.load),
                             "transparent_hugepages", pages);
    if (host) json_object_update_new(host, counts_to_json(topology, &limits));
    char kinds[512];
    cpukind_line(topology, kinds, sizeof kinds);
    if (host && kinds[0]) json_object_set_new(host, "kinds", json_string(kinds));
    return host;
}

json_t *host_limits_to_json(void)
{
    struct limits limits;
    struct reason why = {""};
    return limits_read("", &limits, &why) ? json_null() : topo_limits_json(&limits);
}

/* Credentials that batch systems hand to their jobs belong into no record. */
static bool is_secret(const char *name, size_t length)
{
    static const char *const words[] = {"JWT", "TOKEN", "SECRET", "PASS", "KEY", "CREDENTIAL"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(name, length, words[i], strlen(words[i]))) return true;
    return false;
}

static void add_variable(json_t *object, const char *entry)
{
    static const char *const prefixes[] = {"OMP_",    "GOMP_",  "KMP_",      "FORKPOOL_", "BREAKEVEN_",
                                           "MALLOC_", "HWLOC_", "SLURM_",    "OMPI_",     "PRTE_",
                                           "PMIX_",   "MPICH_", "UCX_",      "PYTHON",    "GLIBC_TUNABLES",
                                           "LD_PRELOAD"};
    const char *equals = strchr(entry, '=');
    for (size_t i = 0; equals && i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = (size_t)(equals - entry);
        if (strncmp(entry, prefixes[i], strlen(prefixes[i]))) continue;
        json_object_setn_new(object, entry, length,
                             is_secret(entry, length) ? json_string("(not recorded)") : host_text(equals + 1));
    }
}

json_t *host_environment_to_json(void)
{
    json_t *object = json_object();
    for (char **entry = environ; *entry; entry++) add_variable(object, *entry);
    for (const char *const *entry = site_taken(); *entry; entry++) add_variable(object, *entry);
    return object;
}

json_t *host_ignored_to_json(void)
{
    json_t *list = json_array();
    for (const char *const *entry = site_taken(); *entry; entry++)
        json_array_append_new(list, json_stringn(*entry, strcspn(*entry, "=")));
    return list;
}
