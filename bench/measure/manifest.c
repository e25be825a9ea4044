/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/manifest.h"

#include "bench/base/clock.h"
#include "bench/base/isolate.h"
#include "bench/machine/host.h"
#include "bench/machine/probe.h"
#include "kernels/reason.h"
#include "runners/interpreter.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What makes a sample suspect, by the words that samples carry. */
static json_t *suspicion_to_json(void)
{
    json_t *object = json_object();
    for (size_t i = 0; i < SUSPICIONS; i++)
        json_object_set_new(object, suspicions[i].word, json_string(suspicions[i].rule));
    return object;
}

static json_t *protocol_to_json(const struct protocol *protocol)
{
    return json_pack("{sI sI so sf sI si si sb sI sI sI sI ss ss ss si ss ss ss ss ss ss ss ss ss so}", "reps", (json_int_t)protocol->reps, "reps_min",
                     (json_int_t)protocol->reps_min, "precision",
                     protocol->precision > 0 ? json_real(protocol->precision) : json_null(), "settle", protocol->settle, "time_limit_ns",
                     (json_int_t)protocol->time_limit_ns, "warmup", protocol->warmup, "spans", protocol->spans, "timeline", (int)protocol->timeline,
                     "deadline_ns", (json_int_t)protocol->deadline_ns, "memory_bytes",
                     (json_int_t)protocol->memory_bytes, "seed", (json_int_t)protocol->seed, "task_seed",
                     (json_int_t)protocol->task_seed, "process", "a fresh one for each repetition",
                     "crowded_teams", "beyond the cpus: OMP_WAIT_POLICY=passive, unless set", "order",
                     "blocks of all cells; pairs of rotated and reversed sequences", "padding_bytes_max",
                     ISOLATE_PADDING_MAX, "clock", "CLOCK_MONOTONIC_RAW",
                     "sentinel", "each problem's serial cell, once in each block", "duplicate",
                     "one cell twice in each block, where there are 6 repetitions or more (A/A)", "start",
                     "all workers have written into a shared page that they are up and bound before the run phase begins; "
                     "late_ns of each (late_p50_ns and late_max_ns of a cell) counts from there, in instrumented repetitions",
                     "first", "the first warm-up pass is recorded apart: first_ns; where tasks only compute it runs the first warmup_tasks",
                     "spans_again", "an instrumented repetition that is suspect is taken again in later blocks, up to twice",
                     "interval", "95 %, from ranks", "ratio", "median over pairs of one block, sign-test interval", "outliers", "counted, never removed: modified z above 3.5",
                     "suspicion", suspicion_to_json());
}

static json_t *clock_to_json(void)
{
    struct clock_quality quality = clock_measure(&clock_real);
    return json_pack("{sf sf sI}", "cost_ns", quality.cost_ns, "resolution_ns", quality.resolution_ns, "backwards",
                     (json_int_t)quality.backwards);
}

/* Expected task durations, warm-up passes and deadlines stand beside the cells, by their ids. */
static void add_cells(json_t *manifest, const struct plan *plan)
{
    json_t *cells = json_array(), *task_ns = json_array(), *warmup = json_array(), *warmup_tasks = json_array(), *deadlines = json_array(),
           *bytes = json_array();
    for (unsigned i = 0; i < plan->cell_count; i++) {
        json_array_append_new(cells, cell_to_json(&plan->cells[i]));
        json_array_append_new(task_ns, json_real(plan->extra[i].task_ns));
        json_array_append_new(warmup, json_integer(plan->extra[i].warmup));
        uint64_t some = plan->extra[i].warmup_tasks;
        json_array_append_new(warmup_tasks, json_integer((json_int_t)(some ? some : plan->cells[i].tasks)));
        uint64_t one = plan->infos ? plan->infos[plan->extra[i].info].result_size : 0;
        json_array_append_new(bytes, json_integer((json_int_t)(one ? one : plan->cells[i].size)));
        json_array_append_new(deadlines, json_integer((json_int_t)plan->extra[i].deadline_ns));
    }
    json_object_set_new(manifest, "task_ns", task_ns);
    json_object_set_new(manifest, "warmup", warmup);
    json_object_set_new(manifest, "warmup_tasks", warmup_tasks);
    json_object_set_new(manifest, "deadline_ns", deadlines);
    json_object_set_new(manifest, "result_bytes", bytes);
    json_object_set_new(manifest, "cells", cells);
}

static void add_software(json_t *manifest, const struct plan *plan)
{
    json_t *objects = json_object();
    bool python = false, mpi = false;
    for (unsigned i = 0; i < plan->cell_count; i++) {
        const struct cell *cell = &plan->cells[i];
        python |= !strncmp(cell->runner, "python", 6);
        mpi |= !strcmp(cell->runner, "mpi");
        if (strchr(cell->kernel, '/') && !json_object_get(objects, cell->kernel))
            json_object_set_new(objects, cell->kernel, software_file_hash(cell->kernel));
    }
    json_object_set_new(manifest, "kernel_objects", objects);
    json_object_set_new(manifest, "software", software_to_json(python, mpi));
}

json_t *manifest_make(const struct plan *plan, const char *name, const struct options *options)
{
    char began[32], *here = getcwd(NULL, 0);
    time_t now = time(NULL);
    struct tm utc;
    strftime(began, sizeof began, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *command = json_array(), *notes = json_array();
    for (int i = 0; i < options->argc; i++) json_array_append_new(command, host_text(options->argv[i]));
    for (unsigned i = 0; i < plan->note_count; i++) json_array_append_new(notes, json_string(plan->notes[i]));
    json_t *manifest =
        json_pack("{si so sb ss ss so ss? sI sf so so so so so so* so so so so}", "schema", RECORD_SCHEMA, "name", host_text(name),
                  "complete", 0, "stopped", "", "began", began, "command", command, "working_directory", here, "seed",
                  (json_int_t)plan->protocol.seed, "efficiency", options->efficiency, "build", build_to_json(), "host",
                  host_to_json(plan->topology), "limits", host_limits_to_json(), "topology", topo_machine_json(plan->topology),
                  "clock", clock_to_json(), "placement_probe", probe_placement_json(&clock_real), "environment",
                  host_environment_to_json(), "not_obeyed", host_ignored_to_json(), "protocol", protocol_to_json(&plan->protocol), "notes", notes);
    free(here);
    if (manifest && plan->protocol.shares)
        json_object_set_new(manifest, "share", json_pack("{si si}", "part", (int)plan->protocol.share, "of", (int)plan->protocol.shares));
    if (manifest && *plan->speeds)
        json_object_set_new(json_object_get(manifest, "host"), "speeds", json_string(plan->speeds));
    if (manifest) add_cells(manifest, plan);
    if (manifest) add_software(manifest, plan);
    return manifest;
}

int manifest_write(const char *dir, const json_t *manifest)
{
    char *text = json_dumps(manifest, JSON_INDENT(1));
    int error = text ? record_write_file(dir, "manifest.json", text, strlen(text)) : -ENOMEM;
    free(text);
    return error;
}

/* The form that hwloc 2 reads, from hwloc 3 too, whose own it cannot. */
#if HWLOC_API_VERSION >= 0x00030000
enum { XML_FLAGS = HWLOC_TOPOLOGY_EXPORT_XML_FLAG_V2 };
#else
enum { XML_FLAGS = 0 };
#endif

static int write_topology(const char *dir, hwloc_topology_t topology)
{
    char *text;
    int size;
    if (hwloc_topology_export_xmlbuffer(topology, &text, &size, XML_FLAGS)) return -EIO;
    int error = record_write_file(dir, "topology.xml", text, size ? (size_t)size - 1 : 0); /* the last byte is a NUL */
    hwloc_free_xmlbuffer(topology, text);
    return error;
}

int manifest_begin(const char *dir, const json_t *manifest, hwloc_topology_t topology, struct reason *why)
{
    const char *name = "manifest.json";
    int error = manifest_write(dir, manifest);
    if (!error) name = "topology.xml", error = write_topology(dir, topology);
    if (error) reason_set(why, "cannot write %.900s/%s: %s", dir, name, strerror(-error));
    return error;
}

int manifest_write_synthetic(const char *dir, const char *description)
{
    hwloc_topology_t topology;
    struct reason why = {""};
    int error = topology_load(description, &topology, &why);
    if (error) return error;
    error = write_topology(dir, topology);
    hwloc_topology_destroy(topology);
    return error;
}

void manifest_finish(json_t *manifest, bool complete, const char *stopped, int64_t measured_ns)
{
    json_object_set_new(manifest, "complete", json_boolean(complete));
    json_object_set_new(manifest, "stopped", json_string(stopped));
    json_object_set_new(manifest, "measured_ns", json_integer(measured_ns));
}

static int read_task_ns(const json_t *manifest, unsigned cells, double **task_ns, struct reason *why)
{
    const json_t *list = json_object_get(manifest, "task_ns");
    double *values = calloc(cells + 1u, sizeof *values);
    if (!values || json_array_size(list) != cells) {
        reason_set(why, "its manifest lacks task_ns for each cell: it cannot be resumed");
        free(values);
        return -EINVAL;
    }
    for (unsigned i = 0; i < cells; i++) values[i] = json_number_value(json_array_get(list, i));
    *task_ns = values;
    return 0;
}

int manifest_protocol(const json_t *manifest, unsigned cells, struct protocol *protocol, double **task_ns,
                      struct reason *why)
{
    const json_t *from = json_object_get(manifest, "protocol");
    static const char *const keys[] = {"reps",        "reps_min",     "time_limit_ns", "warmup",   "spans",
                                       "deadline_ns", "memory_bytes", "seed",          "task_seed"};
    json_int_t values[sizeof keys / sizeof *keys];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(from, keys[i]);
        values[i] = json_integer_value(value);
        if (!json_is_integer(value) || values[i] < -1 || (i == 0 && values[i] < 1))
            return reason_give(why, -EINVAL, "its manifest lacks protocol.%s: it cannot be resumed", keys[i]);
    }
    int error = read_task_ns(manifest, cells, task_ns, why);
    if (error) return error;
    const json_t *share = json_object_get(manifest, "share");
    *protocol = (struct protocol){.share = (unsigned)json_integer_value(json_object_get(share, "part")),
                                  .shares = (unsigned)json_integer_value(json_object_get(share, "of")),
                                  .reps = (uint64_t)values[0],
                                  .reps_min = (uint64_t)values[1],
                                  .time_limit_ns = (uint64_t)values[2],
                                  .warmup = (int)values[3],
                                  .spans = (int)values[4],
                                  .timeline = json_is_true(json_object_get(from, "timeline")),
                                  .deadline_ns = (uint64_t)values[5],
                                  .memory_bytes = (uint64_t)values[6],
                                  .seed = (uint64_t)values[7],
                                  .task_seed = (uint64_t)values[8],
                                  .precision = json_number_value(json_object_get(from, "precision")),
                                  .settle = json_number_value(json_object_get(from, "settle"))};
    return 0;
}

/* ---- may a run be finished here? ---- */

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
    reason_add(allowed ? differences->allowed : differences->why, "%s%s%s%.60s was %.80s and is %.80s",
               (*count)++ ? "; " : "", part, strchr(key, '/') ? " " : ".", key, before ? before : "not set",
               now ? now : "not set");
    free(before);
    free(now);
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

int manifest_check(const struct run *run, hwloc_topology_t topology, const char *allow, struct reason *allowed,
                   struct reason *why)
{
    struct differences differences = {.allow = allow, .allowed = allowed, .why = why};
    char python[PATH_MAX];
    if (json_object_get(json_object_get(run->manifest, "environment"), "BREAKEVEN_PYTHON"))
        interpreter_find(python, sizeof python); /* names the interpreter behind a script as the record does */
    const json_t *manifest = run->manifest;
    const struct {
        const char *part, *keys[8];
        json_t *is;
    } parts[] = {
        {"build", {"version", "commit", "compiler", "flags"}, build_to_json()},
        {"host", {"model", "machine", "kernel", "cpus", "cores", "allowed", "quota_cpus"}, host_to_json(topology)},
        {"software", {"program", "openmp", "libc", "hwloc"}, software_to_json(false, false)}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (const char *const *key = parts[i].keys; *key; key++) {
            const json_t *was = json_object_get(json_object_get(manifest, parts[i].part), *key);
            const json_t *is = json_object_get(parts[i].is, *key);
            if (was && !json_equal(was, is)) put(&differences, parts[i].part, *key, was, is);
        }
        json_decref(parts[i].is);
    }
    json_t *settings = host_environment_to_json();
    compare_settings(&differences, json_object_get(manifest, "environment"), settings);
    compare_objects(&differences, json_object_get(manifest, "kernel_objects"));
    json_decref(settings);
    return differences.count ? -EXDEV : 0;
}
