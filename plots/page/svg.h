/* SPDX-License-Identifier: GPL-3.0-or-later */
/* svg.h: a figure that gnuplot drew, made fit to stand inside a page. */
#ifndef BREAKEVEN_SVG_H
#define BREAKEVEN_SVG_H

#include "plots/chart.h"

#include <stdio.h>

/* Writes dir/plots/NAME.svg as an <svg> element: without gnuplot's scripts, title, legend and caption (the page has its
 * own), identifiers made unique by the figure's name, colours as the page's variables (so that they follow light and
 * dark), data-s on what belongs to a series (its number), data-tip on what has a value to show. role="img", described
 * by the elements fig-NAME-title and fig-NAME-text. 0 or -errno, having written nothing where there is no such file. */
int svg_inline(const struct chart *, const char *dir, FILE *out);

#endif
