/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/rank/schedules.h"

enum { REQUEST = 1, ANSWER };

/* A rank of one thread needs no region of OpenMP's, which takes ten times as long as claiming a chunk. */
static void work(struct rank *rank, uint64_t begin, uint64_t end)
{
    void *results = (char *)rank->control + rank->control->results_at;
    job_team(&rank->job, 0, true);
    if (rank->control->threads == 1) job_run(&rank->job, 0, begin, end, results);
    else team_run(&rank->team, &rank->job, 0, begin, end, results);
    job_team(&rank->job, 0, false);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What is claimed at once where tasks are claimed: without a chunk, a task for each thread. */
static uint64_t chunk_of(const struct rank *rank)
{
    return rank->control->chunk ? rank->control->chunk : rank->control->threads;
}

static void run_static(struct rank *rank, uint64_t tasks)
{
    uint64_t ranks = rank->control->processes, chunk = rank->control->chunk;
    if (!chunk) {
        uint64_t share = tasks / ranks, more = tasks % ranks, number = rank->number;
        uint64_t begin = share * number + least(number, more);
        uint64_t end = begin + share + (number < more);
        if (begin < end) work(rank, begin, end);
        return;
    }
    for (uint64_t begin = rank->number * chunk; begin < tasks; begin += ranks * chunk)
        work(rank, begin, least(begin + chunk, tasks));
}

static void run_dynamic(struct rank *rank, uint64_t tasks)
{
    uint64_t chunk = chunk_of(rank);
    for (;;) {
        uint64_t begin = atomic_fetch_add_explicit(rank->counter, chunk, memory_order_relaxed);
        if (begin >= tasks) return;
        work(rank, begin, least(begin + chunk, tasks));
    }
}

static void run_guided(struct rank *rank, uint64_t tasks)
{
    uint64_t begin = atomic_load_explicit(rank->counter, memory_order_relaxed), shares = 2 * rank->control->processes;
    while (begin < tasks) {
        uint64_t share = (tasks - begin) / shares, chunk = chunk_of(rank);
        uint64_t end = least(begin + (share > chunk ? share : chunk), tasks);
        if (!atomic_compare_exchange_weak_explicit(rank->counter, &begin, end, memory_order_relaxed,
                                                   memory_order_relaxed))
            continue;
        work(rank, begin, end);
        begin = atomic_load_explicit(rank->counter, memory_order_relaxed);
    }
}

/* Each of the others asks once more than it gets chunks: that answer is empty. */
static void run_master(const struct rank *rank, uint64_t tasks)
{
    uint64_t next = 0, range[2];
    for (uint32_t asking = rank->control->processes - 1; asking;) {
        MPI_Status status;
        MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, REQUEST, MPI_COMM_WORLD, &status);
        range[0] = next;
        range[1] = next = least(next + chunk_of(rank), tasks);
        if (range[0] == range[1]) asking--;
        MPI_Send(range, 2, MPI_UINT64_T, status.MPI_SOURCE, ANSWER, MPI_COMM_WORLD);
    }
}

static void run_worker(struct rank *rank)
{
    for (;;) {
        uint64_t range[2];
        MPI_Sendrecv(NULL, 0, MPI_BYTE, 0, REQUEST, range, 2, MPI_UINT64_T, 0, ANSWER, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        if (range[0] == range[1]) return;
        work(rank, range[0], range[1]);
    }
}

void schedules_run(struct rank *rank, uint64_t tasks)
{
    switch (rank->control->schedule) {
    case SCHEDULE_DYNAMIC:
        run_dynamic(rank, tasks);
        break;
    case SCHEDULE_GUIDED:
        run_guided(rank, tasks);
        break;
    case SCHEDULE_MASTER:
        if (rank->control->processes == 1) run_static(rank, tasks); /* nobody to ask */
        else if (rank->number) run_worker(rank);
        else run_master(rank, tasks);
        break;
    default:
        run_static(rank, tasks);
    }
}
