/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/selftest/inject_script.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t script_now_ns(const struct clock *clock)
{
    return ((const struct inject_script *)clock->state)->now_ns;
}

static void pass_time(struct inject_script *script, double ns)
{
    script->now_ns += llround(ns * script->slowdown);
}

void inject_script_open(struct inject_script *script)
{
    *script = (struct inject_script){.slowdown = 1};
    script->clock = (struct clock){script_now_ns, script};
    for (size_t i = 0; i < sizeof script->share / sizeof *script->share; i++) script->share[i] = 1;
}

uint64_t inject_script_seed(struct inject_script *script)
{
    return (uint64_t)(uintptr_t)script;
}

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    (void)shared;
    *input = (void *)(uintptr_t)params->seed;
    return 0;
}

static void run_tasks(const void *input, size_t begin, size_t end, void *results)
{
    struct inject_script *script = (struct inject_script *)(uintptr_t)input;
    uint32_t *out = results;
    for (size_t i = begin; i < end; i++) out[i] = (uint32_t)i;
    pass_time(script, (double)(end - begin) * script->task_ns * script->share[script->worker]);
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    for (size_t i = 0; i < params->tasks; i++)
        if (((const uint32_t *)results)[i] != (uint32_t)i) {
            snprintf(why, why_size, "task %zu did not write its index", i);
            return -1;
        }
    return 1;
}

const struct kernel inject_script_kernel = {
    .version = KERNEL_VERSION,
    .name = "script",
    .summary = "takes as long as a script says",
    .bottleneck = BOTTLENECK_NONE,
    .default_tasks = 1000,
    .default_size = 1,
    .size_unit = "script",
    .result_size = sizeof(uint32_t),
    .prepare = prepare,
    .run = run_tasks,
    .verify = verify,
};

struct state {
    struct inject_script *script;
    const struct job *job;
    unsigned workers;
    size_t chunk;
};

static int start(const struct team *team, const struct job *job, void **out, struct failure *failure)
{
    static const char everywhere[] = "0";
    struct inject_script *script = (struct inject_script *)(uintptr_t)job->params.seed;
    struct state *state = malloc(sizeof *state);
    unsigned workers = team->processes * team->threads;
    if (!state || workers > sizeof script->share / sizeof *script->share) {
        free(state);
        snprintf(failure->text, sizeof failure->text, "no room for %u workers", workers);
        return -ENOMEM;
    }
    *state = (struct state){script, job, workers, team->chunk};
    for (unsigned i = 0; team->reports && i < workers; i++) {
        const char *cpus = team->cpus ? team->cpus[i] : everywhere;
        snprintf(team->reports[i].cpus, sizeof team->reports[i].cpus, "%s", cpus);
        team->reports[i].ready = 1;
    }
    pass_time(script, script->start_ns);
    *out = state;
    return 0;
}

/* One worker after the other, each from the same moment; then the clock stands where the last one ended. */
static int run(void *opaque, size_t tasks, void *results, struct failure *failure)
{
    (void)failure;
    struct state *state = opaque;
    struct inject_script *script = state->script;
    int64_t began_ns = script->now_ns, ended_ns = began_ns;
    for (unsigned i = 0; i < state->workers; i++) {
        size_t at = tasks * i / state->workers, end = tasks * (i + 1) / state->workers;
        script->now_ns = began_ns;
        script->worker = i;
        while (at < end) {
            size_t next = state->chunk && at + state->chunk < end ? at + state->chunk : end;
            pass_time(script, script->dispatch_ns);
            job_run(state->job, i, at, next, results);
            at = next;
        }
        if (script->now_ns > ended_ns) ended_ns = script->now_ns;
    }
    script->now_ns = ended_ns;
    pass_time(script, script->join_ns);
    return 0;
}

static void stop(void *opaque)
{
    struct state *state = opaque;
    pass_time(state->script, state->script->stop_ns);
    free(state);
}

const struct runner inject_script_runner = {
    .name = "script",
    .summary = "workers that follow a script",
    .axes = AXIS_PROCESSES | AXIS_THREADS | AXIS_CHUNK,
    .start = start,
    .run = run,
    .stop = stop,
};
