/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary.h: from samples to figures: one row per cell, each figure a median with its interval.
 *
 *     struct summary summary;
 *     if (!summary_make(&run, &summary, &why)) { ... summary_free(&summary); }
 *
 * Works on a recorded run alone; measures nothing.
 */
#ifndef BREAKEVEN_SUMMARY_H
#define BREAKEVEN_SUMMARY_H

#include "results/models/budget.h"
#include "results/statistics/models.h"
#include "results/statistics/pool_fit.h"
#include "results/record/record.h"
#include "results/statistics/stats.h"

#include <stdio.h>

enum quantity_id {
#define QUANTITY(name, unit, meaning) QUANTITY_##name,
#include "results/models/quantities.h"
#undef QUANTITY
    QUANTITIES
};
extern const struct quantity_kind {
    const char *name, *unit, *meaning;
} quantity_kinds[QUANTITIES];

enum finding_topic {
#define TOPIC(name, heading) TOPIC_##name,
#include "results/models/topics.h"
#undef TOPIC
    TOPICS
};
extern const struct topic_kind {
    const char *name, *heading;
} topic_kinds[TOPICS];

/* A plain sentence with this machine's numbers, made from verdicts. */
struct statement {
    enum finding_topic topic;
    char *text;
};

struct cell_summary {
    const struct cell *cell; /* in the run */
    struct quantity quantity[QUANTITIES];
    struct budget budget;                       /* where the time went; budget.n = 0 without instrumented samples */
    unsigned workers;                           /* processes x threads: p */
    size_t samples, errors, suspects, outliers; /* samples: good ones that headline figures come from */
    size_t stopped;                             /* by tune, half-way, as it could no longer be the best: no failure */
    bool autocorrelated;                        /* wall times follow one another: the interval is too narrow */
    char verified[20];                          /* the weakest of the good samples' words; "" where there is none */
    char error[256];                            /* cause of the first failed sample, "" */
    char suspect[96];                           /* union of the samples' words */
};

/* The smallest task size at which a runner reaches `efficiency`, by log-linear interpolation between the cells of one
 * study that differ in task size alone. */
struct metg {
    const struct cell *cell; /* its first: all but the size is that of all its cells */
    double efficiency; /* asked for: the manifest's `efficiency`, 0.5 without one */
    bool reached;
    bool bound; /* reached at the smallest size measured already: an upper bound, which is the interval's high end */
    struct quantity granularity_ns; /* p T_p/N there: overhead included; high is INFINITY where some resampled runs
                                       do not reach it. Percentile bootstrap over blocks; NAN where not reached */
    struct quantity work_ns;        /* T_s/N there: useful work per task */
    double smallest_ns, largest_ns, best_efficiency; /* what was measured, to explain a "not reached" */
};

/* When does a runner beat serial? */
struct crossover {
    const struct cell *cell; /* the first of its size */
    bool earliest;  /* of one runner, schedule and task size the team that pays with the fewest tasks: one each */
    double task_ns; /* measured granularity, T_s/N */
    /* Smallest N for which start + run + stop is below serial; INFINITY: never, at this task size. */
    struct quantity tasks;
    /* Smallest task duration for which the run phase alone is below serial; NAN: not seen. */
    struct quantity warm_task_ns;
    bool warm_bound; /* it is below serial at the smallest task measured already: an upper bound, as above */
    /* The same for start + run + stop of as many tasks as were measured. */
    struct quantity cold_task_ns;
    bool cold_bound;
    /* What the costs of the runner, fitted to another kernel's cells of the same study (`calibration`: spin or empty),
     * say of the same three. NAN: no such cells; calibration "" then. */
    double predicted_tasks, predicted_warm_task_ns, predicted_cold_task_ns;
    char calibration[40];
};

/* How a runner scales: fits over the cells of one study that differ in the number of workers alone. */
struct scaling {
    const struct cell *cell;           /* its first: all but the workers is that of all its cells */
    size_t count;                      /* cells, ordered by workers */
    const struct cell_summary **cells; /* owned */
    const struct cell_summary *best;   /* highest speed-up */
    const struct cell_summary *enough; /* fewest workers whose speed-up cannot be told from the best */
    unsigned fit_max_workers;          /* fits use the cells up to here: never across the step at the number of cores */
    struct amdahl_fit amdahl;          /* amdahl.n = 0: not fitted */
    struct usl_fit usl;                /* usl.n = 0: not fitted */
};

/* What a prediction may vary, and work: all tasks together, N mu. */
enum whatif_axis { WHATIF_WORKERS, WHATIF_TASKS, WHATIF_TASK_NS, WHATIF_CHUNK, WHATIF_WORK_NS, WHATIF_AXES };
extern const char *const whatif_axis_names[WHATIF_AXES]; /* "workers", "tasks", "task_ns", "chunk", "work_ns" */

/* What a runner's own chunk is, where none is asked for. */
enum whatif_own { WHATIF_OWN_UNKNOWN, WHATIF_OWN_ONE, WHATIF_OWN_SHARE /* ceil(N/p) */ };

/* Where a fit may be asked (whatif.h): the cells it was made from. */
struct whatif_ground {
    struct whatif_range {
        double low, high; /* NAN: not known */
    } range[WHATIF_AXES];
    enum whatif_own own;
    bool own_measured; /* some of the cells took the runner's own chunk */
    bool bytes;        /* they differ in the bytes of a result too: it cannot be asked for other sizes */
};

/* What one runner costs, fitted to the cells of one study and kernel (pool_fit.h), and what the fit says of each cell.
 */
struct pool_costs {
    const struct cell *cell;  /* its first: study, kernel, runner, schedule and placement are those of all */
    struct pool_fit fit;      /* fit.n = 0: not fitted: fewer than two measured cells */
    struct pool_start start;  /* start + stop = s0 + s1 p; medians NAN where one number of workers was measured */
    struct whatif_ground ground;
    unsigned fit_max_workers; /* fits use the cells up to here, as those of scaling do */
    size_t count;
    struct pool_cell { /* owned: the measured cells; those beyond fit_max_workers too. Where the chunk of some is known,
                          only those */
        const struct cell_summary *cell;
        double predicted_ns; /* run phase; NAN where there is no fit */
    } * cells;
};

/* What to use for tasks of one size. */
struct advice {
    char kernel[40];
    uint64_t task_time_ns;
    uint64_t tasks;                  /* number of tasks it was measured with */
    const struct cell_summary *best; /* least start + run + stop; ties go to the fewest workers */
    const struct cell_summary *warm; /* least run phase, pool already open */
    struct quantity gain, warm_gain; /* speed-up over serial of each, with interval */
    char sentence[320];
};

/* May the run be believed? (findings/trust.c) */
enum trust_verdict { TRUST_GOOD, TRUST_CARE, TRUST_NONE };
extern const char *const trust_names[]; /* "trusted", "with care", "not to be trusted" */
struct trust {
    enum trust_verdict verdict;
    bool few;          /* repetitions: what would say "with care" of many is no reason yet, what would say no says "with care" */
    char reasons[600]; /* "" where good */
};

struct summary {
    const struct run *run;
    size_t cell_count;
    struct cell_summary *cells; /* cells[i].cell->id == i */
    struct series *series;      /* series[cell id]: the repetitions behind them (summary_parts.h) */
    size_t scaling_count, metg_count, pool_count, crossover_count, advice_count, finding_count;
    struct scaling *scalings;
    struct metg *metgs;
    struct pool_costs *pools;
    struct crossover *crossovers;
    struct advice *advices;
    struct trust trust;
    struct statement *findings; /* in the order of the report: ordered by topic, TOPIC_short first */
};

int summary_make(const struct run *, struct summary *, struct reason *why);
void summary_free(struct summary *);
struct json_t *summary_to_json(const struct summary *);     /* schema, run, complete, host, cells, ... */
int summary_json_print(const struct summary *, FILE *);     /* its text, a cell at a time in memory; 0 or -errno */
char *summary_to_csv(const struct summary *);               /* malloc'ed; '.' as decimal point in every locale */
int summary_write(const struct summary *, const char *dir); /* summary.json and summary.csv; 0 or -errno */

#endif
