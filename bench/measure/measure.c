/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/measure.h"

#include "bench/base/clock.h"
#include "bench/base/isolate.h"
#include "bench/machine/probe.h"
#include "bench/measure/timeline.h"
#include "bench/plan/spec.h"
#include "kernels/reason.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const double STEAL_MAX = 0.005; /* share of the time: beyond, a sample is suspect */
enum { CLOCK_SHARE = 20, STEP_SHARE = 10 }; /* reading the clock must stay below 1/20 of what it measures, its step
                                               below 1/10 */
enum { PILOTS = 12 };

/* What the machine counted before a repetition. */
struct counters {
    struct probe_ticks ticks;
    int64_t throttled_ns, throttled_periods;
    struct measure_mask mask;
};

/* Which cpus this process may use, now; a kernel with more cpus than the mask holds leaves it empty. */
static void mask_read(struct measure_mask *mask)
{
    *mask = (struct measure_mask){0};
    (void)syscall(SYS_sched_getaffinity, 0, sizeof mask->bits, mask->bits);
}

int measure_open(struct measure *measure, const struct plan *plan, struct reason *why)
{
    *measure = (struct measure){.plan = plan};
    int error = limits_read("", &measure->limits, why);
    if (error) return error;
    measure->expected = calloc(plan->cell_count + 1u, sizeof *measure->expected);
    if (!measure->expected)
        return reason_give(why, -ENOMEM, "no memory");
    measure->resolution_ns = clock_measure(&clock_real).resolution_ns;
    mask_read(&measure->mask);
    return 0;
}

void measure_close(struct measure *measure)
{
    free(measure->expected);
    *measure = (struct measure){0};
}

void measure_recall(struct measure *measure, const struct sample *sample)
{
    if (sample->cell >= measure->plan->cell_count || strcmp(sample->status, "ok")) return;
    unsigned baseline = measure->plan->cells[sample->cell].baseline;
    if (baseline == sample->cell && !*measure->expected[baseline])
        snprintf(measure->expected[baseline], sizeof *measure->expected, "%s", sample->hash);
}

static void counters_read(const struct measure *measure, struct counters *counters)
{
    probe_ticks_read("", &counters->ticks);
    counters->throttled_ns = limits_throttled_ns(&measure->limits);
    counters->throttled_periods = limits_throttled_periods(&measure->limits);
    mask_read(&counters->mask);
}

/* Did the team run into its cgroup's quota? Kernels since 6.18 hold back task by task and count it seldom: so a team that
 * wants more than the quota, and had about all of it, counts as well. */
static bool is_throttled(const struct measure *measure, const struct counters *before, const struct counters *after,
                         const struct sample *sample, int64_t elapsed_ns)
{
    const struct cell *cell = &measure->plan->cells[sample->cell];
    double quota = measure->limits.quota_cpus, workers = (double)plan_processes_here(cell) * cell->threads;
    if (sample->throttled_ns > 0 || after->throttled_periods > before->throttled_periods) return true;
    return workers > quota && (double)(sample->user_ns + sample->system_ns) > 0.9 * quota * (double)elapsed_ns;
}

/* What happened to the machine meanwhile, and what makes the figures doubtful. */
static void judge(const struct measure *measure, const struct counters *before, int64_t elapsed_ns,
                  struct sample *sample)
{
    struct counters after;
    counters_read(measure, &after);
    sample->steal_ns = sample->throttled_ns = -1;
    if (before->ticks.steal >= 0 && after.ticks.steal >= before->ticks.steal)
        sample->steal_ns = (after.ticks.steal - before->ticks.steal) * (1000000000 / sysconf(_SC_CLK_TCK));
    if (before->throttled_ns >= 0 && after.throttled_ns >= before->throttled_ns)
        sample->throttled_ns = after.throttled_ns - before->throttled_ns;
    if (probe_steal_share(&before->ticks, &after.ticks) > STEAL_MAX) sample_suspect(sample, SUSPICION_steal);
    if (is_throttled(measure, before, &after, sample, elapsed_ns)) sample_suspect(sample, SUSPICION_throttled);
    if (memcmp(&measure->mask, &before->mask, sizeof after.mask) ||
        memcmp(&measure->mask, &after.mask, sizeof after.mask))
        sample_suspect(sample, SUSPICION_unbound);
    double least_ns = fmax(CLOCK_SHARE * (double)sample->clock_ns, STEP_SHARE * measure->resolution_ns);
    if (sample->wall_ns >= 0 && (double)sample->wall_ns < least_ns) sample_suspect(sample, SUSPICION_clock);
}

static void take_usage(const struct rusage *usage, struct sample *sample)
{
    sample->user_ns = clock_timeval_ns(usage->ru_utime);
    sample->system_ns = clock_timeval_ns(usage->ru_stime);
    sample->voluntary_switches = usage->ru_nvcsw;
    sample->involuntary_switches = usage->ru_nivcsw;
    sample->minor_faults = usage->ru_minflt;
    sample->major_faults = usage->ru_majflt;
    if (sample->peak_rss_bytes < 0) sample->peak_rss_bytes = usage->ru_maxrss * INT64_C(1024);
}

/* A sample of a repetition that gave no answer of its own. */
static void take_death(const struct isolate_result *result, struct sample *sample)
{
    static const char *const status[] = {
        [ISOLATE_DONE] = "error",        [ISOLATE_EXITED] = "error", [ISOLATE_SIGNALED] = "killed",
        [ISOLATE_TIMED_OUT] = "timeout", [ISOLATE_LEFT] = "error",   [ISOLATE_INTERRUPTED] = "error"};
    sample_free(sample);
    *sample = sample_unmeasured();
    snprintf(sample->status, sizeof sample->status, "%s", status[result->end]);
    snprintf(sample->cause, sizeof sample->cause, "%s",
             *result->cause ? result->cause : "exit code 0 before its results were complete");
}

/* The answer is the first line: what comes behind was not written by the repetition. */
static void take_answer(const struct isolate_result *result, struct sample *sample)
{
    const char *end = result->output ? memchr(result->output, '\n', result->output_size) : NULL;
    struct reason why = {""};
    struct sample read = {0};
    if (result->end != ISOLATE_DONE || !end ||
        sample_from_json(result->output, (size_t)(end - result->output), &read, &why))
        take_death(result, sample);
    else *sample = read;
    /* A runtime in a worker says why it ends the worker's life: libgomp that has no thread. */
    size_t length = strlen(sample->cause);
    if (result->end == ISOLATE_DONE && length && *result->said && !strstr(sample->cause, result->said))
        snprintf(sample->cause + length, sizeof sample->cause - length, ": %s", result->said);
}

/* Holds the result against the serial one. */
static void check_against_serial(struct measure *measure, unsigned cell, struct sample *sample)
{
    char *expected = measure->expected[measure->plan->cells[cell].baseline];
    if (strcmp(sample->status, "ok")) return;
    measure_recall(measure, sample);
    if (!*expected) return; /* the serial cell has failed so far: what the kernel itself verified stands alone */
    if (strcmp(expected, sample->hash)) {
        snprintf(sample->status, sizeof sample->status, "error");
        snprintf(sample->cause, sizeof sample->cause, "wrong result: it differs from the serial one");
        sample->wall_ns = -1; /* never a number */
        *sample->verified = '\0';
        return;
    }
    snprintf(sample->verified, sizeof sample->verified, "%s", *sample->verified ? "serial+published" : "serial");
}

/* Of the numbers that make this repetition: its padding is random, and the same on a second run of the plan. */
static unsigned padding_of(const struct plan *plan, unsigned cell, unsigned block, bool instrumented)
{
    const uint64_t numbers[] = {plan->protocol.seed, cell, block, instrumented};
    return (unsigned)((repetition_hash(numbers, sizeof numbers) >> 20) % (ISOLATE_PADDING_MAX + 1));
}

/* A runtime learns how to wait when it is loaded, and each of several processes believes that all cpus are its own:
 * where they have more threads than there are cpus, they would spin against each other for milliseconds a region. */
static const char *waiting_of(const struct plan *plan, const struct cell *cell)
{
    bool crowded = cell->processes > 1 && cell->threads > 1 && plan_processes_here(cell) * cell->threads > plan->cpus;
    return crowded && !getenv("OMP_WAIT_POLICY") ? "OMP_WAIT_POLICY=passive" : NULL;
}

static int run(const struct measure *measure, const struct turn *turn, struct isolate_result *result, struct reason *why)
{
    static const char *const words[] = {"_cell", NULL};
    const struct plan *plan = measure->plan;
    const struct plan_cell *extra = &plan->extra[turn->cell];
    char timeline[4200];
    struct spec spec = {.cell = plan->cells[turn->cell],
                        .warmup = extra->warmup,
                        .warmup_tasks = extra->warmup_tasks,
                        .instrumented = turn->instrumented,
                        .cpus = plan->placements[extra->placement].placement.cpus,
                        .has_inject = extra->inject};
    if (extra->inject) spec.inject = *extra->inject;
    if (measure->timeline_dir && turn->instrumented) {
        timeline_path(timeline, sizeof timeline, measure->timeline_dir, turn->cell, turn->block);
        spec.timeline = timeline;
    }
    char *text = spec_to_json(&spec);
    if (!text)
        return reason_give(why, -ENOMEM, "no memory");
    struct isolate isolate = {.words = words,
                              .input = text,
                              .input_size = strlen(text),
                              .deadline_ns = (int64_t)extra->deadline_ns,
                              .memory_bytes = plan->protocol.memory_bytes,
                              .padding_bytes = padding_of(plan, turn->cell, turn->block, turn->instrumented),
                              .setting = waiting_of(plan, &plan->cells[turn->cell]),
                              .openmp_as_found = !strcmp(plan->cells[turn->cell].placement, "env"),
                              .program = measure->program ? measure->program : extra->program};
    int error = isolate_run(&isolate, result, why);
    free(text);
    return !error && result->end == ISOLATE_INTERRUPTED ? -EINTR : error;
}

int measure_cell(struct measure *measure, const struct turn *turn, struct sample *sample, struct reason *why)
{
    struct isolate_result result = {0};
    struct counters before;
    counters_read(measure, &before);
    int64_t began_ns = clock_date_ns();
    int error = run(measure, turn, &result, why);
    if (!error) {
        struct sample made = {0};
        take_answer(&result, &made);
        made.cell = turn->cell;
        made.block = turn->block;
        made.order = turn->order;
        made.began_ns = began_ns;
        made.instrumented = turn->instrumented;
        take_usage(&result.usage, &made);
        check_against_serial(measure, turn->cell, &made);
        judge(measure, &before, result.elapsed_ns, &made);
        *sample = made;
    }
    isolate_result_free(&result);
    return error;
}

double measure_slowness(const struct plan *plan)
{
    struct measure measure;
    struct reason why = {""};
    double expected_ns = 0;
    if (measure_open(&measure, plan, &why)) return 1;
    int64_t began_ns = clock_now_ns(&clock_real);
    for (unsigned i = 0; i < PILOTS && i < plan->cell_count; i++) {
        unsigned cell = (unsigned)((uint64_t)i * plan->cell_count / PILOTS);
        struct sample sample;
        if (plan_expected_ns(plan, cell) > 300e6) continue; /* too dear for a look */
        if (measure_cell(&measure, &(struct turn){.cell = cell}, &sample, &why)) break;
        expected_ns += plan_expected_ns(plan, cell);
        sample_free(&sample);
    }
    int64_t took_ns = clock_now_ns(&clock_real) - began_ns;
    measure_close(&measure);
    return expected_ns > 0 ? fmax(1, (double)took_ns / expected_ns) : 1;
}
