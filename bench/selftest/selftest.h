/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest.h: known answers go in, the tool must give them back (docs/method.md lists the rows V1 to V14).
 *
 *     struct selftest test = {.seed = 1, .quick = true};
 *     selftest_run(&test, &part);
 *     ... test.rows, test.count, test.failed ...
 *     selftest_free(&test);
 *
 * A part adds rows. Whatever it injects passes through the code that real measurements pass through: the repetition
 * with a clock that follows a script and a runner made up for it (inject.h), whole processes with delays added, the
 * statistics, models and budget of results/.
 */
#ifndef BREAKEVEN_SELFTEST_H
#define BREAKEVEN_SELFTEST_H

#include "bench/measure/measure.h"
#include "kernels/reason.h"
#include "results/models/summary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum selftest_outcome { SELFTEST_HOLDS, SELFTEST_FALLS_SHORT, SELFTEST_SKIPPED };
extern const char *const selftest_outcome_names[]; /* "holds", "falls short", "skipped" */

struct selftest_row {
    char id[8];          /* "V1" */
    char injected[120];  /* what went in */
    char came_back[600]; /* what came out, with its numbers */
    char wanted[100];    /* what would hold */
    double took_s;       /* since the row before, or the beginning: rows of one part share what they measured */
    unsigned tries;      /* how often its part was measured: again where the machine was loud */
    enum selftest_outcome outcome;
};

struct selftest {
    bool quick;       /* fewer trials and fewer live repetitions; the limits are widened to what so few can tell */
    uint64_t seed;    /* the same seed draws the same trials */
    int64_t until_ns; /* on clock_real: live rows stop then and are skipped; 0: never */
    int64_t last_ns;  /* on clock_real: when the last row was added; set by the caller to when it began */
    size_t count, failed, skipped;
    unsigned tries;   /* which try of a part this is, from 1 */
    bool loud;        /* set by a part whose samples were too often disturbed */
    unsigned calm_s;  /* the pause before another try */
    struct selftest_row *rows;
};

struct selftest_part {
    const char *ids; /* the rows it makes, "V1" or "V4,V5" */
    void (*run)(struct selftest *);
    bool again; /* measured once more on a machine that was loud: what it wants is exact */
};

/* Adds a row. The texts are filled by the caller beforehand; outcome by `holds`. */
void selftest_add(struct selftest *, const struct selftest_row *, bool holds);
/* A row that cannot be tried here, with the reason. */
__attribute__((format(printf, 4, 5))) void selftest_skip(struct selftest *, const char *id, const char *injected,
                                                         const char *format, ...);
/* Runs a part. One that asks for it once more, twice at most and whatever came out, where the machine was loud meanwhile
 * (not with quick): the rows of the last try count. */
void selftest_run(struct selftest *, const struct selftest_part *);
void selftest_free(struct selftest *);

/* The share of trials that may hit where each does with probability `rate`: the 99 % band of `trials`, or of 1000 where
 * there are more (docs/method.md's 93.2-96.8 % at 95 %): an interval may be off by what 1000 trials cannot show. */
struct selftest_band {
    double low, high;
};
struct selftest_band selftest_band(double rate, unsigned trials);

/* The parts. */
void selftest_fits(struct selftest *);         /* V1 */
void selftest_statistics(struct selftest *);   /* V2 */
void selftest_imbalance(struct selftest *);    /* V6 */
void selftest_budget(struct selftest *);       /* V5, V7 by script */
void selftest_drift(struct selftest *);        /* V8 */
void selftest_metg_script(struct selftest *);  /* V11 by script */
void selftest_same(struct selftest *);         /* V3 live */
void selftest_gate(struct selftest *);         /* V3: the gate of compare */
void selftest_dispatch(struct selftest *);     /* V4 live */
void selftest_terms(struct selftest *);        /* V5 live */
void selftest_closing(struct selftest *);      /* V6, V7 live */
void selftest_closing_ranks(struct selftest *); /* V7 of ranks, without --quick */
void selftest_neighbour(struct selftest *);    /* V9 */
void selftest_quota(struct selftest *);        /* V9 */
void selftest_mistakes(struct selftest *);     /* V13 */
void selftest_wrong_serial(struct selftest *); /* V13 */
void selftest_grain(struct selftest *);        /* V11 live */
void selftest_crossover(struct selftest *);    /* V12 */
void selftest_power(struct selftest *);        /* V14 */

/* Live: small runs in real processes, with injections, for the self-test.
 *
 *     struct live live;
 *     live_open(&live, test);
 *     unsigned serial = live_cell(&live, &(struct live_cell){.kernel = "spin", .size = 1000, .tasks = 5000});
 *     unsigned plain = live_cell(&live, &(struct live_cell){..., .runner = "openmp", .workers = 2, .baseline = serial});
 *     live_blocks(&live, 10, false, false);           // plan_order, measure_cell: what `run` does
 *     if (!live.error) live_values(&live, plain, LIVE_WALL, false, values);
 *     live_close(&live);
 */
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
