/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report: a recorded run, or two side by side, as text, figures and page; measures nothing. */
#include "bench/measure/rundir.h"
#include "bench/measure/show.h"
#include "plots/assets.h"
#include "plots/format.h"
#include "plots/plots.h"
#include "results/models/whatif.h"
#include "results/record/record_join.h"
#include "results/summary/summary_json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_TEXT = RUNDIR_PATH + 256 };

/* A run's page, written anew. 0 or an exit status. */
static int open_page(const struct options *options, const struct shown *shown, FILE **file)
{
    char path[PATH_TEXT];
    if (show_write(options, shown, true)) return STATUS_FAILED;
    snprintf(path, sizeof path, "%s/report.html", shown->run.dir);
    *file = fopen(path, "re");
    return *file ? 0 : options_complain(options, "cannot read %s", path);
}

static int print_page(const struct options *options, const struct shown *shown)
{
    char buffer[65536];
    size_t got;
    FILE *file;
    int status = open_page(options, shown, &file);
    if (status) return status;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) fwrite(buffer, 1, got, stdout);
    fclose(file);
    return options_flush(options);
}

static int tell_page(const struct options *options, const char *dir)
{
    char line[PATH_TEXT];
    snprintf(line, sizeof line, "\nThe page: %s/report.html", dir);
    return options_print(options, line);
}

/* ---- --predict: what the fitted costs say of settings of the command line ---- */

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

static void number_show(double value, char *text, size_t size)
{
    if (isfinite(value)) snprintf(text, size, "%.3g", value);
    else snprintf(text, size, "-");
}

static void band_show(char *text, size_t size, struct quantity quantity, void (*show)(double, char *, size_t))
{
    char low[32], high[32], median[32];
    show(quantity.median, median, sizeof median);
    show(quantity.low, low, sizeof low);
    show(quantity.high, high, sizeof high);
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
        (time ? values_show_duration : number_show)(range->low, low, sizeof low);
        (time ? values_show_duration : number_show)(range->high, high, sizeof high);
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
    if (setting->chunk > 0) number_show(setting->chunk, chunk, sizeof chunk);
    band_show(run, sizeof run, answer->run_ns, values_show_duration);
    band_show(total, sizeof total, answer->total_ns, values_show_duration);
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

static int print_answers_json(const struct options *options, const struct summary *summary)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < summary->pool_count; i++)
        if (whatif_able(&summary->pools[i])) each_setting(options, &summary->pools[i], row_to_json, rows);
    return options_print_json(options, rows);
}

static int print_answers(const struct options *options, const struct summary *summary)
{
    size_t rows = 0;
    if (options->json) return print_answers_json(options, summary);
    printf("%-44s %7s %9s %9s %6s  %-28s %-22s %-28s\n", "study, kernel, runner, placement", "workers", "tasks", "task",
           "chunk", "run phase [95 %]", "speed-up", "with start and stop");
    for (size_t i = 0; i < summary->pool_count; i++)
        if (whatif_able(&summary->pools[i])) rows += each_setting(options, &summary->pools[i], row_print, NULL);
    if (!rows) puts("no runner's costs could be fitted: cells must differ in workers, tasks, their size or chunk");
    return options_flush(options);
}

/* ---- one run ---- */

static int print_csv(const struct options *options, const struct summary *summary)
{
    char *text = summary_to_csv(summary);
    int status = text ? options_print(options, text) : options_complain(options, "no memory");
    free(text);
    return status;
}

static int print_all(const struct options *options, const struct shown *shown)
{
    const char *format = options->format ? options->format : "";
    if (options->predict) return print_answers(options, &shown->summary);
    if (options->json) return show_print(options, shown);
    if (!strcmp(format, "csv")) return print_csv(options, &shown->summary);
    if (!strcmp(format, "markdown"))
        return report_markdown_print(&shown->summary, stdout)
                   ? options_complain(options, "cannot write to standard output")
                   : STATUS_GOOD;
    if (!strcmp(format, "html")) return print_page(options, shown);
    int status = show_print(options, shown);
    if (*format || status) return status;
    return show_write(options, shown, true) ? STATUS_FAILED : tell_page(options, shown->run.dir);
}

/* ---- two runs side by side ---- */

/* The page's place in the common one: in a frame of its own, where its script, tables and explorer work as before. */
static int put_page(const struct options *options, const struct shown *shown, FILE *out)
{
    FILE *file;
    int status = open_page(options, shown, &file);
    if (status) return status;
    fputs("<section><h2>", out);
    format_html(out, shown->run.dir);
    fputs("</h2><iframe title=\"", out);
    format_html(out, shown->run.dir);
    fputs("\" srcdoc=\"", out);
    for (int c; (c = fgetc(file)) != EOF;) format_html_letter(out, (char)c);
    fclose(file);
    fputs("\"></iframe></section>\n", out);
    return STATUS_GOOD;
}

static int write_both(const struct options *options, const struct shown *shown)
{
    char dir[RUNDIR_PATH], *text = NULL;
    size_t size = 0;
    struct reason why = {""};
    FILE *out = open_memstream(&text, &size);
    if (!out) return options_complain(options, "no memory");
    fputs(asset_beside_begin, out);
    int status = put_page(options, &shown[0], out);
    if (!status) status = put_page(options, &shown[1], out);
    fputs(asset_beside_end, out);
    fclose(out);
    if (!status && rundir_make(options->output, "beside", dir, &why)) status = options_complain(options, "%s", why.text);
    int error = status ? 0 : record_write_file(dir, "report.html", text, size);
    if (error) status = options_complain(options, "cannot write %s/report.html: %s", dir, strerror(-error));
    free(text);
    return status ? status : tell_page(options, dir);
}

static int print_both(const struct options *options, const struct shown *shown)
{
    char line[3 * PATH_TEXT];
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "%s%s:\n", i ? "\n" : "", shown[i].run.dir);
        int status = options_print(options, line);
        if (!status) status = show_print(options, &shown[i]);
        if (status) return status;
    }
    snprintf(line, sizeof line, "\nWhat differs: breakeven compare %s %s", shown[0].run.dir, shown[1].run.dir);
    int status = options_print(options, line);
    return status ? status : write_both(options, shown);
}

static int print_both_json(const struct options *options, const struct shown *shown)
{
    json_t *runs = json_array();
    for (int i = 0; i < 2; i++) json_array_append_new(runs, summary_to_json(&shown[i].summary));
    return options_print_json(options, runs);
}

/* Each run's own page is written anew; the common one goes into --output, or a folder of its own under results/runs. */
static int report_both(const struct options *options)
{
    struct shown shown[2];
    const char *format = options->format ? options->format : options->json ? "json" : "text";
    bool text = !strcmp(format, "text");
    if (!text && strcmp(format, "json"))
        return options_complain(options, "--format %s is of one run: two side by side are text, JSON and a page", format);
    int status = show_open(options, options->operands[0], &shown[0]);
    if (status) return status;
    status = show_open(options, options->operands[1], &shown[1]);
    if (!status) {
        status = text ? print_both(options, shown) : print_both_json(options, shown);
        show_close(&shown[1]);
    }
    show_close(&shown[0]);
    return status;
}

/* ---- the verb ---- */

/* The parts of a run (run --share) as a run of its own. */
static int join(const struct options *options, char dir[RUNDIR_PATH])
{
    struct reason why = {""};
    if (rundir_make(options->output, "joined", dir, &why)) return options_complain(options, "%s", why.text);
    if (!record_join(options->operands, options->operand_count, dir, &why)) return STATUS_GOOD;
    rmdir(dir);
    return options_complain(options, "%s", why.text);
}

static int run(const struct options *options)
{
    struct options asked = *options;
    struct shown shown;
    asked.json = options->json || (options->format && !strcmp(options->format, "json"));
    if (options->json && options->format && strcmp(options->format, "json"))
        return options_complain(options, "--json and --format %s are two formats: give one of them", options->format);
    bool setting = options->workers.count || options->tasks.count || options->task_times_ns.count || options->chunks.count;
    if (setting && !options->predict)
        return options_complain(options, "--workers, --tasks, --task-time and --chunk go with --predict");
    char joined[RUNDIR_PATH];
    bool several = options->operand_count > 1;
    if (options->output && !several)
        return options_complain(options, "--output is where several parts are joined: one run is shown where it is");
    if (options->operand_count == 2 && !record_is_part(options->operands[0]) && !record_is_part(options->operands[1]))
        return report_both(options);
    if (several && join(options, joined)) return STATUS_USAGE;
    int status = show_open(options, several ? joined : options->operands[0], &shown);
    if (status) return status;
    status = print_all(&asked, &shown);
    if (!status) status = show_strict(options, &shown);
    show_close(&shown);
    return status;
}

const struct verb verb_report = {
    .name = "report",
    .summary = "show a recorded run: summary in the terminal, figures, report.html",
    .operands = "DIR..",
    .operands_min = 1,
    .operands_max = 10000,
    .details = "DIR is a run's folder: results/latest is the newest. Nothing is measured. Two runs are shown side by side, in\n"
               "the terminal and on a page; parts of one run (run --share) are joined. --output is the folder of either.",
    .run = run,
};
