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
    for (size_t i = 0; i < lab->run.sample_count; i++) sample_free(&lab->run.samples[i]);
    free(lab->run.samples);
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

static struct sample *sample_new(struct lab *lab)
{
    if (lab->run.sample_count == lab->room) {
        size_t room = lab->room ? 2 * lab->room : 64;
        struct sample *grown = realloc(lab->run.samples, room * sizeof *grown);
        if (!grown) {
            lab->error = -ENOMEM;
            return NULL;
        }
        lab->run.samples = grown;
        lab->room = room;
    }
    return &lab->run.samples[lab->run.sample_count];
}

const struct sample *lab_measure(struct lab *lab, unsigned id, unsigned block, unsigned order, bool instrumented)
{
    const struct cell *cell = &lab->cells[id];
    struct sample *sample = sample_new(lab);
    if (!sample) return NULL;
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
    *sample = (struct sample){.cell = id, .block = block, .order = order};
    repetition_run(&repetition, &script->clock, sample);
    script->dispatch_ns = dispatch_ns, script->join_ns = join_ns;
    lab->run.sample_count++;
    if (strcmp(sample->status, "ok") && !lab->error) lab->error = -EIO;
    return sample;
}

int lab_summary(struct lab *lab, struct summary *summary)
{
    struct reason why = {""};
    return lab->error ? lab->error : summary_make(&lab->run, summary, &why);
}
