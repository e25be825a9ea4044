/* SPDX-License-Identifier: GPL-3.0-or-later */
/* _cell: one repetition in a fresh process. Reads a spec, answers with a sample, loads no topology. */
#include "bench/base/answer.h"
#include "bench/base/site.h"
#include "bench/cli/options.h"
#include "bench/measure/repetition.h"
#include "bench/plan/kernel_info.h"
#include "bench/plan/spec.h"
#include "runners/worker.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int64_t clock_cost_ns(void)
{
    enum { READINGS = 256 };
    int64_t began_ns = clock_now_ns(&clock_real), ended_ns = began_ns;
    for (int i = 0; i < READINGS; i++) ended_ns = clock_now_ns(&clock_real);
    return (ended_ns - began_ns) / READINGS;
}

static int set_up(const struct spec *spec, struct repetition *repetition, struct reason *why)
{
    const struct cell *cell = &spec->cell;
    enum schedule schedule;
    int error = kernel_load(cell->kernel, &repetition->kernel, why);
    if (error) return error;
    repetition->runner = runner_find(cell->runner);
    if (!repetition->runner || schedule_find(cell->schedule, &schedule))
        return reason_give(why, -1, "no runner \"%s\" with schedule \"%s\"", cell->runner, cell->schedule);
    bool env = !strcmp(cell->placement, "env"), starts = repetition->runner->setup;
    if (env) site_obey_openmp(); /* the user's own binding: by the runtime of this process, or of one that it starts */
    if (env && repetition->runner->axes & AXIS_THREADS && !starts) worker_rebind_openmp();
    repetition->kernel_path = kernel_is_path(cell->kernel) ? cell->kernel : NULL;
    repetition->params = (struct kernel_params){cell->tasks, cell->size, cell->seed};
    repetition->team = (struct team){.processes = cell->processes,
                                     .threads = cell->threads,
                                     .nodes = cell->nodes,
                                     .chunk = cell->chunk,
                                     .schedule = schedule,
                                     .cpus = (const char *const *)spec->cpus};
    repetition->warmup = spec->warmup;
    repetition->warmup_tasks = spec->warmup_tasks;
    repetition->instrumented = spec->instrumented;
    repetition->timeline = spec->timeline;
    repetition->inject = spec->has_inject ? &spec->inject : NULL;
    return 0;
}

static int run(const struct options *options)
{
    json_t *question = answer_question();
    if (!question) return options_complain(options, "the program uses this verb on itself; try \"breakeven run\"");
    struct spec spec = {0};
    struct repetition repetition = {0};
    struct sample sample = sample_unmeasured();
    struct reason why = {""};
    if (spec_from_json(question, &spec, &why) || set_up(&spec, &repetition, &why)) {
        snprintf(sample.status, sizeof sample.status, "error");
        snprintf(sample.cause, sizeof sample.cause, "%.255s", why.text);
    } else {
        sample.clock_ns = clock_cost_ns();
        repetition_run(&repetition, &clock_real, &sample);
    }
    json_decref(question);
    char *line = sample_to_json(&sample);
    int status = answer_write(line);
    free(line);
    sample_free(&sample);
    spec_free(&spec);
    return status;
}

const struct verb verb_cell = {
    .name = "_cell",
    .summary = "one repetition of one cell",
    .run = run,
};
