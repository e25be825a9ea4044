/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/so_far.h"

#include "kernels/reason.h"
#include "results/models/summary_parts.h"

#include <math.h>
#include <stdio.h>

static const int64_t FIRST_NS = 20000000000;

bool so_far_due(struct so_far *so_far, int64_t passed_ns)
{
    if (!so_far->next_ns) so_far->next_ns = FIRST_NS;
    if (passed_ns < so_far->next_ns) return false;
    while (so_far->next_ns <= passed_ns) so_far->next_ns *= 2;
    return true;
}

/* A single disturbed repetition, of it or of the serial loop, makes any speed-up: it is no news. */
static bool believable(const struct cell_summary *row)
{
    const double SUPERLINEAR = 1.1;
    double speedup = row->quantity[QUANTITY_speedup].median;
    return isfinite(speedup) && row->suspects < row->samples && speedup <= SUPERLINEAR * row->workers;
}

/* The cell with the highest speed-up that can be believed; NULL: none has one. */
static const struct cell_summary *fastest(const struct summary *summary)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (parts_is_serial(row->cell) || !believable(row)) continue;
        if (!best || row->quantity[QUANTITY_speedup].median > best->quantity[QUANTITY_speedup].median) best = row;
    }
    return best;
}

bool so_far_read(const char *dir, char *text, size_t size)
{
    struct run run;
    struct summary summary;
    struct reason note = {""}, why = {""};
    char number[PARTS_TEXT], interval[PARTS_TEXT], team[PARTS_TEXT];
    if (run_read(dir, &run, &note, &why)) return false;
    if (summary_make(&run, &summary, &why)) {
        run_free(&run);
        return false;
    }
    const struct cell_summary *best = fastest(&summary);
    if (summary.advice_count) snprintf(text, size, "so far: %s", summary.advices[summary.advice_count - 1].sentence);
    else if (best)
        snprintf(text, size, "so far: %s is %s times%s as fast as serial under %s with %s.", best->cell->label,
                 parts_number(number, best->quantity[QUANTITY_speedup].median),
                 parts_interval(interval, best->quantity[QUANTITY_speedup]), best->cell->runner,
                 parts_team(team, best->cell));
    bool told = summary.advice_count || best;
    summary_free(&summary);
    run_free(&run);
    return told;
}
