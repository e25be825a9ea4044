/* SPDX-License-Identifier: GPL-3.0-or-later */
/* caption.c: the words under a figure: how to read it, where it was measured, what to doubt. */
#include "plots/chart.h"
#include "plots/format.h"

#include <stdlib.h>
#include <string.h>

static void write_text(const struct chart *chart, FILE *out)
{
    const struct facts *facts = chart->facts;
    char machine[600];
    facts_machine(facts, machine, sizeof machine);
    if (facts->simulated) fputs("SIMULATED, not measured. ", out);
    fputs(chart->figure->reading, out);
    if (chart->n_high) {
        if (chart->n_low == chart->n_high) fprintf(out, " Medians of n = %zu repetitions", chart->n_low);
        else fprintf(out, " Medians of n = %zu to %zu repetitions", chart->n_low, chart->n_high);
        fprintf(out, " with the 95 %% interval from ranks%s.", chart->bare ? ", none below n = 6" : "");
    }
    if (chart->beyond) fprintf(out, " %zu single repetition%s above the figure.", chart->beyond, chart->beyond == 1 ? " lies" : "s lie");
    fprintf(out, " %s %s.", facts->simulated ? "Machine:" : "Measured on", machine);
    if (chart->placements[0]) fprintf(out, " Placement: %s.", chart->placements);
    if (chart->suspect)
        fprintf(out, " %s repetitions are suspect (%s).", chart->ringless ? "Some" : "Red rings: some",
                facts->suspicion);
    if (!facts->complete) fputs(" The run is incomplete.", out);
    if (chart->left_out) fprintf(out, " %u more panels are in the tables only.", chart->left_out);
}

void chart_caption(const struct chart *chart, size_t width, void (*line)(const char *, void *), void *context)
{
    char *text = NULL, *at;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return;
    write_text(chart, out);
    if (fclose(out)) return free(text);
    for (at = text; *at;) {
        size_t columns = 0;
        char *end = at, *blank = NULL;
        for (; *end && columns <= width; end++) {
            if (*end == ' ') blank = end;
            columns += ((unsigned char)*end & 0xc0) != 0x80;
        }
        if (*end && blank) end = blank;
        while (((unsigned char)*end & 0xc0) == 0x80) end++;
        char kept = *end;
        *end = 0;
        line(at, context);
        *end = kept;
        at = end + strspn(end, " ");
    }
    free(text);
}
