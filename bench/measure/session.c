/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/session.h"

#include "bench/base/clock.h"
#include "runners/runner.h"

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
    return tally->spent ? tally->spent_ns / tally->spent : plan_expected_ns(session->plan, cell);
}

uint64_t session_spans_begin(const struct protocol *protocol)
{
    uint64_t wanted = (uint64_t)protocol->spans * (1 + EXPERIMENT_SPANS_AGAIN);
    return protocol->reps_min > wanted ? protocol->reps_min - wanted : 0;
}

bool session_has_spans(const struct session *session, unsigned cell, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct tally *tally = &session->tally[cell];
    uint64_t spans = (uint64_t)plan->protocol.spans, again = tally->disturbed, begin = session_spans_begin(&plan->protocol);
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
