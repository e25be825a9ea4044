/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_parts.c: what the chapters share: sentences in the making, and looking up cells. */
#include "results/findings/findings.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sentence_add(struct sentence *sentence, const char *format, ...)
{
    size_t room = sizeof sentence->text - sentence->used;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(sentence->text + sentence->used, room, format, args);
    va_end(args);
    if (length < 0) return;
    if ((size_t)length < room) sentence->used += (size_t)length;
    else memcpy(sentence->text + sizeof sentence->text - 4, "...", 4), sentence->used = sizeof sentence->text - 1;
}

int sentence_end(struct summary *summary, enum finding_topic topic, struct sentence *sentence)
{
    if (!sentence->used) return 0;
    char *text = strdup(sentence->text);
    struct statement *place =
        text ? parts_append(&summary->findings, &summary->finding_count, sizeof *place) : NULL;
    *sentence = (struct sentence){0};
    if (!place) {
        free(text);
        return -ENOMEM;
    }
    place->topic = topic;
    place->text = text;
    return 0;
}

void sentence_add_times(struct sentence *sentence, struct quantity quantity)
{
    char number[PARTS_TEXT], interval[PARTS_TEXT];
    sentence_add(sentence, "%s times%s", parts_number(number, quantity.median), parts_interval(interval, quantity));
}

static void sentence_add_span(struct sentence *sentence, struct quantity quantity)
{
    char value[PARTS_TEXT], low[PARTS_TEXT], high[PARTS_TEXT];
    sentence_add(sentence, "%s", parts_duration(value, quantity.median));
    if (isnan(quantity.low)) sentence_add(sentence, " (n = %zu, no interval)", quantity.n);
    else
        sentence_add(sentence, " [%s, %s]", parts_duration(low, quantity.low),
                     isinf(quantity.high) ? "not bounded" : parts_duration(high, quantity.high));
}

void sentence_add_work(struct sentence *sentence, struct quantity quantity, bool bound)
{
    char value[PARTS_TEXT];
    if (isinf(quantity.high) && bound) {
        sentence_add(sentence, "not resolved (the smallest measured, %s, is enough in the median only)",
                     parts_duration(value, quantity.median));
        return;
    }
    if (bound) sentence_add(sentence, "less than ");
    if (bound && isfinite(quantity.high)) sentence_add(sentence, "%s", parts_duration(value, quantity.high));
    else sentence_add_span(sentence, quantity);
}

const char *sentence_comma(size_t item, size_t count)
{
    return !item ? "" : item + 1 == count ? " and " : ", ";
}

void findings_add_runner(struct sentence *sentence, const struct cell *cell)
{
    bool plain = !strcmp(cell->schedule, "default");
    sentence_add(sentence, "%s%s%s", cell->runner, plain ? "" : " ", plain ? "" : cell->schedule);
}

const char *findings_choice(char text[2 * PARTS_TEXT], const struct cell *cell)
{
    char team[PARTS_TEXT];
    if (parts_is_serial(cell)) return strcpy(text, "the serial loop");
    snprintf(text, 2 * PARTS_TEXT, "%s with %s", cell->runner, parts_team(team, cell));
    return text;
}

bool findings_is_scaling(const struct scaling *scaling)
{
    return scaling->best && (!strcmp(scaling->cell->study, "scaling") || !strcmp(scaling->cell->study, "run"));
}

bool findings_gains(struct quantity speedup)
{
    return speedup.median > 1 && (isnan(speedup.low) || stats_verdict(speedup) == VERDICT_MORE);
}

const struct cell_summary *findings_fastest(const struct summary *summary, unsigned baseline, const char *runner)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        const struct cell_summary *row = scaling->best;
        if (!findings_is_scaling(scaling) || row->cell->baseline != baseline ||
            (runner && strcmp(row->cell->runner, runner)))
            continue;
        if (!best || row->quantity[QUANTITY_wall_ns].median < best->quantity[QUANTITY_wall_ns].median) best = row;
    }
    return best;
}

void findings_add_problem(struct sentence *sentence, const struct summary *summary, const struct cell_summary *row)
{
    char size[PARTS_TEXT];
    bool several = false;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell *other = summary->cells[i].cell;
        several |= !strcmp(other->study, row->cell->study) && !strcmp(other->label, row->cell->label) &&
                   (other->size != row->cell->size || other->tasks != row->cell->tasks);
    }
    sentence_add(sentence, "%s", row->cell->label);
    if (several)
        sentence_add(sentence, " with %llu tasks of %s", (unsigned long long)row->cell->tasks,
                     parts_duration(size, parts_task_ns(row)));
}
