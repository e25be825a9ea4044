/* SPDX-License-Identifier: GPL-3.0-or-later */
/* whatif.c: see whatif.h. */
#include "bench/verbs/whatif.h"
#include "results/models/whatif.h"
#include "results/summary/summary_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where the answers go, one call each. */
typedef void answer_taker(const struct pool_costs *, const struct whatif_setting *, const struct whatif_answer *, void *context);

static size_t values_of(const struct numbers *given)
{
    return given->count ? given->count : 1;
}

static double value_of(const struct numbers *given, size_t i, double otherwise)
{
    return given->count ? (double)given->values[i] : otherwise;
}

/* Every setting that was asked for, of one runner; what was not given is as in the middle one of its cells. */
static size_t each_setting(const struct options *options, const struct pool_costs *pool, answer_taker *take, void *context)
{
    const struct numbers *lists[] = {&options->workers, &options->tasks, &options->task_times_ns, &options->chunks};
    struct whatif_setting middle;
    size_t count = 1;
    whatif_middle(pool, &middle);
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) count *= values_of(lists[l]);
    for (size_t i = 0; i < count; i++) {
        struct whatif_setting setting;
        struct whatif_answer answer;
        size_t rest = i;
        double *const fields[] = {&setting.workers, &setting.tasks, &setting.task_ns, &setting.chunk};
        const double otherwise[] = {middle.workers, middle.tasks, middle.task_ns, middle.chunk};
        for (size_t l = sizeof lists / sizeof *lists; l-- > 0; rest /= values_of(lists[l]))
            *fields[l] = value_of(lists[l], rest % values_of(lists[l]), otherwise[l]);
        whatif_ask(pool, &setting, &answer);
        take(pool, &setting, &answer, context);
    }
    return count;
}

static void number_show(char *text, size_t size, double value)
{
    if (isfinite(value)) snprintf(text, size, "%.3g", value);
    else snprintf(text, size, "-");
}

static void time_show(char *text, size_t size, double ns)
{
    if (isfinite(ns)) values_show_duration(ns, text, size);
    else snprintf(text, size, "-");
}

static void band_show(char *text, size_t size, struct quantity quantity, void (*show)(char *, size_t, double))
{
    char low[32], high[32], median[32];
    show(median, sizeof median, quantity.median);
    show(low, sizeof low, quantity.low);
    show(high, sizeof high, quantity.high);
    if (isfinite(quantity.low)) snprintf(text, size, "%s [%s, %s]", median, low, high);
    else snprintf(text, size, "%s", median);
}

/* " outside: workers (1 to 4)", each axis with what the fit is made from. */
static void outside_print(const struct pool_costs *pool, unsigned outside)
{
    static const char *const words[WHATIF_AXES] = {"workers", "tasks", "task size", "chunk", "all tasks together"};
    const char *before = "  outside of what was fitted: ";
    for (unsigned axis = 0; axis < WHATIF_AXES; axis++) {
        const struct whatif_range *range = &pool->ground.range[axis];
        bool time = axis == WHATIF_TASK_NS || axis == WHATIF_WORK_NS;
        char low[32] = "", high[32] = "";
        if (!(outside >> axis & 1)) continue;
        (time ? time_show : number_show)(low, sizeof low, range->low);
        (time ? time_show : number_show)(high, sizeof high, range->high);
        printf("%s%s", before, words[axis]);
        if (!isnan(range->low)) printf(strcmp(low, high) ? " (%s to %s)" : " (%s)", low, high);
        before = ", ";
    }
}

static void row_print(const struct pool_costs *pool, const struct whatif_setting *setting,
                      const struct whatif_answer *answer, void *context)
{
    (void)context;
    char who[192], task[32], run[120], total[120], speedup[120], chunk[32] = "own";
    const struct cell *cell = pool->cell;
    bool plain = !strcmp(cell->schedule, "default");
    snprintf(who, sizeof who, "%s %s %s%s%s %s", cell->study, cell->label, cell->runner, plain ? "" : " ",
             plain ? "" : cell->schedule, cell->placement);
    values_show_duration(setting->task_ns, task, sizeof task);
    if (setting->chunk > 0) number_show(chunk, sizeof chunk, setting->chunk);
    band_show(run, sizeof run, answer->run_ns, time_show);
    band_show(total, sizeof total, answer->total_ns, time_show);
    band_show(speedup, sizeof speedup, answer->speedup, number_show);
    printf("%-44s %7.0f %9.0f %9s %6s  %-28s %-22s %-28s", who, setting->workers, setting->tasks, task, chunk, run, speedup,
           total);
    outside_print(pool, answer->outside);
    putchar('\n');
}

static void row_to_json(const struct pool_costs *pool, const struct whatif_setting *setting,
                        const struct whatif_answer *answer, void *context)
{
    json_t *outside = json_array();
    for (unsigned axis = 0; axis < WHATIF_AXES; axis++)
        if (answer->outside >> axis & 1) json_array_append_new(outside, json_string(whatif_axis_names[axis]));
    json_t *row = summary_who_to_json(pool->cell);
    json_object_update_new(row,
                           json_pack("{so so so so so so so so so}", "workers", json_number(setting->workers), "tasks",
                                     json_number(setting->tasks), "task_ns", json_number(setting->task_ns), "chunk",
                                     setting->chunk > 0 ? json_number(setting->chunk) : json_null(), "run_ns",
                                     json_quantity(answer->run_ns), "total_ns", json_quantity(answer->total_ns),
                                     "speedup", json_quantity(answer->speedup), "speedup_total",
                                     json_quantity(answer->speedup_total), "outside", outside));
    json_array_append_new(context, row);
}

static int print_json(const struct options *options, const struct summary *summary)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < summary->pool_count; i++)
        if (whatif_able(&summary->pools[i])) each_setting(options, &summary->pools[i], row_to_json, rows);
    return options_print_json(options, rows);
}

int whatif_print(const struct options *options, const struct summary *summary)
{
    size_t rows = 0;
    if (options->json) return print_json(options, summary);
    printf("%-44s %7s %9s %9s %6s  %-28s %-22s %-28s\n", "study, kernel, runner, placement", "workers", "tasks", "task",
           "chunk", "run phase [95 %]", "speed-up", "with start and stop");
    for (size_t i = 0; i < summary->pool_count; i++)
        if (whatif_able(&summary->pools[i])) rows += each_setting(options, &summary->pools[i], row_print, NULL);
    if (!rows) puts("no runner's costs could be fitted: cells must differ in workers, tasks, their size or chunk");
    return options_flush(options);
}
