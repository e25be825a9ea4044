/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lessons.h: questions that people ask, each answered by one experiment: a prediction first, then the measurement, then
 * whether the prediction held here.
 *
 * A lesson is one struct literal in lessons.c: its text, the words of one `breakeven run` command, and a check that
 * reads the summary. The verb `lesson` (lesson.c) runs them; docs/lessons/ holds the pages that it writes.
 */
#ifndef BREAKEVEN_LESSONS_H
#define BREAKEVEN_LESSONS_H

#include "bench/lessons/elsewhere.h"

enum lesson_verdict {
    LESSON_HELD,       /* the prediction held, resolved by its interval */
    LESSON_NOT_HELD,   /* it did not: the text says what was seen and why that can be */
    LESSON_UNRESOLVED, /* the intervals do not tell */
    LESSON_LACKING,    /* this machine lacks what the lesson needs: the text says what */
};

struct lesson_result {
    enum lesson_verdict verdict;
    char text[1200]; /* sentences with this machine's numbers */
};

struct lesson {
    const char *name;
    const char *question;
    const char *prediction;  /* said before anything is measured */
    const char *command;     /* words after `breakeven run`; {c} {2c} {4c}: usable cpus times 1, 2, 4 */
    const char *figure;      /* the figure of plots/ that shows it */
    const char *explanation; /* why, whatever the numbers */
    const char *otherwise;   /* what it usually means where the prediction does not hold */
    const char *exercise;
    struct elsewhere elsewhere; /* hardware that it needs, and what a simulated machine shows in its place */
    double quota_cpus;          /* above 0: measured inside a cgroup with this cpu quota, where one can be made */
    void (*check)(const struct summary *, unsigned cpus, struct lesson_result *);
};

extern const struct lesson lessons[];               /* in teaching order; ends with a row whose name is NULL */
const struct lesson *lesson_find(const char *name); /* by name, or by number from 1; NULL: there is none */

/* The checks, one a lesson (lesson_checks.c). */
void lesson_check_workers(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_slow_pool(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_slow_openmp(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_chunk(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_schedule(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_pinning(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_quota(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_false_sharing(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_bandwidth(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_split(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_waiting(const struct summary *, unsigned cpus, struct lesson_result *);
void lesson_check_start(const struct summary *, unsigned cpus, struct lesson_result *);

/* What the simulated machine shows (lesson_checks.c). */
void lesson_tell_workers(const struct summary *, char *text, size_t size);
void lesson_tell_threads(const struct summary *, char *text, size_t size);
void lesson_tell_bandwidth(const struct summary *, char *text, size_t size);

#endif
