/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_sentence.c: the recommendation in one sentence with its reason. */
#include "bench/tune/tune.h"

#include "kernels/reason.h"
#include "results/statistics/models.h"

#include <math.h>
#include <stdlib.h>

static const double NOTABLE = 0.02; /* differences that a sentence mentions */

struct tune_peak tune_peak(const struct tune *tune)
{
    struct tune_peak peak = {NAN, NAN, NAN};
    const struct search_entry *recommended = tune_entry(tune, tune->result.recommended);
    size_t count, n = 0;
    if (!recommended || recommended->point.serial || tune->objective != TUNE_TIME) return peak;
    const struct search_entry **best = tune_curve(tune, recommended, &count);
    double workers[count + 1], costs[count + 1];
    struct usl_fit fit;
    for (size_t i = 0; best && i < count; i++) {
        if (best[i]->limited) continue;
        workers[n] = best[i]->workers;
        costs[n++] = best[i]->estimate;
    }
    free(best);
    if (n >= 5 && !models_usl_fit(workers, costs, n, &fit) && fit.peak_seen)
        peak = (struct tune_peak){fit.peak, fit.peak_low, fit.peak_high};
    return peak;
}

static void say_interval(struct reason *sentence, struct quantity quantity)
{
    if (isfinite(quantity.low)) reason_add(sentence, " [%.3g, %.3g]", quantity.low, quantity.high);
}

static void say_cost(const struct tune *tune, struct reason *sentence, const struct search_entry *entry)
{
    reason_add(sentence, "%s", tune_show_cost(tune, entry->estimate).text);
    if (!entry->cost.n || !isfinite(entry->cost.low)) return;
    reason_add(sentence, " [%s, %s]", tune_show_cost(tune, entry->cost.low).text,
               tune_show_cost(tune, entry->cost.high).text);
}

/* "3.1 [3.0, 3.2] x faster than serial" */
static void say_gain(const struct tune *tune, struct reason *sentence, const struct search_entry *entry)
{
    const struct search_entry *reference = tune_reference(tune);
    if (!reference || reference == entry) return;
    struct tune_words name = tune_name(tune, reference);
    struct quantity ratio = search_ratio(&tune->result, reference, entry);
    double gain = ratio.n ? ratio.median : reference->estimate / entry->estimate;
    if (reference->limited) {
        reason_add(sentence, "; %s%s was stopped at %.3g times that", reference->point.serial ? "" : "the default, ",
                   name.text, gain);
        return;
    }
    reason_add(sentence, "; %s%s takes %.3g", reference->point.serial ? "" : "the default, ", name.text, gain);
    say_interval(sentence, ratio);
    reason_add(sentence, " times that");
}

/* Why not the winner itself, and what is a tie. */
static void say_ties(const struct tune *tune, struct reason *sentence, const struct search_entry *entry)
{
    const struct search_result *result = &tune->result;
    const struct search_entry *winner = &result->entries[result->winner];
    if (winner != entry) {
        reason_add(sentence, entry->tied ? "; it cannot be told apart from %s" : "; %s is the best",
                   tune_name(tune, winner).text);
        struct quantity ratio = search_ratio(result, entry, winner);
        reason_add(sentence, " (ratio %.3f", ratio.median);
        say_interval(sentence, ratio);
        reason_add(sentence, entry->workers < winner->workers ? ") and has fewer workers" : ") and is the simpler");
        return;
    }
    for (size_t i = 0; i < result->entry_count; i++) {
        const struct search_entry *other = &result->entries[i];
        if (other == winner || !other->tied || other->ratio.n < STATS_INTERVAL_MIN) continue;
        reason_add(sentence, "; %s cannot be told apart from it (ratio %.3f", tune_name(tune, other).text,
                   other->ratio.median);
        say_interval(sentence, other->ratio);
        reason_add(sentence, ")");
        return;
    }
}

/* Does what was measured tell `other` from `entry`? With an interval that says so; without one, all measurements of the
 * one lie beyond all of the other. *ratio: what other costs over what entry costs. */
static bool told_apart(const struct tune *tune, const struct search_entry *other, const struct search_entry *entry,
                       double *ratio)
{
    struct quantity paired = search_ratio(&tune->result, other, entry);
    *ratio = paired.n ? paired.median : other->estimate / entry->estimate;
    if (paired.n && isfinite(paired.low)) return paired.low > 1 || paired.high < 1;
    if (other->limited) return true;
    double least[2] = {INFINITY, INFINITY}, most[2] = {0, 0};
    const struct search_entry *const both[2] = {other, entry};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < both[k]->count; i++) {
            least[k] = fmin(least[k], both[k]->costs[i]);
            most[k] = fmax(most[k], both[k]->costs[i]);
        }
    return least[0] > most[1] || most[0] < least[1];
}

/* What more workers bring, from what was tried with more. */
static void say_more(const struct tune *tune, struct reason *sentence, const struct search_entry *entry)
{
    size_t count;
    const struct search_entry **best = tune_curve(tune, NULL, &count), *next = NULL;
    struct tune_peak peak = tune_peak(tune);
    double most = 1; /* that could have been tried */
    for (size_t axis = 0; axis < tune->space.axis_count; axis++)
        if (tune->space.axis[axis].workers) most *= tune->space.axis[axis].values[tune->space.axis[axis].levels - 1];
    for (size_t i = 0; best && i < count; i++)
        if (best[i]->workers > entry->workers && (!next || best[i]->estimate < next->estimate)) next = best[i];
    free(best);
    if (most <= 1 || entry->point.serial) return;
    if (!next) {
        if (entry->workers < most) reason_add(sentence, "; with more workers it failed");
        else reason_add(sentence, "; it is the most workers that were to be tried");
        return;
    }
    static const struct {
        const char *claim, *unit;
    } words[] = {[TUNE_TIME] = {"add waiting, not speed", "longer"},
                 [TUNE_CORE_SECONDS] = {"cost more cpu time", "more"},
                 [TUNE_MEMORY] = {"need more memory", "more"}};
    double ratio;
    bool told = told_apart(tune, next, entry, &ratio);
    if (!told)
        reason_add(sentence, "; more workers gain nothing that can be told: %g cannot be told apart", next->workers);
    else if (ratio - 1 > NOTABLE)
        reason_add(sentence, "; more workers %s: %g take %s%.3g %% %s", words[tune->objective].claim, next->workers,
                   next->limited ? "at least " : "", (ratio - 1) * 100, words[tune->objective].unit);
    else reason_add(sentence, "; more workers gain %s", ratio - 1 < -NOTABLE ? "little" : "nothing");
    if (isfinite(peak.workers))
        reason_add(sentence, "; the fitted curve peaks at %.2g [%.2g, %.2g]", peak.workers, peak.low, peak.high);
}

/* Smaller and larger chunks beside the recommended one. */
static void say_chunk(const struct tune *tune, struct reason *sentence, const struct search_entry *entry)
{
    const struct search_entry *beside[2] = {NULL, NULL};
    double ratio[2];
    size_t axis = 0;
    while (axis < tune->space.axis_count && (tune->space.axis[axis].workers || !tune->space.axis[axis].values)) axis++;
    if (axis == tune->space.axis_count || entry->point.serial) return;
    const struct search_axis *chunk = &tune->space.axis[axis];
    for (size_t i = 0; i < tune->result.entry_count; i++) {
        const struct search_entry *other = &tune->result.entries[i];
        if (!search_works(other) || other->point.serial) continue;
        struct search_point point = other->point;
        point.level[axis] = entry->point.level[axis];
        if (other == entry || !search_same(&tune->space, &point, &entry->point)) continue;
        int side = other->point.level[axis] > entry->point.level[axis];
        const struct search_entry **nearest = &beside[side];
        if (!*nearest || (side ? other->point.level[axis] < (*nearest)->point.level[axis]
                               : other->point.level[axis] > (*nearest)->point.level[axis]))
            *nearest = other;
    }
    for (int side = 0; side < 2; side++)
        if (beside[side] && told_apart(tune, beside[side], entry, &ratio[side]))
            reason_add(sentence, "; %s %g: %+.2g %%", chunk->name, chunk->values[beside[side]->point.level[axis]],
                       (ratio[side] - 1) * 100);
}

static void say_serial(const struct tune *tune, struct reason *sentence, const struct search_entry *entry)
{
    const struct search_entry *other = NULL;
    for (size_t i = 0; i < tune->result.entry_count; i++) {
        const struct search_entry *candidate = &tune->result.entries[i];
        if (search_works(candidate) && candidate->confirmed && candidate != entry &&
            (!other || candidate->estimate < other->estimate))
            other = candidate;
    }
    if (!other) return;
    struct quantity ratio = search_ratio(&tune->result, other, entry);
    reason_add(sentence, "; the best with workers, %s, takes %.3g", tune_name(tune, other).text, ratio.median);
    say_interval(sentence, ratio);
    reason_add(sentence, " times that%s",
               entry->tied && tune->result.winner != tune->result.recommended
                   ? ", which cannot be told apart: workers do not pay here"
                   : "");
}

void tune_sentence(const struct tune *tune, struct reason *sentence)
{
    const struct search_entry *entry = tune_entry(tune, tune->result.recommended);
    *sentence->text = '\0';
    if (!entry) {
        reason_add(sentence, "No configuration worked.");
        return;
    }
    reason_add(sentence, "%s: ", entry->point.serial ? "Stay serial" : tune_name(tune, entry).text);
    say_cost(tune, sentence, entry);
    if (entry->point.serial) say_serial(tune, sentence, entry);
    else {
        say_gain(tune, sentence, entry);
        say_ties(tune, sentence, entry);
        say_chunk(tune, sentence, entry);
        say_more(tune, sentence, entry);
    }
    if (!entry->confirmed) reason_add(sentence, "; not measured again, so this is biased towards good luck");
    reason_add(sentence, ".");
}
