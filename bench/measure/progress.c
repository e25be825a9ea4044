/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/progress.h"

#include "bench/base/clock.h"
#include "kernels/reason.h"
#include "results/models/summary_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const int64_t TERMINAL_NS = 100000000, ELSEWHERE_NS = 30000000000, FIRST_SO_FAR_NS = 20000000000;

void progress_open(struct progress *progress)
{
    struct winsize size;
    *progress = (struct progress){.terminal = isatty(STDERR_FILENO), .width = 80};
    if (progress->terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 20)
        progress->width = size.ws_col;
    if (!progress->terminal)
        progress->last_ns = clock_now_ns(&clock_real); /* the first line when something is to tell */
}

void progress_cell(const struct cell *cell, char *text, size_t size)
{
    char chunk[32] = "", schedule[24] = "", placement[72] = "";
    if (cell->chunk) snprintf(chunk, sizeof chunk, " chunk %" PRIu64, cell->chunk);
    if (strcmp(cell->schedule, "default")) snprintf(schedule, sizeof schedule, " %s", cell->schedule);
    if (strcmp(cell->placement, "none")) snprintf(placement, sizeof placement, " %s", cell->placement);
    snprintf(text, size, "%s %s %s %ux%u%s%s%s", cell->study, cell->label, cell->runner, cell->processes, cell->threads,
             chunk, schedule, placement);
}

void progress_show(struct progress *progress, const struct progress_state *state)
{
    int64_t now_ns = clock_now_ns(&clock_real);
    if (progress->last_ns && now_ns - progress->last_ns < (progress->terminal ? TERMINAL_NS : ELSEWHERE_NS)) return;
    progress->last_ns = now_ns;
    char cell[256], line[512];
    int64_t left_s = (int64_t)(state->left_ns / 1e9 + 0.5);
    progress_cell(state->cell, cell, sizeof cell);
    snprintf(line, sizeof line, "%3.0f%%  %" PRId64 ":%02d left  repetition %" PRIu64 "/%" PRIu64 "  cell %u/%u  %s",
             100 * state->share, left_s / 60, (int)(left_s % 60), state->block + 1, state->blocks, state->position + 1,
             state->cells, cell);
    if (progress->terminal) fprintf(stderr, "\r%-*.*s", progress->width - 1, progress->width - 1, line);
    else fprintf(stderr, "breakeven: %s\n", line);
    fflush(stderr);
    progress->shown = progress->terminal;
}

void progress_close(struct progress *progress)
{
    if (progress->shown) fprintf(stderr, "\r%*s\r", progress->width - 1, "");
    progress->shown = false;
}

/* ---- what it says already ---- */

bool progress_due(struct progress *progress, int64_t passed_ns)
{
    if (!progress->next_ns) progress->next_ns = FIRST_SO_FAR_NS;
    if (passed_ns < progress->next_ns) return false;
    while (progress->next_ns <= passed_ns) progress->next_ns *= 2;
    return true;
}

/* The cell with the highest speed-up that can be believed; NULL: none has one. A single disturbed repetition, of it or
 * of the serial loop, makes any speed-up: it is no news. */
static const struct cell_summary *fastest(const struct summary *summary)
{
    const double SUPERLINEAR = 1.1;
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        double speedup = row->quantity[QUANTITY_speedup].median;
        bool believable = isfinite(speedup) && row->suspects < row->samples && speedup <= SUPERLINEAR * row->workers;
        if (parts_is_serial(row->cell) || !believable) continue;
        if (!best || speedup > best->quantity[QUANTITY_speedup].median) best = row;
    }
    return best;
}

bool progress_read(const char *dir, char *text, size_t size)
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
