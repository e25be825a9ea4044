/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/experiment.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/measure/manifest.h"
#include "bench/measure/progress.h"
#include "bench/measure/so_far.h"
#include "bench/measure/tally.h"
#include "kernels/reason.h"
#include "runners/runner.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHECK_EVERY = 2, /* blocks between looks at the precision: the order comes in pairs */
    SO_FAR_MAX = 20000 /* samples, a second to look through */
};
static const double CURVES_SHARE = 0.1;

struct session {
    struct experiment *experiment;
    const struct plan *plan;
    struct measure measure;
    struct progress progress;
    struct so_far so_far;
    struct tally *tally;
    unsigned *order;
    bool *mine; /* cells that are measured here (--share) */
    unsigned char *done; /* done[(block * cells + cell) * 2 + instrumented]: taken before */
    uint64_t done_blocks;
    int fd;
    int64_t began_ns;
    double left_ns; /* of the block in work */
    struct reason *why;
};

static double passed_ns(const struct session *session)
{
    return (double)(clock_now_ns(&clock_real) - session->began_ns);
}

/* Takes no further repetition. Where time is limited, one that never ended in time has had its share: its deadline is longer
 * than what others take. */
static bool is_over(const struct session *session, unsigned cell)
{
    const struct tally *tally = &session->tally[cell];
    bool limited = session->plan->protocol.time_limit_ns != 0;
    return tally->timeouts >= (limited && !tally->count ? 1 : EXPERIMENT_TIMEOUTS_MAX) || tally->left_out || tally->settled;
}

static double known_ns(const struct session *session, unsigned cell)
{
    const struct tally *tally = &session->tally[cell];
    if (!session->mine[cell]) return 0;
    if (is_over(session, cell)) return 0;
    return tally->spent ? tally->spent_ns / tally->spent : plan_expected_ns(session->plan, cell);
}

/* The first block with spans: among the last that every cell takes, when it is known how much time they leave, with room
 * for another try of those that are disturbed. */
static uint64_t spans_begin(const struct protocol *protocol)
{
    uint64_t wanted = (uint64_t)protocol->spans * (1 + EXPERIMENT_SPANS_AGAIN);
    return protocol->reps_min > wanted ? protocol->reps_min - wanted : 0;
}

static bool has_spans(const struct session *session, unsigned cell, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct tally *tally = &session->tally[cell];
    uint64_t spans = (uint64_t)plan->protocol.spans, again = tally->disturbed, begin = spans_begin(&plan->protocol);
    if (again > spans * EXPERIMENT_SPANS_AGAIN) again = spans * EXPERIMENT_SPANS_AGAIN;
    if (plan->cells[cell].baseline == cell || runner_find(plan->cells[cell].runner)->no_spans) return false;
    return !tally->without_spans && block >= begin && block < begin + spans + again;
}

/* Expected duration of a whole block. */
static double block_ns(const struct session *session, uint64_t block)
{
    double sum = 0;
    for (unsigned i = 0; i < session->plan->cell_count; i++)
        sum += known_ns(session, i) * (1 + has_spans(session, i, block));
    return sum;
}

static bool is_done(const struct session *session, uint64_t block, unsigned cell, bool instrumented)
{
    return block < session->done_blocks && session->done[(block * session->plan->cell_count + cell) * 2 + instrumented];
}

static int remember(struct session *session, const struct sample *sample)
{
    struct tally *tally = &session->tally[sample->cell];
    if (!strcmp(sample->status, "timeout")) tally->timeouts++;
    tally->disturbed += sample->instrumented && sample->suspect[0];
    if (strcmp(sample->status, "ok") || sample->instrumented) return 0;
    return tally_add(tally, (double)sample->wall_ns);
}

static int recall_one(const struct sample *sample, int64_t at, void *context)
{
    struct session *session = context;
    size_t cells = session->plan->cell_count;
    (void)at;
    if (sample->block < session->done_blocks)
        session->done[(sample->block * cells + sample->cell) * 2 + sample->instrumented] = 1;
    measure_recall(&session->measure, sample);
    return remember(session, sample);
}

/* Takes over what was measured before the interruption. */
static int recall(struct session *session)
{
    const struct run *before = session->experiment->before;
    unsigned cells = session->plan->cell_count;
    if (!before) return 0;
    for (size_t i = 0; i < before->sample_count; i++)
        if (before->samples[i].block >= session->done_blocks)
            session->done_blocks = before->samples[i].block + UINT64_C(1);
    if (session->done_blocks > session->plan->protocol.reps) session->done_blocks = session->plan->protocol.reps;
    session->done = calloc((size_t)session->done_blocks * cells * 2 + 1, 1);
    if (!session->done) return -ENOMEM;
    return run_each(before, recall_one, session, session->why);
}

static int keep(struct session *session, const struct sample *sample)
{
    int error = record_append_sample(session->fd, sample);
    if (error)
        reason_set(session->why, "%.200s/samples.jsonl cannot be written any more: %s; what was measured before is kept", session->experiment->dir,
                 strerror(-error));
    return error;
}

static void show(struct session *session, uint64_t block, unsigned position)
{
    const struct plan *plan = session->plan;
    double block_left_ns = 0, later_ns = 0;
    if (session->experiment->quiet) return;
    for (unsigned i = position; i < plan->cell_count; i++)
        block_left_ns += known_ns(session, session->order[i]) * (1 + has_spans(session, session->order[i], block));
    double so_far_ns = passed_ns(session);
    if (block + 1 < plan->protocol.reps)
        later_ns = block_ns(session, plan->protocol.reps) * (double)(plan->protocol.reps - block - 1);
    double left_ns = block_left_ns + later_ns;
    if (plan->protocol.time_limit_ns)
        left_ns = fmin(left_ns, fmax((double)plan->protocol.time_limit_ns - so_far_ns, block_left_ns));
    struct progress_state state = {.cell = &plan->cells[session->order[position]],
                                   .position = position,
                                   .cells = plan->cell_count,
                                   .block = block,
                                   .blocks = plan->protocol.reps,
                                   .share = so_far_ns / fmax(so_far_ns + left_ns, 1),
                                   .left_ns = left_ns};
    progress_show(&session->progress, &state);
}

/* Between two repetitions, so that it disturbs none. */
static void tell_so_far(struct session *session)
{
    const struct experiment *experiment = session->experiment;
    char text[sizeof session->so_far.said] = "";
    if (experiment->quiet || experiment->taken > SO_FAR_MAX ||
        !so_far_due(&session->so_far, clock_now_ns(&clock_real) - session->began_ns) ||
        !so_far_read(experiment->dir, text, sizeof text) || !strcmp(text, session->so_far.said))
        return;
    memcpy(session->so_far.said, text, sizeof text);
    progress_close(&session->progress);
    fprintf(stderr, "%s\n", text);
}

/* The same repetition by the other build. */
static int take_other(struct session *session, uint64_t block, unsigned position, bool instrumented)
{
    return versus_take(session->experiment->versus, session->order[position], (unsigned)block, position, instrumented,
                       session->why);
}

static int take(struct session *session, uint64_t block, unsigned position, bool instrumented)
{
    struct experiment *experiment = session->experiment;
    unsigned cell = session->order[position];
    struct sample sample;
    if (is_done(session, block, cell, instrumented)) return 0;
    if (interrupt_seen()) return -EINTR;
    if (is_over(session, cell)) return 0;
    tell_so_far(session);
    show(session, block, position);
    int64_t began_ns = clock_now_ns(&clock_real);
    bool other_first = experiment->versus && (block + position) % 2; /* neither build is always the second */
    int error = other_first ? take_other(session, block, position, instrumented) : 0;
    if (!error)
        error = measure_cell(&session->measure, &(struct turn){cell, (unsigned)block, position, instrumented}, &sample,
                             session->why);
    if (error) return error;
    session->tally[cell].spent_ns += (double)(clock_now_ns(&clock_real) - began_ns);
    session->tally[cell].spent++;
    error = keep(session, &sample);
    if (!error) {
        experiment->taken++;
        experiment->failed += strcmp(sample.status, "ok") != 0;
        error = remember(session, &sample);
    }
    sample_free(&sample);
    if (!error && experiment->versus && !other_first) error = take_other(session, block, position, instrumented);
    return error;
}

/* Is every cell's interval narrow enough? */
static bool is_precise(const struct session *session)
{
    unsigned i = 0, cells = session->plan->cell_count;
    while (i < cells && tally_within(&session->tally[i], session->plan->protocol.precision)) i++;
    return i == cells;
}

/* NULL: go on with `block`; else why not. */
static const char *stop_before(const struct session *session, uint64_t block)
{
    const struct protocol *protocol = &session->plan->protocol;
    double so_far_ns = passed_ns(session);
    if (protocol->precision > 0 && block >= protocol->reps_min && block % CHECK_EVERY == 0 && is_precise(session))
        return "precision";
    if (block >= protocol->reps) return protocol->precision > 0 ? "not converged" : "reps";
    if (protocol->time_limit_ns && block >= protocol->reps_min &&
        so_far_ns + block_ns(session, block) > (double)protocol->time_limit_ns)
        return protocol->precision > 0 ? "not converged" : "time limit";
    return NULL;
}

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
    double left = known_ns(session, *(const unsigned *)a), right = known_ns(session, *(const unsigned *)b);
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

/* Of the time limit, what the fewest repetitions of all cells leave for the curves. */
static double curves_share(const struct protocol *protocol)
{
    return protocol->settle > 0 && protocol->reps > protocol->reps_min ? CURVES_SHARE : 0;
}

/* What is left of the time limit when the fewest repetitions of all cells are taken, by what the blocks so far really took. */
static double spare_ns(const struct session *session, uint64_t block)
{
    const struct protocol *protocol = &session->plan->protocol;
    double left_ns = (1 - curves_share(protocol)) * (double)protocol->time_limit_ns - passed_ns(session);
    for (unsigned i = 0; i < session->plan->cell_count; i++)
        left_ns -= known_ns(session, i) * (double)(protocol->reps_min - block);
    return left_ns;
}

/* Where those will not fit, the dearest are left out, with the cells that repeat them, until the others fit. */
static void leave_out(struct session *session, uint64_t block)
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
    for (unsigned i = 0; i < plan->cell_count; i++) wanted += has_spans(session, i, block) * known_ns(session, i) * protocol->spans;
    unsigned *dearest = by_descending_cost(session);
    for (unsigned i = 0; dearest && i < plan->cell_count && wanted > spare; i++) {
        if (!has_spans(session, dearest[i], block)) continue;
        wanted -= known_ns(session, dearest[i]) * protocol->spans;
        session->tally[dearest[i]].without_spans = true;
        session->experiment->without_spans++;
    }
    free(dearest);
}

/* Once all cells have the fewest repetitions and the time does not suffice for all of them, it goes to where they cross something. */
static void narrow(struct session *session, uint64_t block)
{
    const struct plan *plan = session->plan;
    const struct protocol *protocol = &plan->protocol;
    double left_ns = (double)protocol->time_limit_ns - passed_ns(session), blocks = (double)(protocol->reps - block);
    if (curves_share(protocol) <= 0 || !protocol->time_limit_ns || block < protocol->reps_min || block >= protocol->reps) return;
    if (left_ns <= 0 || block_ns(session, block) * blocks <= left_ns) return;
    double *cost_ns = calloc(plan->cell_count + 1u, sizeof *cost_ns);
    for (unsigned i = 0; cost_ns && i < plan->cell_count; i++) cost_ns[i] = known_ns(session, i);
    if (cost_ns) session->experiment->settled += tally_narrow(plan, session->tally, cost_ns, left_ns / blocks);
    free(cost_ns);
}

/* What went to cells that never ended in time and are not tried again: it tells nothing of what the others take. */
static double lost_ns(const struct session *session)
{
    double sum = 0;
    for (unsigned i = 0; i < session->plan->cell_count; i++)
        if (session->tally[i].timeouts && is_over(session, i)) sum += session->tally[i].spent_ns;
    return sum;
}

/* A machine so slow that one block does not fit into half of the time limit: what it has not come to yet is left out. */
static void cut_first_block(struct session *session)
{
    const struct plan *plan = session->plan;
    double so_far_ns = passed_ns(session), limit_ns = (double)plan->protocol.time_limit_ns;
    if (limit_ns <= 0 || so_far_ns < limit_ns / 2) return;
    double lost = lost_ns(session); /* of both times */
    if (so_far_ns - lost < fmax(limit_ns - lost, 0) / 2) return;
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (!session->tally[i].spent && may_be_left_out(session, i)) leave_out_cell(session, i);
}

static int run_block(struct session *session, uint64_t block)
{
    const struct plan *plan = session->plan;
    plan_order(plan->cells, plan->cell_count, plan->protocol.seed, (unsigned)block, session->order);
    for (unsigned position = 0; position < plan->cell_count; position++) {
        if (!session->mine[session->order[position]]) continue;
        if (!block) cut_first_block(session);
        int error = take(session, block, position, false);
        if (!error && has_spans(session, session->order[position], block)) error = take(session, block, position, true);
        if (error) return error;
    }
    return 0;
}

static int run_blocks(struct session *session)
{
    struct experiment *experiment = session->experiment;
    const struct protocol *protocol = &session->plan->protocol;
    for (uint64_t block = 0;; block++) {
        if (protocol->settle > 0 && block >= protocol->reps_min) experiment->settled += tally_settle(session->plan, session->tally);
        narrow(session, block);
        if ((experiment->stopped = stop_before(session, block))) break;
        experiment->blocks = block + 1;
        leave_out(session, block);
        leave_out_spans(session, block);
        int error = run_block(session, block);
        if (error) {
            experiment->stopped = error == -EINTR ? "interrupted" : "error";
            return error;
        }
    }
    return 0;
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

/* The folder of timelines; what is not written there shows by its absence. */
static int open_timeline(struct session *session)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/timeline", session->experiment->dir);
    if (mkdir(path, 0777) && errno != EEXIST) {
        int error = -errno;
        return reason_give(session->why, error, "cannot make %.200s: %s", path, strerror(-error));
    }
    session->measure.timeline_dir = session->experiment->dir;
    return 0;
}

static int open_session(struct session *session, struct experiment *experiment)
{
    unsigned cells = experiment->plan->cell_count;
    session->tally = calloc(cells + 1u, sizeof *session->tally);
    session->order = calloc(cells + 1u, sizeof *session->order);
    session->mine = calloc(cells + 1u, sizeof *session->mine);
    reason_set(session->why, "no memory");
    if (!session->tally || !session->order || !session->mine) return -ENOMEM;
    for (unsigned i = 0; i < cells; i++) session->mine[i] = plan_is_mine(experiment->plan, i);
    int error = measure_open(&session->measure, experiment->plan, session->why);
    if (!error) error = recall(session);
    if (!error && experiment->plan->protocol.timeline) error = open_timeline(session);
    if (error) return error;
    session->fd = record_open_samples(experiment->dir);
    if (session->fd >= 0) return 0;
    return reason_give(session->why, session->fd, "cannot open %.200s/samples.jsonl: %s", experiment->dir,
                       strerror(-session->fd));
}

static void close_session(struct session *session)
{
    for (unsigned i = 0; session->tally && i < session->plan->cell_count; i++) free(session->tally[i].walls_ns);
    measure_close(&session->measure);
    free(session->tally);
    free(session->order);
    free(session->mine);
    free(session->done);
    if (session->fd >= 0) close(session->fd);
}

int experiment_run(struct experiment *experiment, struct reason *why)
{
    struct session session = {.experiment = experiment,
                              .plan = experiment->plan,
                              .fd = -1,
                              .why = why,
                              .began_ns = clock_now_ns(&clock_real)};
    experiment->stopped = "error";
    progress_open(&session.progress);
    int error = open_session(&session, experiment);
    if (!error) error = run_blocks(&session);
    progress_close(&session.progress);
    tell_left_out(&session);
    tell_without_spans(experiment);
    close_session(&session);
    int64_t measured_ns = clock_now_ns(&clock_real) - session.began_ns;
    manifest_finish(experiment->manifest, !error, experiment->stopped, measured_ns);
    if (experiment->versus) versus_close(experiment->versus, !error, experiment->stopped, measured_ns);
    int written = manifest_write(experiment->dir, experiment->manifest);
    if (written && !error) {
        reason_set(why, "cannot write %.200s/manifest.json: %s", experiment->dir, strerror(-written));
        error = written;
    }
    return error;
}
