/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/experiment.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/measure/manifest.h"
#include "bench/measure/session.h"
#include "kernels/reason.h"

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
    measure_recall(&session->sides[0].measure, sample);
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

static void show(struct session *session, uint64_t block, unsigned position)
{
    const struct plan *plan = session->plan;
    double block_left_ns = 0, later_ns = 0;
    for (unsigned i = position; i < plan->cell_count; i++)
        block_left_ns += session_known_ns(session, session->order[i]) * (1 + session_has_spans(session, session->order[i], block));
    double so_far_ns = session_passed_ns(session);
    if (block + 1 < plan->protocol.reps)
        later_ns = session_block_ns(session, plan->protocol.reps) * (double)(plan->protocol.reps - block - 1);
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
    char text[sizeof session->progress.said] = "";
    if (experiment->taken > SO_FAR_MAX ||
        !progress_due(&session->progress, clock_now_ns(&clock_real) - session->began_ns) ||
        !progress_read(experiment->dir, text, sizeof text) || !strcmp(text, session->progress.said))
        return;
    memcpy(session->progress.said, text, sizeof text);
    progress_close(&session->progress);
    fprintf(stderr, "%s\n", text);
}

/* One repetition by one build, on record. */
static int take_by(struct session *session, struct side *side, const struct turn *turn)
{
    struct sample sample;
    int error = measure_cell(&side->measure, turn, &sample, session->why);
    if (error) return error;
    error = record_append_sample(side->fd, &sample);
    if (error)
        reason_set(session->why,
                   "%.200s/samples.jsonl cannot be written any more: %s; what was measured before is kept", side->dir,
                   strerror(-error));
    else if (side == session->sides) {
        session->experiment->taken++;
        error = remember(session, &sample);
    }
    sample_free(&sample);
    return error;
}

static int take(struct session *session, uint64_t block, unsigned position, bool instrumented)
{
    unsigned cell = session->order[position];
    struct turn turn = {cell, (unsigned)block, position, instrumented};
    int error = 0;
    size_t place = (block * session->plan->cell_count + cell) * 2 + instrumented;
    if (block < session->done_blocks && session->done[place]) return 0;
    if (interrupt_seen()) return -EINTR;
    if (session_is_over(session, cell)) return 0;
    tell_so_far(session);
    show(session, block, position);
    int64_t began_ns = clock_now_ns(&clock_real);
    for (unsigned i = 0; !error && i < session->side_count; i++) /* no build is always the second */
        error = take_by(session, &session->sides[(block + position + i) % session->side_count], &turn);
    session->tally[cell].spent_ns += (double)(clock_now_ns(&clock_real) - began_ns);
    session->tally[cell].spent++;
    return error;
}

/* NULL: go on with `block`; else why not. */
static const char *stop_before(const struct session *session, uint64_t block)
{
    const struct protocol *protocol = &session->plan->protocol;
    double so_far_ns = session_passed_ns(session);
    if (protocol->precision > 0 && block >= protocol->reps_min && block % CHECK_EVERY == 0 &&
        tally_precise(session->plan, session->tally))
        return "precision";
    if (block >= protocol->reps) return protocol->precision > 0 ? "not converged" : "reps";
    if (protocol->time_limit_ns && block >= protocol->reps_min &&
        so_far_ns + session_block_ns(session, block) > (double)protocol->time_limit_ns)
        return protocol->precision > 0 ? "not converged" : "time limit";
    return NULL;
}

static int run_block(struct session *session, uint64_t block)
{
    const struct plan *plan = session->plan;
    plan_order(plan->cells, plan->cell_count, plan->protocol.seed, (unsigned)block, session->order);
    for (unsigned position = 0; position < plan->cell_count; position++) {
        if (!session->mine[session->order[position]]) continue;
        if (!block) session_cut_first_block(session);
        int error = take(session, block, position, false);
        if (!error && session_has_spans(session, session->order[position], block)) error = take(session, block, position, true);
        if (error) return error;
    }
    return 0;
}

static int run_blocks(struct session *session)
{
    struct experiment *experiment = session->experiment;
    const struct protocol *protocol = &session->plan->protocol;
    for (uint64_t block = 0;; block++) {
        if (protocol->settle > 0 && block >= protocol->reps_min) tally_settle(session->plan, session->tally);
        session_narrow(session, block);
        if ((experiment->stopped = stop_before(session, block))) break;
        experiment->blocks = block + 1;
        session_leave_out(session, block);
        int error = run_block(session, block);
        if (error) {
            experiment->stopped = error == -EINTR ? "interrupted" : "error";
            return error;
        }
    }
    return 0;
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
    session->sides[0].measure.timeline_dir = session->experiment->dir;
    return 0;
}

static int open_side(struct session *session, const char *dir, struct json_t *manifest, const char *program)
{
    struct side *side = &session->sides[session->side_count++];
    *side = (struct side){.dir = dir, .manifest = manifest, .fd = -1};
    int error = measure_open(&side->measure, session->plan, session->why);
    if (error) return error;
    side->measure.program = program;
    side->fd = record_open_samples(dir);
    if (side->fd >= 0) return 0;
    return reason_give(session->why, side->fd, "cannot open %.200s/samples.jsonl: %s", dir, strerror(-side->fd));
}

static int open_session(struct session *session, struct experiment *experiment)
{
    unsigned cells = experiment->plan->cell_count;
    session->tally = calloc(cells + 1u, sizeof *session->tally);
    session->order = calloc(cells + 1u, sizeof *session->order);
    session->mine = calloc(cells + 1u, sizeof *session->mine);
    reason_set(session->why, "no memory"); /* whoever fails otherwise says so */
    if (!session->tally || !session->order || !session->mine) return -ENOMEM;
    for (unsigned i = 0; i < cells; i++) session->mine[i] = plan_is_mine(experiment->plan, i);
    const struct experiment_other *other = &experiment->other;
    int error = open_side(session, experiment->dir, experiment->manifest, NULL);
    if (!error) error = recall(session);
    if (!error && experiment->plan->protocol.timeline) error = open_timeline(session);
    if (error || !other->program) return error;
    error = open_side(session, other->dir, other->manifest, other->program);
    return error ? error : manifest_begin(other->dir, other->manifest, session->plan->topology, session->why);
}

/* 0, or -errno where a manifest could not be written: the first of them, with its reason. */
static int close_session(struct session *session, bool complete)
{
    int64_t measured_ns = clock_now_ns(&clock_real) - session->began_ns;
    int error = 0;
    for (struct side *side = session->sides; side < session->sides + session->side_count; side++) {
        manifest_finish(side->manifest, complete, session->experiment->stopped, measured_ns);
        int written = manifest_write(side->dir, side->manifest);
        if (written && !error && complete)
            error = reason_give(session->why, written, "cannot write %.200s/manifest.json: %s", side->dir,
                                strerror(-written));
        measure_close(&side->measure);
        if (side->fd >= 0) close(side->fd);
    }
    for (unsigned i = 0; session->tally && i < session->plan->cell_count; i++) free(session->tally[i].walls_ns);
    free(session->tally);
    free(session->order);
    free(session->mine);
    free(session->done);
    return error;
}

int experiment_run(struct experiment *experiment, struct reason *why)
{
    struct session session = {
        .experiment = experiment, .plan = experiment->plan, .why = why, .began_ns = clock_now_ns(&clock_real)};
    experiment->stopped = "error";
    progress_open(&session.progress);
    int error = open_session(&session, experiment);
    if (!error) error = run_blocks(&session);
    progress_close(&session.progress);
    session_tell(&session);
    int written = close_session(&session, !error);
    return error ? error : written;
}
