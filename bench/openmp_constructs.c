#include "openmp_constructs.h"

#include "probe_team.h"

#include "../results/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *const openmp_construct_names[OPENMP_CONSTRUCTS] = {
#define CONSTRUCT(name, unit, meaning) #name,
    OPENMP_CONSTRUCT_LIST
#undef CONSTRUCT
};
const char *const openmp_construct_units[OPENMP_CONSTRUCTS] = {
#define CONSTRUCT(name, unit, meaning) unit,
    OPENMP_CONSTRUCT_LIST
#undef CONSTRUCT
};
const char *const openmp_construct_meanings[OPENMP_CONSTRUCTS] = {
#define CONSTRUCT(name, unit, meaning) meaning,
    OPENMP_CONSTRUCT_LIST
#undef CONSTRUCT
};

/* The same call everywhere, in and out of constructs; the value goes through memory so that no call is left out. */
static void delay(uint64_t steps)
{
    volatile uint64_t sink = probe_chain(steps, 1);
    (void)sink;
}

/* Runs a construct `times` times. */
typedef void construct(unsigned threads, uint64_t steps, unsigned times);

static void reference(unsigned threads, uint64_t steps, unsigned times)
{
    (void)threads;
    for (unsigned i = 0; i < times; i++) delay(steps);
}

static void region(unsigned threads, uint64_t steps, unsigned times)
{
    (void)threads; /* for compilers that are told to skip pragmas */
    for (unsigned i = 0; i < times; i++) {
#pragma omp parallel num_threads(threads)
        delay(steps);
    }
}

static void region_loop(unsigned threads, uint64_t steps, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
#pragma omp parallel for num_threads(threads)
        for (unsigned j = 0; j < threads; j++) delay(steps);
    }
}

static void loop(unsigned threads, uint64_t steps, unsigned times)
{
#pragma omp parallel num_threads(threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp for
        for (unsigned j = 0; j < threads; j++) delay(steps);
    }
}

static void barrier(unsigned threads, uint64_t steps, unsigned times)
{
    (void)threads;
#pragma omp parallel num_threads(threads)
    for (unsigned i = 0; i < times; i++) {
        delay(steps);
#pragma omp barrier
    }
}

static void dynamic(unsigned threads, uint64_t steps, unsigned times)
{
#pragma omp parallel num_threads(threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp for schedule(dynamic, 1)
        for (unsigned j = 0; j < OPENMP_ITERATIONS * threads; j++) delay(steps);
    }
}

static void guided(unsigned threads, uint64_t steps, unsigned times)
{
#pragma omp parallel num_threads(threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp for schedule(guided, 1)
        for (unsigned j = 0; j < OPENMP_ITERATIONS * threads; j++) delay(steps);
    }
}

static void task(unsigned threads, uint64_t steps, unsigned times)
{
    (void)threads;
#pragma omp parallel num_threads(threads)
    for (unsigned i = 0; i < times; i++) {
#pragma omp task
        delay(steps);
    }
}

static void task_producer(unsigned threads, uint64_t steps, unsigned times)
{
#pragma omp parallel num_threads(threads)
#pragma omp master
    for (unsigned i = 0; i < times * threads; i++) {
#pragma omp task
        delay(steps);
    }
}

/* delays: that a thread works off in one construct. */
static const struct {
    construct *run;
    unsigned delays;
} table[OPENMP_CONSTRUCTS] = {
    [OPENMP_CONSTRUCT_region] = {region, 1},
    [OPENMP_CONSTRUCT_region_loop] = {region_loop, 1},
    [OPENMP_CONSTRUCT_loop] = {loop, 1},
    [OPENMP_CONSTRUCT_barrier] = {barrier, 1},
    [OPENMP_CONSTRUCT_dynamic] = {dynamic, OPENMP_ITERATIONS},
    [OPENMP_CONSTRUCT_guided] = {guided, OPENMP_ITERATIONS},
    [OPENMP_CONSTRUCT_task] = {task, 1},
    [OPENMP_CONSTRUCT_task_producer] = {task_producer, 1},
};

static double time_of(construct *run, const struct openmp_constructs *asked, unsigned times, const struct clock *clock)
{
    int64_t began_ns = clock_now_ns(clock);
    run(asked->threads, asked->steps, times);
    return (double)(clock_now_ns(clock) - began_ns) / times;
}

/* How many times fill the target; the search is the warm-up. */
static unsigned times_for(construct *run, const struct openmp_constructs *asked, const struct clock *clock)
{
    unsigned times = 1;
    while (time_of(run, asked, times, clock) * times < asked->target_ns && times < 1u << 24) times *= 2;
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
    for (unsigned i = 0; i <= OPENMP_CONSTRUCTS; i++) {
        order[i] = i;
        times[i] = times_for(i < OPENMP_CONSTRUCTS ? table[i].run : reference, asked, clock);
    }
    for (unsigned round = 0; round < rounds; round++) {
        shuffle(order, OPENMP_CONSTRUCTS + 1, &state);
        for (unsigned k = 0; k <= OPENMP_CONSTRUCTS; k++) {
            unsigned i = order[k];
            taken[i] = time_of(i < OPENMP_CONSTRUCTS ? table[i].run : reference, asked, times[i], clock);
        }
        for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++)
            found[i * rounds + round] = taken[i] / table[i].delays - taken[OPENMP_CONSTRUCTS];
    }
    for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++) overhead_ns[i] = stats_median(found + i * rounds, rounds).median;
    free(found);
    return 0;
}
