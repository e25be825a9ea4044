/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_command.c: a command line with {placeholders} as the subject of tune. */
#include "bench/base/clock.h"
#include "bench/base/command.h"
#include "bench/base/interrupt.h"
#include "bench/base/leftover.h"
#include "bench/tune/tune.h"
#include "bench/tune/tune_axes.h"
#include "kernels/reason.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_S = 300 };

struct subject {
    struct command command;
    struct tune_axes axes;
    unsigned warmup;
    struct tune_record record;
    struct tune_export export;
    unsigned block;
    struct tune *tune;
    struct reason why;
};

/* Measuring */

static double cost_of(const struct tune *tune, const struct command_result *result)
{
    switch (tune->objective) {
    case TUNE_CORE_SECONDS:
        return (double)(result->user_ns + result->system_ns);
    case TUNE_MEMORY:
        return (double)result->peak_rss_bytes;
    case TUNE_TIME:
        break;
    }
    return (double)result->wall_ns;
}

/* Text that is too long for a field, or no UTF-8, as its beginning and a number made of all of it (FNV-1a, 64 bits): as
 * many names as texts. */
static void shorten(const char *text, char *short_text, size_t size)
{
    enum { NUMBER = 3 + 16 }; /* "..#", 16 digits */
    json_t *valid = json_string(text);
    size_t length = strlen(text), keep = valid ? size - 1 - NUMBER : 0;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = text; *c; c++) hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    if (valid && length < size) memcpy(short_text, text, length + 1);
    else {
        while (keep && ((unsigned char)text[keep] & 0xC0) == 0x80) keep--; /* not inside of a letter */
        snprintf(short_text, size, "%.*s..#%016llx", (int)keep, text, (unsigned long long)hash);
    }
    json_decref(valid);
}

/* The point as a cell of the record: what has no field of its own stands in its placement. */
static int make_cell(const struct subject *subject, const struct search_point *point, struct cell *cell)
{
    *cell = (struct cell){.study = "tune",
                          .runner = "command",
                          .size = 1,
                          .tasks = 1,
                          .processes = 1,
                          .threads = 1,
                          .schedule = "default"};
    char *rest = NULL;
    size_t used = 0;
    FILE *stream = open_memstream(&rest, &used);
    if (!stream) return -ENOMEM;
    const char *program = strrchr(*subject->command.words, '/');
    snprintf(cell->kernel, sizeof cell->kernel, "%s", subject->tune->what);
    shorten(program ? program + 1 : *subject->command.words, cell->label, sizeof cell->label);
    for (size_t i = 0; i < subject->axes.count; i++) {
        const struct tune_axis *axis = &subject->axes.axis[i];
        uint64_t value = axis->values ? (uint64_t)axis->values[point->level[i]] : 0;
        if (!strcmp(axis->name, "workers")) cell->processes = (unsigned)value;
        else if (!strcmp(axis->name, "threads")) cell->threads = (unsigned)value;
        else if (!strcmp(axis->name, "chunk")) cell->chunk = value;
        else fprintf(stream, "%s%s=%s", ftell(stream) ? "," : "", axis->name, axis->texts[point->level[i]]);
    }
    if (fclose(stream) || !rest) {
        free(rest);
        return -ENOMEM;
    }
    shorten(used ? rest : "none", cell->placement, sizeof cell->placement);
    free(rest);
    return 0;
}

static int record(struct subject *subject, const struct search_point *point, const struct command_result *result,
                  int64_t began_ns, unsigned order)
{
    static const char *const status[] = {
        [COMMAND_DONE] = "ok",           [COMMAND_EXITED] = "error",     [COMMAND_SIGNALED] = "killed",
        [COMMAND_TIMED_OUT] = "timeout", [COMMAND_LIMITED] = "stopped",  [COMMAND_MISSING] = "error",
        [COMMAND_UNPREPARED] = "error",  [COMMAND_INTERRUPTED] = "error"};
    struct plan_cell extra = {.warmup = subject->warmup, .deadline_ns = (uint64_t)subject->command.deadline_ns};
    struct cell cell;
    int id = make_cell(subject, point, &cell);
    if (id < 0) return id;
    id = tune_record_cell(&subject->record, &cell, &extra);
    if (id < 0) return id;
    struct sample sample = sample_unmeasured();
    sample.cell = (unsigned)id;
    sample.block = subject->block;
    sample.order = order;
    sample.began_ns = began_ns;
    sample.start_ns = sample.stop_ns = 0; /* a part of its wall time */
    if (result->end == COMMAND_DONE) sample.wall_ns = result->wall_ns;
    sample.user_ns = result->user_ns;
    sample.system_ns = result->system_ns;
    sample.voluntary_switches = result->voluntary_switches;
    sample.involuntary_switches = result->involuntary_switches;
    sample.minor_faults = result->minor_faults;
    sample.major_faults = result->major_faults;
    sample.peak_rss_bytes = result->peak_rss_bytes;
    snprintf(sample.status, sizeof sample.status, "%s", status[result->end]);
    snprintf(sample.cause, sizeof sample.cause, "%s", result->cause);
    return tune_record_sample(&subject->record, &sample);
}

/* Runs it once; order < 0: to warm up, not recorded. 0; -EINTR; or another negative errno with subject->why. */
static int run_once(struct subject *subject, const struct search_point *point, double limit, int order,
                    struct search_outcome *outcome)
{
    struct tune *tune = subject->tune;
    struct command_value values[SEARCH_AXES];
    struct command_result result;
    tune_axes_values(&subject->axes, point, values);
    int64_t limit_ns = tune->space.limits && limit < 9e18 ? (int64_t)limit : INT64_MAX, began_ns = clock_date_ns();
    int error = command_run(&subject->command, values, subject->axes.count, limit_ns, &result, &subject->why);
    if (error) return error;
    if (result.end == COMMAND_INTERRUPTED) error = -EINTR;
    *outcome = (struct search_outcome){.cost = cost_of(tune, &result),
                                       .spent_s = (double)result.wall_ns / 1e9,
                                       .limited = result.end == COMMAND_LIMITED,
                                       .failed = result.end != COMMAND_DONE && result.end != COMMAND_LIMITED};
    if (outcome->limited) outcome->cost = limit;
    if (result.end == COMMAND_DONE && tune->objective == TUNE_MEMORY && !result.peak_rss_bytes) {
        outcome->failed = true;
        snprintf(result.cause, sizeof result.cause, "%s",
                 leftover_proc_is_ours() ? "it ended too soon for its memory to be seen" : "its memory cannot be seen");
    }
    if (!error && outcome->failed) tune_fail(tune, point, result.cause, result.output);
    if (result.left && result.end != COMMAND_LIMITED && result.end != COMMAND_TIMED_OUT) { /* else this stopped it half-way */
        tune->left_runs++;
        tune->left += result.left;
        tune->left_ns += result.left_ns;
    }
    if (!error && order >= 0 && result.end == COMMAND_DONE) error = tune_export_add(&subject->export, point, &result);
    if (!error && order >= 0) error = record(subject, point, &result, began_ns, (unsigned)order);
    command_result_free(&result);
    return error;
}

/* Before its first measurement. */
static int warm_up(struct subject *subject, const struct search_point *point)
{
    const struct tune *tune = subject->tune;
    struct search_outcome outcome = {0};
    bool measured = false;
    int error = 0;
    for (size_t i = 0; i < tune->result.entry_count; i++) {
        const struct search_entry *entry = &tune->result.entries[i];
        measured |= search_same(&tune->space, &entry->point, point) && (entry->count || entry->failed);
    }
    for (unsigned i = 0; !measured && i < subject->warmup && !error && !outcome.failed; i++)
        error = run_once(subject, point, INFINITY, -1, &outcome);
    return error;
}

static int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct subject *subject = context;
    for (size_t i = 0; i < count; i++) {
        int error = warm_up(subject, &points[i]);
        if (!error) error = tune_watch_begin(&subject->tune->watch);
        if (!error) error = run_once(subject, &points[i], limit, (int)i, &outcomes[i]);
        if (error) return error;
        if (!outcomes[i].failed && !outcomes[i].limited)
            limit = fmin(limit, subject->tune->search.limit * outcomes[i].cost);
    }
    subject->block++;
    return 0;
}

/* Showing */

static void name(const struct tune *tune, const struct search_point *point, char *text, size_t size)
{
    const struct subject *subject = tune->context;
    *text = '\0';
    for (size_t i = 0; i < subject->axes.count; i++) {
        const struct tune_axis *axis = &subject->axes.axis[i];
        const char *value = axis->texts[point->level[i]];
        bool counts = !strcmp(axis->name, "workers") || !strcmp(axis->name, "threads");
        int letters = (int)strlen(axis->name) - !strcmp(value, "1");
        if (counts) text_add(text, size, "%s%s %.*s", i ? ", " : "", value, letters, axis->name);
        else text_add(text, size, "%s%s %s", i ? ", " : "", axis->name, value);
    }
}

static json_t *settings(const struct tune *tune, const struct search_point *point)
{
    const struct subject *subject = tune->context;
    json_t *object = json_object();
    for (size_t i = 0; object && i < subject->axes.count; i++) {
        const struct tune_axis *axis = &subject->axes.axis[i];
        json_t *value = axis->values ? json_integer((json_int_t)axis->values[point->level[i]])
                                     : text_to_json(axis->texts[point->level[i]]);
        json_object_set_new(object, axis->name, value);
    }
    return object;
}

static void shell(const struct tune *tune, const struct search_point *point, FILE *file)
{
    static const char *const variables[][2] = {
        {"workers", "FORKPOOL_WORKERS"}, {"threads", "OMP_NUM_THREADS"}, {"chunk", "BREAKEVEN_CHUNK"}};
    const struct subject *subject = tune->context;
    struct command_value values[SEARCH_AXES];
    tune_axes_values(&subject->axes, point, values);
    for (size_t i = 0; i < subject->axes.count; i++) {
        const char *variable = NULL;
        for (size_t j = 0; j < 3; j++)
            if (!strcmp(values[i].name, variables[j][0])) variable = variables[j][1];
        if (variable) fprintf(file, "export %s=", variable);
        else {
            fputs("export BREAKEVEN_", file);
            for (const char *c = values[i].name; *c; c++) fputc(*c == '-' ? '_' : toupper((unsigned char)*c), file);
            fputc('=', file);
        }
        command_quote(values[i].text, file);
        fputc('\n', file);
    }
    for (const char *const *variable = subject->command.environment; variable && *variable; variable++) {
        char *filled = command_fill(*variable, values, subject->axes.count);
        if (!filled) continue;
        char *equals = strchr(filled, '=');
        fprintf(file, "export %.*s=", (int)(equals - filled), filled);
        command_quote(equals + 1, file);
        fputc('\n', file);
        free(filled);
    }
}

static const struct tune_subject command_subject = {
    .unit = "command", .name = name, .settings = settings, .shell = shell};

/* Setting up */

static int check_environment(const struct options *options)
{
    for (size_t i = 0; i < options->variables.count; i++) {
        const char *text = options->variables.values[i];
        size_t length = strcspn(text, "= \t\n{");
        if (!length || text[length] != '=')
            return options_complain(options, "--env \"%.60s\": it is NAME=TEXT, like OMP_NUM_THREADS={threads}", text);
    }
    return 0;
}

static void make_space(struct subject *subject, struct tune *tune)
{
    struct search_space *space = &tune->space;
    struct search_point usual = {0};
    for (size_t i = 0; i < subject->axes.count; i++) {
        const struct tune_axis *axis = &subject->axes.axis[i];
        bool workers = axis->values && (!strcmp(axis->name, "workers") ||
                                        (!strcmp(axis->name, "threads") && !tune_axes_know(&subject->axes, "workers")));
        bool counts = axis->values && (workers || !strcmp(axis->name, "threads"));
        space->axis[i] = (struct search_axis){.name = axis->name,
                                              .levels = axis->count,
                                              .values = axis->values,
                                              .workers = counts,
                                              .start = workers ? axis->count - 1 : 0};
        if (!workers) continue;
        for (unsigned level = 0; level < axis->count; level++) /* the default: as many as there are cpus */
            if (fabs(log(axis->values[level] / tune->limits.usable)) <
                fabs(log(axis->values[usual.level[i]] / tune->limits.usable)))
                usual.level[i] = level;
    }
    space->axis_count = subject->axes.count;
    space->limits = tune->objective == TUNE_TIME;
    space->also_count = 1;
    space->also[0] = usual;
    space->measure = measure;
    space->context = subject;
}

static void protocol(const struct options *options, struct search_options *search)
{
    const struct search_options asked = *search;
    *search = search_commands;
    search->within = asked.within;
    search->budget_s = asked.budget_s;
    if (!options_given(options, "reps")) return;
    search->confirm = (unsigned)options->reps;
    search->share = INFINITY;
}

/* Who plots an export draws error bars: no setting in it with a single run. */
static int measure_again(struct subject *subject)
{
    int error = 0;
    for (size_t i = 0, taken = subject->export.count; i < taken && !error; i++) {
        struct search_point point = subject->export.runs[i].point;
        struct search_outcome outcome;
        if (tune_export_runs(&subject->export, &subject->axes, &point) == 1)
            error = measure(subject, &point, 1, INFINITY, &outcome);
    }
    return error;
}

static int name_command(struct tune *tune)
{
    char *words = NULL;
    size_t size;
    FILE *stream = open_memstream(&words, &size);
    for (size_t i = 0; stream && i < tune->options->operand_count; i++)
        fprintf(stream, "%s%s", i ? " " : "", tune->options->operands[i]);
    if (stream && fclose(stream)) stream = NULL;
    if (stream) shorten(words, tune->what, sizeof tune->what);
    free(words);
    return stream ? 0 : options_complain(tune->options, "no memory");
}

/* Opens the record, searches, reports. */
static int search(struct subject *subject)
{
    struct tune *tune = subject->tune;
    const struct options *options = tune->options;
    struct plan plan;
    hwloc_topology_t topology;
    struct reason why = {""};
    if (topology_load(NULL, &topology, &why)) return options_complain(options, "%s", why.text);
    struct protocol means = {.reps = tune->search.confirm,
                             .reps_min = 1,
                             .warmup = (int)subject->warmup,
                             .seed = options->seed,
                             .deadline_ns = (uint64_t)subject->command.deadline_ns};
    plan_open(&plan, topology, tune->limits.usable, &means);
    interrupt_watch();
    int status = tune_record_open(&subject->record, options, &plan);
    if (!status) {
        int error = tune_watch_machine(tune, topology);
        if (!error) error = search_run(&tune->space, &tune->search, &tune->result);
        if (!error && options->export_json) error = measure_again(subject);
        memcpy(tune->dir, subject->record.dir, sizeof tune->dir);
        tune_record_close(&subject->record, tune_to_json(tune), error);
        status = tune_report(tune, error, subject->why.text);
        if (!error) {
            int exported = tune_export_write(&subject->export, options, &subject->axes, &subject->command);
            if (exported) status = exported;
        }
    }
    plan_free(&plan);
    hwloc_topology_destroy(topology);
    return status;
}

int tune_command(const struct options *options)
{
    struct tune tune;
    int status = check_environment(options);
    if (!status) status = tune_open(&tune, options);
    if (status) return status;
    struct subject subject = {.tune = &tune,
                              .warmup = (unsigned)options->warmup,
                              .command = {.words = options->operands,
                                          .environment = (const char *const *)options->variables.values,
                                          .prepare = options->prepare,
                                          .shell = options->shell_command,
                                          .memory = tune.objective == TUNE_MEMORY,
                                          .deadline_ns = options->deadline_ns ? (int64_t)options->deadline_ns
                                                                              : DEADLINE_S * INT64_C(1000000000)}};
    tune.subject = &command_subject;
    tune.context = &subject;
    protocol(options, &tune.search);
    status = name_command(&tune);
    if (!status && command_check(&subject.command, &subject.why)) status = options_complain(options, "%s", subject.why.text);
    if (!status) status = tune_axes_make(&subject.axes, options, &tune.limits, &subject.command);
    if (!status) {
        make_space(&subject, &tune);
        status = search(&subject);
    }
    tune_export_free(&subject.export);
    tune_axes_free(&subject.axes);
    tune_close(&tune);
    return status;
}
