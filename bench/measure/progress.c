/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/progress.h"

#include "bench/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const int64_t TERMINAL_NS = 100000000, ELSEWHERE_NS = 30000000000;

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
