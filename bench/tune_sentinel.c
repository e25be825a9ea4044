#include "tune_sentinel.h"

#include "probe_team.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS_MAX = 4096, STEPS = 20000, TRIES = 15 };
static const double QUANTUM_NS = 1e6;
static const int64_t PAUSE_NS = 40000000, PAUSE_SHARE = 20;

static volatile double sink; /* what the work computes is thrown away, but not left out */

static double work_ns(uint64_t steps)
{
    int64_t began_ns = clock_now_ns(&clock_real);
    sink = probe_chains(steps);
    return (double)(clock_now_ns(&clock_real) - began_ns);
}

static int find_cpus(struct tune_sentinel *sentinel)
{
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
    sentinel->cpus = calloc(CPUS_MAX, sizeof *sentinel->cpus);
    int error = !set || !sentinel->cpus ? -ENOMEM : sched_getaffinity(0, size, set) ? -errno : 0;
    for (unsigned cpu = 0; !error && cpu < CPUS_MAX; cpu++)
        if (CPU_ISSET_S(cpu, size, set)) sentinel->cpus[sentinel->cpu_count++] = cpu;
    if (set) CPU_FREE(set);
    return error;
}

int tune_sentinel_open(struct tune_sentinel *sentinel)
{
    double best_ns = INFINITY;
    *sentinel = (struct tune_sentinel){0};
    int error = find_cpus(sentinel);
    for (int i = 0; i < TRIES; i++) best_ns = fmin(best_ns, fmax(work_ns(STEPS), 1));
    sentinel->steps = (uint64_t)(QUANTUM_NS / best_ns * STEPS) + 1;
    return error;
}

void tune_sentinel_close(struct tune_sentinel *sentinel)
{
    free(sentinel->cpus);
    free(sentinel->walls_ns);
    free(sentinel->phases);
    *sentinel = (struct tune_sentinel){0};
}

void tune_sentinel_forget(struct tune_sentinel *sentinel)
{
    sentinel->look_count = 0;
}

static int work(void *context, size_t member, void *page)
{
    const struct tune_sentinel *sentinel = context;
    ((double *)page)[member] = work_ns(sentinel->steps);
    return 0;
}

static int grow(struct tune_sentinel *sentinel)
{
    size_t capacity = sentinel->capacity ? 2 * sentinel->capacity : 64;
    double *walls_ns = realloc(sentinel->walls_ns, capacity * sentinel->cpu_count * sizeof *walls_ns);
    if (!walls_ns) return -ENOMEM;
    sentinel->walls_ns = walls_ns;
    unsigned *phases = realloc(sentinel->phases, capacity * sizeof *phases);
    if (!phases) return -ENOMEM;
    sentinel->phases = phases;
    sentinel->capacity = capacity;
    return 0;
}

int tune_sentinel_note(struct tune_sentinel *sentinel, unsigned phase, const double *walls_ns)
{
    if (sentinel->look_count == sentinel->capacity) {
        int error = grow(sentinel);
        if (error) return error;
    }
    memcpy(&sentinel->walls_ns[sentinel->look_count * sentinel->cpu_count], walls_ns,
           sentinel->cpu_count * sizeof *walls_ns);
    sentinel->phases[sentinel->look_count++] = phase;
    return 0;
}

int tune_sentinel_look(struct tune_sentinel *sentinel, unsigned phase)
{
    int64_t now_ns = clock_now_ns(&clock_real);
    int64_t pause_ns = PAUSE_SHARE * sentinel->took_ns > PAUSE_NS ? PAUSE_SHARE * sentinel->took_ns : PAUSE_NS;
    if (sentinel->last_ns && now_ns - sentinel->last_ns < pause_ns) return 0;
    double walls_ns[sentinel->cpu_count];
    int error = probe_team_run(sentinel->cpus, sentinel->cpu_count, work, sentinel, walls_ns,
                               sentinel->cpu_count * sizeof *walls_ns);
    if (error) return error;
    sentinel->last_ns = clock_now_ns(&clock_real);
    sentinel->took_ns = sentinel->last_ns - now_ns;
    return tune_sentinel_note(sentinel, phase, walls_ns);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value at a share of the sorted ones, the lower of two, so that one spike among a few is not the 90th percentile.
 */
static double at_share(double *values, size_t count, double share)
{
    qsort(values, count, sizeof *values, by_value);
    return values[(size_t)(share * (double)(count - 1))];
}

double tune_sentinel_swing(const struct tune_sentinel *sentinel)
{
    size_t looks = sentinel->look_count;
    double values[looks + 1], swing = NAN;
    for (size_t cpu = 0; cpu < sentinel->cpu_count && looks; cpu++) {
        for (size_t i = 0; i < looks; i++) values[i] = sentinel->walls_ns[i * sentinel->cpu_count + cpu];
        double low = at_share(values, looks, 0.1);
        for (size_t first = 0, next; first < looks; first = next) { /* phases follow one another */
            for (next = first; next < looks && sentinel->phases[next] == sentinel->phases[first]; next++)
                values[next - first] = sentinel->walls_ns[next * sentinel->cpu_count + cpu];
            swing = fmax(swing, at_share(values, next - first, 0.9) / low);
        }
    }
    return swing;
}
