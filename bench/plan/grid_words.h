/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grid_words.h: a section of options, one a line, as the words of `breakeven run` on this machine.
 *
 *     struct names words;
 *     if (!grid_words_make(section, cpus, 1, &words, &why)) error = grid_words_set(&words, section, &grid, &why);
 *     ... what the options point to lives as long as the words ...
 *     values_names_free(&words);
 */
#ifndef BREAKEVEN_GRID_WORDS_H
#define BREAKEVEN_GRID_WORDS_H

#include "bench/base/ini.h"
#include "bench/cli/options.h"

/* "breakeven", "run", "--kernel", "spin", ... 0, or -errno with "line N: ..." in `why` and *words empty. */
int grid_words_make(const struct ini_section *, unsigned cpus, double scale, struct names *, struct reason *why);

/* Sets the options that the words, made of this section, say. They point into the words. 0, or -EINVAL with "line N: ...". */
int grid_words_set(const struct names *, const struct ini_section *, struct options *, struct reason *why);

/* The words with blanks between them. */
void grid_words_show(const struct names *, char *text, size_t size);

/* Puts the values for so many cpus into the words in braces of a value: {cpus}, {8*cpus}; {all}: workers from 1 to twice
 * the cpus; {part}: from 1 to the cpus; {few}: some from 2 to the cpus; {nodes}: 1, 2, 4 and so on to the hosts of the batch
 * job (runners/cpus/limits.h); {ranks}: the cpus, rounded up to a multiple of those; {60 or 4*cpus}: the larger of both;
 * {share}: 20000/cpus; {20ms} and the like: a time, multiplied by `scale`. What a list then holds twice is left out once. 0,
 * -ENAMETOOLONG, or -EINVAL with `why` that names the word. */
int grid_words_expand(const char *value, unsigned cpus, double scale, char *out, size_t size, struct reason *why);

#endif
