/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/repetition.h"

#include "bench/base/memory.h"
#include "bench/base/waiting.h"
#include "bench/machine/probe.h"
#include "bench/measure/instruments.h"
#include "bench/measure/timeline.h"
#include "kernels/reason.h"
#include "runners/worker.h"

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
struct passage {
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

__attribute__((format(printf, 2, 3))) static int fail(struct passage *passage, const char *format, ...)
{
    struct sample *sample = passage->sample;
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

static void keep_lost(struct passage *passage)
{
    struct sample *sample = passage->sample;
    const struct failure *failure = &passage->failure;
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
static int fail_phase(struct passage *passage, const char *phase, int error)
{
    keep_lost(passage);
    if (*passage->failure.text) return fail(passage, "%s: %s", phase, passage->failure.text);
    return fail(passage, "%s: %s", phase, strerror(-error));
}

/* What records and what is injected. 0 or -1. */
static int fit(struct passage *passage)
{
    const struct repetition *repetition = passage->repetition;
    struct recipe *recipe = &passage->recipe;
    *recipe = (struct recipe){.records_spans = repetition->instrumented,
                              .injects = repetition->inject != NULL,
                              .event_room = repetition->timeline ? TIMELINE_ROOM : 0};
    if (repetition->inject) recipe->inject = *repetition->inject;
    struct instruments *instruments = &passage->instruments;
    *instruments = (struct instruments){.recipe = recipe,
                                        .recipe_size = sizeof *recipe,
                                        .record_size = instruments_record_size(recipe),
                                        .workers = passage->workers};
    instruments->records = memory_map(instruments->workers * instruments->record_size);
    if (!instruments->records) return -1;
    passage->fitted = instruments_fit(instruments, passage->team.threads, passage->clock, &passage->job);
    passage->job.instruments = instruments;
    return passage->fitted ? 0 : -1;
}

static int prepare(struct passage *passage)
{
    const struct repetition *repetition = passage->repetition;
    const struct kernel *kernel = repetition->kernel;
    size_t one = kernel_result_size(kernel, repetition->params.size);
    if (__builtin_mul_overflow(one, repetition->params.tasks, &passage->results_size) ||
        !(passage->results = memory_map(passage->results_size)))
        return fail(passage, "no memory for %zu results of %zu bytes", repetition->params.tasks, one);
    int error = kernel->prepare ? kernel->prepare(&repetition->params, &passage->memory.arena, &passage->input) : 0;
    if (error) return fail(passage, "the kernel cannot prepare its input: %s", strerror(-error));
    passage->job = (struct job){.kernel = kernel,
                                 .params = repetition->params,
                                 .input = passage->input,
                                 .kernel_path = repetition->kernel_path};
    passage->team = repetition->team;
    passage->team.spread = &passage->spread;
    passage->team.reports = memory_map(passage->workers * sizeof *passage->team.reports);
    passage->sample->workers = calloc(passage->workers, sizeof *passage->sample->workers);
    if (!passage->team.reports || !passage->sample->workers)
        return fail(passage, "no memory for the workers' reports");
    if ((repetition->inject || repetition->instrumented) && fit(passage))
        return fail(passage, "no memory for the workers' records");
    if (repetition->inject && repetition->inject->unbound) passage->team.cpus = NULL;
    return 0;
}

static int bring_up(struct passage *passage)
{
    const struct runner *runner = passage->repetition->runner;
    struct sample *sample = passage->sample;
    int64_t began_ns = clock_now_ns(passage->clock);
    if (runner->setup) {
        int error = runner->setup(&passage->team, &passage->job, &passage->state, &passage->failure);
        if (error) return fail_phase(passage, "setup", error);
        int64_t ended_ns = clock_now_ns(passage->clock);
        sample->setup_ns = ended_ns - began_ns;
        began_ns = ended_ns;
    }
    int error = runner->start(&passage->team, &passage->job, &passage->state, &passage->failure);
    if (passage->repetition->inject)
        sample->injected_ns = inject_wait(&passage->fitted->injected, passage->repetition->inject->start_ns);
    sample->start_ns = clock_now_ns(passage->clock) - began_ns;
    return error ? fail_phase(passage, "start", error) : 0;
}

/* One pass over the first `tasks` tasks; its duration, or -1 after a failure. */
static int64_t pass(struct passage *passage, uint64_t tasks)
{
    const struct runner *runner = passage->repetition->runner;
    if (passage->fitted) instruments_reset(passage->fitted);
    passage->began_ns = clock_now_ns(passage->clock);
    int error = runner->run(passage->state, tasks, passage->results, &passage->failure);
    int64_t wall_ns = clock_now_ns(passage->clock) - passage->began_ns;
    if (getpid() != passage->self) _exit(0); /* a copy that the kernel forked: not a second repetition */
    return error ? fail_phase(passage, "run", error) : wall_ns;
}

static bool is_worker(int tid, const void *context)
{
    const struct passage *passage = context;
    bool found = false;
    for (unsigned i = 0; i < passage->workers; i++) found |= passage->team.reports[i].tid == tid;
    return found;
}

/* Before the first pass and after the last; in between only where a long poisoning has cooled the workers down anyway. */
static void read_waiting(struct passage *passage, bool last)
{
    for (unsigned i = 0; i < passage->workers; i++) {
        const struct worker_report *report = &passage->team.reports[i];
        int64_t now_ns = report->ready && !*report->host ? waiting_read(report->pid, report->tid).waited_ns : -1;
        int64_t *waited_ns = &passage->sample->workers[i].waited_ns;
        *waited_ns = !last ? now_ns : now_ns >= 0 && *waited_ns >= 0 ? now_ns - *waited_ns : -1;
    }
    /* What ran on behalf of the runner beside its workers: the calling thread, and all of this process's children, an
     * interpreter, a launcher, a server, of which some hand out the work. */
    int64_t thread_ns = is_worker(gettid(), passage) ? 0 : waiting_read(passage->self, gettid()).ran_ns;
    int64_t ran_ns = thread_ns + waiting_children_ran_ns(is_worker, passage);
    passage->own_ns = last ? ran_ns - passage->own_ns : ran_ns;
}

/* Did somebody else want the workers' cpus? Teams with more workers than cpus wait for one another, and all wait for
 * their caller, here or in a child, where it hands out the work and is none of them: that is what the runner costs, and no
 * disturbance. */
static void judge_waiting(struct passage *passage, int64_t elapsed_ns)
{
    struct sample *sample = passage->sample;
    int64_t waited_ns = 0;
    for (unsigned i = 0; i < passage->workers; i++)
        if (sample->workers[i].waited_ns > 0) waited_ns += sample->workers[i].waited_ns;
    waited_ns -= passage->own_ns;
    bool much = (double)waited_ns > WAITED_MAX * (double)elapsed_ns * passage->workers;
    if (much && passage->workers <= passage->cpus) sample_suspect(sample, SUSPICION_preempted);
}

static int passes(struct passage *passage)
{
    struct sample *sample = passage->sample;
    int64_t began_ns = clock_now_ns(passage->clock);
    uint64_t all = passage->job.params.tasks, some = passage->repetition->warmup_tasks;
    read_waiting(passage, false);
    for (unsigned i = 0; i < passage->repetition->warmup; i++) {
        int64_t wall_ns = pass(passage, some ? some : all);
        if (wall_ns < 0) return -1;
        if (!i) sample->first_ns = wall_ns;
        memset(passage->results, POISON, passage->results_size);
        if (passage->results_size < LONG_POISON) continue;
        began_ns = clock_now_ns(passage->clock); /* workers that spin had to wait for this */
        read_waiting(passage, false);
    }
    int64_t wall_ns = pass(passage, all);
    if (wall_ns < 0) return -1;
    sample->wall_ns = wall_ns;
    read_waiting(passage, true);
    judge_waiting(passage, clock_now_ns(passage->clock) - began_ns);
    return 0;
}

/* A timeline that cannot be written leaves the sample as it is: whoever asked for it finds no file. */
static void read_spans(struct passage *passage)
{
    struct sample *sample = passage->sample;
    const char *timeline = passage->repetition->timeline;
    const struct spans *spans = &passage->fitted->spans;
    if (spans_read(spans, passage->began_ns, sample))
        fail(passage, "no memory for the histogram of latencies");
    if (timeline && !*sample->cause)
        timeline_write(timeline, passage->repetition, spans, passage->began_ns, sample);
}

static void read_workers(struct passage *passage)
{
    struct sample *sample = passage->sample;
    bool bound = true;
    sample->worker_count = passage->workers;
    for (unsigned i = 0; i < passage->workers; i++) {
        struct sample_worker *worker = &sample->workers[i];
        int64_t waited_ns = sample->wall_ns >= 0 ? worker->waited_ns : -1;
        *worker = (struct sample_worker){
            .worker = i, .late_ns = -1, .busy_ns = -1, .end_ns = -1, .team_ns = -1, .waited_ns = waited_ns};
        const struct worker_report *report = &passage->team.reports[i];
        if (report->ready) snprintf(worker->cpus, sizeof worker->cpus, "%.*s", (int)sizeof report->cpus, report->cpus);
        if (report->ready) snprintf(worker->host, sizeof worker->host, "%.*s", (int)sizeof report->host, report->host);
        if (report->ready) snprintf(worker->machine, sizeof worker->machine, "%.*s", (int)sizeof report->machine, report->machine);
        if (passage->repetition->team.cpus)
            bound = bound && worker_is_at(report, passage->repetition->team.cpus[i]);
    }
    if (!bound) sample_suspect(sample, SUSPICION_unbound); /* read back: not where it was asked to be */
    if (passage->repetition->instrumented) read_spans(passage);
}

static void check_results(struct passage *passage)
{
    struct sample *sample = passage->sample;
    const struct kernel *kernel = passage->repetition->kernel;
    const struct runner *runner = passage->repetition->runner;
    struct reason why = {"no reason given"};
    snprintf(sample->hash, sizeof sample->hash, "%016" PRIx64,
             repetition_hash(passage->results, passage->results_size));
    int known = 0;
    if (runner->verify) known = runner->verify(passage->state, passage->results, &why);
    else if (kernel->verify)
        known = kernel->verify(passage->input, &passage->job.params, passage->results, why.text, sizeof why.text);
    if (known < 0) fail(passage, "wrong result: %s", why.text);
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
    if (peak < 0) return -1; /* no /proc: its parent has a figure of all */
    if (!getrusage(RUSAGE_CHILDREN, &usage) && usage.ru_maxrss * 1024 > peak) peak = usage.ru_maxrss * 1024;
    return peak;
}

static void release(struct passage *passage)
{
    const struct kernel *kernel = passage->repetition->kernel;
    if (passage->job.kernel && kernel->release) kernel->release(passage->input);
    instruments_remove(passage->fitted);
    if (passage->instruments.records)
        memory_unmap(passage->instruments.records, passage->workers * passage->instruments.record_size);
    memory_unmap(passage->team.reports, passage->workers * sizeof *passage->team.reports);
    memory_unmap(passage->results, passage->results_size);
    memory_close(&passage->memory);
}

static void read_spread(const struct passage *passage)
{
    const struct spread *spread = &passage->spread;
    snprintf(passage->sample->waiting, sizeof passage->sample->waiting, "%s", spread->waiting);
    passage->sample->gathered_ns = spread->gathered_ns;
    passage->sample->clock_error_ns = spread->clock_error_ns;
    if (spread->unlike) sample_suspect(passage->sample, SUSPICION_unlike);
}

void repetition_run(const struct repetition *repetition, const struct clock *clock, struct sample *sample)
{
    struct passage passage = {.repetition = repetition,
                                .clock = clock,
                                .sample = sample,
                                .self = getpid(),
                                .spread = {"", -1, -1, false},
                                .workers = repetition->team.processes * repetition->team.threads};
    unsigned cpus[PROBE_CPUS_MAX];
    passage.cpus = probe_allowed_cpus(cpus, PROBE_CPUS_MAX);
    memory_open(&passage.memory);
    *sample->cause = *sample->verified = *sample->hash = *sample->suspect = *sample->waiting = '\0';
    sample->setup_ns = sample->start_ns = sample->first_ns = sample->wall_ns = sample->stop_ns = -1;
    sample->injected_ns = sample->gathered_ns = sample->clock_error_ns = -1;
    sample->instrumented = repetition->instrumented;
    snprintf(sample->status, sizeof sample->status, "ok");
    if (!prepare(&passage) && !bring_up(&passage)) {
        passes(&passage);
        bool before = repetition->runner->verify != NULL; /* its verdict comes from what stop ends */
        if (before && !*sample->cause) check_results(&passage);
        int64_t began_ns = clock_now_ns(clock);
        repetition->runner->stop(passage.state);
        if (repetition->inject)
            sample->injected_ns += inject_wait(&passage.fitted->injected, repetition->inject->stop_ns);
        sample->stop_ns = clock_now_ns(clock) - began_ns;
        if (repetition->inject) sample->injected_ns += inject_dispatched_ns(&passage.fitted->injected);
        read_workers(&passage);
        if (!before && !*sample->cause) check_results(&passage);
        read_spread(&passage);
        if (*sample->cause) sample->wall_ns = -1; /* never a number */
    }
    sample->peak_rss_bytes = peak_rss_bytes();
    release(&passage);
}
