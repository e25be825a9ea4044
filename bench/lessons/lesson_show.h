/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_show.h: a lesson's texts and result, for the terminal and as the page lesson.md; all lessons as one page. */
#ifndef BREAKEVEN_LESSON_SHOW_H
#define BREAKEVEN_LESSON_SHOW_H

#include "bench/lessons/lessons.h"
#include "bench/measure/show.h"

/* What comes before the measurement: question, prediction and the command. */
void lesson_show_question(const struct lesson *, const char *command);

/* On a machine that cannot measure it: why, what docs/lessons/ recorded elsewhere, and the explanation. */
void lesson_show_lacking(const struct lesson *, const char *lacking);

/* Judges the run in `dir`, prints it and writes its lesson.md. An exit status. */
int lesson_show_result(const struct options *, const struct lesson *, const char *command, const char *dir, unsigned cpus,
                       enum lesson_verdict *);

/* `lesson --page`: all lessons with their figures in one file, for a class: it needs no network and no other file.
 * Writes lessons.html into --output, or a folder of its own under results/runs, and says where. Of each lesson the
 * newest page that was measured here (results/runs/TIME-lesson-NAME), else the one that docs/lessons/ recorded; which it is
 * stands in the page. An exit status. */
int lesson_page_write(const struct options *);

#endif
