/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/repetition.h"

#include "bench/base/memory.h"
#include "bench/base/waiting.h"
#include "bench/machine/probe.h"
#include "bench/measure/instruments.h"
#include "bench/measure/timeline.h"
#include "kernels/reason.h"
#include "runners/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { POISON = 0xA5, LONG_POISON = 1 << 18 };
static const double WAITED_MAX = 0.02; /* share of the workers' time: beyond, a sample is suspect */

/* A repetition on its way. Everything is zero or NULL until it exists. */
struct progress {
    const struct repetition *repetition;
    const struct clock *clock;
    struct sample *sample;
    pid_t self;
    struct memory memory;
    struct team team;
    struct job job;
    struct recipe recipe;
    struct instruments instruments;
    struct fitted *fitted; /* NULL: nothing stands around the kernel */
    unsigned workers;
    size_t cpus; /* that this process may use, before a runner binds it */
    void *input, *state;
    void *results;
    size_t results_size;
    int64_t began_ns; /* of the timed pass */
    int64_t own_ns;   /* cpu time of the calling thread in the passes, where it is no worker */
    struct spread spread;
    struct failure failure;
};

__attribute__((format(printf, 2, 3))) static int fail(struct progress *progress, const char *format, ...)
{
    struct sample *sample = progress->sample;
    if (*sample->cause) return -1; /* the first cause stands */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sample->cause, sizeof sample->cause, format, arguments);
    va_end(arguments);
    snprintf(sample->status, sizeof sample->status, "error");
    return -1;
}

/* Eight bytes at a time in four lanes, multiplied and folded: the mixing step of wyhash's family (Wang Yi, 2019). */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (__extension__(unsigned __int128) a) * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t repetition_hash(const void *bytes, size_t size)
{
    static const uint64_t key[4] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3};
    const unsigned char *at = bytes;
    uint64_t lane[4], word[4];
    memcpy(lane, key, sizeof lane);
    for (size_t left = size; left; left -= left < 32 ? left : 32, at += 32) {
        memset(word, 0, sizeof word);
        memcpy(word, at, left < 32 ? left : 32);
        for (int i = 0; i < 4; i++) lane[i] = mix(lane[i] ^ word[i], key[i] ^ size) + word[i];
    }
    return mix(lane[0] ^ key[1], lane[1] ^ key[2]) ^ mix(lane[2] ^ key[3], lane[3] ^ (key[0] + size));
}

static void keep_lost(struct progress *progress)
{
    struct sample *sample = progress->sample;
    const struct failure *failure = &progress->failure;
    unsigned count = failure->lost_count < FAILURE_LOST_MAX ? failure->lost_count : FAILURE_LOST_MAX;
    if (!count || sample->lost_count || !(sample->lost = calloc(count, sizeof *sample->lost))) return;
    for (unsigned i = 0; i < count; i++) {
        const struct lost_worker *lost = &failure->lost[i];
        sample->lost[i] = (struct sample_lost){.worker = lost->worker,
                                               .signal = lost->signal,
                                               .code = lost->code,
                                               .max_rss_bytes = lost->max_rss_bytes,
                                               .user_ns = lost->user_ns,
                                               .system_ns = lost->system_ns};
        snprintf(sample->lost[i].cause, sizeof sample->lost[i].cause, "%s", lost->cause);
    }
    sample->lost_count = count;
}

/* A runner's phase failed: its own words, or the error's. */
static int fail_phase(struct progress *progress, const char *phase, int error)
{
    keep_lost(progress);
    if (*progress->failure.text) return fail(progress, "%s: %s", phase, progress->failure.text);
    return fail(progress, "%s: %s", phase, strerror(-error));
}

/* What records and what is injected. 0 or -1. */
static int fit(struct progress *progress)
{
    const struct repetition *repetition = progress->repetition;
    struct recipe *recipe = &progress->recipe;
    *recipe = (struct recipe){.records_spans = repetition->instrumented,
                              .injects = repetition->inject != NULL,
                              .event_room = repetition->timeline ? TIMELINE_ROOM : 0};
    if (repetition->inject) recipe->inject = *repetition->inject;
    struct instruments *instruments = &progress->instruments;
    *instruments = (struct instruments){.recipe = recipe,
                                        .recipe_size = sizeof *recipe,
                                        .record_size = instruments_record_size(recipe),
                                        .workers = progress->workers};
    instruments->records = memory_map(instruments->workers * instruments->record_size);
    if (!instruments->records) return -1;
    progress->fitted = instruments_fit(instruments, progress->team.threads, progress->clock, &progress->job);
    progress->job.instruments = instruments;
    return progress->fitted ? 0 : -1;
}

static int prepare(struct progress *progress)
{
    const struct repetition *repetition = progress->repetition;
    const struct kernel *kernel = repetition->kernel;
    size_t one = kernel_result_size(kernel, repetition->params.size);
    if (__builtin_mul_overflow(one, repetition->params.tasks, &progress->results_size) ||
        !(progress->results = memory_map(progress->results_size)))
        return fail(progress, "no memory for %zu results of %zu bytes", repetition->params.tasks, one);
    int error = kernel->prepare ? kernel->prepare(&repetition->params, &progress->memory.arena, &progress->input) : 0;
    if (error) return fail(progress, "the kernel cannot prepare its input: %s", strerror(-error));
    progress->job = (struct job){.kernel = kernel,
                                 .params = repetition->params,
                                 .input = progress->input,
                                 .kernel_path = repetition->kernel_path};
    progress->team = repetition->team;
    progress->team.spread = &progress->spread;
    progress->team.reports = memory_map(progress->workers * sizeof *progress->team.reports);
    progress->sample->workers = calloc(progress->workers, sizeof *progress->sample->workers);
    if (!progress->team.reports || !progress->sample->workers)
        return fail(progress, "no memory for the workers' reports");
    if ((repetition->inject || repetition->instrumented) && fit(progress))
        return fail(progress, "no memory for the workers' records");
    if (repetition->inject && repetition->inject->unbound) progress->team.cpus = NULL;
    return 0;
}

static int bring_up(struct progress *progress)
{
    const struct runner *runner = progress->repetition->runner;
    struct sample *sample = progress->sample;
    int64_t began_ns = clock_now_ns(progress->clock);
    if (runner->setup) {
        int error = runner->setup(&progress->team, &progress->job, &progress->state, &progress->failure);
        if (error) return fail_phase(progress, "setup", error);
        int64_t ended_ns = clock_now_ns(progress->clock);
        sample->setup_ns = ended_ns - began_ns;
        began_ns = ended_ns;
    }
    int error = runner->start(&progress->team, &progress->job, &progress->state, &progress->failure);
    if (progress->repetition->inject)
        sample->injected_ns = inject_wait(&progress->fitted->injected, progress->repetition->inject->start_ns);
    sample->start_ns = clock_now_ns(progress->clock) - began_ns;
    return error ? fail_phase(progress, "start", error) : 0;
}

/* One pass over all tasks; its duration, or -1 after a failure. */
static int64_t pass(struct progress *progress)
{
    const struct runner *runner = progress->repetition->runner;
    if (progress->fitted) instruments_reset(progress->fitted);
    progress->began_ns = clock_now_ns(progress->clock);
    int error = runner->run(progress->state, progress->job.params.tasks, progress->results, &progress->failure);
    int64_t wall_ns = clock_now_ns(progress->clock) - progress->began_ns;
    if (getpid() != progress->self) _exit(0); /* a copy that the kernel forked: not a second repetition */
    return error ? fail_phase(progress, "run", error) : wall_ns;
}

static bool is_worker(int tid, const void *context)
{
    const struct progress *progress = context;
    bool found = false;
    for (unsigned i = 0; i < progress->workers; i++) found |= progress->team.reports[i].tid == tid;
    return found;
}

/* What ran on behalf of the runner beside its workers: the calling thread, and all of this process's children, an
 * interpreter, a launcher, a server, of which some hand out the work. */
static int64_t runner_ran_ns(const struct progress *progress)
{
    int64_t own_ns = is_worker(gettid(), progress) ? 0 : waiting_read(progress->self, gettid()).ran_ns;
    return own_ns + waiting_children_ran_ns(is_worker, progress);
}

/* Before the first pass and after the last; in between only where a long poisoning has cooled the workers down anyway. */
static void read_waiting(struct progress *progress, bool last)
{
    for (unsigned i = 0; i < progress->workers; i++) {
        const struct worker_report *report = &progress->team.reports[i];
        int64_t now_ns = report->ready && !*report->host ? waiting_read(report->pid, report->tid).waited_ns : -1;
        int64_t *waited_ns = &progress->sample->workers[i].waited_ns;
        *waited_ns = !last ? now_ns : now_ns >= 0 && *waited_ns >= 0 ? now_ns - *waited_ns : -1;
    }
    int64_t ran_ns = runner_ran_ns(progress);
    progress->own_ns = last ? ran_ns - progress->own_ns : ran_ns;
}

/* Did somebody else want the workers' cpus? Teams with more workers than cpus wait for one another, and all wait for
 * their caller, here or in a child, where it hands out the work and is none of them: that is what the runner costs, and no
 * disturbance. */
static void judge_waiting(struct progress *progress, int64_t elapsed_ns)
{
    struct sample *sample = progress->sample;
    int64_t waited_ns = 0;
    for (unsigned i = 0; i < progress->workers; i++)
        if (sample->workers[i].waited_ns > 0) waited_ns += sample->workers[i].waited_ns;
    waited_ns -= progress->own_ns;
    bool much = (double)waited_ns > WAITED_MAX * (double)elapsed_ns * progress->workers;
    if (much && progress->workers <= progress->cpus) sample_suspect(sample, SUSPICION_preempted);
}

static int passes(struct progress *progress)
{
    struct sample *sample = progress->sample;
    int64_t began_ns = clock_now_ns(progress->clock);
    read_waiting(progress, false);
    for (unsigned i = 0; i < progress->repetition->warmup; i++) {
        int64_t wall_ns = pass(progress);
        if (wall_ns < 0) return -1;
        if (!i) sample->first_ns = wall_ns;
        memset(progress->results, POISON, progress->results_size);
        if (progress->results_size < LONG_POISON) continue;
        began_ns = clock_now_ns(progress->clock); /* workers that spin had to wait for this */
        read_waiting(progress, false);
    }
    int64_t wall_ns = pass(progress);
    if (wall_ns < 0) return -1;
    sample->wall_ns = wall_ns;
    read_waiting(progress, true);
    judge_waiting(progress, clock_now_ns(progress->clock) - began_ns);
    return 0;
}

/* A timeline that cannot be written leaves the sample as it is: whoever asked for it finds no file. */
static void read_spans(struct progress *progress)
{
    struct sample *sample = progress->sample;
    const char *timeline = progress->repetition->timeline;
    const struct spans *spans = &progress->fitted->spans;
    spans_read(spans, progress->began_ns, sample->workers);
    if (spans_read_latency(spans, &sample->latency, &sample->latency_count))
        fail(progress, "no memory for the histogram of latencies");
    if (timeline && !*sample->cause)
        (void)timeline_write(timeline, progress->repetition, spans, progress->began_ns, sample);
}

static void read_workers(struct progress *progress)
{
    struct sample *sample = progress->sample;
    bool bound = true;
    sample->worker_count = progress->workers;
    for (unsigned i = 0; i < progress->workers; i++) {
        struct sample_worker *worker = &sample->workers[i];
        int64_t waited_ns = sample->wall_ns >= 0 ? worker->waited_ns : -1;
        *worker = (struct sample_worker){
            .worker = i, .late_ns = -1, .busy_ns = -1, .end_ns = -1, .team_ns = -1, .waited_ns = waited_ns};
        const struct worker_report *report = &progress->team.reports[i];
        if (report->ready) snprintf(worker->cpus, sizeof worker->cpus, "%.*s", (int)sizeof report->cpus, report->cpus);
        if (report->ready) snprintf(worker->host, sizeof worker->host, "%.*s", (int)sizeof report->host, report->host);
        if (report->ready) snprintf(worker->machine, sizeof worker->machine, "%.*s", (int)sizeof report->machine, report->machine);
        if (progress->repetition->team.cpus)
            bound = bound && worker_is_at(report, progress->repetition->team.cpus[i]);
    }
    if (!bound) sample_suspect(sample, SUSPICION_unbound); /* read back: not where it was asked to be */
    if (progress->repetition->instrumented) read_spans(progress);
}

static void check_results(struct progress *progress)
{
    struct sample *sample = progress->sample;
    const struct kernel *kernel = progress->repetition->kernel;
    const struct runner *runner = progress->repetition->runner;
    struct reason why = {"no reason given"};
    snprintf(sample->hash, sizeof sample->hash, "%016" PRIx64,
             repetition_hash(progress->results, progress->results_size));
    int known = 0;
    if (runner->verify) known = runner->verify(progress->state, progress->results, &why);
    else if (kernel->verify)
        known = kernel->verify(progress->input, &progress->job.params, progress->results, why.text, sizeof why.text);
    if (known < 0) fail(progress, "wrong result: %s", why.text);
    snprintf(sample->verified, sizeof sample->verified, "%s", known > 0 ? "published" : "");
}

/* The largest resident set among this process and those it waited for. Its own from its page tables' high-water mark:
 * ru_maxrss also counts what it was before exec (getrusage(2), fs/exec.c). */
static int64_t peak_rss_bytes(void)
{
    int64_t peak = -1, own_kib;
    struct rusage usage;
    char line[128];
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %" SCNd64, &own_kib) == 1) peak = own_kib * 1024;
    if (file) fclose(file);
    if (!getrusage(RUSAGE_CHILDREN, &usage) && usage.ru_maxrss * 1024 > peak) peak = usage.ru_maxrss * 1024;
    return peak;
}

static void release(struct progress *progress)
{
    const struct kernel *kernel = progress->repetition->kernel;
    if (progress->job.kernel && kernel->release) kernel->release(progress->input);
    instruments_remove(progress->fitted);
    if (progress->instruments.records)
        memory_unmap(progress->instruments.records, progress->workers * progress->instruments.record_size);
    memory_unmap(progress->team.reports, progress->workers * sizeof *progress->team.reports);
    memory_unmap(progress->results, progress->results_size);
    memory_close(&progress->memory);
}

static void read_spread(const struct progress *progress)
{
    const struct spread *spread = &progress->spread;
    snprintf(progress->sample->waiting, sizeof progress->sample->waiting, "%s", spread->waiting);
    progress->sample->gathered_ns = spread->gathered_ns;
    progress->sample->clock_error_ns = spread->clock_error_ns;
    if (spread->unlike) sample_suspect(progress->sample, SUSPICION_unlike);
}

void repetition_run(const struct repetition *repetition, const struct clock *clock, struct sample *sample)
{
    struct progress progress = {.repetition = repetition,
                                .clock = clock,
                                .sample = sample,
                                .self = getpid(),
                                .spread = {"", -1, -1, false},
                                .workers = repetition->team.processes * repetition->team.threads};
    unsigned cpus[PROBE_CPUS_MAX];
    progress.cpus = probe_allowed_cpus(cpus, PROBE_CPUS_MAX);
    memory_open(&progress.memory);
    *sample->cause = *sample->verified = *sample->hash = *sample->suspect = *sample->waiting = '\0';
    sample->setup_ns = sample->start_ns = sample->first_ns = sample->wall_ns = sample->stop_ns = -1;
    sample->injected_ns = sample->gathered_ns = sample->clock_error_ns = -1;
    sample->instrumented = repetition->instrumented;
    snprintf(sample->status, sizeof sample->status, "ok");
    if (!prepare(&progress) && !bring_up(&progress)) {
        passes(&progress);
        bool before = repetition->runner->verify != NULL; /* its verdict comes from what stop ends */
        if (before && !*sample->cause) check_results(&progress);
        int64_t began_ns = clock_now_ns(clock);
        repetition->runner->stop(progress.state);
        if (repetition->inject)
            sample->injected_ns += inject_wait(&progress.fitted->injected, repetition->inject->stop_ns);
        sample->stop_ns = clock_now_ns(clock) - began_ns;
        if (repetition->inject) sample->injected_ns += inject_dispatched_ns(&progress.fitted->injected);
        read_workers(&progress);
        if (!before && !*sample->cause) check_results(&progress);
        read_spread(&progress);
        if (*sample->cause) sample->wall_ns = -1; /* never a number */
    }
    sample->peak_rss_bytes = peak_rss_bytes();
    release(&progress);
}
