/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune: what all its subjects share; what was found as JSON and as a file for `run --config`; the exit status. */
#include "bench/tune/tune.h"

#include "bench/machine/speeds.h"
#include "bench/measure/rundir.h"
#include "kernels/reason.h"
#include "results/record/record.h"
#include "results/summary/summary_json.h"
#include "runners/cpus/cpukind.h"

#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int tune_open(struct tune *tune, const struct options *options)
{
    struct reason why = {""};
    const char *root = getenv("BREAKEVEN_TEST_ROOT"); /* a made-up tree of /proc and /sys in tests */
    *tune = (struct tune){.options = options, .search = search_defaults};
    if (options->json && options->shell) return options_complain(options, "--json and --shell both say what to print");
    if (limits_read(root ? root : "", &tune->limits, &why)) return options_complain(options, "%s", why.text);
    for (int i = 0; options->minimise && options_objectives[i]; i++)
        if (!strcmp(options->minimise, options_objectives[i])) tune->objective = (enum tune_objective)i;
    tune->search.within = options->within;
    tune->search.budget_s = tune_limit_s(options);
    return rundir_check(options);
}

double tune_limit_s(const struct options *options)
{
    return options_given(options, "time-limit") ? (double)options->time_limit_ns / 1e9 : INFINITY;
}

/* Nobody who limits the time waits longer than that unless told to. */
double tune_patience_s(const struct options *options)
{
    if (options_given(options, "patience")) return (double)options->patience_ns / 1e9;
    return fmin(TUNE_WATCH_PATIENCE_S, tune_limit_s(options));
}

int tune_watch_machine(struct tune *tune, hwloc_topology_t topology)
{
    struct speeds speeds;
    cpukind_line(topology, tune->kinds, sizeof tune->kinds);
    if (!speeds_measure(topology, &clock_real, &speeds) && *speeds.line)
        text_add(tune->kinds, sizeof tune->kinds, "; measured, %s as fast", speeds.line);
    int error = tune_capacity_open(&tune->capacity, topology, &tune->limits);
    struct tune_watch_eyes eyes = tune_capacity_eyes(&tune->capacity);
    if (!error) tune_watch_open(&tune->watch, &eyes, tune_patience_s(tune->options));
    return error;
}

void tune_close(struct tune *tune)
{
    for (size_t i = 0; i < tune->failure_count; i++) free(tune->failures[i].output);
    free(tune->failures);
    search_free(&tune->result);
    *tune = (struct tune){0};
}

static const struct tune_failure *failure_of(const struct tune *tune, const struct search_point *point)
{
    for (size_t i = 0; i < tune->failure_count; i++)
        if (search_same(&tune->space, &tune->failures[i].point, point)) return &tune->failures[i];
    return NULL;
}

void tune_fail(struct tune *tune, const struct search_point *point, const char *cause, const char *output)
{
    if (failure_of(tune, point)) return;
    struct tune_failure *failures = realloc(tune->failures, (tune->failure_count + 1) * sizeof *failures);
    if (!failures) return;
    tune->failures = failures;
    struct tune_failure *failure = &failures[tune->failure_count++];
    *failure = (struct tune_failure){.point = *point, .output = output && *output ? strdup(output) : NULL};
    snprintf(failure->cause, sizeof failure->cause, "%s", cause);
}

/* ---- for programs ---- */

static json_t *settings(const struct tune *tune, const struct search_entry *entry)
{
    return tune->subject->settings(tune, &entry->point);
}

static json_t *entry_to_json(const struct tune *tune, const struct search_entry *entry)
{
    json_t *object =
        json_pack("{so sf so sI so so sb sb sb}", "settings", settings(tune, entry), "workers", entry->workers, "cost",
                  json_number(entry->estimate), "n", (json_int_t)entry->count, "fresh", json_quantity(entry->cost), "ratio",
                  json_quantity(entry->ratio), "tied", entry->tied, "stopped", entry->limited, "failed", entry->failed);
    const struct tune_failure *failure = failure_of(tune, &entry->point);
    if (object && failure) json_object_set_new(object, "cause", text_to_json(failure->cause));
    if (object && failure && failure->output) json_object_set_new(object, "output", text_to_json(failure->output));
    return object;
}

static json_t *entry_or_null(const struct tune *tune, size_t id)
{
    return id < tune->result.entry_count ? entry_to_json(tune, &tune->result.entries[id]) : json_null();
}

static json_t *gain_to_json(const struct tune *tune)
{
    const struct search_entry *reference = tune_reference(tune);
    if (!reference || tune->result.recommended >= tune->result.entry_count) return json_null();
    const struct search_entry *best = &tune->result.entries[tune->result.recommended];
    struct quantity ratio = search_ratio(&tune->result, reference, best);
    if (!ratio.n) ratio = (struct quantity){reference->estimate / best->estimate, NAN, NAN, 0};
    return json_pack("{so sb so}", "over", settings(tune, reference), "at_least", reference->limited, "ratio",
                     json_quantity(ratio));
}

/* What the watch saw: the cores' work together, in units of one alone. */
static json_t *capacity_to_json(const struct tune_watch *watch)
{
    return json_pack("{sf sI so so so sf sf sI sb}", "expected", watch->eyes.expected, "looks",
                     (json_int_t)watch->looks, "measured", json_number(tune_watch_mean(&watch->measured)), "low",
                     json_number(tune_watch_mean(&watch->low)), "lowest",
                     json_number(watch->low.looks ? watch->low.least : NAN), "waited_s", watch->waited_s, "patience_s",
                     watch->patience_s, "blocks_dropped", (json_int_t)watch->dropped, "gave_up", watch->gave_up);
}

json_t *tune_to_json(const struct tune *tune)
{
    static const char *const units[] = {"ns", "core-ns", "bytes"};
    const struct search_result *result = &tune->result;
    struct reason sentence;
    tune_sentence(tune, &sentence);
    struct tune_peak peak = tune_peak(tune);
    json_t *tried = json_array();
    for (size_t i = 0; i < result->entry_count; i++)
        if (result->entries[i].count || result->entries[i].failed)
            json_array_append_new(tried, entry_to_json(tune, &result->entries[i]));
    json_t *cpus =
        json_pack("{si so si ss ss}", "allowed", (int)tune->limits.allowed, "quota", json_number(tune->limits.quota_cpus),
                  "usable", (int)tune->limits.usable, "quota_where", tune->limits.quota_where, "kinds", tune->kinds);
    json_t *peaks =
        json_pack("{so so so}", "workers", json_number(peak.workers), "low", json_number(peak.low), "high", json_number(peak.high));
    return json_pack("{si ss so ss ss so so so so so so so so sI sI sf so sb sI so}", "schema", 1, "unit",
                     tune->subject->unit, "what", text_to_json(tune->what), "objective", options_objectives[tune->objective],
                     "cost_unit", units[tune->objective], "sentence", json_string(sentence.text), "recommended",
                     entry_or_null(tune, result->recommended), "fastest", entry_or_null(tune, result->winner),
                     "default", entry_or_null(tune, result->also[0]), "gain", gain_to_json(tune), "peak", peaks, "cpus",
                     cpus, "capacity", capacity_to_json(&tune->watch), "measurements",
                     (json_int_t)result->measurements, "blocks", (json_int_t)result->blocks, "spent_s",
                     result->spent_s, "trying_all_once_s", json_number(result->once_s), "shortened",
                     result->short_of_budget, "suspect", (json_int_t)tune->suspects, "tried", tried);
}

/* A file is replaced whole, or stays what it was; a device or a link is written to. 0 or -errno. */
static int save_text(const char *path, const char *text)
{
    struct stat there;
    char dir[4096], name[4096];
    snprintf(dir, sizeof dir, "%s", path);
    snprintf(name, sizeof name, "%s", path);
    if (lstat(path, &there) || S_ISREG(there.st_mode)) return record_write_file(dirname(dir), basename(name), text, strlen(text));
    FILE *file = fopen(path, "we");
    int error = file && fputs(text, file) >= 0 ? 0 : -errno;
    if (file && fclose(file)) error = -errno;
    return error;
}

/* What `run --config` reads, and forkpool's users may: the settings and what they were found for. */
static int save(const struct tune *tune)
{
    const struct options *options = tune->options;
    const struct search_entry *best = &tune->result.entries[tune->result.recommended];
    struct reason sentence;
    tune_sentence(tune, &sentence);
    json_t *object =
        json_pack("{ss si ss so ss so}", "breakeven", "recommendation", "schema", 1, "unit", tune->subject->unit,
                  "settings", settings(tune, best), "sentence", sentence.text, "cost", json_quantity(best->cost));
    char *text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
    int error = text ? save_text(options->save, text) : -ENOMEM;
    free(text);
    json_decref(object);
    return error ? options_complain(options, "--save %.200s: %s", options->save, strerror(-error)) : 0;
}

int tune_report(const struct tune *tune, int error, const char *why)
{
    const struct options *options = tune->options;
    bool found = tune->result.recommended < tune->result.entry_count;
    int status = 0;
    if (error && error != -EINTR) {
        options_complain(options, "%s", *why ? why : strerror(-error));
        return STATUS_FAILED;
    }
    if (error == -EINTR) options_complain(options, "interrupted after %zu measurements", tune->result.measurements);
    if (options->json) status = options_print_json(options, tune_to_json(tune));
    else if (found && options->shell)
        tune->subject->shell(tune, &tune->result.entries[tune->result.recommended].point, stdout);
    else if (!options->shell) tune_print(tune);
    if (!status && found && !error && options->save) status = save(tune);
    if (!status && !found && !error) {
        const char *cause = tune->failure_count ? tune->failures[0].cause : "nothing was measured";
        options_complain(options, "no configuration worked; the first failed with: %s", cause);
    }
    if (status) return status;
    return error == -EINTR ? STATUS_INTERRUPTED : found ? STATUS_GOOD : STATUS_FAILED;
}
