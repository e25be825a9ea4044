/* SPDX-License-Identifier: GPL-3.0-or-later */
/* html_parts.h: what the files that make the page share. Private to plots/. */
#ifndef BREAKEVEN_HTML_PARTS_H
#define BREAKEVEN_HTML_PARTS_H

#include "plots/facts.h"

#include <stdio.h>

/* The page in the making. */
struct page {
    const struct summary *summary;
    const struct facts *facts;
    const char *dir;
    FILE *out;
    int status;
};

void html_say(struct page *, const char *text); /* text, with what is special in HTML escaped */

/* Parts of the template (html_words.c). */
void html_asked(struct page *);
void html_findings(struct page *);
void html_topics(struct page *);

#endif
