/* findings.h: building sentences. Private to results/. */
#ifndef BREAKEVEN_FINDINGS_H
#define BREAKEVEN_FINDINGS_H

#include "summary_parts.h"

/* A sentence in the making; what does not fit is cut at the end, with "...". */
struct sentence {
    char text[1600];
    size_t used;
};

__attribute__((format(printf, 2, 3))) void sentence_add(struct sentence *, const char *format, ...);
/* Moves it to the summary's findings; nothing where it is empty. */
int sentence_end(struct workshop *, struct sentence *);
/* "3.1 times [2.9, 3.3]" */
void sentence_add_times(struct sentence *, struct quantity);

const struct cell_summary *findings_row(const struct workshop *, const struct cell *);

/* findings_shapes.c: chunk, processes x threads, placement */
int findings_chunk(struct workshop *);
int findings_hybrid(struct workshop *);
int findings_placement(struct workshop *);
/* findings_grain.c: METG, crossovers, start-up */
int findings_metg(struct workshop *);
int findings_crossover(struct workshop *);
int findings_startup(struct workshop *);

#endif
