/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of the asked figures hold, over trials on this machine and on simulated ones. */
#include "tests/judge/judge.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MACHINES = 4, RESTLESS = 3, WORKLOADS = 75, RESTLESS_WORKLOADS = 300, WORKLOADS_QUICK = 8, RESTLESS_QUICK = 30 };
static const unsigned machine_cpus[MACHINES] = {4, 16, 64, 256}, restless_cpus[RESTLESS] = {2, 4, 16};
static const double NOTABLE = 0.02; /* regrets that are counted one by one */

void tune_say(const struct tune_out *out, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    if (!out->silent) {
        vprintf(format, arguments);
        fflush(stdout);
    }
    if (out->copy) vfprintf(out->copy, format, again);
    va_end(again);
    va_end(arguments);
}

/* 1 where it falls short. */
static unsigned verdict(const struct tune_out *out, const char *what, double value, double bound, bool at_least)
{
    bool holds = at_least ? value >= bound : value <= bound;
    if (isnan(value)) tune_say(out, "  %-44s no case\n", what);
    else
        tune_say(out, "  %-44s %6.2f %%  (at %s %g %%)  %s\n", what, 100 * value, at_least ? "least" : "most",
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

static unsigned verdicts(const struct tune_out *out, const struct figures *figures)
{
    const double *regrets = figures->regrets, *costs = figures->costs;
    size_t n = figures->count, over = 0;
    for (size_t i = 0; i < n; i++) over += regrets[i] > 0.15;
    unsigned falls_short = verdict(out, "regret, median", stats_quantile(regrets, n, 0.5), 0.01, false);
    falls_short += verdict(out, "regret, 95th percentile", stats_quantile(regrets, n, 0.95), 0.05, false);
    falls_short += verdict(out, "regret, largest", stats_quantile(regrets, n, 1), 0.15, false);
    falls_short += verdict(out, "measuring time over the grid's, median", stats_quantile(costs, n, 0.5), 0.10, false);
    falls_short +=
        verdict(out, "measuring time over the grid's, 95th perc.", stats_quantile(costs, n, 0.95), 0.10, false);
    falls_short += verdict(out, "\"stay serial\" where that is best",
                           figures->serial ? (double)figures->stayed / (double)figures->serial : NAN, 0.95, true);
    tune_say(out, "  (%zu trials, %zu above 15 %%, serial best in %zu)\n", n, over, figures->serial);
    return falls_short;
}

static int judge_all(const struct tune_out *out, const struct tune_trial *trials, size_t n)
{
    struct figures figures = {calloc(n, sizeof(double)), calloc(n, sizeof(double)), 0, 0, 0};
    int falls_short = figures.regrets && figures.costs ? 0 : -ENOMEM;
    for (size_t i = 0; !falls_short && i < n; i++) {
        figures.regrets[figures.count] = above_zero(trials[i].regret.median);
        figures.costs[figures.count++] = trials[i].search_s / trials[i].grid_s;
        figures.serial += trials[i].serial_best;
        figures.stayed += trials[i].serial_best && trials[i].stayed;
    }
    if (!falls_short) falls_short = (int)verdicts(out, &figures);
    free(figures.regrets), free(figures.costs);
    return falls_short;
}

static void print_totals(const struct tune_out *out, const struct tune_results *results)
{
    size_t n = results->trial_count, resolved = 0, above = 0;
    double values[n], search_s = 0, grid_s = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tune_trial *trial = &results->trials[i];
        search_s += trial->search_s, grid_s += trial->grid_s;
        values[i] = trial->same;
        above += trial->regret.median > NOTABLE;
        resolved += trial->regret.median > NOTABLE && trial->regret.low > 0;
    }
    tune_say(out, "  of %zu regrets above %g %%, %zu are resolved: their interval is above 0\n", above, 100 * NOTABLE,
             resolved);
    tune_say(out,
             "  noise: a second copy of the recommendation differed by %.2f %% (median), %.2f %% (95th percentile)\n",
             100 * stats_quantile(values, n, 0.5), 100 * stats_quantile(values, n, 0.95));
    tune_say(out, "  all searches together: %.1f s, %.1f %% of the grids' %.0f s\n", search_s, 100 * search_s / grid_s,
             grid_s);
    for (unsigned r = 0; r < TUNE_RULES; r++) {
        size_t known = 0;
        for (size_t i = 0; i < n; i++)
            if (!isnan(results->trials[i].rules[r])) values[known++] = above_zero(results->trials[i].rules[r]);
        tune_say(out, "  rule of thumb, all cpus and %-7s regret %.1f %% median, %.1f %% 95th percentile\n",
                 tune_rule_names[r], 100 * stats_quantile(values, known, 0.5),
                 100 * stats_quantile(values, known, 0.95));
    }
}

int tune_judge_trials(const struct tune_out *out, const struct tune_results *results)
{
    size_t n = results->trial_count, unsteady = 0, again = 0, waited = 0, gave_up = 0;
    double waited_s = 0, judge_waited_s = 0;
    if (!n) return 0;
    for (size_t i = 0; i < n; i++) {
        const struct tune_trial *trial = &results->trials[i];
        unsteady += trial->unsteady;
        again += trial->attempts - 1;
        waited += trial->waited_s > 0;
        gave_up += trial->gave_up;
        waited_s += trial->waited_s, judge_waited_s += trial->judge_waited_s;
    }
    tune_say(out,
             "\nOn this machine (regret: held-out run phase over that of the best found by anybody; cost: of a grid "
             "with %d\nrepetitions of each cell, in the time that its cells took here).\nAll cores together did less "
             "than %g of the work expected of them during %zu of %zu searches, which waited %.1f s in all\nfor that to "
             "end; %zu gave up (!). The judging waited %.1f s. %zu attempts were made again; in %zu trials (*) "
             "the\ncores' work differed between search and comparison in the end too. The last attempt of every "
             "trial:\n",
             TUNE_GRID_REPETITIONS, TUNE_WATCH_LOW, waited, n, waited_s, gave_up, judge_waited_s, again, unsteady);
    int falls_short = judge_all(out, results->trials, n), error = falls_short < 0 ? falls_short : 0;
    if (!error) print_totals(out, results);
    if (!error && again) tune_say(out, "All first attempts:\n");
    if (!error && again) error = judge_all(out, results->firsts, n);
    return error < 0 ? error : falls_short;
}

/* Simulated machines */

static void print_machine(const struct tune_out *out, const struct simulated_trial *trials, size_t n, unsigned cpus)
{
    double regrets[WORKLOADS], costs[WORKLOADS], rules[TUNE_RULES][WORKLOADS], measurements = 0;
    size_t serial = 0, stayed = 0;
    for (size_t i = 0; i < n; i++) {
        const struct simulated_trial *trial = &trials[i];
        regrets[i] = trial->tuned.regret;
        costs[i] = trial->cost;
        rules[TUNE_RULE_PYTHON][i] = trial->python.regret;
        rules[TUNE_RULE_STATIC][i] = trial->even.regret;
        rules[TUNE_RULE_GUIDED][i] = trial->guided.regret;
        measurements += (double)trial->measurements / (double)n;
        serial += trial->optimum.serial;
        stayed += trial->optimum.serial && trial->tuned.serial;
    }
    tune_say(out, "%5u  %6.2f %6.2f %6.2f  %6.2f %6.2f  %5.0f  %4zu/%-4zu", cpus,
             100 * stats_quantile(regrets, n, 0.5), 100 * stats_quantile(regrets, n, 0.95),
             100 * stats_quantile(regrets, n, 1), 100 * stats_quantile(costs, n, 0.5),
             100 * stats_quantile(costs, n, 0.95), measurements, stayed, serial);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        tune_say(out, "  %6.1f/%-7.0f", 100 * stats_quantile(rules[r], n, 0.5),
                 100 * stats_quantile(rules[r], n, 0.95));
    tune_say(out, "\n");
}

int tune_judge_simulated(const struct tune_out *out, bool quick, uint64_t seed, struct tune_results *results)
{
    static double regrets[MACHINES * WORKLOADS], costs[MACHINES * WORKLOADS];
    size_t n = quick ? WORKLOADS_QUICK : WORKLOADS;
    struct figures figures = {regrets, costs, MACHINES * n, 0, 0};
    results->simulated = calloc(MACHINES * n, sizeof *results->simulated);
    if (!results->simulated) return -ENOMEM;
    results->simulated_count = MACHINES * n;
    tune_say(out,
             "\nSimulated machines: %zu random workloads, seed %llu; regret against the true optimum of the whole grid, "
             "in %%:\n cpus  median    p95    max    cost    p95  taken  serial   ",
             MACHINES * n, (unsigned long long)seed);
    for (unsigned r = 0; r < TUNE_RULES; r++) tune_say(out, "%7s p50/p95 ", tune_rule_names[r]);
    tune_say(out, "\n");
    for (size_t m = 0; m < MACHINES; m++) {
        for (size_t i = 0; i < n; i++) {
            struct simulated_trial *trial = &results->simulated[m * n + i];
            int error = simulated_try(machine_cpus[m], seed * 100000 + i, &search_defaults, trial);
            if (error) return error;
            regrets[m * n + i] = trial->tuned.regret;
            costs[m * n + i] = trial->cost;
            figures.serial += trial->optimum.serial;
            figures.stayed += trial->optimum.serial && trial->tuned.serial;
        }
        print_machine(out, results->simulated + m * n, n, machine_cpus[m]);
    }
    return (int)verdicts(out, &figures);
}

/* Those trials whose neighbour takes cores away, or those whose does not, in one line. */
static void print_restless(const struct tune_out *out, const char *name, const struct simulated_trial *trials, size_t n,
                           bool together)
{
    double regrets[n], costs[n];
    size_t count = 0, over = 0;
    for (size_t i = 0; i < n; i++) {
        if (trials[i].together != together) continue;
        over += trials[i].tuned.regret > 0.15;
        regrets[count] = trials[i].tuned.regret;
        costs[count++] = trials[i].cost;
    }
    tune_say(out, "  %-40s %5zu  %6.2f %6.2f %6.2f  %4zu  %6.2f %6.2f\n", name, count,
             100 * stats_quantile(regrets, count, 0.5), 100 * stats_quantile(regrets, count, 0.95),
             100 * stats_quantile(regrets, count, 1), over, 100 * stats_quantile(costs, count, 0.5),
             100 * stats_quantile(costs, count, 0.95));
}

int tune_judge_restless(const struct tune_out *out, bool quick, uint64_t seed, struct tune_results *results)
{
    static struct simulated_trial blind[RESTLESS * RESTLESS_WORKLOADS], firsts[RESTLESS * RESTLESS_WORKLOADS];
    size_t each = quick ? RESTLESS_QUICK : RESTLESS_WORKLOADS, n = RESTLESS * each, again = 0, waited = 0, gave_up = 0;
    const struct simulated_watch none = {0, 1}, watch = {TUNE_WATCH_PATIENCE_S, TUNE_ATTEMPTS};
    results->restless = calloc(n, sizeof *results->restless);
    if (!results->restless) return -ENOMEM;
    results->restless_count = n;
    for (size_t i = 0; i < n; i++) {
        struct simulated_trial *last = &results->restless[i];
        unsigned cpus = restless_cpus[i / each];
        uint64_t own = seed * 100000 + i % each;
        int error = simulated_restless(cpus, own, &search_defaults, none, &blind[i], last);
        if (!error)
            error = simulated_restless(cpus, own, &search_defaults, watch, &firsts[i], last);
        if (error) return error;
        again += last->attempts - 1;
        waited += firsts[i].waited_s > 0;
        gave_up += firsts[i].gave_up;
    }
    tune_say(out,
             "\nSimulated machines of 2, 4 and 16 cpus that change: a neighbour slows one cpu, or all, or all as soon "
             "as they work at\nonce, by 1.3 to 2, for 20 ms to 10 s at a time. %zu workloads; %zu first attempts "
             "waited, %zu gave up; %zu were made again.\nIn %%:\n  %-40s %5s  %6s %6s %6s  %4s  %6s %6s\n",
             n, waited, gave_up, again, "", "trials", "median", "p95", "max", ">15", "cost", "p95");
    for (int together = 1; together >= 0; together--) {
        tune_say(out, together ? " all as soon as they work at once:\n" : " one, or all:\n");
        print_restless(out, "without a watch", blind, n, together);
        print_restless(out, "through the watch: first attempts", firsts, n, together);
        print_restless(out, "through the watch: last attempts", results->restless, n, together);
    }
    return 0;
}
