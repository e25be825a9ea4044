/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings.h: building sentences. Private to results/. */
#ifndef BREAKEVEN_FINDINGS_H
#define BREAKEVEN_FINDINGS_H

#include "results/models/summary_parts.h"

/* A sentence in the making; what does not fit is cut at the end, with "...". */
struct sentence {
    char text[1600];
    size_t used;
};

__attribute__((format(printf, 2, 3))) void sentence_add(struct sentence *, const char *format, ...);
/* Moves it to the summary's findings; nothing where it is empty. */
int sentence_end(struct summary *, enum finding_topic, struct sentence *);
/* "3.1 times [2.9, 3.3]" */
void sentence_add_times(struct sentence *, struct quantity);
/* "3.2 us [3 us, 3.5 us]", or "less than 3.2 us" */
void sentence_add_work(struct sentence *, struct quantity work_ns, bool bound);
/* Between the items of a list: "", ", ", and " and " before the last. */
const char *sentence_comma(size_t item, size_t count);

/* Is this a curve that tells how a problem scales, measured for that? */
bool findings_is_scaling(const struct scaling *);
/* Resolved to be faster than serial; without an interval, faster in the median. */
bool findings_gains(struct quantity speedup);
/* The fastest of the best cells of a problem: of one runner's, or with NULL of all runners'. NULL: none. */
const struct cell_summary *findings_fastest(const struct summary *, unsigned baseline, const char *runner);
/* "spin", and "spin with 60 tasks of 30 us" where the kernel was measured with several sizes. */
void findings_add_problem(struct sentence *, const struct summary *, const struct cell_summary *);
/* "openmp", with its schedule where that is not the default. */
void findings_add_runner(struct sentence *, const struct cell *);
/* "forkpool with 2 processes", "the serial loop" */
const char *findings_choice(char text[2 * PARTS_TEXT], const struct cell *);
/* Is it told with `head`? Of a kernel and study, of each runner the largest team: smaller ones would only make it longer. */
bool findings_metg_goes_with(const struct summary *, const struct metg *, const struct metg *head);
double findings_task_ns(const struct crossover *); /* as asked for, else as measured */
bool findings_pays(const struct crossover *);      /* resolved: from some number of tasks on */
size_t findings_suspects(const struct summary *);

/* What disturbed repetitions change: a cell's median without them against its interval with them. */
struct disturbance {
    size_t suspects;     /* repetitions */
    size_t judged;       /* cells with such repetitions, others, and an interval */
    size_t moved;        /* of these: the median of the others lies outside of the interval */
    size_t without, few; /* cells with no other repetition; with others, but too few for an interval */
    bool calm;           /* the run is trusted */
    double most;         /* the farthest such move, as a share */
};
struct disturbance findings_disturbance(const struct summary *);
void findings_add_disturbance(struct sentence *, const struct disturbance *); /* whole sentences: worry or not */

/* The verdict on the run; where it is not good, a sentence, the first of all. (trust.c) */
void trust_make(struct summary *);
int trust_tell(struct summary *);
/* The chapters, findings_NAME.c each. */
int findings_short(struct summary *);   /* the run in a few sentences */
int findings_scaling(struct summary *); /* speed-ups, runners side by side */
int findings_grain(struct summary *);   /* METG, crossovers, start-up */
int findings_shapes(struct summary *);  /* chunk, processes x threads, placement */
int findings_budget(struct summary *);  /* this and the next: findings_doubts.c */
int findings_doubts(struct summary *);  /* gaps, failures, suspicion, A/A */

#endif
