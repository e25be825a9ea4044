/* SPDX-License-Identifier: MIT */
/* bare.c: the same exchanges without any pool: what is possible here. */
#include "bench.h"

#include <linux/futex.h>
#include <math.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAP_TASKS = 1000000, TASKS = 200000 };

static void futex_sleep(_Atomic int *word, int value) { syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0); }
static void futex_wake(_Atomic int *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0); }

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Called through a pointer, as the pool must. */
static int (*volatile task)(void *, unsigned, size_t, size_t) = bench_task;

static double child_end(pid_t child, double value)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return value;
}

/* Two forked processes that claim from one counter, or each from a range of its own: no pool at all. */
struct counter { alignas(128) _Atomic size_t next; };

static double claims(bool apart)
{
    struct { struct counter counters[WORKERS]; _Atomic int ready, go; } *shared = share(4096);
    static unsigned turns;
    bench_results = share(MAP_TASKS * sizeof *bench_results);
    memset(bench_results, 0, MAP_TASKS * sizeof *bench_results);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct counter *own = &shared->counters[apart ? i : 0];
        size_t end = apart ? MAP_TASKS / WORKERS * (i + 1) : MAP_TASKS;
        if (apart) atomic_store(&own->next, MAP_TASKS / WORKERS * i);
        if (fork()) continue;
        bind_to(i);
        atomic_fetch_add(&shared->ready, 1);
        futex_sleep(&shared->go, 0);
        for (size_t number; (number = atomic_fetch_add(&own->next, 1)) < end;) task(&turns, i, number, number + 1);
        _exit(0);
    }
    while (atomic_load(&shared->ready) < WORKERS) usleep(100);
    double start = seconds_now();
    atomic_store(&shared->go, 1);
    futex_wake(&shared->go, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) wait(NULL);
    double took = seconds_now() - start;
    return bench_check(MAP_TASKS, 0, took / MAP_TASKS * 1e9);
}
double bare_counter(void) { return claims(false); }
double bare_ranges(void) { return claims(true); }

/* Many more processes than cpus, each with a range of its own, asleep before and after it. The second of two passes: the pages are
 * mapped. */
double bare_crowd(void)
{
    struct { alignas(128) _Atomic int ready, pass, done; } *shared = share(4096);
    static unsigned turns;
    bench_results = share(MAP_TASKS * sizeof *bench_results);
    memset(bench_results, 0, MAP_TASKS * sizeof *bench_results);
    for (unsigned i = 0; i < MANY; i++) {
        if (fork()) continue;
        atomic_fetch_add(&shared->ready, 1);
        for (int pass = 0; pass < 2; pass++) {
            while (atomic_load(&shared->pass) <= pass) futex_sleep(&shared->pass, pass);
            for (size_t n = MAP_TASKS / MANY * i, end = n + MAP_TASKS / MANY; n < end; n++) task(&turns, i, n, n + 1);
            if (atomic_fetch_add(&shared->done, 1) + 1 == MANY * (pass + 1)) futex_wake(&shared->done, 1);
        }
        _exit(0);
    }
    while (atomic_load(&shared->ready) < MANY) usleep(100);
    usleep(5000);
    double start = 0;
    for (int pass = 0; pass < 2; pass++) {
        start = seconds_now();
        atomic_store(&shared->pass, pass + 1);
        futex_wake(&shared->pass, MANY);
        for (int done; (done = atomic_load(&shared->done)) < MANY * (pass + 1);) futex_sleep(&shared->done, done);
    }
    double took = seconds_now() - start;
    for (unsigned i = 0; i < MANY; i++) wait(NULL);
    return bench_check(MAP_TASKS, 0, took / MAP_TASKS * 1e9);
}

/* A ring of slots between two processes that spin, one line of memory each way: no pool could submit for less. */
enum { RING = 1024 };
struct bare_slot { alignas(128) _Atomic uint32_t state; uint32_t in, out; }; /* state: lap << 1 | answered */

static pid_t ring_open(struct bare_slot **slots)
{
    static unsigned turns;
    struct bare_slot *ring = *slots = share(RING * sizeof *ring);
    bind_to(0);
    pid_t child = fork();
    if (child) return child;
    bind_to(1);
    for (uint32_t i = 0;; i++) {
        struct bare_slot *slot = &ring[i % RING];
        uint32_t lap = 2 * (i / RING + 1);
        while (atomic_load_explicit(&slot->state, memory_order_acquire) != lap) relax();
        slot->out = bench_work(slot->in + 1, turns);
        atomic_store_explicit(&slot->state, lap | 1, memory_order_release);
    }
}
static void ring_put(struct bare_slot *ring, uint32_t i)
{
    ring[i % RING].in = i;
    atomic_store_explicit(&ring[i % RING].state, 2 * (i / RING + 1), memory_order_release);
}
static uint32_t ring_get(struct bare_slot *ring, uint32_t i)
{
    while (atomic_load_explicit(&ring[i % RING].state, memory_order_acquire) != (2 * (i / RING + 1) | 1)) relax();
    return ring[i % RING].out;
}
double bare_ring(void)
{
    struct bare_slot *ring;
    bench_results = share(MAP_TASKS * sizeof *bench_results);
    memset(bench_results, 0, MAP_TASKS * sizeof *bench_results);
    pid_t child = ring_open(&ring);
    double start = seconds_now();
    for (uint32_t i = 0; i < TASKS + RING / 2; i++) {
        if (i >= RING / 2) bench_results[i - RING / 2] = ring_get(ring, i - RING / 2);
        if (i < TASKS) ring_put(ring, i);
    }
    double took = seconds_now() - start;
    return child_end(child, bench_check(TASKS, 0, took / TASKS * 1e9));
}

/* The least that a batch must write: a line for each task, which another process has read and answered since. The median
 * of the filling alone, ns a task. */
double bare_fill(void)
{
    enum { BATCH = 1000, BATCHES = 50 };
    double took[BATCHES];
    struct bare_slot *ring;
    pid_t child = ring_open(&ring);
    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        double start = seconds_now();
        for (uint32_t i = 0; i < BATCH; i++) ring_put(ring, batch * BATCH + i);
        took[batch] = (seconds_now() - start) / BATCH * 1e9;
        for (uint32_t i = 0; i < BATCH; i++) ring_get(ring, batch * BATCH + i);
    }
    qsort(took, BATCHES, sizeof *took, by_size);
    return child_end(child, took[BATCHES / 2]);
}

double bare_ring_call(void)
{
    enum { CALLS = 2000 };
    static double took[CALLS];
    struct bare_slot *ring;
    pid_t child = ring_open(&ring);
    for (uint32_t i = 0; i < CALLS; i++) {
        double start = seconds_now();
        ring_put(ring, i);
        if (ring_get(ring, i) != bench_work(i + 1, 0)) took[0] = NAN;
        took[i] = (seconds_now() - start) * 1e9;
    }
    qsort(took, CALLS, sizeof *took, by_size);
    return child_end(child, took[CALLS / 2]);
}

/* To a sleeping process on another cpu and back, by futexes alone. */
double bare_handover(void)
{
    enum { CALLS = 60 };
    double took[CALLS];
    _Atomic int *ping = share(4096), *pong = ping + 512;
    bind_to(0);
    pid_t child = fork();
    if (!child) {
        bind_to(1);
        for (int i = 0;; i++) {
            while (atomic_load(ping) == i) futex_sleep(ping, i);
            atomic_store(pong, i + 1);
            futex_wake(pong, 1);
        }
    }
    for (int i = 0; i < CALLS; i++) {
        usleep(2000);
        double start = seconds_now();
        atomic_store(ping, i + 1);
        futex_wake(ping, 1);
        while (atomic_load(pong) == i) futex_sleep(pong, i);
        took[i] = (seconds_now() - start) * 1e9;
    }
    qsort(took, CALLS, sizeof *took, by_size);
    return child_end(child, took[CALLS / 2]);
}

/* A cpu's worth of processes that spin, and one that sleeps and is woken: how late it starts, p99.9 in ticks. */
double bare_start_delay(void)
{
    static double delays[DELAYS];
    struct { _Atomic int asked, answered; long at; } *shared = share(4096);
    pid_t pids[256] = {0};
    unsigned count = cpus_here() < 255 ? cpus_here() : 255;
    for (unsigned i = 0; i <= count; i++)
        if (!(pids[i] = fork()))
            for (int seen = 0;; seen++) {
                while (i) bench_work(1, 1000);
                while (atomic_load(&shared->asked) == seen) futex_sleep(&shared->asked, seen);
                shared->at = nanoseconds_now();
                atomic_store(&shared->answered, seen + 1);
                futex_wake(&shared->answered, 1);
            }
    usleep(20000);
    for (int i = 0; i < DELAYS; i++) {
        usleep(1000);
        long before = nanoseconds_now();
        atomic_store(&shared->asked, i + 1);
        futex_wake(&shared->asked, 1);
        while (atomic_load(&shared->answered) == i) futex_sleep(&shared->answered, i);
        delays[i] = (double)(shared->at - before);
    }
    for (unsigned i = 0; i <= count; i++) kill(pids[i], SIGKILL), waitpid(pids[i], NULL, 0);
    return late_ticks(delays);
}

/* Forks all, waits until all are ready, wakes and reaps them; `chain`: from a child, as whoever replaces workers without
 * a hand in the program must. */
static double fork_loop(int workers, double *pss, bool chain)
{
    struct { _Atomic int ready, go; } *shared = share(4096);
    pid_t pids[MANY];
    double start = seconds_now();
    pid_t middle = chain ? fork() : 0;
    if (middle > 0) {
        for (int ready; (ready = atomic_load(&shared->ready)) < workers;) futex_sleep(&shared->ready, ready);
        atomic_store(&shared->go, 1);
        futex_wake(&shared->go, workers);
        waitpid(middle, NULL, 0);
        return (seconds_now() - start) * 1e6;
    }
    for (int i = 0; i < workers; i++)
        if (!(pids[i] = fork())) {
            if (atomic_fetch_add(&shared->ready, 1) + 1 == workers) futex_wake(&shared->ready, 1);
            while (!atomic_load(&shared->go)) futex_sleep(&shared->go, 0);
            _exit(0);
        }
    for (int ready; !chain && (ready = atomic_load(&shared->ready)) < workers;) futex_sleep(&shared->ready, ready);
    if (pss) usleep(20000), *pss = pss_of(pids[0]);
    if (!chain) atomic_store(&shared->go, 1), futex_wake(&shared->go, workers);
    for (int i = 0; i < workers; i++) waitpid(pids[i], NULL, 0);
    if (chain) _exit(0);
    return (seconds_now() - start) * 1e6;
}
double bare_start_stop(void) { return fork_loop(WORKERS, NULL, false); }
double bare_chain(void) { return fork_loop(WORKERS, NULL, true); }
double bare_chain_many(void) { return fork_loop(MANY, NULL, true); }
double bare_start_stop_many(void) { return fork_loop(MANY, NULL, false); }
double bare_sleeps(void) /* a fork loop whose children sleep 10 ms; ms */
{
    double start = seconds_now();
    for (int i = 0; i < MANY; i++)
        if (!fork()) _exit(usleep(10000));
    for (int i = 0; i < MANY; i++) wait(NULL);
    return (seconds_now() - start) * 1e3;
}
double bare_pss(void)
{
    double kilobytes = NAN;
    fork_loop(WORKERS, &kilobytes, false);
    return kilobytes;
}

/* From memory that another process has written, as a result is, and whose pages are mapped. */
double bare_memcpy(void)
{
    enum { BYTES = 16 << 20 };
    char *to = malloc(BYTES);
    double total = 0;
    if (!to) return NAN;
    memset(to, 0, BYTES);
    for (int i = 0; i < 5; i++) {
        char *from = share(BYTES);
        pid_t child = fork();
        if (!child) {
            memset(from, 7, BYTES);
            _exit(0);
        }
        waitpid(child, NULL, 0);
        memcpy(to, from, BYTES); /* maps the pages */
        double start = seconds_now();
        memcpy(to, from, BYTES);
        total += seconds_now() - start;
        if (to[BYTES - 1] != 7) return NAN;
        munmap(from, BYTES);
    }
    free(to);
    return 5.0 * BYTES / total * 1e-9;
}

double bare_copy_time(void) { return (16 << 20) / bare_memcpy() * 1e-3; } /* us */
