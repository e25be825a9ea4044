/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/software.h"

#include "bench/machine/probe_system.h"
#include "runners/child.h"
#include "runners/interpreter.h"
#include "runners/launcher.h"

#include <elf.h>
#include <gnu/libc-version.h>
#include <hwloc.h>
#include <inttypes.h>
#include <jansson.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { ANSWER_MS = 10000 };

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
    return probe_line("", path, line, sizeof line) ? json_string(line) : json_null();
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
