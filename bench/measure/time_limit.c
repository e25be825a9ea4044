/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/time_limit.h"

#include "kernels/reason.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the time limit, what the fewest repetitions of all cells leave for the others, and what those take at most. */
static const double FURTHER_SHARE = 0.1;

/* Does another cell that is still measured need this one: as its serial time, or as what it repeats? */
static bool is_needed(const struct session *session, unsigned id)
{
    const struct plan *plan = session->plan;
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (i != id && !session->tally[i].left_out && plan->cells[i].baseline == id) return true;
    return false;
}

static int by_cost(const void *a, const void *b, void *session)
{
    double left = session_known_ns(session, *(const unsigned *)a), right = session_known_ns(session, *(const unsigned *)b);
    return left < right ? 1 : left > right ? -1 : 0;
}

/* With the cells that repeat it, and with its serial cell where no other needs that. */
static void leave_out_cell(struct session *session, unsigned id)
{
    const struct cell *cells = session->plan->cells;
    unsigned baseline = cells[id].baseline;
    for (unsigned i = id; i < session->plan->cell_count; i++)
        if (!session->tally[i].left_out && cells[i].duplicate == id) {
            session->tally[i].left_out = true;
            session->experiment->left_out++;
        }
    if (baseline != id && !session->tally[baseline].left_out && !is_needed(session, baseline))
        leave_out_cell(session, baseline);
}

/* The first problem stays, and with it what repeats one of its cells: without those nothing could be said about trust. */
static bool may_be_left_out(const struct session *session, unsigned id)
{
    const struct cell *cell = &session->plan->cells[id];
    return !session->tally[id].left_out && cell->duplicate == id && cell->baseline != session->plan->cells[0].baseline &&
           !is_needed(session, id);
}

/* All cells, the dearest first; NULL without memory: it takes longer then. Owned by the caller. */
static unsigned *by_descending_cost(struct session *session)
{
    unsigned count = session->plan->cell_count, *cells = calloc(count, sizeof *cells);
    for (unsigned i = 0; cells && i < count; i++) cells[i] = i;
    if (cells) qsort_r(cells, count, sizeof *cells, by_cost, session);
    return cells;
}

/* Is there more to take than the fewest repetitions, and for some cells only? */
static bool goes_further(const struct protocol *protocol)
{
    return protocol->settle > 0 && protocol->reps > protocol->reps_min;
}

/* What is left of the time limit when the fewest repetitions of all cells are taken, by what the blocks so far really took. */
static double spare_ns(const struct session *session, uint64_t block)
{
    const struct protocol *protocol = &session->plan->protocol;
    double left_ns = (1 - goes_further(protocol) * FURTHER_SHARE) * (double)protocol->time_limit_ns - session_passed_ns(session);
    for (unsigned i = 0; i < session->plan->cell_count; i++)
        left_ns -= session_known_ns(session, i) * (double)(protocol->reps_min - block);
    return left_ns;
}

/* Where those will not fit, the dearest are left out, with the cells that repeat them, until the others fit. */
static void leave_out_cells(struct session *session, uint64_t block)
{
    const struct protocol *protocol = &session->plan->protocol;
    if (!protocol->time_limit_ns || !block || block >= protocol->reps_min) return;
    unsigned *dearest = by_descending_cost(session);
    for (unsigned i = 0; dearest && i < session->plan->cell_count && spare_ns(session, block) < 0; i++)
        if (may_be_left_out(session, dearest[i])) leave_out_cell(session, dearest[i]);
    free(dearest);
}

/* Repetitions with spans explain an answer and are none: they get what the others leave of the time, the dearest go without. */
static void leave_out_spans(struct session *session, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct protocol *protocol = &plan->protocol;
    if (!protocol->time_limit_ns || !block || block != session_spans_begin(protocol)) return;
    double spare = spare_ns(session, block), wanted = 0;
    for (unsigned i = 0; i < plan->cell_count; i++) wanted += session_has_spans(session, i, block) * session_known_ns(session, i) * protocol->spans;
    unsigned *dearest = by_descending_cost(session);
    for (unsigned i = 0; dearest && i < plan->cell_count && wanted > spare; i++) {
        if (!session_has_spans(session, dearest[i], block)) continue;
        wanted -= session_known_ns(session, dearest[i]) * protocol->spans;
        session->tally[dearest[i]].without_spans = true;
        session->experiment->without_spans++;
    }
    free(dearest);
}

void time_limit_leave_out(struct session *session, uint64_t block)
{
    leave_out_cells(session, block);
    leave_out_spans(session, block);
}

/* Of the time limit, for further repetitions. */
static double further_ns(struct session *session)
{
    double limit_ns = (double)session->plan->protocol.time_limit_ns, passed_ns = session_passed_ns(session);
    if (!(session->fewest_ns > 0)) session->fewest_ns = passed_ns;
    return fmin(limit_ns, session->fewest_ns + FURTHER_SHARE * limit_ns) - passed_ns;
}

void time_limit_narrow(struct session *session, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct protocol *protocol = &plan->protocol;
    if (!goes_further(protocol) || !protocol->time_limit_ns || block < protocol->reps_min || block >= protocol->reps) return;
    double left_ns = fmax(further_ns(session), 0), blocks = (double)(protocol->reps - block);
    if (session_block_ns(session, block) * blocks <= left_ns) return;
    double *cost_ns = calloc(plan->cell_count + 1u, sizeof *cost_ns);
    for (unsigned i = 0; cost_ns && i < plan->cell_count; i++) cost_ns[i] = session_known_ns(session, i);
    if (cost_ns) session->experiment->settled += tally_narrow(plan, session->tally, cost_ns, left_ns / blocks);
    free(cost_ns);
}

/* What went to cells that never ended in time and are not tried again: it tells nothing of what the others take. */
static double lost_ns(const struct session *session)
{
    double sum = 0;
    for (unsigned i = 0; i < session->plan->cell_count; i++)
        if (session->tally[i].timeouts && session_is_over(session, i)) sum += session->tally[i].spent_ns;
    return sum;
}

/* What it has not come to yet is left out. */
void time_limit_cut_first_block(struct session *session)
{
    const struct plan *plan = session->plan;
    double so_far_ns = session_passed_ns(session), limit_ns = (double)plan->protocol.time_limit_ns;
    if (limit_ns <= 0 || so_far_ns < limit_ns / 2) return;
    double lost = lost_ns(session); /* of both times */
    if (so_far_ns - lost < fmax(limit_ns - lost, 0) / 2) return;
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (!session->tally[i].spent && may_be_left_out(session, i)) leave_out_cell(session, i);
}

static void tell_without_spans(const struct experiment *experiment)
{
    char text[160];
    if (!experiment->without_spans) return;
    snprintf(text, sizeof text, "%u cells have no efficiency budget: the time limit left none for their repetitions with spans",
             experiment->without_spans);
    json_array_append_new(json_object_get(experiment->manifest, "notes"), json_string(text));
}

/* Which were left out, for the user and for the manifest's notes. */
static void tell_left_out(struct session *session)
{
    struct experiment *experiment = session->experiment;
    const struct plan *plan = session->plan;
    char *text = experiment->left_out_text;
    size_t size = sizeof experiment->left_out_text;
    if (!experiment->left_out) return;
    snprintf(text, size,
             "%u of %u cells, the dearest, were left out, since %llu repetitions of all would not have ended within the "
             "time limit of %.4g s; they are of study",
             experiment->left_out, plan->cell_count, (unsigned long long)plan->protocol.reps_min,
             (double)plan->protocol.time_limit_ns / 1e9);
    const char *last = "";
    for (unsigned i = 0; i < plan->cell_count; i++) {
        if (!session->tally[i].left_out || plan->cells[i].duplicate != i || !strcmp(plan->cells[i].study, last)) continue;
        text_add(text, size, "%s %s", *last ? "," : "", plan->cells[i].study);
        last = plan->cells[i].study;
    }
    json_array_append_new(json_object_get(experiment->manifest, "notes"), json_string(text));
}

void time_limit_tell(struct session *session)
{
    tell_left_out(session);
    tell_without_spans(session->experiment);
}
