/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/resume.h"

#include "bench/base/build.h"
#include "bench/machine/host.h"
#include "bench/machine/software.h"
#include "kernels/reason.h"
#include "results/record/record.h"
#include "runners/interpreter.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>

struct differences {
    const char *allow;
    struct reason *allowed, *why;
    unsigned allowed_count, count;
};

static void put(struct differences *differences, const char *part, const char *key, const json_t *was, const json_t *is)
{
    char *before = json_dumps(was, JSON_ENCODE_ANY | JSON_COMPACT), *now = json_dumps(is, JSON_ENCODE_ANY | JSON_COMPACT);
    bool allowed = text_has_word(differences->allow, part);
    unsigned *count = allowed ? &differences->allowed_count : &differences->count;
    reason_add(allowed ? differences->allowed : differences->why, "%s%s%s%.60s was %.80s and is %.80s", (*count)++ ? "; " : "", part,
               strchr(key, '/') ? " " : ".", key, before ? before : "not set", now ? now : "not set");
    free(before);
    free(now);
}

static void compare_keys(struct differences *differences, const char *part, const char *const *keys, const json_t *was,
                         const json_t *is)
{
    for (; *keys; keys++) {
        const json_t *before = json_object_get(was, *keys), *now = json_object_get(is, *keys);
        if (before && !json_equal(before, now)) put(differences, part, *keys, before, now);
    }
}

static bool is_runtime_setting(const char *name)
{
    return !strncmp(name, "OMP_", 4) || !strncmp(name, "GOMP_", 5) || !strncmp(name, "KMP_", 4) ||
           !strncmp(name, "FORKPOOL_", 9) || !strcmp(name, "BREAKEVEN_LAUNCHER") || !strcmp(name, "BREAKEVEN_WAITING") ||
           !strcmp(name, "BREAKEVEN_PYTHON");
}

/* Settings of the runtimes: those of then that are others now, and those of now that were not there. */
static void compare_settings(struct differences *differences, const json_t *was, json_t *is)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)was, name, value)
        if (is_runtime_setting(name) && !json_equal(value, json_object_get(is, name)))
            put(differences, "environment", name, value, json_object_get(is, name));
    json_object_foreach (is, name, value)
        if (is_runtime_setting(name) && !json_object_get(was, name)) put(differences, "environment", name, NULL, value);
}

static void compare_objects(struct differences *differences, const json_t *was)
{
    const char *path;
    json_t *hash;
    json_object_foreach ((json_t *)was, path, hash) {
        json_t *now = software_file_hash(path);
        if (!json_equal(hash, now)) put(differences, "object", path, hash, now);
        json_decref(now);
    }
}

int resume_check(const struct run *run, hwloc_topology_t topology, const char *allow, struct reason *allowed, struct reason *why)
{
    static const char *const builds[] = {"version", "commit", "compiler", "flags", NULL},
                             *const hosts[] = {"model", "machine", "kernel", "cpus", "cores", "allowed", "quota_cpus", NULL},
                             *const programs[] = {"program", "openmp", "libc", "hwloc", NULL};
    struct differences differences = {.allow = allow, .allowed = allowed, .why = why};
    char python[PATH_MAX];
    if (json_object_get(json_object_get(run->manifest, "environment"), "BREAKEVEN_PYTHON"))
        interpreter_find(python, sizeof python); /* names the interpreter behind a script as the record does */
    json_t *build = build_to_json(), *host = host_to_json(topology), *settings = host_environment_to_json(),
           *software = software_to_json(false, false);
    const json_t *manifest = run->manifest;
    compare_keys(&differences, "build", builds, json_object_get(manifest, "build"), build);
    compare_keys(&differences, "host", hosts, json_object_get(manifest, "host"), host);
    compare_keys(&differences, "software", programs, json_object_get(manifest, "software"), software);
    compare_settings(&differences, json_object_get(manifest, "environment"), settings);
    compare_objects(&differences, json_object_get(manifest, "kernel_objects"));
    json_decref(build);
    json_decref(host);
    json_decref(settings);
    json_decref(software);
    return differences.count ? -EXDEV : 0;
}
