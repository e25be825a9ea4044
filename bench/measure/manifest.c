#include "bench/measure/manifest.h"

#include "runners/limits.h"
#include "bench/base/build.h"
#include "bench/base/clock.h"
#include "bench/base/isolate.h"
#include "bench/machine/probe.h"
#include "bench/machine/probe_system.h"
#include "bench/machine/topo.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int count_of(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int count = hwloc_get_nbobjs_by_type(topology, type);
    return count < 0 ? 0 : count;
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
    }
    if (file) fclose(file);
}

/* Arguments and variables may hold any bytes; JSON holds UTF-8. */
static json_t *text_or_note(const char *text)
{
    json_t *string = json_string(text);
    return string ? string : json_string("(not UTF-8)");
}

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *host_to_json(const struct plan *plan)
{
    struct limits limits;
    struct probe_system system;
    struct utsname name;
    unsigned cpus[PROBE_CPUS_MAX];
    char model[128], pages[128], why[256], release[200];
    if (limits_read("", &limits, why, sizeof why)) limits = (struct limits){.quota_cpus = INFINITY};
    probe_system_read("", cpus, probe_allowed_cpus(cpus, PROBE_CPUS_MAX), &system);
    uname(&name);
    read_field("/proc/cpuinfo", "model name", model, sizeof model);
    read_field("/sys/kernel/mm/transparent_hugepage/enabled", "", pages, sizeof pages);
    snprintf(release, sizeof release, "%s %s", name.sysname, name.release);
    return json_pack(
        "{ss ss ss ss si si si si ss so sI ss ss so sb so ss}", "hostname", name.nodename, "model",
        *model ? model : name.machine, "kernel", release, "machine", name.machine, "cpus",
        count_of(plan->topology, HWLOC_OBJ_PU), "cores", count_of(plan->topology, HWLOC_OBJ_CORE), "packages",
        count_of(plan->topology, HWLOC_OBJ_PACKAGE), "numa", count_of(plan->topology, HWLOC_OBJ_NUMANODE), "allowed",
        limits.allowed_list, "quota_cpus", number_or_null(limits.quota_cpus), "memory_bytes",
        (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE), "clocksource", system.clocksource, "governor",
        system.governor, "boost", system.boost < 0 ? json_null() : json_boolean(system.boost), "virtual_machine",
        (int)system.virtual_machine, "load", number_or_null(system.load), "transparent_hugepages", pages);
}

static json_t *limits_to_json(void)
{
    struct limits limits;
    char why[256];
    return limits_read("", &limits, why, sizeof why) ? json_null() : topo_limits_json(&limits);
}

/* Settings that change what is measured. */
static json_t *environment_to_json(void)
{
    static const char *const prefixes[] = {"OMP_",    "GOMP_",          "KMP_",       "FORKPOOL_", "BREAKEVEN_",
                                           "MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "PYTHON"};
    json_t *object = json_object();
    for (char **entry = environ; *entry; entry++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            const char *equals = strchr(*entry, '=');
            if (!equals || strncmp(*entry, prefixes[i], strlen(prefixes[i]))) continue;
            json_object_setn_new(object, *entry, (size_t)(equals - *entry), text_or_note(equals + 1));
        }
    return object;
}

/* What makes a sample suspect: word by word, as the samples carry them. */
static json_t *suspicion_to_json(void)
{
    return json_pack("{ss ss ss ss ss ss ss}", "steal", "above 0.5 % of the time", "throttled", "any, by a cgroup quota",
                     "preempted", "workers waited for a cpu that their own caller did not have in more than 2 % of their time", "clock",
                     "run phase below 20 readings of the clock or 10 of its steps", "unbound", "a worker read back elsewhere than placed", "drift",
                     "sentinels of a block and its neighbours off by more than 2 %", "capacity",
                     "tune dropped its block: all cores together did less than 0.7 of the work expected of them");
}

static json_t *protocol_to_json(const struct protocol *protocol)
{
    return json_pack("{sI sI so sI si si sb sI sI sI sI ss ss ss si ss ss ss ss ss ss ss ss ss so}", "reps", (json_int_t)protocol->reps, "reps_min",
                     (json_int_t)protocol->reps_min, "precision",
                     protocol->precision > 0 ? json_real(protocol->precision) : json_null(), "time_limit_ns",
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
                     "first", "the first warm-up pass is recorded apart: first_ns",
                     "spans_again", "an instrumented repetition that is suspect is taken again in later blocks, up to twice",
                     "interval", "95 %, from ranks", "ratio", "median over pairs of one block, sign-test interval", "outliers", "counted, never removed: modified z above 14.8",
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
    json_t *cells = json_array(), *task_ns = json_array(), *warmup = json_array(), *deadlines = json_array(),
           *bytes = json_array();
    for (unsigned i = 0; i < plan->cell_count; i++) {
        json_array_append_new(cells, cell_to_json(&plan->cells[i]));
        json_array_append_new(task_ns, json_real(plan->extra[i].task_ns));
        json_array_append_new(warmup, json_integer(plan->extra[i].warmup));
        uint64_t one = plan->infos ? plan->infos[plan->extra[i].info].result_size : 0;
        json_array_append_new(bytes, json_integer((json_int_t)(one ? one : plan->cells[i].size)));
        json_array_append_new(deadlines, json_integer((json_int_t)plan->extra[i].deadline_ns));
    }
    json_object_set_new(manifest, "task_ns", task_ns);
    json_object_set_new(manifest, "warmup", warmup);
    json_object_set_new(manifest, "deadline_ns", deadlines);
    json_object_set_new(manifest, "result_bytes", bytes);
    json_object_set_new(manifest, "cells", cells);
}

json_t *manifest_make(const struct plan *plan, const char *name, const struct options *options)
{
    char began[32], *here = getcwd(NULL, 0);
    time_t now = time(NULL);
    struct tm utc;
    strftime(began, sizeof began, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *command = json_array(), *notes = json_array();
    for (int i = 0; i < options->argc; i++) json_array_append_new(command, text_or_note(options->argv[i]));
    for (unsigned i = 0; i < plan->note_count; i++) json_array_append_new(notes, json_string(plan->notes[i]));
    json_t *manifest =
        json_pack("{si ss sb ss ss so ss? sI sf so so so so so so* so so so}", "schema", RECORD_SCHEMA, "name", name,
                  "complete", 0, "stopped", "", "began", began, "command", command, "working_directory", here, "seed",
                  (json_int_t)plan->protocol.seed, "efficiency", options->efficiency, "build", build_to_json(), "host",
                  host_to_json(plan), "limits", limits_to_json(), "topology", topo_machine_json(plan->topology),
                  "clock", clock_to_json(), "placement_probe", probe_placement_json(&clock_real), "environment",
                  environment_to_json(), "protocol", protocol_to_json(&plan->protocol), "notes", notes);
    free(here);
    if (manifest) add_cells(manifest, plan);
    return manifest;
}

int manifest_write(const char *dir, const json_t *manifest)
{
    char *text = json_dumps(manifest, JSON_INDENT(1));
    int error = text ? record_write_file(dir, "manifest.json", text, strlen(text)) : -ENOMEM;
    free(text);
    return error;
}

int manifest_write_topology(const char *dir, hwloc_topology_t topology)
{
    char *text;
    int size;
    if (hwloc_topology_export_xmlbuffer(topology, &text, &size, 0)) return -EIO;
    int error = record_write_file(dir, "topology.xml", text, size ? (size_t)size - 1 : 0); /* the last byte is a NUL */
    hwloc_free_xmlbuffer(topology, text);
    return error;
}

int manifest_write_synthetic(const char *dir, const char *description)
{
    hwloc_topology_t topology;
    char why[200];
    int error = topology_load(description, &topology, why, sizeof why);
    if (error) return error;
    error = manifest_write_topology(dir, topology);
    hwloc_topology_destroy(topology);
    return error;
}

void manifest_finish(json_t *manifest, bool complete, const char *stopped, int64_t measured_ns)
{
    json_object_set_new(manifest, "complete", json_boolean(complete));
    json_object_set_new(manifest, "stopped", json_string(stopped));
    json_object_set_new(manifest, "measured_ns", json_integer(measured_ns));
}

int manifest_protocol(const json_t *manifest, struct protocol *protocol, char *why, size_t why_size)
{
    const json_t *from = json_object_get(manifest, "protocol");
    static const char *const keys[] = {"reps",        "reps_min",     "time_limit_ns", "warmup",   "spans",
                                       "deadline_ns", "memory_bytes", "seed",          "task_seed"};
    json_int_t values[sizeof keys / sizeof *keys];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(from, keys[i]);
        values[i] = json_integer_value(value);
        if (!json_is_integer(value) || values[i] < -1 || (i == 0 && values[i] < 1)) {
            snprintf(why, why_size, "its manifest lacks protocol.%s: it cannot be resumed", keys[i]);
            return -EINVAL;
        }
    }
    *protocol = (struct protocol){.reps = (uint64_t)values[0],
                                  .reps_min = (uint64_t)values[1],
                                  .time_limit_ns = (uint64_t)values[2],
                                  .warmup = (int)values[3],
                                  .spans = (int)values[4],
                                  .timeline = json_is_true(json_object_get(from, "timeline")),
                                  .deadline_ns = (uint64_t)values[5],
                                  .memory_bytes = (uint64_t)values[6],
                                  .seed = (uint64_t)values[7],
                                  .task_seed = (uint64_t)values[8],
                                  .precision = json_number_value(json_object_get(from, "precision"))};
    return 0;
}

int manifest_task_ns(const json_t *manifest, unsigned cells, double **task_ns, char *why, size_t why_size)
{
    const json_t *list = json_object_get(manifest, "task_ns");
    double *values = calloc(cells + 1u, sizeof *values);
    if (!values || json_array_size(list) != cells) {
        snprintf(why, why_size, "its manifest lacks task_ns for each cell: it cannot be resumed");
        free(values);
        return -EINVAL;
    }
    for (unsigned i = 0; i < cells; i++) values[i] = json_number_value(json_array_get(list, i));
    *task_ns = values;
    return 0;
}
