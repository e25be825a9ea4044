/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune: what all its subjects share. */
#include "bench/tune/tune.h"

#include "bench/machine/speeds.h"
#include "bench/measure/rundir.h"
#include "kernels/reason.h"
#include "runners/cpus/cpukind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where limits are read from: a made-up tree of /proc and /sys in tests, this system otherwise. */
static const char *limits_root(void)
{
    const char *root = getenv("BREAKEVEN_TEST_ROOT");
    return root ? root : "";
}

int tune_open(struct tune *tune, const struct options *options)
{
    struct reason why = {""};
    *tune = (struct tune){.options = options, .search = search_defaults};
    if (options->json && options->shell) return options_complain(options, "--json and --shell both say what to print");
    if (limits_read(limits_root(), &tune->limits, &why)) return options_complain(options, "%s", why.text);
    for (int i = 0; options->minimise && options_objectives[i]; i++)
        if (!strcmp(options->minimise, options_objectives[i])) tune->objective = (enum tune_objective)i;
    tune->search.within = options->within;
    if (options_given(options, "time-limit")) tune->search.budget_s = (double)options->time_limit_ns / 1e9;
    return rundir_check(options);
}

double tune_patience_s(const struct options *options)
{
    return options_given(options, "patience") ? (double)options->patience_ns / 1e9 : TUNE_WATCH_PATIENCE_S;
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

void tune_fail(struct tune *tune, const struct search_point *point, const char *cause, const char *output)
{
    if (tune_failure_of(tune, point)) return;
    struct tune_failure *failures = realloc(tune->failures, (tune->failure_count + 1) * sizeof *failures);
    if (!failures) return;
    tune->failures = failures;
    struct tune_failure *failure = &failures[tune->failure_count++];
    *failure = (struct tune_failure){.point = *point, .output = output && *output ? strdup(output) : NULL};
    snprintf(failure->cause, sizeof failure->cause, "%s", cause);
}

const struct tune_failure *tune_failure_of(const struct tune *tune, const struct search_point *point)
{
    for (size_t i = 0; i < tune->failure_count; i++)
        if (search_same(&tune->space, &tune->failures[i].point, point)) return &tune->failures[i];
    return NULL;
}
