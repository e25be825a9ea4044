/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedules.c: how ranks divide tasks among themselves. Inside a rank a team of OpenMP threads shares each chunk.
 *
 *     static   each rank has one equal share, or, with a chunk, chunks in turn
 *     dynamic  chunks are claimed by an atomic counter in a shared window (MPI-3.1, 11.2.3); without a chunk one task for
 *              each thread. Ranks of other hosts ask rank 0, which claims for them between its own chunks; they ask
 *              ahead, with several requests under way
 *     guided   the same, each claim a share of what is left: 1/2 of it divided by the ranks, at least a chunk
 *     master   the pattern that most programs have: rank 0 computes nothing and answers each request of the others with
 *              the next chunk, one request at a time
 */
#include "runners/rank/rank.h"

enum { REQUEST = 1, ANSWER, FLIGHT_MAX = 32, POLL_NS = 5000 };

/* A rank of one thread needs no region of OpenMP's, which takes ten times as long as claiming a chunk. */
static int work(struct rank *rank, struct range range)
{
    void *results = (char *)rank->control + rank->control->results_at;
    if (range.begin == range.end) return 0;
    job_team(&rank->job, 0, true);
    if (rank->control->threads == 1) job_run(&rank->job, 0, range.begin, range.end, results);
    else team_run(&rank->team, &rank->job, 0, range.begin, range.end, results);
    job_team(&rank->job, 0, false);
    return rank->home ? nodes_done(rank, range) : 0;
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

static int run_static(struct rank *rank, uint64_t tasks)
{
    uint64_t ranks = rank->control->processes, chunk = rank->control->chunk;
    int error = 0;
    if (!chunk) {
        uint64_t share = tasks / ranks, more = tasks % ranks, number = rank->number;
        uint64_t begin = share * number + least(number, more);
        return work(rank, (struct range){begin, begin + share + (number < more)});
    }
    for (uint64_t begin = rank->number * chunk; begin < tasks && !error; begin += ranks * chunk)
        error = work(rank, (struct range){begin, least(begin + chunk, tasks)});
    return error;
}

static struct range claim_share(struct rank *rank, uint64_t tasks)
{
    uint64_t begin = atomic_load_explicit(rank->counter, memory_order_relaxed), end, chunk = chunk_of(rank);
    do {
        uint64_t share = (tasks - begin) / (2 * (uint64_t)rank->control->processes);
        end = least(begin + (share > chunk ? share : chunk), tasks);
    } while (!atomic_compare_exchange_weak_explicit(rank->counter, &begin, end, memory_order_relaxed,
                                                    memory_order_relaxed));
    return (struct range){begin, end};
}

/* The next tasks that nobody has, for this rank or one that asks it; empty: there are no more. */
static struct range claim(struct rank *rank, uint64_t tasks)
{
    if (rank->control->schedule == SCHEDULE_GUIDED) return claim_share(rank, tasks);
    uint64_t chunk = chunk_of(rank), begin = atomic_fetch_add_explicit(rank->counter, chunk, memory_order_relaxed);
    return (struct range){least(begin, tasks), least(begin + chunk, tasks)};
}

/* Answers who asks: all that wait, or until none is to come. `open` requests have not been answered with an empty range,
 * which is the last answer to each of those that are under way. */
static void serve(struct rank *rank, uint64_t tasks, uint64_t *open, bool wait)
{
    while (*open) {
        MPI_Status status;
        int there = 1;
        if (!wait) MPI_Iprobe(MPI_ANY_SOURCE, REQUEST, MPI_COMM_WORLD, &there, &status);
        if (!there) return;
        MPI_Recv(NULL, 0, MPI_BYTE, wait ? MPI_ANY_SOURCE : status.MPI_SOURCE, REQUEST, MPI_COMM_WORLD, &status);
        struct range range = claim(rank, tasks);
        if (range.begin == range.end) --*open;
        MPI_Send(&range, 2, MPI_UINT64_T, status.MPI_SOURCE, ANSWER, MPI_COMM_WORLD);
    }
}

/* Computes what rank 0 hands out, with so many requests under way. */
static int fetch(struct rank *rank, unsigned flight)
{
    struct range got[FLIGHT_MAX];
    MPI_Request requests[FLIGHT_MAX];
    int error = 0;
    for (unsigned i = 0; i < flight; i++) {
        MPI_Irecv(&got[i], 2, MPI_UINT64_T, 0, ANSWER, MPI_COMM_WORLD, &requests[i]);
        MPI_Send(NULL, 0, MPI_BYTE, 0, REQUEST, MPI_COMM_WORLD);
    }
    for (unsigned left = flight, i = 0; left; i = (i + 1) % flight) {
        if (requests[i] == MPI_REQUEST_NULL) continue;
        MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
        struct range range = got[i];
        if (range.begin == range.end) {
            left--;
            continue;
        }
        MPI_Irecv(&got[i], 2, MPI_UINT64_T, 0, ANSWER, MPI_COMM_WORLD, &requests[i]);
        if (flight > 1) MPI_Send(NULL, 0, MPI_BYTE, 0, REQUEST, MPI_COMM_WORLD);
        if (!error) error = work(rank, range);
        if (flight == 1) MPI_Send(NULL, 0, MPI_BYTE, 0, REQUEST, MPI_COMM_WORLD);
    }
    return error;
}

/* What is fetched ahead is at most a sixteenth of a rank's share, or a rank would end with tasks that others could have
 * had. The shares of guided are large: one ahead. */
static unsigned flight_of(const struct rank *rank, uint64_t tasks)
{
    if (rank->control->schedule == SCHEDULE_MASTER) return 1;
    if (rank->control->schedule == SCHEDULE_GUIDED) return 2;
    uint64_t ahead = tasks / (16 * chunk_of(rank) * rank->control->processes);
    return ahead < 1 ? 1 : (unsigned)least(ahead, FLIGHT_MAX);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* By the counter, where there is nothing to do between two claims: a task of some ns costs what stands in this loop, and the
 * longer it is, the more often the counter's cache line moves between two claims of one rank. */
static void run_counter(const struct rank *rank, uint64_t tasks)
{
    const struct job job = rank->job; /* and the rest too: what lies in memory would be read again after each atomic */
    void *results = (char *)rank->control + rank->control->results_at;
    uint64_t chunk = chunk_of(rank), begin;
    _Atomic uint64_t *counter = rank->counter;
    while ((begin = atomic_fetch_add_explicit(counter, chunk, memory_order_relaxed)) < tasks)
        job_run(&job, 0, begin, least(begin + chunk, tasks), results);
}

/* By the counter; rank 0 looks for requests of other hosts now and then, at most after each chunk. */
static int run_claims(struct rank *rank, uint64_t tasks)
{
    if (rank->home) return fetch(rank, flight_of(rank, tasks));
    uint64_t open = rank->number ? 0 : (uint64_t)rank->away * flight_of(rank, tasks);
    if (!open && rank->control->threads == 1 && !rank->job.hook && rank->control->schedule == SCHEDULE_DYNAMIC)
        return run_counter(rank, tasks), 0;
    int64_t served_ns = 0;
    for (int error = 0;;) {
        if (open && now_ns() - served_ns > POLL_NS) {
            serve(rank, tasks, &open, false);
            served_ns = now_ns();
        }
        struct range range = claim(rank, tasks);
        if (!error && range.begin < range.end) error = work(rank, range);
        if (range.begin < range.end) continue;
        serve(rank, tasks, &open, true);
        return error;
    }
}

static int run_master(struct rank *rank, uint64_t tasks)
{
    uint64_t open = rank->control->processes - 1;
    if (rank->number) return fetch(rank, 1);
    if (!open) return run_static(rank, tasks); /* nobody to ask */
    serve(rank, tasks, &open, true);
    return 0;
}

int schedules_run(struct rank *rank, uint64_t tasks)
{
    switch (rank->control->schedule) {
    case SCHEDULE_DYNAMIC:
    case SCHEDULE_GUIDED:
        return run_claims(rank, tasks);
    case SCHEDULE_MASTER:
        return run_master(rank, tasks);
    default:
        return run_static(rank, tasks);
    }
}
