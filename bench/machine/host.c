/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/host.h"

#include "bench/base/site.h"
#include "bench/machine/probe.h"
#include "results/summary/summary_json.h"
#include "runners/child.h"
#include "runners/cpus/cpukind.h"
#include "runners/interpreter.h"
#include "runners/launcher.h"

#include <elf.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <jansson.h>
#include <link.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER_MS = 10000 };

/* The objects of a type that have a cpu this process may use; of cores and memory nodes without cpus none. */
static int usable_of(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    int count = 0;
    for (hwloc_obj_t object = NULL; (object = hwloc_get_next_obj_by_type(topology, type, object));)
        count += hwloc_bitmap_intersects(object->cpuset, allowed);
    return count;
}

/* What stands behind the ": " of the first line that begins so; "" where there is none. */
static void read_field(const char *path, const char *begin, char *value, size_t size)
{
    char line[512];
    probe_line("", path, begin, line, sizeof line);
    const char *colon = strstr(line, ": ");
    snprintf(value, size, "%.*s", (int)size - 1, colon ? colon + 2 : line);
    text_trim(value); /* firmware fills names up */
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

/* ---- software ---- */

/* An object that was sought among those loaded: the first whose file name begins with one of the names. */
struct sought {
    const char *const *names; /* ends with NULL; "": the program itself */
    json_t *found;
};

/* The build id, from the notes of an object that is loaded (elf(5), "Notes"). */
static json_t *build_id(const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_NOTE) continue;
        const char *at = (const char *)(info->dlpi_addr + header->p_vaddr), *end = at + header->p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *note = (const void *)at;
            const unsigned char *bytes = (const unsigned char *)at + sizeof *note + ((note->n_namesz + 3) & ~3u);
            char text[129] = "";
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && note->n_descsz <= 64) {
                for (unsigned b = 0; b < note->n_descsz; b++) snprintf(text + 2 * b, 3, "%02x", bytes[b]);
                return json_string(text);
            }
            at = (const char *)bytes + ((note->n_descsz + 3) & ~3u);
        }
    }
    return json_null();
}

static int look(struct dl_phdr_info *info, size_t size, void *context)
{
    struct sought *sought = context;
    const char *slash = strrchr(info->dlpi_name, '/'), *file = slash ? slash + 1 : info->dlpi_name;
    (void)size;
    for (const char *const *name = sought->names; *name; name++) {
        if (**name ? strncmp(file, *name, strlen(*name)) : *file) continue;
        char path[4096];
        const char *real = realpath(**name ? info->dlpi_name : "/proc/self/exe", path);
        sought->found = json_pack("{ss so}", "path", real ? real : info->dlpi_name, "build_id", build_id(info));
        return 1;
    }
    return 0;
}

static json_t *loaded(const char *const *names)
{
    struct sought sought = {names, NULL};
    dl_iterate_phdr(look, &sought);
    return sought.found ? sought.found : json_null();
}

static json_t *with_version(json_t *object, const char *version)
{
    if (json_is_null(object)) object = json_object();
    json_object_set_new(object, "version", json_string(version));
    return object;
}

static json_t *first_line(const char *path)
{
    char line[256];
    return probe_line("", path, "", line, sizeof line) ? json_string(line) : json_null();
}

/* What a command says in its first line; null: it is not there, or failed. */
static json_t *answer_of(const char *const *words)
{
    char text[1024];
    int status;
    if (child_ask(words, ANSWER_MS, text, sizeof text, &status) || status) return json_null();
    text[strcspn(text, "\n")] = '\0';
    json_t *answer = json_string(text);
    return answer ? answer : json_null();
}

static json_t *python_to_json(void)
{
    static const char script[] =
        "import json, multiprocessing as m, platform, sys; print(json.dumps({'version': sys.version.split()[0], "
        "'implementation': platform.python_implementation(), 'start_method': m.get_start_method(), "
        "'gil': getattr(sys, '_is_gil_enabled', lambda: True)(), 'path': sys.executable}))";
    json_t *line = answer_of((const char *const[]){interpreter_name(), "-I", "-c", script, NULL});
    json_t *python = json_is_string(line) ? json_loads(json_string_value(line), 0, NULL) : NULL;
    json_decref(line);
    return python ? python : json_null();
}

/* CONFIG_PREEMPT_DYNAMIC shows the model in brackets in debugfs, where that may be read; the line of uname names what it
 * was built with. */
static json_t *kernel_to_json(void)
{
    struct utsname name;
    char line[400];
    uname(&name);
    snprintf(line, sizeof line, "%s %s %s %s", name.sysname, name.release, name.version, name.machine);
    const char *built = strstr(name.version, "PREEMPT_RT")        ? "rt"
                        : strstr(name.version, "PREEMPT_DYNAMIC") ? "dynamic"
                        : strstr(name.version, "PREEMPT")         ? "full"
                                                                  : "none or voluntary";
    return json_pack("{ss ss so so}", "line", line, "preemption_built", built, "preemption",
                     first_line("/sys/kernel/debug/sched/preempt"), "sched_ext",
                     first_line("/sys/kernel/sched_ext/state"));
}

/* The library that the ranks' program loads, by its own words, and what starts the ranks. */
static json_t *mpi_to_json(void)
{
    char path[4096];
    if (!launcher_beside("breakeven-rank", path, sizeof path)) return json_null();
    return json_pack("{so ss}", "library", answer_of((const char *const[]){path, "--version", NULL}), "launcher",
                     launcher_template(1));
}

/* The version of the library that is loaded. hwloc_get_api_version names the last change of its interface, which
 * releases from 2.12 to 2.15 share: what it writes of itself into a topology is asked first. */
static void hwloc_version(char *version, size_t size)
{
    hwloc_topology_t topology;
    unsigned api = hwloc_get_api_version();
    snprintf(version, size, "%u.%u.%u", api >> 16, api >> 8 & 0xff, api & 0xff);
    if (hwloc_topology_init(&topology)) return;
    if (!hwloc_topology_set_synthetic(topology, "pu:1") && !hwloc_topology_load(topology)) {
        const char *own = hwloc_obj_get_info_by_name(hwloc_get_root_obj(topology), "hwlocVersion");
        if (own) snprintf(version, size, "%s", own);
    }
    hwloc_topology_destroy(topology);
}

json_t *software_to_json(bool python, bool mpi)
{
    static const char *const program[] = {"", NULL}, *const libc[] = {"libc.so", "libc-", "ld-musl", NULL},
                             *const openmp[] = {"libgomp", "libomp", "libiomp5", NULL},
                             *const hwloc[] = {"libhwloc", NULL};
    char version[32];
    hwloc_version(version, sizeof version);
    const char *gnuplot = getenv("BREAKEVEN_GNUPLOT");
    if (!gnuplot || !*gnuplot) gnuplot = "gnuplot";
    json_t *software = json_pack(
        "{so so so so so so}", "program", loaded(program), "openmp", loaded(openmp), "libc",
        with_version(loaded(libc), gnu_get_libc_version()), "hwloc", with_version(loaded(hwloc), version), "kernel",
        kernel_to_json(), "gnuplot", answer_of((const char *const[]){gnuplot, "--version", NULL}));
    if (python && software) json_object_set_new(software, "python", python_to_json());
    if (mpi && software) json_object_set_new(software, "mpi", mpi_to_json());
    return software;
}

json_t *software_file_hash(const char *path)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a: told apart, not sealed */
    unsigned char bytes[65536];
    size_t got;
    char text[17];
    FILE *file = fopen(path, "re");
    if (!file) return json_null();
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        for (size_t i = 0; i < got; i++) hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    fclose(file);
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return json_string(text);
}
