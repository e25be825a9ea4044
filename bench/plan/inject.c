/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/inject.h"

static int64_t *slot_of(const struct injected *injected, unsigned worker)
{
    return (int64_t *)(void *)(injected->slots + worker * injected->slot_size);
}

/* Busy until a reading is `wait_ns` behind the first. Returns the time from the first to one more behind the loop: a loop's end
 * that the processor did not foresee costs up to 20 ns, more amid other work than where waits follow one another, and so it is
 * measured, not calibrated. */
static int64_t wait_for(const struct clock *clock, int64_t wait_ns)
{
    int64_t began_ns = clock_now_ns(clock);
    while (clock_now_ns(clock) - began_ns < wait_ns) {}
    return clock_now_ns(clock) - began_ns;
}

int64_t inject_wait(const struct injected *injected, int64_t wait_ns)
{
    int64_t readings_ns = 2 * injected->own_ns; /* the one behind the loop, and what is outside of the first and it */
    return wait_ns > readings_ns ? wait_for(injected->clock, wait_ns - readings_ns) + injected->own_ns : 0;
}

static bool waits(const struct inject *inject)
{
    return inject->start_ns || inject->stop_ns || inject->dispatch_ns || inject->byte_ns > 0 || inject->work_ns ||
           inject->work_share > 0;
}

/* What a wait takes beyond the time that it tells, however long it is: a reading. */
static int64_t own_cost_ns(const struct clock *clock)
{
    enum { WAITS = 200, LOOKS = 5 };
    int64_t least_ns = INT64_MAX;
    for (int look = 0; look < LOOKS; look++) {
        int64_t waited_ns = 0, began_ns = clock_now_ns(clock);
        for (int i = 0; i < WAITS; i++) waited_ns += wait_for(clock, 0);
        int64_t own_ns = clock_now_ns(clock) - began_ns - waited_ns;
        if (own_ns < least_ns) least_ns = own_ns;
    }
    return (least_ns + WAITS / 2) / WAITS;
}

static void run_kernel(const void *input, size_t begin, size_t end, void *results)
{
    const struct injected *injected = input;
    const struct inject *inject = injected->inject;
    size_t last = inject->skip ? begin + (end - begin) / 2 : end;
    bool slow = !inject->work_tasks || begin < inject->work_tasks;
    int64_t began_ns = clock_now_ns(injected->clock);
    if (last > begin) injected->inner->run(injected->inner_input, begin, last, results);
    if (slow && inject->work_share > 0)
        inject_wait(injected, (int64_t)((double)(clock_now_ns(injected->clock) - began_ns) * inject->work_share));
    if (slow && inject->work_ns) inject_wait(injected, inject->work_ns * (int64_t)(end - begin));
    if (inject->wrong && !begin) *(unsigned char *)results ^= 1;
}

static void run_hook(const struct hook *hook, unsigned worker, size_t begin, size_t end, void *results)
{
    const struct injected *injected = (const struct injected *)hook;
    const struct job *job = injected->job;
    int64_t waited_ns = inject_wait(injected, injected->inject->dispatch_ns);
    if (injected->inner_hook) injected->inner_hook->run(injected->inner_hook, worker, begin, end, results);
    else job->kernel->run(job->input, begin, end, results);
    double bytes = (double)(end - begin) * (double)kernel_result_size(job->kernel, job->params.size);
    waited_ns += inject_wait(injected, (int64_t)(bytes * injected->inject->byte_ns));
    if (worker < injected->workers) *slot_of(injected, worker) += waited_ns;
}

int64_t inject_dispatched_ns(const struct injected *injected)
{
    int64_t sum_ns = 0;
    for (unsigned i = 0; i < injected->workers; i++) sum_ns += *slot_of(injected, i);
    return sum_ns;
}

static void team_hook(const struct hook *hook, unsigned first_worker, bool enters)
{
    const struct hook *inner = ((const struct injected *)hook)->inner_hook;
    if (inner && inner->team) inner->team(inner, first_worker, enters);
}

void inject_kernel(struct injected *injected, const struct inject *inject, const struct clock *clock, struct job *job)
{
    *injected = (struct injected){.inject = inject,
                                  .clock = clock,
                                  .job = job,
                                  .inner = job->kernel,
                                  .inner_input = job->input,
                                  .kernel = *job->kernel,
                                  .own_ns = waits(inject) ? own_cost_ns(clock) : 0};
    if (!inject->work_ns && !(inject->work_share > 0) && !inject->skip && !inject->wrong) return;
    injected->kernel.run = run_kernel;
    job->kernel = &injected->kernel;
    job->input = injected;
}

void inject_hook(struct injected *injected, const struct instruments *slots, struct job *job)
{
    if (!injected->inject->dispatch_ns && !(injected->inject->byte_ns > 0)) return;
    injected->slots = slots->records;
    injected->slot_size = slots->record_size;
    injected->workers = slots->workers;
    injected->hook = (struct hook){run_hook, team_hook};
    injected->inner_hook = job->hook;
    job->hook = &injected->hook;
}

void inject_reset(struct injected *injected)
{
    for (unsigned i = 0; i < injected->workers; i++) *slot_of(injected, i) = 0;
}
