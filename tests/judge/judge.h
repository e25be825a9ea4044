/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge.h: how good tune is, measured: beside an exhaustive grid taken in the same run, and on simulated machines
 * (`make bench-tune`, which runs build/tests/judge-tune).
 */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include "tests/fixtures/simulated_search.h"
#include "bench/tune/tune_kernel.h"
#include "kernels/reason.h"

enum {
    TUNE_GRID_REPETITIONS = 15
}; /* what the grid's cost is worked out for: as often as tune measures its last three */
enum { TUNE_RULE_PYTHON, TUNE_RULE_STATIC, TUNE_RULE_GUIDED, TUNE_RULES }; /* all cpus, and n/4p, static, guided */
extern const char *const tune_rule_names[TUNE_RULES];

/* What is measured, the same in every attempt. */
struct tune_problem {
    uint64_t size, tasks;
    double task_ns; /* as the serial loop takes, on the mean */
};

/* One kernel with one task size. Regrets are shares of the best: 0.01 is 1 % slower; NAN where not measured. */
struct tune_trial {
    char kernel[40], best[96], tuned[96];
    struct tune_problem problem;
    unsigned attempts; /* so far: this is the last one */
    double serial_ns;
    size_t points, measurements; /* of the grid; of the search */
    struct quantity regret;      /* with the interval of the held-out blocks */
    double rules[TUNE_RULES];
    double same;             /* what a second copy of the recommendation differed by: the noise of a regret */
    double search_s, grid_s; /* measuring time: of the search; of the grid with so many of each cell */
    unsigned grid_reps;      /* how often each cell was really measured */
    double shift;            /* what the search itself saw of a change (search.h) */
    double waited_s, judge_waited_s;       /* for all cores' work: in the search, and in all that judges it */
    unsigned dropped;                      /* blocks of the search; */
    bool gave_up;                          /* its patience was spent */
    double search_cores, comparison_cores; /* whose work was done while measuring, on the mean */
    bool unsteady;                         /* these differ by more than is waited for */
    bool serial_best,
        stayed; /* resolved to be faster than with more than one worker, and nothing faster; tune says so */
};

/* Tunes the kernel of the options (trial->problem of an earlier attempt is kept, as is their number), measures the
 * whole grid, and then the recommendation, the grid's best and the rules of thumb in fresh blocks that neither has
 * seen; records all of it. seconds: about how long it may take. 0, or -errno with `why`. */
struct tune_place {
    const struct limits *limits;
    struct tune_record *record;
    const struct tune_watch_eyes *eyes;
};

int tune_trial_run(const struct options *, const struct tune_place *, double seconds, struct tune_trial *,
                   struct reason *why);

enum { TUNE_ATTEMPTS = 3 }; /* at a trial whose search and comparison saw different machines */

struct tune_results {
    struct tune_trial *trials, *firsts; /* of each trial the last attempt, and the first: often the same */
    size_t trial_count;
    struct simulated_trial *simulated; /* machine by machine */
    struct simulated_trial *restless;  /* machines that change, through the watch: the last attempts */
    size_t simulated_count, restless_count;
    unsigned cpus; /* of this machine */
};

/* Where tables go: standard output, unless JSON goes there, and the run's folder. */
struct tune_out {
    bool silent;
    FILE *copy;
};
__attribute__((format(printf, 2, 3))) void tune_say(const struct tune_out *, const char *format, ...);

/* What holds: how many of the asked figures fall short, over the last attempts. 0 trials: nothing is said. -ENOMEM. */
int tune_judge_trials(const struct tune_out *, const struct tune_results *);

/* The simulated machines, measured and judged, into results. How many figures fall short, or the search's error. */
int tune_judge_simulated(const struct tune_out *, bool quick, uint64_t seed, struct tune_results *);
int tune_judge_restless(const struct tune_out *, bool quick, uint64_t seed, struct tune_results *); /* those that change */

/* Draws regret against search cost into tune.svg and tune.png of a folder, which is made where it is missing. 0, or
 * -errno with `why`. */
int tune_figure(const char *dir, const struct tune_results *, struct reason *why);

/* All of it for the kernels and task times of the options, then the simulated machines, with `quick` a tenth of them. The
 * exit status: 1 where something falls short. */
int judge_run(const struct options *, bool quick);

#endif
