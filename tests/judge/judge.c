/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trials, made again where the machine changed, and their table. */
#include "tests/judge/judge.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/measure/conduct.h"
#include "bench/measure/rundir.h"
#include "kernels/kernel.h"
#include "kernels/reason.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_S = 340 };
static const double FIRST_SHARE = 0.75; /* of that: for the first attempts */
static const uint64_t task_times_ns[] = {500, 50000};
static const uint64_t WAIT_NS = 200000, WORK_NS = 3000000; /* the least task of a kernel that waits; serial work */

struct planned {
    char *kernel;
    enum bottleneck bottleneck;
    uint64_t task_ns;
};

struct bench {
    const struct options *options;
    struct limits limits;
    struct tune_record record;
    struct tune_capacity capacity;
    hwloc_topology_t topology;
    struct plan plan;        /* for the record's manifest; without cells */
    struct planned *planned; /* the trials; one that cannot be measured is taken out */
    struct tune_results results;
    size_t planned_count;
    int64_t began_ns;
    unsigned falls_short;
    struct tune_out out;
};

static void print_trial(const struct tune_out *out, const struct tune_trial *trial)
{
    char task[24], serial[24];
    values_show_duration(trial->problem.task_ns, task, sizeof task);
    values_show_duration(trial->serial_ns, serial, sizeof serial);
    tune_say(out, "%-11s %8s %7llu %8s %5.1f%c %4.2f %4.2f%c %6.2f %6.1f %6.1f %6.2f %6.1f ", trial->kernel, task,
             (unsigned long long)trial->problem.tasks, serial, trial->waited_s, trial->gave_up ? '!' : ' ',
             trial->search_cores, trial->comparison_cores, trial->unsteady ? '*' : ' ', 100 * trial->regret.median,
             100 * trial->regret.low, 100 * trial->regret.high, 100 * trial->same,
             100 * trial->search_s / trial->grid_s);
    for (unsigned r = 0; r < TUNE_RULES; r++) tune_say(out, " %7.1f", 100 * trial->rules[r]);
    tune_say(out, "  %s%s%s\n", trial->tuned, strcmp(trial->tuned, trial->best) ? " | " : "",
             strcmp(trial->tuned, trial->best) ? trial->best : "");
}

static double seconds_left(const struct bench *bench, double share)
{
    double limit_s = bench->options->time_limit_ns ? (double)bench->options->time_limit_ns / 1e9 : LIMIT_S;
    return share * limit_s - (double)(clock_now_ns(&clock_real) - bench->began_ns) / 1e9;
}

/* One attempt at one trial. -ENOENT: this kernel cannot be measured, which has been said. */
static int try_one(struct bench *bench, const struct planned *planned, double seconds, struct tune_trial *trial)
{
    static uint64_t waiting[] = {1, 2, 4, 8, 16, 32};
    struct options asked = *bench->options;
    char *name = planned->kernel;
    struct reason why = {""};
    uint64_t task_ns = planned->task_ns;
    bool waits = planned->bottleneck == BOTTLENECK_LATENCY;
    asked.kernels = (struct names){1, &name};
    asked.warm = true; /* where chunk and schedule matter; with start and stop, so little work is best done serially */
    asked.task_times_ns = (struct numbers){1, &task_ns};
    if (!asked.work_ns && !asked.tasks.count) asked.work_ns = waits ? 20 * task_ns : WORK_NS;
    if (waits && !asked.workers.count && !asked.processes.count && !asked.threads.count)
        asked.workers = (struct numbers){sizeof waiting / sizeof *waiting, waiting};
    struct tune_watch_eyes eyes = tune_capacity_eyes(&bench->capacity);
    const struct tune_place place = {&bench->limits, &bench->record, &eyes};
    int error = tune_trial_run(&asked, &place, fmax(seconds, 0.1), trial, &why);
    if (!error) print_trial(&bench->out, trial);
    if (!error || error == -EINTR || error == -ENOSPC || error == -ENOMEM) return error;
    tune_say(&bench->out, "%-11s left out: %s\n", name, *why.text ? why.text : strerror(-error));
    return -ENOENT;
}

static int plan_one(struct bench *bench, char *name)
{
    const struct kernel *kernel = kernel_find(name);
    enum bottleneck bottleneck = kernel ? kernel->bottleneck : BOTTLENECK_COMPUTE;
    const struct numbers *asked = &bench->options->task_times_ns;
    size_t count = asked->count ? asked->count : sizeof task_times_ns / sizeof *task_times_ns;
    struct planned *planned = realloc(bench->planned, (bench->planned_count + count) * sizeof *planned);
    if (!planned) return -ENOMEM;
    bench->planned = planned;
    for (size_t i = 0; i < count; i++) {
        uint64_t task_ns = asked->count ? asked->values[i] : task_times_ns[i];
        if (!asked->count && bottleneck == BOTTLENECK_LATENCY) task_ns = (i + 1) * (i + 1) * WAIT_NS;
        planned[bench->planned_count++] = (struct planned){name, bottleneck, task_ns};
    }
    return 0;
}

static int plan_trials(struct bench *bench)
{
    const struct names *asked = &bench->options->kernels;
    int error = 0;
    for (size_t i = 0; !error && i < asked->count; i++) error = plan_one(bench, asked->values[i]);
    for (size_t i = 0; !error && !asked->count && kernels[i]; i++)
        if (kernels[i]->bottleneck != BOTTLENECK_NONE) error = plan_one(bench, (char *)kernels[i]->name);
    bench->results.trials = calloc(bench->planned_count + 1, sizeof *bench->results.trials);
    bench->results.firsts = calloc(bench->planned_count + 1, sizeof *bench->results.firsts);
    return error || !bench->results.trials || !bench->results.firsts ? -ENOMEM : 0;
}

static int try_all(struct bench *bench)
{
    struct tune_results *results = &bench->results;
    tune_say(&bench->out, "%-11s %8s %7s %8s %5s  %9s  %6s %6s %6s %6s %6s  %7s %7s %7s  %s\n", "kernel", "task",
             "tasks", "serial", "wait", "cores", "regret", "low", "high", "noise", "cost", tune_rule_names[0],
             tune_rule_names[1], tune_rule_names[2], "recommended | the best, where another");
    for (size_t i = 0; i < bench->planned_count;) {
        double seconds = seconds_left(bench, FIRST_SHARE) / (double)(bench->planned_count - i);
        struct tune_trial trial = {0};
        int error = try_one(bench, &bench->planned[i], seconds, &trial);
        if (error && error != -ENOENT) return error;
        if (!error) results->trials[results->trial_count] = results->firsts[results->trial_count] = trial;
        if (!error) results->trial_count++, i++;
        else memmove(&bench->planned[i], &bench->planned[i + 1], (--bench->planned_count - i) * sizeof *bench->planned);
    }
    return 0;
}

/* The trials whose search and comparison saw different machines, once more from the start. Only the cores' work that
 * was seen says which. */
static int try_again(struct bench *bench)
{
    size_t n = bench->results.trial_count;
    double seconds = FIRST_SHARE * (seconds_left(bench, 1) - seconds_left(bench, 0)) / (double)(n ? n : 1);
    for (unsigned attempt = 2; attempt <= TUNE_ATTEMPTS; attempt++)
        for (size_t i = 0, said = 0; i < n; i++) {
            struct tune_trial *trial = &bench->results.trials[i], again = *trial;
            if (!trial->unsteady || seconds_left(bench, 1) < seconds) continue;
            if (!said++) tune_say(&bench->out, "Attempt %u, where the cores' work had changed:\n", attempt);
            int error = try_one(bench, &bench->planned[i], seconds, &again);
            if (error && error != -ENOENT) return error;
            if (!error) *trial = again;
        }
    return 0;
}

static void draw(struct bench *bench)
{
    char dir[4200];
    struct reason why = {""};
    snprintf(dir, sizeof dir, "%s/plots", bench->record.dir);
    if (tune_figure(dir, &bench->results, &why)) options_complain(bench->options, "%s", why.text);
    else tune_say(&bench->out, "\nThe figure: %s/tune.svg\n", dir);
}

static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *simulated_to_json(const struct simulated_trial *trials, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct simulated_trial *t = &trials[i];
        json_array_append_new(array, json_pack("{si sf sf sb sb sf sf sf si sb sb sf sb}", "cpus", (int)t->cpus,
                                               "regret", t->tuned.regret, "cost", t->cost, "serial_best", t->optimum.serial,
                                               "stayed_serial", t->tuned.serial, "n/4p", t->python.regret, "static",
                                               t->even.regret, "guided", t->guided.regret, "attempts", (int)t->attempts,
                                               "unsteady", t->unsteady, "together", t->together, "waited_s",
                                               t->waited_s, "gave_up", t->gave_up));
    }
    return array;
}

static json_t *trials_to_json(const struct tune_trial *trials, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct tune_trial *t = &trials[i];
        json_t *trial = json_pack(
            "{ss sf sI sI sf ss ss sf sf sf sI sf sf sf sI sI si sb sb si sb}", "kernel", t->kernel, "task_ns",
            t->problem.task_ns, "tasks", (json_int_t)t->problem.tasks, "size", (json_int_t)t->problem.size, "serial_ns",
            t->serial_ns, "recommended", t->tuned, "best", t->best, "regret", t->regret.median, "regret_low",
            t->regret.low, "regret_high", t->regret.high, "regret_blocks", (json_int_t)t->regret.n, "noise", t->same,
            "search_s", t->search_s, "grid_s", t->grid_s, "points", (json_int_t)t->points, "measurements",
            (json_int_t)t->measurements, "grid_reps", (int)t->grid_reps, "serial_best", t->serial_best, "stayed_serial",
            t->stayed, "attempts", (int)t->attempts, "unsteady", t->unsteady);
        json_object_set_new(trial, "search_cores", real_or_null(t->search_cores));
        json_object_set_new(trial, "comparison_cores", real_or_null(t->comparison_cores));
        json_object_set_new(trial, "waited_s", json_real(t->waited_s));
        json_object_set_new(trial, "judge_waited_s", json_real(t->judge_waited_s));
        json_object_set_new(trial, "blocks_dropped", json_integer((json_int_t)t->dropped));
        json_object_set_new(trial, "gave_up", json_boolean(t->gave_up));
        json_object_set_new(trial, "search_shift", real_or_null(t->shift));
        for (unsigned r = 0; r < TUNE_RULES; r++)
            json_object_set_new(trial, tune_rule_names[r], real_or_null(t->rules[r]));
        json_array_append_new(array, trial);
    }
    return array;
}

/* The object of --json, beside the table in the run's folder. */
static json_t *to_json(const struct bench *bench)
{
    const struct tune_results *results = &bench->results;
    return json_pack(
        "{si so so so so si}", "schema", 1, "trials", trials_to_json(results->trials, results->trial_count),
        "first_attempts", trials_to_json(results->firsts, results->trial_count), "simulated",
        simulated_to_json(results->simulated, results->simulated_count), "restless",
        simulated_to_json(results->restless, results->restless_count), "falls_short", (int)bench->falls_short);
}

static int finish(struct bench *bench)
{
    json_t *object = to_json(bench);
    char *text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
    json_decref(object);
    if (!text) return options_complain(bench->options, "no memory");
    int status = bench->options->json ? options_print(bench->options, text) : 0;
    int error = record_write_file(bench->record.dir, "tune.json", text, strlen(text));
    free(text);
    if (error) options_complain(bench->options, "cannot write %s/tune.json: %s", bench->record.dir, strerror(-error));
    return status ? status : bench->falls_short ? STATUS_FINDING : STATUS_GOOD;
}

static int open_bench(struct bench *bench)
{
    struct protocol protocol;
    struct reason why = {""};
    int status = rundir_check(bench->options);
    if (status) return status;
    if (limits_read("", &bench->limits, &why) || topology_load(NULL, &bench->topology, &why))
        return options_complain(bench->options, "%s", why.text);
    conduct_protocol(bench->options, NULL, &protocol);
    plan_open(&bench->plan, bench->topology, bench->limits.usable, &protocol);
    interrupt_watch();
    status = tune_record_open(&bench->record, bench->options, &bench->plan);
    if (status) hwloc_topology_destroy(bench->topology);
    return status;
}

static int add_verdict(struct bench *bench, int falls_short)
{
    if (falls_short > 0) bench->falls_short += (unsigned)falls_short;
    return falls_short < 0 ? falls_short : 0;
}

static int run_bench(struct bench *bench, bool quick)
{
    uint64_t seed = bench->options->seed;
    struct tune_results *results = &bench->results;
    results->cpus = bench->limits.usable;
    int error = tune_capacity_open(&bench->capacity, bench->topology, &bench->limits);
    if (!error) error = plan_trials(bench);
    if (!error) error = try_all(bench);
    if (!error) error = try_again(bench);
    if (!error) error = add_verdict(bench, tune_judge_trials(&bench->out, results));
    if (!error) error = add_verdict(bench, tune_judge_simulated(&bench->out, quick, seed, results));
    if (!error) error = tune_judge_restless(&bench->out, quick, seed, results);
    if (!error) draw(bench);
    return error;
}

static void close_bench(struct bench *bench, int error)
{
    tune_record_close(&bench->record, NULL, error);
    plan_free(&bench->plan);
    hwloc_topology_destroy(bench->topology);
    free(bench->planned);
    free(bench->results.trials);
    free(bench->results.firsts);
    free(bench->results.simulated);
    free(bench->results.restless);
}

int judge_run(const struct options *options, bool quick)
{
    struct bench bench = {.options = options, .began_ns = clock_now_ns(&clock_real), .out.silent = options->json};
    char *table = NULL;
    size_t table_size;
    int status = open_bench(&bench);
    if (status) return status;
    bench.out.copy = open_memstream(&table, &table_size);
    int error = run_bench(&bench, quick);
    if (bench.out.copy) fclose(bench.out.copy);
    if (!error && table) record_write_file(bench.record.dir, "tune.txt", table, table_size);
    free(table);
    if (!error) status = finish(&bench);
    else if (error == -EINTR) options_complain(options, "interrupted; what was measured is in %s", bench.record.dir);
    else options_complain(options, "%s", strerror(-error));
    close_bench(&bench, error);
    return error == -EINTR ? STATUS_INTERRUPTED : error ? STATUS_FAILED : status;
}
