/* SPDX-License-Identifier: GPL-3.0-or-later */
/* versus.h: the same plan by another build, repetition by repetition beside this one: two paired runs.
 *
 *     struct versus versus;
 *     versus_find("../old", program, sizeof program, &why);
 *     versus_open(&versus, program, &plan, base_dir, manifest, &why);
 *     experiment.versus = &versus;        // each cell is measured by one build and then by the other, in changing order
 *     versus_close(&versus, complete, stopped, measured_ns);
 *
 * Both manifests carry the same "together"; results/summary/compare.h then pairs the runs block by block.
 */
#ifndef BREAKEVEN_VERSUS_H
#define BREAKEVEN_VERSUS_H

#include "bench/measure/measure.h"
#include "kernels/reason.h"

enum { VERSUS_PATH = 4096 };

struct versus {
    char program[VERSUS_PATH];
    char dir[VERSUS_PATH]; /* of the base run */
    struct json_t *manifest;
    struct measure measure; /* of the other build: its results are held against its own serial ones */
    int fd;                 /* samples.jsonl */
    size_t taken, failed;
};

/* The program that a path means: itself, or DIR/breakeven or DIR/build/breakeven. It must be able to say its version.
 * 0, or -errno with one line in `why`. */
int versus_find(const char *path, char *program, size_t size, struct reason *why);

/* Makes the base run's record in `dir`, which exists, as a copy of this run's manifest with the other build in it. 0 or
 * -errno with `why`. Plan and manifest stay the caller's. */
int versus_open(struct versus *, const char *program, const struct plan *, const char *dir,
                const struct json_t *manifest, struct reason *why);

/* One repetition by the other build, recorded. As measure_cell. */
int versus_take(struct versus *, unsigned cell, unsigned block, unsigned order, bool instrumented, struct reason *why);

/* Closes the record: how it ended, as manifest_finish. */
void versus_close(struct versus *, bool complete, const char *stopped, int64_t measured_ns);

#endif
