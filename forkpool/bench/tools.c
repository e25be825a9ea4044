/* SPDX-License-Identifier: MIT */
/* tools.c: see bench.h. */
#include "bench.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

long nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000000000 + now.tv_nsec;
}

double seconds_now(void) { return 1e-9 * (double)nanoseconds_now(); }

int by_size(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

double late_ticks(double delays_ns[DELAYS])
{
    struct timespec tick;
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    qsort(delays_ns, DELAYS, sizeof *delays_ns, by_size);
    return delays_ns[DELAYS - 1 - DELAYS / 1000] / (double)tick.tv_nsec;
}

static const cpu_set_t *allowed_cpus(void) /* as they were before anybody was bound */
{
    static cpu_set_t allowed;
    static bool known;
    if (!known) known = !sched_getaffinity(0, sizeof allowed, &allowed);
    return &allowed;
}

unsigned cpus_here(void) { return (unsigned)CPU_COUNT(allowed_cpus()); }

static int nth_cpu(unsigned nth)
{
    unsigned count = cpus_here(), seen = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET((size_t)cpu, allowed_cpus()) && seen++ == nth % (count ? count : 1)) return cpu;
    return 0;
}

void bind_to(unsigned nth)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)nth_cpu(nth), &one);
    sched_setaffinity(0, sizeof one, &one);
}

const char *cpu_text(unsigned nth)
{
    static char texts[WORKERS][16];
    snprintf(texts[nth % WORKERS], sizeof texts[0], "%d", nth_cpu(nth));
    return texts[nth % WORKERS];
}

void *share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

double process_number(int pid, const char *file, const char *format)
{
    char path[64];
    double number = NAN;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    FILE *from = fopen(path, "re");
    if (from && fscanf(from, format, &number) != 1) number = NAN;
    if (from) fclose(from);
    return number;
}

double pss_of(int pid) { return process_number(pid, "smaps_rollup", "%*[^\n] Rss: %*d kB Pss: %lf"); }

uint32_t *bench_results;

int bench_task(void *context, unsigned worker, size_t begin, size_t end)
{
    unsigned turns = *(const unsigned *)context;
    (void)worker;
    for (size_t i = begin; i < end; i++) bench_results[i] = bench_work((uint32_t)i + 1, turns);
    return 0;
}

double bench_check(size_t count, unsigned turns, double value)
{
    size_t step = turns > 100 ? 997 : 1;
    for (size_t i = 0; i < count; i += step)
        if (bench_results[i] != bench_work((uint32_t)i + 1, turns)) return NAN;
    memset(bench_results, 0, count * sizeof *bench_results);
    return value;
}

static double serial(unsigned turns, size_t count)
{
    double start = seconds_now();
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += bench_work((uint32_t)i + 1, turns);
    __asm__ volatile("" : : "r"(sum));
    return seconds_now() - start;
}

double metg_of(double (*tasks)(unsigned, size_t), size_t count)
{
    double before_work = 0, before_half = 0;
    for (unsigned turns = 1; turns < 1u << 16; turns = turns + turns / 2 + 1) {
        double work = serial(turns, count) / (double)count * 1e9;
        double took = tasks(turns, count), efficiency = work * (double)count / (took * 1e9 * WORKERS);
        if (isnan(took)) return NAN;
        if (efficiency >= 0.5) {
            if (before_work == 0) return work;
            double at = (0.5 - before_half) / (efficiency - before_half); /* log-linear between the two sizes */
            return exp(log(before_work) + at * (log(work) - log(before_work)));
        }
        before_work = work;
        before_half = efficiency;
    }
    return NAN;
}
