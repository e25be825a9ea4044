/* tune_command.c: a command line with {placeholders} as the subject of tune. */
#include "command.h"
#include "interrupt.h"
#include "tune.h"
#include "tune_record.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEADLINE_S = 300, TEXT = 32 };

struct axis_texts { /* how each level of an axis is written */
    char name[64];
    char **texts;
    double *values; /* NULL: words */
    size_t count;
};

struct subject {
    struct command command;
    struct axis_texts axes[SEARCH_AXES];
    size_t axis_count;
    unsigned warmup;
    struct search_point *warm; /* points that have been warmed up */
    size_t warm_count;
    struct tune_record record;
    unsigned block;
    struct tune *tune;
    char why[256];
};

/* Axes */

static void axis_free(struct axis_texts *axis)
{
    for (size_t i = 0; axis->texts && i < axis->count; i++) free(axis->texts[i]);
    free(axis->texts);
    free(axis->values);
    *axis = (struct axis_texts){0};
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int add_numbers(struct subject *subject, const char *name, const struct numbers *numbers)
{
    if (subject->axis_count == SEARCH_AXES) return -E2BIG;
    struct axis_texts *axis = &subject->axes[subject->axis_count++];
    uint64_t *sorted = malloc((numbers->count + 1) * sizeof *sorted);
    snprintf(axis->name, sizeof axis->name, "%s", name);
    axis->texts = calloc(numbers->count, sizeof *axis->texts);
    axis->values = calloc(numbers->count, sizeof *axis->values);
    int error = !sorted || !axis->texts || !axis->values ? -ENOMEM : 0;
    if (!error) {
        memcpy(sorted, numbers->values, numbers->count * sizeof *sorted);
        qsort(sorted, numbers->count, sizeof *sorted, by_value);
    }
    for (size_t i = 0; !error && i < numbers->count; i++) {
        char text[TEXT];
        snprintf(text, sizeof text, "%llu", (unsigned long long)sorted[i]);
        axis->values[i] = (double)sorted[i];
        axis->texts[axis->count] = strdup(text);
        if (!axis->texts[axis->count++]) error = -ENOMEM;
    }
    free(sorted);
    if (!error && axis->values[0] <= 0) { /* the search looks at ratios: with a 0 they are words */
        free(axis->values);
        axis->values = NULL;
    }
    return error;
}

static int add_words(struct subject *subject, const char *name, struct names *words)
{
    if (subject->axis_count == SEARCH_AXES) return -E2BIG;
    struct axis_texts *axis = &subject->axes[subject->axis_count++];
    snprintf(axis->name, sizeof axis->name, "%s", name);
    axis->texts = words->values; /* taken over */
    axis->count = words->count;
    *words = (struct names){0};
    return 0;
}

static bool known(const struct subject *subject, const char *name)
{
    for (size_t i = 0; i < subject->axis_count; i++)
        if (!strcmp(subject->axes[i].name, name)) return true;
    return false;
}

/* --parameter name=list */
static int add_parameter(struct subject *subject, const struct options *options, const char *text)
{
    char name[sizeof subject->axes->name], why[VALUES_WHY];
    size_t length = strcspn(text, "=");
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-') length = 0;
    if (!length || length >= sizeof name || text[length] != '=')
        return options_complain(options, "--parameter \"%.60s\": it is NAME=LIST, with a name of letters and digits",
                                text);
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    if (known(subject, name)) return options_complain(options, "--parameter %s: {%s} has values already", name, name);
    const struct number_kind kind = {values_count, 0, INT64_MAX};
    struct numbers numbers = {0};
    struct names words = {0};
    int error = values_numbers(text + length + 1, &kind, &numbers, why, sizeof why);
    if (!error) error = add_numbers(subject, name, &numbers);
    else if (!(error = values_names(text + length + 1, &words, why, sizeof why)))
        error = add_words(subject, name, &words);
    else return options_complain(options, "--parameter %s: %s", name, why);
    values_numbers_free(&numbers);
    values_names_free(&words);
    if (error)
        return options_complain(options, "--parameter %s: %s", name,
                                error == -E2BIG ? "more placeholders than can be searched at once" : "no memory");
    return 0;
}

/* {workers}, {threads}, {chunk}: given as a list, or (workers) used without one: all cpus that may be used. */
static int add_axes(struct subject *subject, const struct options *options, const struct limits *limits)
{
    const struct {
        const char *name;
        const struct numbers *numbers;
    } known_axes[] = {{"workers", &options->workers}, {"threads", &options->threads}, {"chunk", &options->chunks}};
    uint64_t all[4096];
    struct numbers every = {0, all};
    for (unsigned p = 1; p <= limits->usable && p <= 4096; p++) all[every.count++] = p;
    for (size_t i = 0; i < 3; i++) {
        bool used = command_uses(&subject->command, known_axes[i].name);
        const struct numbers *numbers = known_axes[i].numbers->count ? known_axes[i].numbers : i == 0 ? &every : NULL;
        if (!used && known_axes[i].numbers->count)
            return options_complain(options, "--%s is given, and no {%s} stands in the command, --env or --prepare",
                                    known_axes[i].name, known_axes[i].name);
        if (!used) continue;
        if (!numbers) return options_complain(options, "{%s} needs --%s LIST", known_axes[i].name, known_axes[i].name);
        if (add_numbers(subject, known_axes[i].name, numbers)) return options_complain(options, "no memory");
    }
    for (size_t i = 0; i < options->parameters.count; i++) {
        int status = add_parameter(subject, options, options->parameters.values[i]);
        if (status) return status;
        const char *name = subject->axes[subject->axis_count - 1].name;
        if (!command_uses(&subject->command, name))
            return options_complain(options, "--parameter %s: no {%s} stands in the command, --env or --prepare", name,
                                    name);
    }
    if (!subject->axis_count)
        return options_complain(options,
                                "there is nothing to choose: put {workers} (or {threads}, {chunk}, or the name of a "
                                "--parameter) into the command, like: make -j{workers}");
    return 0;
}

/* What the names of the axes stand for at a point. */
static void values_at(const struct subject *subject, const struct search_point *point, struct command_value *values)
{
    for (size_t i = 0; i < subject->axis_count; i++)
        values[i] = (struct command_value){subject->axes[i].name, subject->axes[i].texts[point->level[i]]};
}

/* Measuring */

static bool needs_warmup(struct subject *subject, const struct search_point *point)
{
    if (!subject->warmup) return false;
    for (size_t i = 0; i < subject->warm_count; i++)
        if (search_same(&subject->tune->space, &subject->warm[i], point)) return false;
    struct search_point *warm = realloc(subject->warm, (subject->warm_count + 1) * sizeof *warm);
    if (!warm) return false;
    subject->warm = warm;
    subject->warm[subject->warm_count++] = *point;
    return true;
}

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

/* The point as a cell of the record: what has no field of its own stands in its placement. */
static void make_cell(const struct subject *subject, const struct search_point *point, struct cell *cell)
{
    *cell = (struct cell){.study = "tune",
                          .runner = "command",
                          .size = 1,
                          .tasks = 1,
                          .processes = 1,
                          .threads = 1,
                          .schedule = "default"};
    size_t used = 0;
    const char *program = strrchr(*subject->command.words, '/');
    snprintf(cell->kernel, sizeof cell->kernel, "%s", subject->tune->what);
    snprintf(cell->label, sizeof cell->label, "%.39s", program ? program + 1 : *subject->command.words);
    for (size_t i = 0; i < subject->axis_count; i++) {
        const struct axis_texts *axis = &subject->axes[i];
        uint64_t value = axis->values ? (uint64_t)axis->values[point->level[i]] : 0;
        if (!strcmp(axis->name, "workers")) cell->processes = (unsigned)value;
        else if (!strcmp(axis->name, "threads")) cell->threads = (unsigned)value;
        else if (!strcmp(axis->name, "chunk")) cell->chunk = value;
        else if (used < sizeof cell->placement)
            used += (size_t)snprintf(cell->placement + used, sizeof cell->placement - used, "%s%s=%s", used ? "," : "",
                                     axis->name, axis->texts[point->level[i]]);
    }
    if (!used) snprintf(cell->placement, sizeof cell->placement, "none");
}

static int record(struct subject *subject, const struct search_point *point, const struct command_result *result,
                  int64_t began_ns, unsigned order)
{
    static const char *const status[] = {
        [COMMAND_DONE] = "ok",           [COMMAND_EXITED] = "error",     [COMMAND_SIGNALED] = "killed",
        [COMMAND_TIMED_OUT] = "timeout", [COMMAND_LIMITED] = "timeout",  [COMMAND_MISSING] = "error",
        [COMMAND_UNPREPARED] = "error",  [COMMAND_INTERRUPTED] = "error"};
    struct plan_cell extra = {.warmup = subject->warmup, .deadline_ns = (uint64_t)subject->command.deadline_ns};
    struct cell cell;
    make_cell(subject, point, &cell);
    int id = tune_record_cell(&subject->record, &cell, &extra);
    if (id < 0) return id;
    struct sample sample = {.cell = (unsigned)id,
                            .block = subject->block,
                            .order = order,
                            .began_ns = began_ns,
                            .setup_ns = -1,
                            .start_ns = 0,
                            .first_ns = -1,
                            .wall_ns = result->end == COMMAND_DONE ? result->wall_ns : -1,
                            .stop_ns = 0,
                            .user_ns = result->user_ns,
                            .system_ns = result->system_ns,
                            .voluntary_switches = result->voluntary_switches,
                            .involuntary_switches = result->involuntary_switches,
                            .minor_faults = result->minor_faults,
                            .major_faults = result->major_faults,
                            .peak_rss_bytes = result->peak_rss_bytes,
                            .steal_ns = -1,
                            .throttled_ns = -1,
                            .clock_ns = -1};
    snprintf(sample.status, sizeof sample.status, "%s", status[result->end]);
    snprintf(sample.cause, sizeof sample.cause, "%s", result->cause);
    return tune_record_sample(&subject->record, &sample);
}

static int64_t wall_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Runs it once; order < 0: to warm up, not recorded. 0; -EINTR; or another negative errno with subject->why. */
static int run_once(struct subject *subject, const struct search_point *point, double limit, int order,
                    struct search_outcome *outcome)
{
    struct tune *tune = subject->tune;
    struct command_value values[SEARCH_AXES];
    struct command_result result;
    values_at(subject, point, values);
    int64_t limit_ns = tune->space.limits && limit < 9e18 ? (int64_t)limit : INT64_MAX, began_ns = wall_clock_ns();
    int error = command_run(&subject->command, values, subject->axis_count, limit_ns, &result, subject->why,
                            sizeof subject->why);
    if (error) return error;
    if (result.end == COMMAND_INTERRUPTED) error = -EINTR;
    *outcome = (struct search_outcome){.cost = cost_of(tune, &result),
                                       .spent_s = (double)result.wall_ns / 1e9,
                                       .limited = result.end == COMMAND_LIMITED,
                                       .failed = result.end != COMMAND_DONE && result.end != COMMAND_LIMITED};
    if (outcome->limited) outcome->cost = limit;
    if (!error && outcome->failed) tune_fail(tune, point, result.cause, result.output);
    if (!error && order >= 0) error = record(subject, point, &result, began_ns, (unsigned)order);
    if (!error && result.end == COMMAND_MISSING) {
        snprintf(subject->why, sizeof subject->why, "%s", result.cause);
        error = -ENOENT;
    }
    command_result_free(&result);
    return error;
}

static int warm_up(struct subject *subject, const struct search_point *point)
{
    struct search_outcome outcome = {0};
    int error = 0;
    if (!needs_warmup(subject, point)) return 0;
    for (unsigned i = 0; i < subject->warmup && !error && !outcome.failed; i++)
        error = run_once(subject, point, INFINITY, -1, &outcome);
    return error;
}

static int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct subject *subject = context;
    for (size_t i = 0; i < count; i++) {
        int error = warm_up(subject, &points[i]);
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
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < subject->axis_count && used < size; i++) {
        const struct axis_texts *axis = &subject->axes[i];
        const char *value = axis->texts[point->level[i]];
        bool counts = !strcmp(axis->name, "workers") || !strcmp(axis->name, "threads");
        if (counts)
            used += (size_t)snprintf(text + used, size - used, "%s%s %.*s", used ? ", " : "", value,
                                     (int)strlen(axis->name) - !strcmp(value, "1"), axis->name);
        else used += (size_t)snprintf(text + used, size - used, "%s%s %s", used ? ", " : "", axis->name, value);
    }
}

static json_t *settings(const struct tune *tune, const struct search_point *point)
{
    const struct subject *subject = tune->context;
    json_t *object = json_object();
    for (size_t i = 0; object && i < subject->axis_count; i++) {
        const struct axis_texts *axis = &subject->axes[i];
        json_t *value = axis->values ? json_integer((json_int_t)axis->values[point->level[i]])
                                     : json_string(axis->texts[point->level[i]]);
        json_object_set_new(object, axis->name, value ? value : json_string("(not UTF-8)"));
    }
    return object;
}

/* 'text' as one word of a shell. */
static void print_quoted(const char *text, FILE *file)
{
    if (*text &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:=+-") == strlen(text)) {
        fputs(text, file);
        return;
    }
    fputc('\'', file);
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", file);
        else fputc(*text, file);
    }
    fputc('\'', file);
}

static void shell(const struct tune *tune, const struct search_point *point, FILE *file)
{
    static const char *const variables[][2] = {
        {"workers", "FORKPOOL_WORKERS"}, {"threads", "OMP_NUM_THREADS"}, {"chunk", "BREAKEVEN_CHUNK"}};
    const struct subject *subject = tune->context;
    struct command_value values[SEARCH_AXES];
    values_at(subject, point, values);
    for (size_t i = 0; i < subject->axis_count; i++) {
        const char *variable = NULL;
        for (size_t j = 0; j < 3; j++)
            if (!strcmp(values[i].name, variables[j][0])) variable = variables[j][1];
        if (variable) fprintf(file, "export %s=", variable);
        else {
            fputs("export BREAKEVEN_", file);
            for (const char *c = values[i].name; *c; c++) fputc(*c == '-' ? '_' : toupper((unsigned char)*c), file);
            fputc('=', file);
        }
        print_quoted(values[i].text, file);
        fputc('\n', file);
    }
    for (const char *const *variable = subject->command.environment; variable && *variable; variable++) {
        char *filled = command_fill(*variable, values, subject->axis_count);
        if (!filled) continue;
        char *equals = strchr(filled, '=');
        fprintf(file, "export %.*s=", (int)(equals - filled), filled);
        print_quoted(equals + 1, file);
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
    for (size_t i = 0; i < subject->axis_count; i++) {
        const struct axis_texts *axis = &subject->axes[i];
        bool workers = axis->values && (!strcmp(axis->name, "workers") ||
                                        (!strcmp(axis->name, "threads") && !known(subject, "workers")));
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
    space->axis_count = subject->axis_count;
    space->limits = tune->objective == TUNE_TIME;
    space->also_count = 1;
    space->also[0] = usual;
    space->measure = measure;
    space->context = subject;
}

/* Commands are long and few: one look at each value, and an end in a quarter of what trying all of them takes. */
static void protocol(const struct options *options, struct search_options *search)
{
    search->looks = 1;
    search->candidates = 6;
    search->last = 2;
    search->final = 6;
    search->least = 14;
    search->share = 0.22;
    search->limit = 2;
    search->patient = false;
    if (!options_given(options, "reps")) return;
    search->confirm = (unsigned)options->reps;
    search->share = INFINITY;
}

static void name_command(struct tune *tune)
{
    size_t used = 0;
    for (size_t i = 0; i < tune->options->operand_count && used < sizeof tune->what; i++)
        used += (size_t)snprintf(tune->what + used, sizeof tune->what - used, "%s%s", i ? " " : "",
                                 tune->options->operands[i]);
}

/* Opens the record, searches, reports. */
static int search(struct subject *subject)
{
    struct tune *tune = subject->tune;
    const struct options *options = tune->options;
    struct plan plan;
    hwloc_topology_t topology;
    char why[256];
    if (topology_load(NULL, &topology, why, sizeof why)) return options_complain(options, "%s", why);
    struct protocol means = {.reps = tune->search.confirm,
                             .reps_min = 1,
                             .warmup = (int)subject->warmup,
                             .seed = options->seed,
                             .deadline_ns = (uint64_t)subject->command.deadline_ns};
    plan_open(&plan, topology, tune->limits.usable, &means);
    interrupt_watch();
    int status = tune_record_open(&subject->record, options, &plan);
    if (!status) {
        int error = search_run(&tune->space, &tune->search, &tune->result);
        memcpy(tune->dir, subject->record.dir, sizeof tune->dir);
        tune_record_close(&subject->record, tune_to_json(tune), error);
        if (error == -ENOENT) status = options_complain(options, "%s", subject->why);
        else status = tune_report(tune, error, subject->why);
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
    name_command(&tune);
    if (command_check(&subject.command, subject.why, sizeof subject.why))
        status = options_complain(options, "%s", subject.why);
    if (!status) status = add_axes(&subject, options, &tune.limits);
    if (!status) {
        make_space(&subject, &tune);
        status = search(&subject);
    }
    for (size_t i = 0; i < subject.axis_count; i++) axis_free(&subject.axes[i]);
    free(subject.warm);
    tune_close(&tune);
    return status;
}
