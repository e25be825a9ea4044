/* tune_bench.h: how good tune is, measured: beside an exhaustive grid taken in the same run, and on simulated machines.
 * Part of tune (`tune --versus-grid`, `make bench-tune`).
 */
#ifndef BREAKEVEN_TUNE_BENCH_H
#define BREAKEVEN_TUNE_BENCH_H

#include "simulated.h"
#include "tune_kernel.h"
#include "tune_record.h"

enum {
    TUNE_GRID_REPETITIONS = 15
}; /* what the grid's cost is worked out for: as often as tune measures its last three */
enum { TUNE_RULE_PYTHON, TUNE_RULE_STATIC, TUNE_RULE_GUIDED, TUNE_RULES }; /* all cpus, and n/4p, static, guided */
extern const char *const tune_rule_names[TUNE_RULES];

/* One kernel with one task size. Regrets are shares of the best: 0.01 is 1 % slower; NAN where not measured. */
struct tune_trial {
    char kernel[40], best[96], tuned[96];
    double task_ns, serial_ns;
    uint64_t tasks;
    size_t points, measurements; /* of the grid; of the search */
    struct quantity regret;      /* with the interval of the held-out blocks */
    double rules[TUNE_RULES];
    double same;             /* what a second copy of the recommendation differed by: the noise of a regret */
    double search_s, grid_s; /* measuring time: of the search; of the grid with so many of each cell */
    unsigned grid_reps;      /* how often each cell was really measured */
    double swing; /* how much the machine changed meanwhile, as a ratio above 1: of the serial loop's 90th percentile to
                     its 10th, or of a point's cost to what it was before */
    bool serial_best,
        stayed; /* resolved to be faster than with more than one worker, and nothing faster; tune says so */
};

/* Tunes the kernel of the options, measures the whole grid, and then the recommendation, the grid's best and the rules
 * of thumb in fresh blocks that neither has seen; records all of it. seconds: about how long it may take. 0, or -errno
 * with `why`. */
int tune_trial_run(const struct options *, const struct limits *, struct tune_record *, double seconds,
                   struct tune_trial *, char *why, size_t why_size);

struct tune_results {
    struct tune_trial *trials;
    size_t trial_count;
    struct simulated_trial *simulated; /* machine by machine */
    size_t simulated_count;
    unsigned cpus; /* of this machine */
};

/* Draws regret against search cost into tune.svg and tune.png of a folder, which is made where it is missing. 0, or
 * -errno with `why`. */
int tune_figure(const char *dir, const struct tune_results *, char *why, size_t why_size);

/* All of it for the kernels and task times of the options, then the simulated machines. The exit status: 1 where
 * something falls short. */
int tune_versus_grid(const struct options *);

#endif
