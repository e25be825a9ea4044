/* SPDX-License-Identifier: MIT */
/* bench.h: what `make bench-pool` measures. Each measure runs in a fresh process per round and gives one number. */
#ifndef FORKPOOL_BENCH_H
#define FORKPOOL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORKERS = 2, MANY = 64, DELAYS = 2000 };

/* One measure: a number in `unit`, from `take` or from a program of another runtime. NAN: it failed. */
struct measure {
    const char *name, *unit;
    double (*take)(void);
    const char *peer, *words;
};

/* ours.c */
double ours_map(void), ours_map_auto(void), ours_map_metg(void), ours_submit(void), ours_submit_metg(void), ours_call_hot(void), ours_call_parked(void);
double ours_start_stop(void), ours_start_stop_many(void), ours_pss(void), ours_sleeps(void), ours_map_crowded(void);
double ours_submit_crowded(void), ours_idle_cpu(void), ours_waiting_cpu(void), ours_large_result(void);
double ours_copied(void), ours_start_delay(void), ours_submit_many(void), ours_batch(void);
/* bare.c */
double bare_counter(void), bare_ranges(void), bare_chain(void), bare_chain_many(void), bare_ring(void), bare_ring_call(void);
double bare_handover(void), bare_start_stop(void), bare_start_stop_many(void), bare_pss(void), bare_memcpy(void), bare_copy_time(void);
double bare_start_delay(void), bare_fill(void), bare_crowd(void), bare_sleeps(void);
/* tools.c */
double seconds_now(void);
long nanoseconds_now(void);
unsigned cpus_here(void);                 /* that this process may use */
int by_size(const void *a, const void *b); /* doubles, for qsort */
double late_ticks(double delays_ns[DELAYS]); /* p99.9 in ticks of this kernel's clock; sorts them */
void bind_to(unsigned nth);               /* this thread, to the nth of the cpus that the process may use */
const char *cpu_text(unsigned nth);       /* the same as a list for forkpool_config.cpus */
void *share(size_t bytes);                /* zeroed memory for this process and its children */
/* A number in a process's file in /proc, by a format of scanf; NAN: it is not there. */
double process_number(int pid, const char *file, const char *format);
double pss_of(int pid);                   /* kB */
/* The smallest useful work per task, ns, at which `tasks(work, count)` is half as fast as WORKERS perfect ones. Times
 * are of the whole loop, in seconds; the serial time of the same work is taken beside it. */
double metg_of(double (*tasks)(unsigned turns, size_t count), size_t count);
/* The task of every measure: some turns of dependent arithmetic, then its result. */
extern uint32_t *bench_results;
static inline __attribute__((always_inline)) uint32_t bench_work(uint32_t x, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        x = x * 1664525u + 1013904223u;
        __asm__ volatile("" : "+r"(x)); /* one turn after another, not a closed form */
    }
    return x;
}
int bench_task(void *context, unsigned worker, size_t begin, size_t end); /* results[i] = bench_work(i, *turns) */
double bench_check(size_t count, unsigned turns, double value); /* NAN where a result is wrong; clears them */

/* ---- peers/: one program a runtime: main.c with either openmp.c or tbb.cc ---- */

/* All: the seconds that `count` calls of `run`(&turns, 0, i, i + 1) take on WORKERS threads, the calling one among them. */
typedef int peer_run(void *turns, unsigned worker, size_t begin, size_t end);
typedef double peer_measure(peer_run *run, unsigned turns, size_t count);

void peer_open(void);     /* starts the threads, each on a cpu of its own */
peer_measure peer_loop;   /* a loop over the calls, handed out one at a time */
peer_measure peer_chunks; /* the same loop as the runtime likes it best */
peer_measure peer_tasks;  /* one task a call, all made by the calling thread */

#endif
