/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_show.h: a lesson's texts and result, for the terminal and as the page lesson.md. */
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

#endif
