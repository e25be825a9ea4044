/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_page.h: `lesson --page`: all lessons with their figures in one file, for a class: it needs no network and no other
 * file. */
#ifndef BREAKEVEN_LESSON_PAGE_H
#define BREAKEVEN_LESSON_PAGE_H

#include "bench/cli/options.h"

/* Writes lessons.html into --output, or a folder of its own under results/runs, and says where. Of each lesson the newest page
 * that was measured here (results/runs/TIME-lesson-NAME), else the one that docs/lessons/ recorded; which it is stands in
 * the page. An exit status. */
int lesson_page_write(const struct options *);

#endif
