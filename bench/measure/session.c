/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/session.h"

#include "bench/base/clock.h"
#include "kernels/reason.h"
#include "runners/runner.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the time limit, what the fewest repetitions of all cells leave for the others, and what those take at most. */
static const double FURTHER_SHARE = 0.05;

double session_passed_ns(const struct session *session)
{
    return (double)(clock_now_ns(&clock_real) - session->began_ns);
}

bool session_is_over(const struct session *session, unsigned cell)
{
    const struct tally *tally = &session->tally[cell];
    bool limited = session->plan->protocol.time_limit_ns != 0;
    return tally->timeouts >= (limited && !tally->count ? 1 : EXPERIMENT_TIMEOUTS_MAX) || tally->left_out || tally->settled;
}

double session_known_ns(const struct session *session, unsigned cell)
{
    const struct tally *tally = &session->tally[cell];
    if (!session->mine[cell]) return 0;
    if (session_is_over(session, cell)) return 0;
    return tally->spent ? tally->spent_ns / tally->spent : plan_expected_ns(session->plan, cell) * session->side_count;
}

/* The first block with spans: among the last that every cell takes, when it is known how much time they leave, with room for
 * another try of those that are disturbed. */
static uint64_t spans_begin(const struct protocol *protocol)
{
    uint64_t wanted = (uint64_t)protocol->spans * (1 + EXPERIMENT_SPANS_AGAIN);
    return protocol->reps_min > wanted ? protocol->reps_min - wanted : 0;
}

bool session_has_spans(const struct session *session, unsigned cell, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct tally *tally = &session->tally[cell];
    uint64_t spans = (uint64_t)plan->protocol.spans, again = tally->disturbed, begin = spans_begin(&plan->protocol);
    if (again > spans * EXPERIMENT_SPANS_AGAIN) again = spans * EXPERIMENT_SPANS_AGAIN;
    if (plan->cells[cell].baseline == cell || runner_find(plan->cells[cell].runner)->no_spans) return false;
    return !tally->without_spans && block >= begin && block < begin + spans + again;
}

double session_block_ns(const struct session *session, uint64_t block)
{
    double sum = 0;
    for (unsigned i = 0; i < session->plan->cell_count; i++)
        sum += session_known_ns(session, i) * (1 + session_has_spans(session, i, block));
    return sum;
}

/* ---- where time is limited ---- */

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
            session->left_out++;
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
    if (!protocol->time_limit_ns || !block || block != spans_begin(protocol)) return;
    double spare = spare_ns(session, block), wanted = 0;
    for (unsigned i = 0; i < plan->cell_count; i++) wanted += session_has_spans(session, i, block) * session_known_ns(session, i) * protocol->spans;
    unsigned *dearest = by_descending_cost(session);
    for (unsigned i = 0; dearest && i < plan->cell_count && wanted > spare; i++) {
        if (!session_has_spans(session, dearest[i], block)) continue;
        wanted -= session_known_ns(session, dearest[i]) * protocol->spans;
        session->tally[dearest[i]].without_spans = true;
        session->without_spans++;
    }
    free(dearest);
}

void session_leave_out(struct session *session, uint64_t block)
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

void session_narrow(struct session *session, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct protocol *protocol = &plan->protocol;
    if (!goes_further(protocol) || !protocol->time_limit_ns || block < protocol->reps_min || block >= protocol->reps) return;
    double left_ns = fmax(further_ns(session), 0), blocks = (double)(protocol->reps - block);
    if (session_block_ns(session, block) * blocks <= left_ns) return;
    double *cost_ns = calloc(plan->cell_count + 1u, sizeof *cost_ns);
    for (unsigned i = 0; cost_ns && i < plan->cell_count; i++) cost_ns[i] = session_known_ns(session, i);
    if (cost_ns) tally_narrow(plan, session->tally, cost_ns, left_ns / blocks);
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
void session_cut_first_block(struct session *session)
{
    const struct plan *plan = session->plan;
    double so_far_ns = session_passed_ns(session), limit_ns = (double)plan->protocol.time_limit_ns;
    if (limit_ns <= 0 || so_far_ns < limit_ns / 2) return;
    double lost = lost_ns(session); /* of both times */
    if (so_far_ns - lost < fmax(limit_ns - lost, 0) / 2) return;
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (!session->tally[i].spent && may_be_left_out(session, i)) leave_out_cell(session, i);
}

static void note(const struct session *session, const char *text)
{
    json_array_append_new(json_object_get(session->experiment->manifest, "notes"), json_string(text));
}

static void tell_without_spans(const struct session *session)
{
    char text[160];
    snprintf(text, sizeof text, "%u cells have no efficiency budget: the time limit left none for their repetitions with spans",
             session->without_spans);
    note(session, text);
}

static void tell_left_out(const struct session *session)
{
    const struct plan *plan = session->plan;
    char *text = session->experiment->left_out_text;
    size_t size = sizeof session->experiment->left_out_text;
    snprintf(text, size,
             "%u of %u cells, the dearest, were left out, since %llu repetitions of all would not have ended within the "
             "time limit of %.4g s; they are of study",
             session->left_out, plan->cell_count, (unsigned long long)plan->protocol.reps_min,
             (double)plan->protocol.time_limit_ns / 1e9);
    const char *last = "";
    for (unsigned i = 0; i < plan->cell_count; i++) {
        if (!session->tally[i].left_out || plan->cells[i].duplicate != i || !strcmp(plan->cells[i].study, last)) continue;
        text_add(text, size, "%s %s", *last ? "," : "", plan->cells[i].study);
        last = plan->cells[i].study;
    }
    note(session, text);
}

void session_tell(const struct session *session)
{
    if (session->left_out) tell_left_out(session);
    if (session->without_spans) tell_without_spans(session);
}
