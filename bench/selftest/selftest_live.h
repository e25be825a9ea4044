/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest_live.h: small runs in real processes, with injections, for the self-test.
 *
 *     struct live live;
 *     live_open(&live, test);
 *     unsigned serial = live_cell(&live, &(struct live_cell){.kernel = "spin", .size = 1000, .tasks = 5000});
 *     unsigned plain = live_cell(&live, &(struct live_cell){..., .runner = "openmp", .workers = 2, .baseline = serial});
 *     live_blocks(&live, 10, false, false);           // plan_order, measure_cell: what `run` does
 *     if (!live.error) live_values(&live, plain, LIVE_WALL, false, values);
 *     live_close(&live);
 */
#ifndef BREAKEVEN_SELFTEST_LIVE_H
#define BREAKEVEN_SELFTEST_LIVE_H

#include "bench/measure/measure.h"

#include "kernels/reason.h"
#include "results/models/summary.h"

struct selftest;
struct selftest_row;

enum { LIVE_CELLS = 96, LIVE_BLOCKS = 160, LIVE_BLOCKS_OF_RANKS = 24 };

/* Is that runner there, and can it run here? */
bool live_has(const char *runner);

struct live_cell {
    const char *kernel;
    uint64_t size, tasks;
    double task_ns;     /* instead of a size: it is calibrated to this duration, once for each problem */
    const char *runner; /* NULL: serial, and the baseline of its problem */
    unsigned workers;   /* processes or threads, by the runner's axes */
    uint64_t chunk;
    const char *schedule, *placement; /* NULL: default, none */
    unsigned baseline; /* id of the serial cell, or the cell's own: its results are held against its first ones */
    const struct inject *inject;
};

struct live {
    hwloc_topology_t topology;
    struct plan plan;
    struct measure measure;
    const struct selftest *test;
    struct cell cells[LIVE_CELLS];
    const struct inject *inject[LIVE_CELLS];
    struct run run; /* cells and samples taken so far */
    unsigned blocks;
    bool needs_quiet; /* set by the caller: what falls short on a loud machine tells of the machine alone */
    bool undisturbed; /* set by the caller: live_values and live_sample leave out samples that are suspect */
    char *policy;     /* what OMP_WAIT_POLICY was before live_wait_policy, "": not set; NULL: it was not called */
    int error;         /* the first thing that went wrong; 0 */
    struct reason why; /* of it, one line */
};

/* Error and `why` are set in each of these; once there is an error the others do nothing. */
void live_open(struct live *, const struct selftest *);
void live_close(struct live *);
unsigned live_cell(struct live *, const struct live_cell *);

/* Size and duration of a task of a cell's kernel, from its task_ns as `--task-time` finds them. */
struct kernel_task live_calibrate(struct live *, const struct live_cell *);

/* OMP_WAIT_POLICY for all repetitions until live_close. With the policy that is its default, libgomp's first region
 * takes 0.1 to 17 ms, in two heaps: what it costs to start has no middle that a few hundred repetitions would find
 * again. */
void live_wait_policy(struct live *, const char *policy);
#define LIVE_STEADY_POLICY "passive"

/* So many more blocks, with the instrumented repetitions beside the others or without. A sample that fails is an error,
 * unless `failures` says that they are wanted. */
void live_blocks(struct live *, unsigned count, bool instrumented, bool failures);

/* live_blocks in pairs until `enough` says so, at least `fewest`, at most `most`: a loud machine takes more of them. */
typedef bool live_enough(const struct live *, void *context);
void live_until(struct live *, unsigned fewest, unsigned most, bool instrumented, live_enough *enough, void *context);

/* Share of the samples that the program itself calls suspect; above LIVE_LOUD the machine is not its own. */
#define LIVE_LOUD 0.1
double live_suspects(const struct live *);

/* Adds a row that was judged by live samples. With --quick, one that does not hold on a machine that is too loud (more
 * than a tenth of the samples suspect) or too slow for --quick's time is skipped, with that as its reason. An error of
 * `live` does not hold. */
void live_judge(struct selftest *, const struct live *, struct selftest_row *, bool holds);

/* One figure of a cell by block, over all blocks (NAN where missing); values has room for live->blocks. */
enum live_figure { LIVE_WALL, LIVE_TOTAL, LIVE_INJECTED }; /* total: with start and stop */
void live_values(const struct live *, unsigned cell, enum live_figure, bool instrumented, double *values);

/* The first sample of a cell in a block; NULL: none. */
const struct observation *live_sample(const struct live *, unsigned cell, unsigned block, bool instrumented);

#endif
