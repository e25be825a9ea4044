/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_shapes.c: sentences on choices among cells that differ in one thing: chunk, processes x threads, placement.
 */
#include "results/findings/findings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double wall_of(const struct summary *summary, const struct cell *cell)
{
    return parts_row(summary, cell)->quantity[QUANTITY_wall_ns].median;
}

static const struct cell *fastest(const struct summary *summary, const struct cell **group, size_t count)
{
    const struct cell *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (!isnan(wall_of(summary, group[i])) && (!best || wall_of(summary, group[i]) < wall_of(summary, best)))
            best = group[i];
    return best;
}

static void add_head(struct sentence *sentence, const struct cell *cell, bool team)
{
    char text[PARTS_TEXT];
    sentence_add(sentence, "%s, ", cell->label);
    findings_add_runner(sentence, cell);
    if (team) sentence_add(sentence, " with %s", parts_team(text, cell));
    sentence_add(sentence, ": ");
}

typedef int teller(struct summary *, const struct cell **group, size_t count);

/* Calls `tell` for each group of at least two measured cells in a study (or in custom runs) that differ in `but` alone.
 */
static int each_group(struct summary *summary, const char *study, unsigned but, teller *tell)
{
    const struct run *run = summary->run;
    int status = 0;
    for (unsigned i = 0; !status && i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        size_t count, measured = 0;
        if (parts_is_serial(cell) || (strcmp(cell->study, study) && strcmp(cell->study, "run"))) continue;
        const struct cell **group = parts_group(run, cell, but, &count);
        if (!group) return -ENOMEM;
        for (size_t j = 0; j < count; j++)
            if (!isnan(wall_of(summary, group[j]))) group[measured++] = group[j];
        if (measured >= 2) status = tell(summary, group, measured);
        free(group);
    }
    return status;
}

static const char *chunk_name(char text[PARTS_TEXT], uint64_t chunk)
{
    if (chunk) snprintf(text, PARTS_TEXT, "chunk %llu", (unsigned long long)chunk);
    else snprintf(text, PARTS_TEXT, "its own chunk");
    return text;
}

static int tell_chunk(struct summary *summary, const struct cell **group, size_t count)
{
    const struct cell *best = fastest(summary, group, count), *small = best, *large = best;
    struct sentence sentence = {0};
    char text[PARTS_TEXT];
    for (size_t i = 0; i < count; i++) {
        if (!parts_tied(parts_compare(summary, group[i], best, false))) continue;
        if (group[i]->chunk < small->chunk) small = group[i];
        if (group[i]->chunk > large->chunk) large = group[i];
    }
    add_head(&sentence, best, true);
    sentence_add(&sentence, "fastest with %s.", chunk_name(text, best->chunk));
    if (small != large) {
        bool all = true;
        for (size_t i = 0; i < count; i++)
            all &= group[i]->chunk < small->chunk || group[i]->chunk > large->chunk ||
                   parts_tied(parts_compare(summary, group[i], best, false));
        sentence_add(&sentence, " %s from %llu to %llu cannot be told from it.", all ? "Chunks" : "Several chunks",
                     (unsigned long long)small->chunk, (unsigned long long)large->chunk);
    }
    for (int end = 0; end < 2; end++) {
        const struct cell *far = group[0];
        for (size_t i = 1; i < count; i++)
            if (end ? group[i]->chunk > far->chunk : group[i]->chunk < far->chunk) far = group[i];
        if (far->chunk >= small->chunk && far->chunk <= large->chunk) continue;
        chunk_name(text, far->chunk);
        sentence_add(&sentence, " %c%s takes ", text[0] & ~0x20, text + 1);
        sentence_add_times(&sentence, parts_compare(summary, far, best, false));
        sentence_add(&sentence, " as long.");
    }
    return sentence_end(summary, TOPIC_chunk, &sentence);
}

/* Splits of the largest number of workers that was split in more than one way. */
static int tell_hybrid(struct summary *summary, const struct cell **group, size_t count)
{
    unsigned most = 0;
    size_t kept = 0, ties = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (parts_workers(group[i]) == parts_workers(group[j]) && parts_workers(group[i]) > most)
                most = parts_workers(group[i]);
    for (size_t i = 0; i < count; i++)
        if (parts_workers(group[i]) == most) group[kept++] = group[i];
    const struct cell *best = fastest(summary, group, kept), *worst = best;
    struct sentence sentence = {0};
    if (!best) return 0;
    add_head(&sentence, best, false);
    sentence_add(&sentence, "%u workers are fastest as %u x %u (processes x threads), ", most, best->processes,
                 best->threads);
    sentence_add_times(&sentence, parts_row(summary, best)->quantity[QUANTITY_speedup]);
    sentence_add(&sentence, " the speed of serial.");
    for (size_t i = 0; i < kept; i++) {
        if (wall_of(summary, group[i]) > wall_of(summary, worst)) worst = group[i];
        if (group[i] == best || !parts_tied(parts_compare(summary, group[i], best, false))) continue;
        sentence_add(&sentence, "%s%u x %u", ties++ ? ", " : " Cannot be told from it: ", group[i]->processes,
                     group[i]->threads);
    }
    if (ties) sentence_add(&sentence, ".");
    if (!parts_tied(parts_compare(summary, worst, best, false))) {
        sentence_add(&sentence, " %u x %u takes ", worst->processes, worst->threads);
        sentence_add_times(&sentence, parts_compare(summary, worst, best, false));
        sentence_add(&sentence, " as long.");
    }
    return sentence_end(summary, TOPIC_hybrid, &sentence);
}

static bool is_slower(struct summary *summary, const struct cell *cell, const struct cell *best)
{
    return cell != best && stats_verdict(parts_compare(summary, cell, best, false)) == VERDICT_MORE;
}

/* Only where something is resolved: the others are counted together. */
static int tell_placement(struct summary *summary, const struct cell **group, size_t count)
{
    const struct cell *best = fastest(summary, group, count);
    struct sentence sentence = {0};
    size_t slower = 0, open = 0, named = 0;
    for (size_t i = 0; i < count; i++) {
        slower += is_slower(summary, group[i], best);
        open += group[i] != best && !is_slower(summary, group[i], best);
    }
    if (!slower) return 0;
    add_head(&sentence, best, true);
    for (size_t i = 0; i < count; i++) {
        if (!is_slower(summary, group[i], best)) continue;
        sentence_add(&sentence, "%s%s takes ", named++ ? ", " : "", group[i]->placement);
        sentence_add_times(&sentence, parts_compare(summary, group[i], best, false));
        sentence_add(&sentence, " as long as %s", best->placement);
    }
    sentence_add(&sentence, ".");
    if (open) sentence_add(&sentence, " The difference to ");
    named = 0;
    for (size_t i = 0; open && i < count; i++)
        if (group[i] != best && !is_slower(summary, group[i], best))
            sentence_add(&sentence, "%s%s", sentence_comma(named++, open), group[i]->placement);
    if (open) sentence_add(&sentence, " is not resolved.");
    return sentence_end(summary, TOPIC_placement, &sentence);
}

/* A list of words, each once. */
static void add_once(struct sentence *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list->text; (at = strstr(at, word)); at += length)
        if ((at == list->text || at[-1] == ' ') && (!at[length] || at[length] == ',')) return;
    sentence_add(list, "%s%s", list->used ? ", " : "", word);
}

/* How many comparisons left nothing resolved, and of what. */
static int count_placements(struct summary *summary)
{
    const struct run *run = summary->run;
    struct sentence sentence = {0}, kernels = {0}, runners = {0};
    size_t groups = 0, open = 0;
    for (unsigned i = 0; i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        size_t count, measured = 0, slower = 0;
        if (parts_is_serial(cell) || (strcmp(cell->study, "placement") && strcmp(cell->study, "run"))) continue;
        const struct cell **group = parts_group(run, cell, CELLS_PLACEMENT, &count);
        if (!group) return -ENOMEM;
        for (size_t j = 0; j < count; j++) /* without an interval nothing is compared */
            if (!isnan(parts_row(summary, group[j])->quantity[QUANTITY_wall_ns].low)) group[measured++] = group[j];
        for (size_t j = 0; j < measured && measured >= 2; j++)
            slower += is_slower(summary, group[j], fastest(summary, group, measured));
        groups += measured >= 2;
        if (measured >= 2 && !slower) {
            open++;
            add_once(&kernels, cell->label);
            add_once(&runners, cell->runner);
        }
        free(group);
    }
    if (!open) return 0;
    if (open == groups && groups == 1)
        sentence_add(&sentence, "No placement of %s under %s can be told from the fastest.", kernels.text,
                     runners.text);
    else {
        sentence_add(&sentence, open == groups ? "In all %zu" : "In %zu of", open);
        if (open != groups) sentence_add(&sentence, " %zu", groups);
        sentence_add(&sentence, " comparisons (%s; under %s) no placement can be told from the fastest.", kernels.text,
                     runners.text);
    }
    return sentence_end(summary, TOPIC_placement, &sentence);
}

int findings_shapes(struct summary *summary)
{
    int status = each_group(summary, "chunk", CELLS_CHUNK, tell_chunk);
    if (!status) status = each_group(summary, "hybrid", CELLS_WORKERS, tell_hybrid);
    if (!status) status = each_group(summary, "placement", CELLS_PLACEMENT, tell_placement);
    return status ? status : count_placements(summary);
}
