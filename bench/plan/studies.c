/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/studies.h"

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
    REPS_MAX = 20,
    TASKS_FEW = 32,
    TASKS_MANY = 128,
    ALL_MAX = 8
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

static void add_number(char *list, size_t size, unsigned number)
{
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%u", used ? "," : "", number);
}

/* 1, 2, 4, ... up to `last`, with `corner` (the number of cpus) and `last` among them; every number where those are
 * few. */
static void list_workers(unsigned first, unsigned corner, unsigned last, char *list, size_t size)
{
    *list = '\0';
    for (unsigned p = first; p <= last; p++) {
        bool power = (p & (p - 1)) == 0;
        if (last <= ALL_MAX || power || p == corner || p == last) add_number(list, size, p);
    }
}

static void list_few(unsigned cpus, char *list, size_t size)
{
    *list = '\0';
    add_number(list, size, 2);
    if (cpus / 4 > 2) add_number(list, size, cpus / 4);
    if (cpus > 2) add_number(list, size, cpus);
}

/* The value of one word in braces. */
static void word_value(const char *word, unsigned cpus, double scale, char *value, size_t size)
{
    uint64_t ns;
    struct reason why = {""};
    if (!strcmp(word, "cpus")) snprintf(value, size, "%u", cpus);
    else if (!strcmp(word, "all")) list_workers(1, cpus, 2 * cpus, value, size);
    else if (!strcmp(word, "part")) list_workers(1, cpus, cpus, value, size);
    else if (!strcmp(word, "few")) list_few(cpus, value, size);
    else if (!strcmp(word, "share")) snprintf(value, size, "%u", 20000 / cpus);
    else if (!strcmp(word, "tasks"))
        snprintf(value, size, "%u", 4 * cpus < TASKS_FEW ? TASKS_FEW : 4 * cpus > TASKS_MANY ? TASKS_MANY : 4 * cpus);
    else if (!values_duration(word, &ns, &why)) snprintf(value, size, "%.0fns", fmax(1, (double)ns * scale));
    else snprintf(value, size, "{%s}", word);
}

int studies_expand(const char *text, unsigned cpus, double scale, char *out, size_t size)
{
    size_t used = 0;
    for (const char *c = text; *c;) {
        char word[32], value[256];
        size_t length = *c == '{' ? strcspn(c, "}") : 0;
        if (length && length < sizeof word) {
            snprintf(word, sizeof word, "%.*s", (int)length - 1, c + 1);
            word_value(word, cpus, scale, value, sizeof value);
            c += length + 1;
        } else snprintf(value, sizeof value, "%c", *c++);
        if (used + strlen(value) >= size) return -ENAMETOOLONG;
        memcpy(out + used, value, strlen(value) + 1);
        used += strlen(value);
    }
    return 0;
}

/* A grid of a study for this machine: text, and what it is scaled by. */
struct expansion {
    const char *study, *text;
    const struct verb *const *verbs;
    double scale;
};

static int add_grid(struct plan *plan, const struct expansion *of, struct reason *why)
{
    char expanded[1024], *words[64] = {(char *)"breakeven", (char *)"run"}, *rest;
    int count = 2;
    if (studies_expand(of->text, plan->cpus, of->scale, expanded, sizeof expanded)) return -ENAMETOOLONG;
    for (char *word = strtok_r(expanded, " ", &rest); word && count < 63; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
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
