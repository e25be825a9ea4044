/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lessons.h: questions that people ask, each answered by one experiment: a prediction first, then the measurement, then
 * whether the prediction held here.
 *
 * A lesson is one file of bench/lessons/assets/, NN-name.ini (ini.h), or one of the user's:
 *
 *     [lesson]     question, prediction, figure (of plots/, which shows it), explanation (why, whatever the numbers),
 *                  otherwise (what it usually means where the prediction does not hold), exercise; quota: measured in a
 *                  cgroup with so many cpus, where one can be made
 *     [run]        options of `breakeven run`, one a line; {cpus}, {2*cpus}: usable cpus (grid_words.h)
 *     [check]      names and expressions over the summary (expression.h), with cpus and cores of this machine:
 *                  lacks: a sentence where this machine cannot show it, else ""; held: yes, no or open; say: a sentence
 *     [elsewhere]  for hardware that is not everywhere, where a simulated machine shows it instead (elsewhere.h):
 *                  lacks, of this machine; kernels, packed, figure; names and say, of the simulated run
 */
#ifndef BREAKEVEN_LESSONS_H
#define BREAKEVEN_LESSONS_H

#include "bench/base/ini.h"
#include "bench/cli/options.h"
#include "bench/lessons/elsewhere.h"
#include "kernels/reason.h"
#include "results/models/summary.h"

enum lesson_verdict {
    LESSON_HELD,       /* the prediction held, resolved by its interval */
    LESSON_NOT_HELD,   /* it did not: the text says what was seen and why that can be */
    LESSON_UNRESOLVED, /* the intervals do not tell */
    LESSON_LACKING,    /* this machine lacks what the lesson needs: the text says what */
};

struct lesson_result {
    enum lesson_verdict verdict;
    char text[2000]; /* sentences with this machine's numbers */
};

struct lesson {
    char name[64];
    unsigned number; /* in teaching order, from 1; 0: a user's file */
    struct ini ini;  /* what the texts point into */
    const char *question, *prediction, *figure, *explanation, *otherwise, *exercise;
    double quota_cpus;                     /* 0: none */
    const struct ini_section *run, *check; /* never NULL */
    const struct ini_section *elsewhere;   /* NULL: it needs nothing rare */
};

/* The lessons' files inside the program (ini.h), and what docs/lessons/ recorded of them: pages and figures. */
extern const char lesson_files[], lesson_pages[], lesson_figures[];

/* Reads one. `name` is that of the file, with its number or without. 0, or -EINVAL, -ENOMEM with `why` (section, key, what
 * is wrong). Freed with lesson_free. */
int lesson_read(const char *name, const char *text, struct lesson *, struct reason *why);
void lesson_free(struct lesson *);

/* By name or number from the program, or the file of a path (with a '/' or ending in .ini). -ENOENT: there is none. */
int lesson_find(const char *name, struct lesson *, struct reason *why);

/* Whether the prediction held, and what was seen. 0, or -errno with `why` where the lesson's [check] is wrong. */
int lesson_judge(const struct lesson *, const struct summary *, unsigned cpus, unsigned cores, struct lesson_result *,
                 struct reason *why);

/* What this machine lacks that the lesson would show, in a sentence; "" where nothing. 0 or -errno with `why`. */
int lesson_lacks(const struct lesson *, unsigned cpus, unsigned cores, char *text, size_t size, struct reason *why);

/* What the simulated machine's run shows, in sentences. 0 or -errno with `why`. */
int lesson_tell(const struct lesson *, const struct summary *, char *text, size_t size, struct reason *why);

/* For people: on the terminal and as pages (lesson_show.c, lesson_page.c). */

/* What comes before the measurement: question, prediction and the command. */
void lesson_show_question(const struct lesson *, const char *command);

/* On a machine that cannot measure it: why, what docs/lessons/ recorded elsewhere, and the explanation. */
void lesson_show_lacking(const struct lesson *, const char *lacking);

/* Judges the run in `dir`, prints it and writes its lesson.md. An exit status. */
int lesson_show_result(const struct options *, const struct lesson *, const char *command, const char *dir,
                       unsigned cpus, enum lesson_verdict *);

/* `lesson --page`: all lessons with their figures in one file, for a class: it needs no network and no other file.
 * Writes lessons.html into --output, or a folder of its own under results/runs, and says where. Of each lesson the
 * newest page that was measured here (results/runs/TIME-lesson-NAME), else the one that docs/lessons/ recorded; which
 * it is stands in the page. An exit status. */
int lesson_page_write(const struct options *);

#endif
