/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/studies.h"
#include "bench/plan/grid_words.h"

#include "kernels/reason.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* On two cpus the whole takes about two minutes with the fewest repetitions. Most cells do 20 to 30 ms of work: long
 * against the clock and a wake-up, short enough for many repetitions. */
const struct study_grid studies_grids[] = {
    {"scaling",
     "--kernel spin,primes,collatz,mandelbrot,nqueens,ep,triad,matmul --task-time {400us} --tasks 60 "
     "--runner openmp,forkpool --workers {all}",
     "--kernel spin,triad --task-time {200us} --tasks 60 --runner openmp,forkpool --workers {all}"},
    {"scaling", "--kernel spin,mandelbrot --task-time {400us} --tasks 60 --runner python --workers {all}", NULL},
    {"scaling", "--kernel square --task-time {10ms} --tasks 64 --runner openmp,forkpool,python --workers 1..64*2",
     "--kernel square --task-time {2ms} --tasks 32 --runner openmp,forkpool,python --workers 4..32*8"},
    {"granularity",
     "--kernel spin --task-time 100ns,300ns,1us,3us,10us,30us,100us,1ms --work {20ms} --workers {cpus} "
     "--runner openmp --schedule dynamic,tasks --chunk 1",
     "--kernel spin --task-time 100ns..1ms*10 --work {10ms} --workers {cpus} --runner openmp --schedule dynamic "
     "--chunk 1"},
    {"granularity",
     "--kernel spin --task-time 100ns,300ns,1us,3us,10us,30us,100us,1ms --work {20ms} --workers {cpus} "
     "--runner forkpool --chunk 1",
     "--kernel spin --task-time 100ns..1ms*10 --work {10ms} --workers {cpus} --runner forkpool --chunk 1"},
    {"granularity",
     "--kernel spin --task-time 100ns,300ns,1us,3us,10us,30us,100us,1ms --work {20ms} "
     "--processes {cpus} --threads 1 --runner hybrid --schedule dynamic --chunk 1",
     NULL},
    {"granularity",
     "--kernel spin --task-time 10us,30us,100us,1ms --work {20ms} --workers {cpus} --runner python --chunk 1",
     "--kernel spin --task-time 100us,1ms --work {10ms} --workers {cpus} --runner python --chunk 1"},
    {"breakeven",
     "--kernel spin --task-time 1us,10us,100us,1ms,10ms --tasks {tasks} --workers {few} "
     "--runner openmp,forkpool,hybrid,python",
     "--kernel spin --task-time 1us,100us,10ms --tasks 8 --workers {cpus} --runner openmp,forkpool"},
    {"chunk",
     "--kernel spin --task-time 1us --tasks 20000 --chunk 1..{share}*4 --workers {cpus} --runner openmp "
     "--schedule dynamic",
     "--kernel spin --task-time 1us --tasks 20000 --chunk 1..{share}*64 --workers {cpus} --runner openmp --schedule "
     "dynamic"},
    {"chunk", "--kernel spin --task-time 1us --tasks 20000 --chunk 1..{share}*4 --workers {cpus} --runner forkpool",
     "--kernel spin --task-time 1us --tasks 20000 --chunk 1..{share}*64 --workers {cpus} --runner forkpool"},
    {"hybrid", "--kernel nqueens --task-time {400us} --tasks 60 --runner hybrid --workers {all}",
     "--kernel nqueens --task-time {200us} --tasks 60 --runner hybrid --workers {part}"},
    {"placement",
     "--kernel spin,triad --task-time {400us} --tasks 60 --runner openmp,forkpool --workers {part} "
     "--placement none,close,spread",
     "--kernel triad --task-time {200us} --tasks 60 --runner openmp --workers {cpus} --placement none,close,spread"},
    {0},
};

enum {
    WHOLE_LIMIT_S = 150,
    QUICK_LIMIT_S = 20,
    REPS_MIN = 6,
    REPS_MAX = 20
};

void studies_protocol(bool quick, struct protocol *protocol)
{
    *protocol = (struct protocol){.reps = quick ? REPS_MIN : REPS_MAX,
                                  .reps_min = REPS_MIN,
                                  .time_limit_ns = (quick ? QUICK_LIMIT_S : WHOLE_LIMIT_S) * UINT64_C(1000000000),
                                  .warmup = PLAN_WARMUP_AUTO,
                                  .spans = PLAN_SPANS_AUTO,
                                  .task_seed = 1};
}

/* A grid of a study for this machine: text, and what it is scaled by. */
struct expansion {
    const char *study, *text;
    const struct verb *const *verbs;
    double scale;
};

static int add_grid(struct plan *plan, const struct expansion *of, struct reason *why)
{
    char text[1024], values[64][256], *words[64] = {(char *)"breakeven", (char *)"run"}, *rest;
    int count = 2;
    snprintf(text, sizeof text, "%s", of->text);
    for (char *word = strtok_r(text, " ", &rest); word && count < 63; word = strtok_r(NULL, " ", &rest)) {
        if (grid_words_expand(word, plan->cpus, of->scale, values[count], sizeof *values, why)) return -EINVAL;
        words[count] = values[count];
        count++;
    }
    struct options grid;
    int error = options_parse(&grid, of->verbs, count, words);
    error = error == -1 ? plan_add(plan, of->study, &grid, why) : -EINVAL;
    options_free(&grid);
    return error;
}

static bool is_wanted(const struct options *options, const char *study)
{
    for (size_t i = 0; i < options->studies.count; i++)
        if (!strcmp(options->studies.values[i], study)) return true;
    return options->studies.count == 0;
}

int studies_add(struct plan *plan, const struct options *options, double scale, struct reason *why)
{
    for (const struct study_grid *study = studies_grids; study->study; study++) {
        const char *text = options->quick ? study->quick : study->options;
        struct expansion of = {study->study, text, options->verbs, scale};
        struct reason reason = {""};
        if (!text || !is_wanted(options, study->study)) continue;
        unsigned before = plan->cell_count;
        if (!add_grid(plan, &of, &reason)) continue;
        if (plan->cell_count == before || !strncmp(reason.text, "nothing is left", 15))
            continue; /* a runner that is left out */
        return reason_give(why, -EINVAL, "study %s: %s", study->study, reason.text);
    }
    if (plan->cell_count) return 0;
    return reason_give(why, -EINVAL, "nothing is left to measure");
}

double studies_expected_ns(const struct plan *plan)
{
    double sum = 0;
    for (unsigned i = 0; i < plan->cell_count; i++)
        sum += plan_expected_ns(plan, i) * (double)(plan->protocol.reps_min + (plan->cells[i].baseline != i));
    return sum;
}
