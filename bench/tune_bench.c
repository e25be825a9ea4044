/* tune_bench.c: `tune --versus-grid`: the trials, their table, what holds, and the simulated machines. */
#include "tune_bench.h"

#include "../kernels/kernel.h"
#include "clock.h"
#include "conduct.h"
#include "interrupt.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MACHINES = 4, WORKLOADS = 75, LIMIT_S = 330 };
static const unsigned machine_cpus[MACHINES] = {4, 16, 64, 256};
static const uint64_t task_times_ns[] = {500, 50000};
static const double STEADY = SEARCH_SHIFT;                 /* of a trial's swing */
static const double NOTABLE = 0.02;                        /* regrets that are counted one by one */
static const uint64_t WAIT_NS = 200000, WORK_NS = 3000000; /* the least task of a kernel that waits; serial work */

struct bench {
    const struct options *options;
    struct limits limits;
    struct tune_record record;
    hwloc_topology_t topology;
    struct plan plan; /* for the record's manifest; without cells */
    struct tune_results results;
    size_t expected;
    int64_t began_ns;
    unsigned falls_short;
    FILE *text; /* the table: standard output and the run's folder */
};

__attribute__((format(printf, 2, 3))) static void print(struct bench *bench, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    if (!bench->options->json) {
        vprintf(format, arguments);
        fflush(stdout);
    }
    if (bench->text) vfprintf(bench->text, format, again);
    va_end(again);
    va_end(arguments);
}

static void print_trial(struct bench *bench, const struct tune_trial *trial)
{
    char task[24], serial[24];
    values_show_duration(trial->task_ns, task, sizeof task);
    values_show_duration(trial->serial_ns, serial, sizeof serial);
    print(bench, "%-11s %8s %7llu %8s %5.2f  %6.2f %6.1f %6.1f %6.2f %6.1f ", trial->kernel, task,
          (unsigned long long)trial->tasks, serial, trial->swing, 100 * trial->regret.median, 100 * trial->regret.low,
          100 * trial->regret.high, 100 * trial->same, 100 * trial->search_s / trial->grid_s);
    for (unsigned r = 0; r < TUNE_RULES; r++) print(bench, " %7.1f", 100 * trial->rules[r]);
    print(bench, "  %s%s%s\n", trial->tuned, strcmp(trial->tuned, trial->best) ? " | " : "",
          strcmp(trial->tuned, trial->best) ? trial->best : "");
}

static double seconds_left(const struct bench *bench)
{
    double limit_s = bench->options->time_limit_ns ? (double)bench->options->time_limit_ns / 1e9 : LIMIT_S;
    return limit_s - (double)(clock_now_ns(&clock_real) - bench->began_ns) / 1e9;
}

/* One kernel at one task time. A kernel that cannot be measured is said and left out. */
static int try_one(struct bench *bench, const char *kernel, enum bottleneck bottleneck, uint64_t task_ns)
{
    static uint64_t waiting[] = {1, 2, 4, 8, 16, 32};
    struct options asked = *bench->options;
    char *name = (char *)kernel, why[512] = "";
    bool waits = bottleneck == BOTTLENECK_LATENCY;
    asked.kernels = (struct names){1, &name};
    asked.warm = true; /* where chunk and schedule matter; with start and stop, so little work is best done serially */
    asked.task_times_ns = (struct numbers){1, &task_ns};
    if (!asked.work_ns && !asked.tasks.count) asked.work_ns = waits ? 20 * task_ns : WORK_NS;
    if (waits && !asked.workers.count && !asked.processes.count && !asked.threads.count)
        asked.workers = (struct numbers){sizeof waiting / sizeof *waiting, waiting};
    double seconds =
        fmax(seconds_left(bench), 1) /
        (double)(bench->expected > bench->results.trial_count ? bench->expected - bench->results.trial_count : 1);
    struct tune_trial trial;
    int error = tune_trial_run(&asked, &bench->limits, &bench->record, seconds, &trial, why, sizeof why);
    if (error == -EINTR || error == -ENOSPC || error == -ENOMEM) return error;
    if (error) {
        print(bench, "%-11s left out: %s\n", kernel, *why ? why : strerror(-error));
        if (bench->expected > 1) bench->expected--;
        return 0;
    }
    struct tune_trial *trials = realloc(bench->results.trials, (bench->results.trial_count + 1) * sizeof *trials);
    if (!trials) return -ENOMEM;
    bench->results.trials = trials;
    trials[bench->results.trial_count++] = trial;
    print_trial(bench, &trial);
    return 0;
}

static int try_kernel(struct bench *bench, const char *name)
{
    const struct kernel *kernel = kernel_find(name);
    enum bottleneck bottleneck = kernel ? kernel->bottleneck : BOTTLENECK_COMPUTE;
    const struct numbers *asked = &bench->options->task_times_ns;
    size_t count = asked->count ? asked->count : sizeof task_times_ns / sizeof *task_times_ns;
    int error = 0;
    for (size_t i = 0; !error && i < count; i++) {
        uint64_t task_ns = asked->count ? asked->values[i] : task_times_ns[i];
        if (!asked->count && bottleneck == BOTTLENECK_LATENCY) task_ns = (i + 1) * (i + 1) * WAIT_NS;
        error = try_one(bench, name, bottleneck, task_ns);
    }
    return error;
}

static int try_kernels(struct bench *bench)
{
    const struct names *asked = &bench->options->kernels;
    size_t count = 0, times = bench->options->task_times_ns.count ? bench->options->task_times_ns.count : 2;
    for (size_t i = 0; kernels[i]; i++) count += kernels[i]->bottleneck != BOTTLENECK_NONE;
    bench->expected = (asked->count ? asked->count : count) * times;
    print(bench, "%-11s %8s %7s %8s  %6s %6s %6s %6s %6s  %7s %7s %7s  %s\n", "kernel", "task", "tasks", "serial",
          "regret", "low", "high", "noise", "cost", tune_rule_names[0], tune_rule_names[1], tune_rule_names[2],
          "recommended | the best, where another");
    int error = 0;
    for (size_t i = 0; !error && i < asked->count; i++) error = try_kernel(bench, asked->values[i]);
    for (size_t i = 0; !error && !asked->count && kernels[i]; i++)
        if (kernels[i]->bottleneck != BOTTLENECK_NONE) error = try_kernel(bench, kernels[i]->name);
    return error;
}

/* What holds */

/* 1 where it falls short. */
static unsigned verdict(struct bench *bench, const char *what, double value, double bound, bool at_least)
{
    bool holds = at_least ? value >= bound : value <= bound;
    if (isnan(value)) print(bench, "  %-44s no case\n", what);
    else
        print(bench, "  %-44s %6.2f %%  (at %s %g %%)  %s\n", what, 100 * value, at_least ? "least" : "most",
              100 * bound, holds ? "holds" : "falls short");
    return !isnan(value) && !holds;
}

struct figures { /* over many trials */
    double *regrets, *costs;
    size_t count, serial, stayed;
};

static double above_zero(double regret)
{
    return fmax(regret, 0);
}

static unsigned verdicts(struct bench *bench, const struct figures *figures)
{
    const double *regrets = figures->regrets, *costs = figures->costs;
    size_t n = figures->count, over = 0;
    for (size_t i = 0; i < n; i++) over += regrets[i] > 0.15;
    unsigned falls_short = verdict(bench, "regret, median", stats_quantile(regrets, n, 0.5), 0.01, false);
    falls_short += verdict(bench, "regret, 95th percentile", stats_quantile(regrets, n, 0.95), 0.05, false);
    falls_short += verdict(bench, "regret, largest", stats_quantile(regrets, n, 1), 0.15, false);
    falls_short += verdict(bench, "measuring time over the grid's, median", stats_quantile(costs, n, 0.5), 0.10, false);
    falls_short +=
        verdict(bench, "measuring time over the grid's, 95th perc.", stats_quantile(costs, n, 0.95), 0.10, false);
    falls_short += verdict(bench, "\"stay serial\" where that is best",
                           figures->serial ? (double)figures->stayed / (double)figures->serial : NAN, 0.95, true);
    print(bench, "  (%zu trials, %zu above 15 %%, serial best in %zu)\n", n, over, figures->serial);
    return falls_short;
}

/* The trials during which the serial loop's speed swung by no more than that. */
static void gather(const struct tune_results *results, double swing, struct figures *figures)
{
    for (size_t i = 0; i < results->trial_count; i++) {
        const struct tune_trial *trial = &results->trials[i];
        if (trial->swing > swing) continue;
        figures->regrets[figures->count] = above_zero(trial->regret.median);
        figures->costs[figures->count++] = trial->search_s / trial->grid_s;
        figures->serial += trial->serial_best;
        figures->stayed += trial->serial_best && trial->stayed;
    }
}

static void print_totals(struct bench *bench)
{
    const struct tune_results *results = &bench->results;
    size_t n = results->trial_count, resolved = 0, above = 0;
    double values[n], search_s = 0, grid_s = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tune_trial *trial = &results->trials[i];
        search_s += trial->search_s, grid_s += trial->grid_s;
        values[i] = trial->same;
        above += trial->regret.median > NOTABLE;
        resolved += trial->regret.median > NOTABLE && trial->regret.low > 0;
    }
    print(bench, "  of %zu regrets above %g %%, %zu are resolved: their interval is above 0\n", above, 100 * NOTABLE,
          resolved);
    print(bench,
          "  noise: a second copy of the recommendation differed by %.2f %% (median), %.2f %% (95th percentile)\n",
          100 * stats_quantile(values, n, 0.5), 100 * stats_quantile(values, n, 0.95));
    print(bench, "  all searches together: %.1f s, %.1f %% of the grids' %.0f s\n", search_s, 100 * search_s / grid_s,
          grid_s);
    for (unsigned r = 0; r < TUNE_RULES; r++) {
        size_t known = 0;
        for (size_t i = 0; i < n; i++)
            if (!isnan(results->trials[i].rules[r])) values[known++] = above_zero(results->trials[i].rules[r]);
        print(bench, "  rule of thumb, all cpus and %-7s regret %.1f %% median, %.1f %% 95th percentile\n",
              tune_rule_names[r], 100 * stats_quantile(values, known, 0.5), 100 * stats_quantile(values, known, 0.95));
    }
}

static int judge_trials(struct bench *bench)
{
    size_t n = bench->results.trial_count;
    if (!n) return 0;
    struct figures all = {calloc(n, sizeof(double)), calloc(n, sizeof(double)), 0, 0, 0}, steady = all;
    if (!all.regrets || !all.costs) {
        free(all.regrets), free(all.costs);
        return -ENOMEM;
    }
    print(bench,
          "\nOn this machine (regret: held-out run phase over that of the best found by anybody; cost: of a grid with "
          "%d\nrepetitions of each cell, in the time that its cells took here):\n",
          TUNE_GRID_REPETITIONS);
    gather(&bench->results, INFINITY, &all);
    bench->falls_short += verdicts(bench, &all);
    print_totals(bench);
    gather(&bench->results, STEADY, &steady);
    if (steady.count < n) {
        print(
            bench,
            "During %zu trials the machine changed (swing above %g): the serial loop's 90th percentile to its 10th, or "
            "the same\npoint before and later; what was best then need not be best now. The other trials alone:\n",
            n - steady.count, STEADY);
        verdicts(bench, &steady);
    }
    free(all.regrets), free(all.costs);
    return 0;
}

/* Simulated machines */

static void print_machine(struct bench *bench, const struct simulated_trial *trials, unsigned cpus)
{
    double regrets[WORKLOADS], costs[WORKLOADS], rules[TUNE_RULES][WORKLOADS], measurements = 0;
    size_t serial = 0, stayed = 0;
    for (size_t i = 0; i < WORKLOADS; i++) {
        const struct simulated_trial *trial = &trials[i];
        regrets[i] = trial->tuned.regret;
        costs[i] = trial->cost;
        rules[TUNE_RULE_PYTHON][i] = trial->python.regret;
        rules[TUNE_RULE_STATIC][i] = trial->even.regret;
        rules[TUNE_RULE_GUIDED][i] = trial->guided.regret;
        measurements += (double)trial->measurements / WORKLOADS;
        serial += trial->optimum.serial;
        stayed += trial->optimum.serial && trial->tuned.serial;
    }
    print(bench, "%5u  %6.2f %6.2f %6.2f  %6.2f %6.2f  %5.0f  %4zu/%-4zu", cpus,
          100 * stats_quantile(regrets, WORKLOADS, 0.5), 100 * stats_quantile(regrets, WORKLOADS, 0.95),
          100 * stats_quantile(regrets, WORKLOADS, 1), 100 * stats_quantile(costs, WORKLOADS, 0.5),
          100 * stats_quantile(costs, WORKLOADS, 0.95), measurements, stayed, serial);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        print(bench, "  %6.1f/%-7.0f", 100 * stats_quantile(rules[r], WORKLOADS, 0.5),
              100 * stats_quantile(rules[r], WORKLOADS, 0.95));
    print(bench, "\n");
}

static int simulate(struct bench *bench)
{
    static double regrets[MACHINES * WORKLOADS], costs[MACHINES * WORKLOADS];
    struct figures figures = {regrets, costs, MACHINES * WORKLOADS, 0, 0};
    bench->results.simulated = calloc(MACHINES * WORKLOADS, sizeof *bench->results.simulated);
    if (!bench->results.simulated) return -ENOMEM;
    bench->results.simulated_count = MACHINES * WORKLOADS;
    print(bench,
          "\nSimulated machines: %d random workloads, seed %llu; regret against the true optimum of the whole grid, in "
          "%%:\n"
          " cpus  median    p95    max    cost    p95  taken  serial   ",
          MACHINES * WORKLOADS, (unsigned long long)bench->options->seed);
    for (unsigned r = 0; r < TUNE_RULES; r++) print(bench, "%7s p50/p95 ", tune_rule_names[r]);
    print(bench, "\n");
    for (size_t m = 0; m < MACHINES; m++) {
        for (size_t i = 0; i < WORKLOADS; i++) {
            struct simulated_trial *trial = &bench->results.simulated[m * WORKLOADS + i];
            int error = simulated_try(machine_cpus[m], bench->options->seed * 100000 + i, &search_defaults, trial);
            if (error) return error;
            regrets[m * WORKLOADS + i] = trial->tuned.regret;
            costs[m * WORKLOADS + i] = trial->cost;
            figures.serial += trial->optimum.serial;
            figures.stayed += trial->optimum.serial && trial->tuned.serial;
        }
        print_machine(bench, bench->results.simulated + m * WORKLOADS, machine_cpus[m]);
    }
    bench->falls_short += verdicts(bench, &figures);
    return 0;
}

static void draw(struct bench *bench)
{
    char dir[4200], why[4400];
    snprintf(dir, sizeof dir, "%s/plots", bench->record.dir);
    if (tune_figure(dir, &bench->results, why, sizeof why)) options_complain(bench->options, "%s", why);
    else print(bench, "\nThe figure: %s/tune.svg\n", dir);
}

static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* The object of --json, beside the table in the run's folder. */
static json_t *to_json(const struct bench *bench)
{
    json_t *trials = json_array(), *machines = json_array();
    for (size_t i = 0; i < bench->results.trial_count; i++) {
        const struct tune_trial *t = &bench->results.trials[i];
        json_t *trial = json_pack(
            "{ss sf sI sf ss ss sf sf sf sI sf sf sf sI sI si sb sb}", "kernel", t->kernel, "task_ns", t->task_ns,
            "tasks", (json_int_t)t->tasks, "serial_ns", t->serial_ns, "recommended", t->tuned, "best", t->best,
            "regret", t->regret.median, "regret_low", t->regret.low, "regret_high", t->regret.high, "regret_blocks",
            (json_int_t)t->regret.n, "noise", t->same, "search_s", t->search_s, "grid_s", t->grid_s, "points",
            (json_int_t)t->points, "measurements", (json_int_t)t->measurements, "grid_reps", (int)t->grid_reps,
            "serial_best", t->serial_best, "stayed_serial", t->stayed);
        json_object_set_new(trial, "swing", real_or_null(t->swing));
        for (unsigned r = 0; r < TUNE_RULES; r++)
            json_object_set_new(trial, tune_rule_names[r], real_or_null(t->rules[r]));
        json_array_append_new(trials, trial);
    }
    for (size_t i = 0; i < bench->results.simulated_count; i++) {
        const struct simulated_trial *t = &bench->results.simulated[i];
        json_array_append_new(machines,
                              json_pack("{si sf sf sb sb sf sf sf}", "cpus", (int)machine_cpus[i / WORKLOADS], "regret",
                                        t->tuned.regret, "cost", t->cost, "serial_best", t->optimum.serial,
                                        "stayed_serial", t->tuned.serial, "n/4p", t->python.regret, "static",
                                        t->even.regret, "guided", t->guided.regret));
    }
    return json_pack("{si so so si}", "schema", 1, "trials", trials, "simulated", machines, "falls_short",
                     (int)bench->falls_short);
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
    char why[256];
    int status = tune_record_check(bench->options);
    if (status) return status;
    if (limits_read("", &bench->limits, why, sizeof why) || topology_load(NULL, &bench->topology, why, sizeof why))
        return options_complain(bench->options, "%s", why);
    conduct_protocol(bench->options, NULL, &protocol);
    plan_open(&bench->plan, bench->topology, bench->limits.usable, &protocol);
    interrupt_watch();
    status = tune_record_open(&bench->record, bench->options, &bench->plan);
    if (status) hwloc_topology_destroy(bench->topology);
    return status;
}

int tune_versus_grid(const struct options *options)
{
    struct bench bench = {.options = options, .began_ns = clock_now_ns(&clock_real)};
    char *table = NULL;
    size_t table_size;
    int status = open_bench(&bench);
    if (status) return status;
    bench.results.cpus = bench.limits.usable;
    bench.text = open_memstream(&table, &table_size);
    int error = try_kernels(&bench);
    if (!error) error = judge_trials(&bench);
    if (!error) error = simulate(&bench);
    if (!error) draw(&bench);
    if (bench.text) fclose(bench.text);
    if (!error && table) record_write_file(bench.record.dir, "tune.txt", table, table_size);
    free(table);
    if (!error) status = finish(&bench);
    else if (error == -EINTR) options_complain(options, "interrupted; what was measured is in %s", bench.record.dir);
    else options_complain(options, "%s", strerror(-error));
    tune_record_close(&bench.record, NULL, error);
    plan_free(&bench.plan);
    hwloc_topology_destroy(bench.topology);
    free(bench.results.trials);
    free(bench.results.simulated);
    return error == -EINTR ? STATUS_INTERRUPTED : error ? STATUS_FAILED : status;
}
