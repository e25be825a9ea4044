/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ranks_floor: what bare MPI takes, without breakeven, on two ranks: lines of a name and ns, best of the rounds.
 *
 *     mpirun -n 2 --bind-to none build/tests/ranks_floor [window | init]
 *
 * `window`: the counter alone. `init`: MPI_Init and MPI_Finalize alone, for who times the whole program, and when both ranks
 * had come up, by the monotonic clock.
 * On two hosts there is no shared window, and no line `counter`.
 */
#include <mpi.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE = 64, TASKS = 20000, ROUNDS = 25, BARRIERS = 500, REQUEST = 1, ANSWER, BYTES, FLIGHT_MAX = 32, MESSAGES = 32, MESSAGE = 1 << 20 };

static const double ENOUGH_NS = 0.5e9;
static int rank;

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* Tasks claimed one by one from a counter in a shared window; the empty task is a store. */
static void claim(_Atomic uint64_t *counter, int unused)
{
    volatile uint64_t done = 0;
    (void)unused;
    for (uint64_t i; (i = atomic_fetch_add_explicit(counter, 1, memory_order_relaxed)) < TASKS;) done = i;
    (void)done;
}

/* The same, and each task writes a result where the other rank writes those beside it. */
static void claim_and_write(_Atomic uint64_t *counter, int unused)
{
    volatile uint32_t *results = (volatile uint32_t *)counter + LINE / sizeof *results;
    (void)unused;
    for (uint64_t i; (i = atomic_fetch_add_explicit(counter, 1, memory_order_relaxed)) < TASKS;) results[i] = (uint32_t)i;
}

static void task(size_t begin, size_t end, uint32_t *results)
{
    for (size_t i = begin; i < end; i++) results[i] = (uint32_t)i;
}

/* The same, and the task is a function that is not known when this is compiled, as a kernel's is. */
static void claim_and_call(_Atomic uint64_t *counter, int unused)
{
    static void (*volatile const loaded)(size_t, size_t, uint32_t *) = task;
    void (*run)(size_t, size_t, uint32_t *) = loaded;
    uint32_t *results = (uint32_t *)counter + LINE / sizeof *results;
    (void)unused;
    for (uint64_t i; (i = atomic_fetch_add_explicit(counter, 1, memory_order_relaxed)) < TASKS;) run(i, i + 1, results);
}

/* Rank 0 hands out numbers; rank 1 keeps so many requests under way. A number beyond the tasks ends one of them. */
static void master(_Atomic uint64_t *unused, int flight)
{
    uint64_t next = 0, got[FLIGHT_MAX];
    MPI_Request requests[FLIGHT_MAX];
    (void)unused;
    if (!rank) {
        for (int ended = 0; ended < flight; ended += next++ >= TASKS) {
            MPI_Recv(NULL, 0, MPI_BYTE, 1, REQUEST, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Send(&next, 1, MPI_UINT64_T, 1, ANSWER, MPI_COMM_WORLD);
        }
        return;
    }
    for (int i = 0; i < flight; i++) {
        MPI_Irecv(&got[i], 1, MPI_UINT64_T, 0, ANSWER, MPI_COMM_WORLD, &requests[i]);
        MPI_Send(NULL, 0, MPI_BYTE, 0, REQUEST, MPI_COMM_WORLD);
    }
    for (int left = flight, i = 0; left; i = (i + 1) % flight) {
        if (requests[i] == MPI_REQUEST_NULL) continue;
        MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
        if (got[i] >= TASKS) {
            left--;
            continue;
        }
        MPI_Irecv(&got[i], 1, MPI_UINT64_T, 0, ANSWER, MPI_COMM_WORLD, &requests[i]);
        MPI_Send(NULL, 0, MPI_BYTE, 0, REQUEST, MPI_COMM_WORLD);
    }
}

static void barriers(_Atomic uint64_t *unused, int count)
{
    (void)unused;
    for (int i = 0; i < count; i++) MPI_Barrier(MPI_COMM_WORLD);
}

static void bytes(_Atomic uint64_t *unused, int count)
{
    static char message[MESSAGE];
    (void)unused;
    for (int i = 0; i < count; i++) {
        if (rank) MPI_Send(message, MESSAGE, MPI_BYTE, 0, BYTES, MPI_COMM_WORLD);
        else MPI_Recv(message, MESSAGE, MPI_BYTE, 1, BYTES, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

/* The shortest of the rounds, from the first rank's begin to the last one's end, divided by what it was for. On a busy machine
 * there are fewer of them. */
static void measure(const char *name, void (*what)(_Atomic uint64_t *, int), _Atomic uint64_t *counter, int argument,
                    double count)
{
    double best = 1e18, spent_ns = 0; /* both ranks find the same */
    for (int round = 0; round < ROUNDS && spent_ns < ENOUGH_NS; round++) {
        if (!rank && counter) atomic_store(counter, 0);
        MPI_Barrier(MPI_COMM_WORLD);
        double span[2] = {-now_ns()}, all[2];
        what(counter, argument);
        span[1] = now_ns();
        MPI_Allreduce(span, all, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        spent_ns += all[1] + all[0];
        if ((all[1] + all[0]) / count < best) best = (all[1] + all[0]) / count;
    }
    if (!rank) printf("%s %.3f\n", name, best);
}

/* The counter in a window of this host's ranks; on two hosts there is none. */
static void measure_window(void)
{
    MPI_Win window;
    MPI_Aint size;
    MPI_Comm host;
    void *counter = NULL;
    int unit, here;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &here);
    if (here == 2) {
        MPI_Win_allocate_shared(rank ? 0 : LINE + TASKS * sizeof(uint32_t), 1, MPI_INFO_NULL, host, &counter, &window);
        MPI_Win_shared_query(window, 0, &size, &unit, &counter);
        measure("counter", claim, counter, 0, TASKS);
        measure("counter-result", claim_and_write, counter, 0, TASKS);
        measure("counter-call", claim_and_call, counter, 0, TASKS);
        MPI_Win_free(&window);
    }
    MPI_Comm_free(&host);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (argc == 1 || !strcmp(argv[1], "window")) measure_window();
    if (argc == 1) {
        measure("master-1", master, NULL, 1, TASKS);
        measure("master-8", master, NULL, 8, TASKS);
        measure("master-32", master, NULL, FLIGHT_MAX, TASKS);
        measure("byte", bytes, NULL, MESSAGES, (double)MESSAGES * MESSAGE);
        measure("barrier", barriers, NULL, BARRIERS, BARRIERS);
    }
    if (argc == 2 && !strcmp(argv[1], "init")) {
        MPI_Barrier(MPI_COMM_WORLD);
        if (!rank) printf("ready %.0f\n", now_ns());
    }
    MPI_Finalize();
    return 0;
}
