/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inject_script.h: a team that is not there: a runner, a kernel and a clock whose times follow a script, to the ns.
 *
 *     struct inject_script script;
 *     inject_script_open(&script);
 *     script.task_ns = 1000, script.dispatch_ns = 50;
 *     struct repetition repetition = {.kernel = &inject_script_kernel, .runner = &inject_script_runner,
 *                                     .params = {tasks, 1, inject_script_seed(&script)}, .team = {...}};
 *     repetition_run(&repetition, &script.clock, &sample);
 *
 * The real repetition times it, checks its results and reads its spans. In no list: only tests and the self-test know
 * it.
 */
#ifndef BREAKEVEN_INJECT_SCRIPT_H
#define BREAKEVEN_INJECT_SCRIPT_H

#include "runners/runner.h"
#include "bench/base/clock.h"

struct inject_script {
    struct clock clock;
    int64_t now_ns;
    double slowdown;    /* everything lasts this many times as long: the machine at this moment */
    double task_ns;     /* a task */
    double dispatch_ns; /* before each chunk, in the worker */
    double start_ns, stop_ns;
    double join_ns;   /* from the last task's end to the return of run */
    double share[64]; /* how many times task_ns a task of this worker lasts: imbalance */
    unsigned worker;  /* whose time it is */
};

/* 1 for every factor, 0 for every cost. The script must not move afterwards. */
void inject_script_open(struct inject_script *);

/* Kernels and runners are given a job and nothing else: the script's address travels in params.seed. */
uint64_t inject_script_seed(struct inject_script *);

extern const struct kernel inject_script_kernel;
/* Each worker has an equal part of the tasks, in chunks of team.chunk (0: one chunk). */
extern const struct runner inject_script_runner;

#endif
