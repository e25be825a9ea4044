/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.h: from what was asked to the cells that are measured, and their order.
 *
 *     struct plan plan;
 *     plan_open(&plan, topology, cpus, &protocol);
 *     if (!plan_add(&plan, "run", options, &why) && !plan_close(&plan, &why))
 *         for (block...) { plan_order(plan.cells, plan.cell_count, seed, block, order); ... plan.cells[order[i]] ... }
 *     plan_free(&plan);
 *
 * Every problem (kernel, size, tasks) of a study gets its serial cell; axes that a runner lacks collapse;
 * configurations that mean the same are one cell.
 */
#ifndef BREAKEVEN_PLAN_H
#define BREAKEVEN_PLAN_H

#include "bench/cli/options.h"
#include "bench/plan/kernel_info.h"
#include "kernels/reason.h"
#include "results/record/record.h"
#include "runners/cpus/placement.h"

#include <limits.h>
#include <stdbool.h>

enum { PLAN_WARMUP_AUTO = -1, PLAN_SPANS_AUTO = -1, PLAN_DUPLICATE_MIN = 6 };

/* How the cells are measured; all of it is in the manifest. */
struct protocol {
    uint64_t reps;          /* repetitions of each cell; with a precision: the most of them */
    uint64_t reps_min;      /* with a precision or a time limit: the fewest */
    double precision;       /* stop when every interval's half-width is at most this share of its median; 0: no */
    double settle;          /* cells of a problem whose intervals are all within this take no more (tally.h); 0: all go on */
    uint64_t time_limit_ns; /* begin no block after this; 0: none */
    int warmup;             /* passes; PLAN_WARMUP_AUTO */
    int spans;              /* instrumented repetitions of each cell; PLAN_SPANS_AUTO */
    bool timeline;          /* instrumented repetitions leave a trace of each call of the kernel */
    uint64_t deadline_ns;   /* of a repetition; 0: from what is expected */
    uint64_t memory_bytes;  /* cap for each process */
    uint64_t seed;
    uint64_t task_seed; /* for kernels that draw numbers */
    unsigned share, shares; /* only part `share` of so many (plan_is_mine); 0, 0: all of it */
};

struct inject;

/* What the planner adds to a cell. */
struct plan_cell {
    unsigned info;  /* index into plan.infos */
    double task_ns; /* a task's expected serial duration; 0: unknown */
    unsigned warmup;       /* passes before the timed one */
    uint64_t warmup_tasks; /* in each of them; 0: all */
    uint64_t deadline_ns;
    unsigned placement;          /* index into plan.placements */
    const char *program;         /* the build that runs it; NULL: this one */
    const struct inject *inject; /* NULL: nothing (inject.h) */
};

struct plan_placement {
    char policy[64];
    unsigned processes, threads;
    struct placement placement;
};

/* A size that was found for a task time: asked once, so that all grids mean the same problem by it. */
struct plan_calibration {
    unsigned info;
    double goal_ns;
    struct kernel_task found;
};

struct plan {
    hwloc_topology_t topology; /* not owned */
    unsigned cpus;             /* that this process may use */
    struct protocol protocol;
    unsigned cell_count, info_count, calibration_count, placement_count, note_count;
    struct cell *cells;
    struct plan_cell *extra; /* extra[cell] */
    struct kernel_info *infos;
    struct plan_calibration *calibrations;
    struct plan_placement *placements;
    char speeds[256]; /* of the kinds of cores, measured: "kind 1 is 1, kind 0 is 0.45"; "" where alike */
    char **notes; /* what was left out, and why: one line each, for people and for the manifest */
};

void plan_open(struct plan *, hwloc_topology_t, unsigned cpus, const struct protocol *);
void plan_free(struct plan *);

/* Adds the cells of one grid, given as the command line would: kernels (at least one), runners (none: all that can run
 * here), processes, threads or workers, tasks or work, sizes or task times, chunks, schedules, placements. Calibrates
 * where a task time is asked. 0, or -errno with one line in `why`: nothing in the grid makes sense, or something
 * cannot. */
int plan_add(struct plan *, const char *study, const struct options *grid, struct reason *why);

/* Adds cells that were recorded, as they are (--resume), with the durations that were expected of their tasks. */
int plan_adopt(struct plan *, const struct cell *, unsigned count, const double *task_ns, struct reason *why);

/* Settles what depends on all cells: the A/A duplicates, warm-up, deadlines, placements. 0 or -errno with `why`. */
int plan_close(struct plan *, struct reason *why);

/* Processes of a cell on this host, and on each other one. */
unsigned plan_processes_here(const struct cell *);

/* Expected duration of one repetition of a cell, start-up of processes included; a guess where nothing is known. */
double plan_expected_ns(const struct plan *, unsigned cell);

__attribute__((format(printf, 2, 3))) void plan_note(struct plan *, const char *format, ...);

/* Does this process measure the cell? Of the cells that are not serial, counted through, every shares-th; a duplicate with
 * the cell that it repeats; a serial one where a cell of its problem is measured. */
bool plan_is_mine(const struct plan *, unsigned cell);

/* "3/8" as the share of a protocol. 0 or -EINVAL. */
int plan_share(const char *text, struct protocol *);

/* The order of a block: order[position] = cell, for cell_count cells. A pure function of the cells' baselines, the seed
 * and the block.
 *
 * Cells of one problem stand together, the serial one first, problems and their cells shuffled once by the seed. Blocks
 * go in pairs: pair k is that sequence rotated by k steps of a stride that is coprime to its length (the rows of a
 * cyclic Latin square: over cell_count pairs each cell stands once at each position), the second block of a pair runs
 * it backwards. So a linear drift adds to each difference between two cells as much in one block of a pair as it takes
 * away in the other. In block 0 each serial cell leads its problem: its results are what the others are checked
 * against. */
void plan_order(const struct cell *cells, unsigned count, uint64_t seed, unsigned block, unsigned *order);

/* ---- for plan.c and plan_grid.c alone: how the parts of the planner add to a plan ---- */

#define PLAN_OWN UINT_MAX /* baseline of a cell that is its own */

/* What a kernel may use while it is asked: what a repetition may. */
struct kernel_info_limits plan_limits(const struct plan *);

/* Finds a kernel's information in the plan, or asks for it. 0 or -errno with `why`. */
int plan_kernel(struct plan *, const char *name, unsigned *info, struct reason *why);

/* kernel_info_calibrate of a kernel of the plan, once for each task time and number of tasks; the seed is the plan's. */
int plan_calibrate(struct plan *, unsigned info, struct kernel_task *, struct reason *why);

/* Finds the cell of the same study, problem and configuration, or adds it, and says its id. 0 or -ENOMEM. */
int plan_put(struct plan *, const struct cell *, unsigned info, double task_ns, unsigned *id);

/* Computes where the workers of a cell go, once for each policy and team; *placement: an index into plan.placements. 0 or
 * -errno with `why`. */
int plan_place(struct plan *, const struct cell *, unsigned *placement, struct reason *why);

#endif
