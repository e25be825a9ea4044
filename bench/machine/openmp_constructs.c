/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/openmp_constructs.h"

#include "bench/machine/probe_team.h"

#include "results/statistics/stats.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>

/* The same call everywhere, in and out of constructs; the value goes through memory so that no call is left out. */
static void delay(uint64_t steps)
{
    volatile uint64_t sink = probe_chain(steps, 1);
    (void)sink;
}

/* Set once, before the first construct: what a region or a task takes from the function around it travels to each of
 * its threads with it, a line of memory more, and is no part of what the construct costs. */
static struct {
    unsigned threads;
    uint64_t steps;
} set;

static void reference(unsigned times)
{
    for (unsigned i = 0; i < times; i++) delay(set.steps);
}

static void region(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
#pragma omp parallel num_threads(set.threads)
        delay(set.steps);
    }
}

static void region_loop(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
#pragma omp parallel for num_threads(set.threads)
        for (unsigned j = 0; j < set.threads; j++) delay(set.steps);
    }
}

static void loop(unsigned times)
{
#pragma omp parallel num_threads(set.threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp for
        for (unsigned j = 0; j < set.threads; j++) delay(set.steps);
    }
}

static void barrier(unsigned times)
{
#pragma omp parallel num_threads(set.threads)
    for (unsigned i = 0; i < times; i++) {
        delay(set.steps);
#pragma omp barrier
    }
}

static void dynamic(unsigned times)
{
#pragma omp parallel num_threads(set.threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp for schedule(dynamic, 1)
        for (unsigned j = 0; j < OPENMP_ITERATIONS * set.threads; j++) delay(set.steps);
    }
}

static void guided(unsigned times)
{
#pragma omp parallel num_threads(set.threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp for schedule(guided, 1)
        for (unsigned j = 0; j < OPENMP_ITERATIONS * set.threads; j++) delay(set.steps);
    }
}

static void task(unsigned times)
{
#pragma omp parallel num_threads(set.threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp task
        delay(set.steps);
    }
}

static void task_producer(unsigned times)
{
#pragma omp parallel num_threads(set.threads)
    for (unsigned i = 0; omp_get_thread_num() == 0 && i < times * set.threads; i++) {
#pragma omp task
        delay(set.steps);
    }
}

const struct openmp_construct openmp_construct_table[OPENMP_CONSTRUCTS + 1] = {
    {"region", "region", "parallel: the team comes and goes", region, 1},
    {"region_loop", "region", "parallel for: a region with one static loop", region_loop, 1},
    {"loop", "loop", "for: a static loop inside a region, with its barrier", loop, 1},
    {"barrier", "barrier", "barrier inside a region", barrier, 1},
    {"dynamic", "iteration and thread", "for schedule(dynamic,1)", dynamic, OPENMP_ITERATIONS},
    {"guided", "iteration and thread", "for schedule(guided,1)", guided, OPENMP_ITERATIONS},
    {"task", "task and thread", "every thread makes tasks", task, 1},
    {"task_producer", "task and thread", "one thread makes the tasks of all", task_producer, 1},
    {"delay", "delay", "none: what is around each of them", reference, 1},
};

static double time_of(unsigned construct, unsigned times, const struct clock *clock)
{
    void (*run)(unsigned) = openmp_construct_table[construct].run;
    int64_t began_ns = clock_now_ns(clock);
    run(times);
    return (double)(clock_now_ns(clock) - began_ns) / times;
}

/* How many times fill the target; the search is the warm-up. */
static unsigned times_for(unsigned construct, double target_ns, const struct clock *clock)
{
    unsigned times = 1;
    while (time_of(construct, times, clock) * times < target_ns && times < 1u << 24) times *= 2;
    return times;
}

static void shuffle(unsigned *order, unsigned count, uint64_t *state)
{
    for (unsigned i = count; i > 1; i--) {
        *state = probe_chain(1, *state);
        unsigned j = (unsigned)((*state >> 33) % i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

int openmp_constructs_measure(const struct openmp_constructs *asked, const struct clock *clock,
                              double overhead_ns[OPENMP_CONSTRUCTS])
{
    unsigned times[OPENMP_CONSTRUCTS + 1], order[OPENMP_CONSTRUCTS + 1], rounds = asked->rounds;
    double *found = calloc((size_t)rounds * OPENMP_CONSTRUCTS, sizeof *found), taken[OPENMP_CONSTRUCTS + 1];
    uint64_t state = asked->seed;
    if (!found) return -ENOMEM;
    set.threads = asked->threads, set.steps = asked->steps;
    for (unsigned i = 0; i <= OPENMP_CONSTRUCTS; i++) {
        order[i] = i;
        times[i] = times_for(i, asked->target_ns, clock);
    }
    for (unsigned round = 0; round < rounds; round++) {
        shuffle(order, OPENMP_CONSTRUCTS + 1, &state);
        for (unsigned k = 0; k <= OPENMP_CONSTRUCTS; k++) {
            unsigned i = order[k];
            taken[i] = time_of(i, times[i], clock);
        }
        for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++)
            found[i * rounds + round] = taken[i] / openmp_construct_table[i].delays - taken[OPENMP_CONSTRUCTS];
    }
    for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++) overhead_ns[i] = stats_median(found + i * rounds, rounds).median;
    free(found);
    return 0;
}
