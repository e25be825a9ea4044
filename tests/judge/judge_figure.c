/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regret against search cost, one point a trial. */
#include "tests/judge/judge.h"

#include "kernels/reason.h"
#include "plots/plots.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_S = 20 };

static const char script[] =
    "# regret against search cost: one point a kernel and task size, small ones for simulated machines\n"
    "if (!exists('KINDS')) KINDS = 'svg png'\n"
    "set encoding utf8\n"
    "set colorsequence podo\n"
    "set title 'What tuning leaves on the table, and what it costs'.\"\\n{/*0.7 \".CAPTION.'}'\n"
    "set xlabel 'measuring time of the search, % of the grid with 15 repetitions of each cell (log)'\n"
    "set ylabel 'regret, % slower than the best (held out, log)'\n"
    "set logscale xy\n"
    "set xrange [0.01:100]\n"
    "set yrange [0.01:100]\n"
    "set ytics ('under 0.05' 0.022, '0.1' 0.1, '1' 1, '10' 10, '100' 100)\n"
    "set grid x lc rgb '#dddddd'\n"
    "set key outside right top\n"
    "set arrow 1 from 10, graph 0 to 10, graph 1 nohead dt 2 lc rgb '#595959'\n"
    "set arrow 2 from graph 0, first 1 to graph 1, first 1 nohead dt 2 lc rgb '#595959'\n"
    "set arrow 3 from graph 0, first 15 to graph 1, first 15 nohead dt 3 lc rgb '#595959'\n"
    "set arrow 4 from graph 0, first 0.05 to graph 1, first 0.05 nohead lc rgb '#595959'\n"
    "# what is no regret lies spread over the band below the line, where it can be told apart\n"
    "band(y, at) = y < 0.05 ? 0.012*exp(1.3*at) : y\n"
    "do for [kind in KINDS] {\n"
    "    if (kind eq 'svg') { set terminal svg size 960,600 dynamic enhanced mouse standalone background '#ffffff' }\n"
    "    if (kind eq 'png') { set terminal pngcairo size 1600,1000 enhanced fontscale 1.4 linewidth 2 pointscale 1.6 "
    "background '#ffffff' }\n"
    "    set output 'tune.'.kind\n"
    "    plot 'tune.dat' index 'simulated' using 1:(band($2, rand(0))) with points pt 7 ps 0.25 lc rgb '#8c8c8c' title "
    "'simulated machines', \\\n"
    "         for [i=0:KERNELS-1] 'tune.dat' index 'kernel '.word(NAMES, i+1) using 2:(band($3, real(i)/KERNELS)) with "
    "points lt i+1 pt i+4 ps 1 title word(NAMES, i+1)\n"
    "    unset output\n"
    "}\n";

static bool starts_kernel(const struct tune_trial *trials, size_t i)
{
    return !i || strcmp(trials[i].kernel, trials[i - 1].kernel);
}

static void print_data(FILE *file, const struct tune_results *results)
{
    fprintf(file, "# kernel, measuring time of the search in %% of the grid's, regret in %%, task in ns\n");
    for (size_t i = 0; i < results->trial_count; i++) {
        const struct tune_trial *trial = &results->trials[i];
        if (starts_kernel(results->trials, i)) fprintf(file, "%s# kernel %s\n", i ? "\n\n" : "", trial->kernel);
        fprintf(file, "%s %g %g %g\n", trial->kernel, 100 * trial->search_s / trial->grid_s,
                100 * fmax(trial->regret.median, 0), trial->problem.task_ns);
    }
    fprintf(file, "%s# simulated\n", results->trial_count ? "\n\n" : "");
    for (size_t i = 0; i < results->simulated_count; i++)
        fprintf(file, "%g %g\n", 100 * results->simulated[i].cost, 100 * results->simulated[i].tuned.regret);
}

static void print_script(FILE *file, const struct tune_results *results)
{
    char when[32], host[65] = "";
    size_t drawn = 0;
    time_t now = time(NULL);
    struct tm utc;
    gethostname(host, sizeof host - 1);
    strftime(when, sizeof when, "%Y-%m-%d", gmtime_r(&now, &utc));
    fprintf(file, "CAPTION = '%s, %s, %u cpus; regret from held-out blocks; 15 %%, 1 %% and 10 %% are marked'\n", host,
            when, results->cpus);
    fputs("NAMES = '", file);
    for (size_t i = 0; i < results->trial_count; i++)
        if (starts_kernel(results->trials, i)) fprintf(file, "%s%s", drawn++ ? " " : "", results->trials[i].kernel);
    fprintf(file, "'\nKERNELS = %zu\n%s", drawn, script);
}

static int write_file(const char *dir, const char *name, const struct tune_results *results,
                      void (*print)(FILE *, const struct tune_results *))
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file) return -ENOMEM;
    print(file, results);
    int error = fclose(file) || !text ? -ENOMEM : record_write_file(dir, name, text, size);
    free(text);
    return error;
}

int tune_figure(const char *dir, const struct tune_results *results, struct reason *why)
{
    int error = mkdir(dir, 0777) && errno != EEXIST ? -errno : 0;
    if (!error) error = write_file(dir, "tune.dat", results, print_data);
    if (!error) error = write_file(dir, "tune.gp", results, print_script);
    if (!error) return gnuplot_run(dir, NULL, "tune.gp", NULL, DEADLINE_S, why);
    return reason_give(why, error, "cannot write into %s: %s", dir, strerror(-error));
}
