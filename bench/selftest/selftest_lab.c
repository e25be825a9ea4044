/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/selftest/selftest_lab.h"

#include "bench/measure/repetition.h"
#include "kernels/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lab_open(struct lab *lab)
{
    *lab = (struct lab){.error = 0};
    inject_script_open(&lab->script);
    lab->run.cells = lab->cells;
    lab->run.complete = true;
}

void lab_close(struct lab *lab)
{
    run_samples_free(&lab->run);
}

unsigned lab_cell(struct lab *lab, uint64_t tasks, unsigned workers, uint64_t chunk, int baseline)
{
    unsigned id = lab->run.cell_count++;
    lab->cells[id] = (struct cell){.id = id,
                                   .baseline = baseline == LAB_SERIAL ? id : (unsigned)baseline,
                                   .duplicate = id,
                                   .study = "granularity",
                                   .kernel = "script",
                                   .label = "script",
                                   .schedule = "default",
                                   .placement = "none",
                                   .size = 1,
                                   .tasks = tasks,
                                   .processes = workers,
                                   .threads = 1,
                                   .chunk = chunk};
    snprintf(lab->cells[id].runner, sizeof lab->cells[id].runner, "%s", baseline == LAB_SERIAL ? "serial" : "script");
    return id;
}

const struct observation *lab_measure(struct lab *lab, unsigned id, unsigned block, unsigned order, bool instrumented)
{
    const struct cell *cell = &lab->cells[id];
    struct sample sample = {.cell = id, .block = block, .order = order};
    struct inject_script *script = &lab->script;
    double dispatch_ns = script->dispatch_ns, join_ns = script->join_ns;
    if (cell->baseline == id) script->dispatch_ns = script->join_ns = 0;
    struct repetition repetition = {
        .kernel = &inject_script_kernel,
        .runner = &inject_script_runner,
        .params = {cell->tasks, cell->size, inject_script_seed(script)},
        .team = {.processes = cell->processes, .threads = cell->threads, .chunk = cell->chunk},
        .instrumented = instrumented,
    };
    repetition_run(&repetition, &script->clock, &sample);
    script->dispatch_ns = dispatch_ns, script->join_ns = join_ns;
    int error = run_add(&lab->run, &sample, -1);
    if (!error && strcmp(sample.status, "ok")) error = -EIO;
    sample_free(&sample);
    if (!lab->error) lab->error = error;
    return error == -ENOMEM ? NULL : &lab->run.samples[lab->run.sample_count - 1];
}

int lab_summary(struct lab *lab, struct summary *summary)
{
    struct reason why = {""};
    return lab->error ? lab->error : summary_make(&lab->run, summary, &why);
}
