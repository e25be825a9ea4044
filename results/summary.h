/* summary.h: from samples to figures: one row per cell, each figure a median with its interval.
 *
 *     struct summary summary;
 *     if (!summary_make(&run, &summary, why, sizeof why)) { ... summary_free(&summary); }
 *
 * Works on a recorded run alone; measures nothing.
 */
#ifndef BREAKEVEN_SUMMARY_H
#define BREAKEVEN_SUMMARY_H

#include "record.h"

/* A median with a nonparametric 95 % interval from ranks. low and high are NAN where n < 6; median is NAN where n = 0. */
struct quantity {
    double median, low, high;
    size_t n;
};

enum quantity_id {
#define QUANTITY(name, unit, meaning) QUANTITY_##name,
#include "quantities.h"
#undef QUANTITY
    QUANTITIES
};
extern const char *const quantity_names[QUANTITIES], *const quantity_units[QUANTITIES],
    *const quantity_meanings[QUANTITIES];

struct cell_summary {
    const struct cell *cell; /* in the run */
    struct quantity quantity[QUANTITIES];
    unsigned workers;        /* processes x threads: p */
    size_t samples, errors, suspects, outliers;
    char verified[20];       /* the weakest of the good samples' words; "" where there is none */
    char error[256];         /* cause of the first failed sample, "" */
    char suspect[96];        /* union of the samples' words */
};

/* The smallest task size at which a runner reaches `efficiency`, by log-linear interpolation between the cells of one
 * study that differ in task size alone. */
struct metg {
    char kernel[40], runner[24], schedule[16];
    unsigned processes, threads;
    uint64_t chunk;
    double efficiency;           /* asked for, 0.5 */
    bool reached;
    struct quantity granularity_ns; /* p T_p/N there: overhead included */
    struct quantity work_ns;        /* T_s/N there: useful work per task */
    double smallest_ns, best_efficiency; /* what was measured, to explain a "not reached" */
};

/* When does a runner beat serial? */
struct crossover {
    char kernel[40], runner[24], schedule[16];
    unsigned processes, threads;
    uint64_t chunk, task_time_ns;
    double tasks;  /* smallest N for which start + run + stop is below serial; INFINITY: never, at this task size */
    double warm_task_ns; /* smallest task duration for which the run phase alone is below serial; NAN unknown */
};

/* What to use for tasks of one size. */
struct advice {
    uint64_t task_time_ns;
    uint64_t tasks;                   /* number of tasks it was measured with */
    const struct cell_summary *best;  /* least start + run + stop; ties go to the fewest workers */
    const struct cell_summary *warm;  /* least run phase, pool already open */
    struct quantity gain, warm_gain;  /* speed-up over serial of each, with interval */
    char sentence[320];
};

struct summary {
    const struct run *run;
    size_t cell_count;
    struct cell_summary *cells; /* cells[i].cell->id == i */
    size_t metg_count, crossover_count, advice_count, finding_count;
    struct metg *metgs;
    struct crossover *crossovers;
    struct advice *advices;
    char **findings; /* plain sentences with this machine's numbers, made from verdicts; in the order of the report */
};

int summary_make(const struct run *, struct summary *, char *why, size_t why_size);
void summary_free(struct summary *);
struct json_t *summary_to_json(const struct summary *);        /* DESIGN: schema, run, complete, host, cells, ... */
char *summary_to_csv(const struct summary *);                  /* malloc'ed; '.' as decimal point in every locale */
int summary_write(const struct summary *, const char *dir);    /* summary.json and summary.csv; 0 or -errno */

/* Statistics (stats.c). Values need not be sorted; the arrays are not changed. */
struct quantity stats_median(const double *values, size_t n);
/* Median of the ratios a[i]/b[i] by their logarithms, with the exact sign-test interval. */
struct quantity stats_ratio(const double *a, const double *b, size_t n);
size_t stats_outliers(const double *values, size_t n); /* modified z above 14.8 */

#endif
