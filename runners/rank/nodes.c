/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nodes.c: ranks of several hosts. The memory that the runner shares with its ranks (control.h) lies on its own host; each
 * of the others has a copy, of which what its ranks write is sent to rank 0.
 *
 *     nodes_open(rank, why);  // after MPI_Init: who is where, and a copy on the other hosts
 *     ... the kernel's input, the team ...
 *     nodes_ready(rank);      // reports, what the hosts are, their clocks
 *     ... schedules_run, a barrier ...
 *     nodes_gather(rank);     // results
 *     nodes_relate(rank);     // the clocks once more, after each pass that records spans
 *     nodes_records(rank);    // the workers' records, in rank 0's time
 *
 * All are to be called by all ranks together, and do nothing where there is one host.
 */
#include "runners/rank/rank.h"

#include "runners/instruments.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HEAD = 11, COPY, WORKERS, RANGES, RESULTS, PING, PONG, RELATION };
enum { ROUND_TRIPS = 32, DONE_ROOM = 64 };

static int64_t now_ns(void) /* the clock of spans: bench/base/clock.h */
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- Who is where ---- */

/* Maps this host's copy where the runner's memory is mapped on its own: pointers between allocations hold. */
static int copy_map(struct rank *rank, size_t size)
{
    void *at = mmap(CONTROL_ADDRESS, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, rank->fd, 0);
    rank->control = at == CONTROL_ADDRESS ? at : NULL;
    return rank->control ? 0 : -1;
}

/* The first rank of a host makes its copy in memory without a name, so that nothing of it can be left behind; the others
 * open it by that rank's descriptor. */
static int copy_make(struct rank *rank)
{
    uint64_t head[2]; /* size of the memory, and of what is to be copied */
    MPI_Recv(head, 2, MPI_UINT64_T, 0, HEAD, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    rank->fd = memfd_create("breakeven", MFD_CLOEXEC);
    bool made = rank->fd >= 0 && !ftruncate(rank->fd, (off_t)head[0]) && !copy_map(rank, head[0]);
    void *to = made ? (void *)rank->control : malloc(head[1]); /* rank 0 sends in any case */
    MPI_Recv(to, (int)head[1], MPI_BYTE, 0, COPY, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (!made) free(to);
    return made ? 0 : -1;
}

static int copy_open(struct rank *rank, const int64_t from[3])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)from[0], (int)from[1]);
    rank->fd = from[2] ? open(path, O_RDWR | O_CLOEXEC) : -1;
    return rank->fd < 0 ? -1 : copy_map(rank, (size_t)from[2]);
}

static int copy_share(struct rank *rank)
{
    int error = 0, place;
    int64_t from[3] = {getpid(), -1, 0};
    MPI_Comm_rank(rank->here, &place);
    if (!place) {
        error = copy_make(rank);
        from[1] = rank->fd;
        if (!error) from[2] = (int64_t)rank->control->end;
    }
    MPI_Bcast(from, 3, MPI_INT64_T, 0, rank->here);
    if (place) error = copy_open(rank, from);
    return error;
}

static void copy_send(const struct rank *rank)
{
    const struct control *control = rank->control;
    uint64_t head[2] = {control->end, control->instruments_at};
    for (unsigned i = 1; i < control->processes; i++) {
        if (rank->homes[i] != i) continue;
        MPI_Send(head, 2, MPI_UINT64_T, (int)i, HEAD, MPI_COMM_WORLD);
        MPI_Send(control, (int)head[1], MPI_BYTE, (int)i, COPY, MPI_COMM_WORLD);
    }
}

/* The topology of what this rank may use before it binds itself, as hwloc's synthetic descriptions are written; "" where it
 * is lopsided. */
static void topology_write(char *text, size_t size)
{
    hwloc_topology_t topology;
    *text = '\0';
    if (hwloc_topology_init(&topology)) return;
    if (hwloc_topology_load(topology) ||
        hwloc_topology_export_synthetic(topology, text, size,
                                        HWLOC_TOPOLOGY_EXPORT_SYNTHETIC_FLAG_NO_ATTRS |
                                            HWLOC_TOPOLOGY_EXPORT_SYNTHETIC_FLAG_IGNORE_MEMORY) < 0)
        *text = '\0';
    hwloc_topology_destroy(topology);
}

static void machine_read(char *machine, size_t size)
{
    char line[256], model[64] = "unknown", topology[80];
    cpu_set_t set;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %63[^\n]", model) == 1) break;
    if (file) fclose(file);
    int cpus = sched_getaffinity(0, sizeof set, &set) ? 0 : CPU_COUNT(&set);
    topology_write(topology, sizeof topology);
    snprintf(machine, size, "%s, %d cpus%s%s", model, cpus, *topology ? ", " : "", topology);
}

/* The first rank of each host tells what that is. */
static void machines_compare(struct rank *rank)
{
    enum { LENGTH = sizeof rank->machine };
    char *machines = NULL;
    unsigned ranks = rank->control->processes;
    if (rank->hosts == 1) return;
    if (rank->number == rank->home) machine_read(rank->machine, LENGTH);
    if (!rank->number) machines = malloc((size_t)ranks * LENGTH);
    if (!rank->number && !machines) MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Gather(rank->machine, LENGTH, MPI_CHAR, machines, LENGTH, MPI_CHAR, 0, MPI_COMM_WORLD);
    for (unsigned i = 1; machines && i < ranks; i++)
        rank->control->unlike |= rank->homes[i] == i && strcmp(machines + (size_t)i * LENGTH, machines);
    free(machines);
}

int nodes_open(struct rank *rank, char *why)
{
    int size, there = rank->control != NULL;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, (int)rank->number, MPI_INFO_NULL, &rank->here);
    rank->home = rank->number;
    MPI_Bcast(&rank->home, 1, MPI_UNSIGNED, 0, rank->here);
    rank->homes = malloc((size_t)size * sizeof *rank->homes);
    if (!rank->homes) return snprintf(why, 200, "no memory"), -1;
    MPI_Allgather(&rank->home, 1, MPI_UNSIGNED, rank->homes, 1, MPI_UNSIGNED, MPI_COMM_WORLD);
    for (unsigned i = 0; i < (unsigned)size; i++) {
        rank->hosts += rank->homes[i] == i;
        rank->away += rank->homes[i] != 0;
    }
    if (!rank->home == !there)
        return snprintf(why, 200, "%s", there ? "this host shares /dev/shm with another" :
                        "does not run on the host of breakeven: start breakeven on the first host of the ranks"), -1;
    if (!rank->number) copy_send(rank);
    if (rank->home && copy_share(rank)) return snprintf(why, 200, "no memory for a copy of the runner's"), -1;
    machines_compare(rank);
    return 0;
}

void nodes_close(struct rank *rank)
{
    free(rank->homes);
    free(rank->done);
    MPI_Comm_free(&rank->here);
}

/* ---- What workers wrote ---- */

/* Brings `size` bytes of each worker, at an offset of the shared memory, from the other hosts to rank 0. */
static void workers_collect(const struct rank *rank, uint64_t offset, uint64_t size)
{
    uint64_t bytes = rank->control->threads * size;
    char *at = (char *)rank->control + offset;
    if (rank->home) MPI_Send(at + rank->number * bytes, (int)bytes, MPI_BYTE, 0, WORKERS, MPI_COMM_WORLD);
    for (unsigned i = 1; !rank->number && i < rank->control->processes; i++)
        if (rank->homes[i])
            MPI_Recv(at + i * bytes, (int)bytes, MPI_BYTE, (int)i, WORKERS, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void nodes_ready(struct rank *rank)
{
    struct control *control = rank->control;
    struct worker_report *reports = (struct worker_report *)((char *)control + control->reports_at);
    if (rank->hosts == 1) return;
    for (unsigned i = 0; rank->home && i < control->threads; i++)
        gethostname(reports[rank->number * control->threads + i].host, sizeof reports->host - 1);
    if (rank->home == rank->number && rank->home)
        memcpy(reports[rank->number * control->threads].machine, rank->machine, sizeof rank->machine);
    workers_collect(rank, control->reports_at, sizeof *reports);
    nodes_relate(rank);
}

/* Both relations, before and after the pass, are right for their moment; in between lies what the clocks drifted. */
static struct relation relation_mean(const struct rank *rank)
{
    const struct relation *a = &rank->relations[0], *b = &rank->relations[1];
    int64_t apart_ns = llabs(b->ahead_ns - a->ahead_ns), error_ns = a->error_ns > b->error_ns ? a->error_ns : b->error_ns;
    return (struct relation){a->ahead_ns + (b->ahead_ns - a->ahead_ns) / 2, error_ns + apart_ns / 2};
}

void nodes_records(struct rank *rank)
{
    struct control *control = rank->control;
    int64_t error_ns = 0, most_ns;
    if (rank->hosts == 1 || !control->instrument_size) return;
    if (rank->home) {
        struct relation relation = relation_mean(rank);
        error_ns = relation.error_ns;
        instruments_shift(rank->fitted, -relation.ahead_ns);
    }
    workers_collect(rank, control->instruments_at, control->instrument_size);
    MPI_Reduce(&error_ns, &most_ns, 1, MPI_INT64_T, MPI_MAX, 0, MPI_COMM_WORLD);
    if (!rank->number) control->clock_error_ns = most_ns;
}

/* ---- Clocks ---- */

/* Of the round trips the shortest: the other's reading was taken somewhere in it, so its middle is off by half of it at
 * most. */
static struct relation relation_ask(unsigned home)
{
    struct relation best = {0, INT64_MAX};
    for (int i = 0; i < ROUND_TRIPS; i++) {
        int64_t sent_ns = now_ns(), there_ns;
        MPI_Send(NULL, 0, MPI_BYTE, (int)home, PING, MPI_COMM_WORLD);
        MPI_Recv(&there_ns, 1, MPI_INT64_T, (int)home, PONG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        int64_t half_ns = (now_ns() - sent_ns + 1) / 2;
        if (half_ns < best.error_ns) best = (struct relation){there_ns - sent_ns - half_ns, half_ns};
    }
    return best;
}

static void relation_answer(void)
{
    for (int i = 0; i < ROUND_TRIPS; i++) {
        MPI_Recv(NULL, 0, MPI_BYTE, 0, PING, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        int64_t there_ns = now_ns();
        MPI_Send(&there_ns, 1, MPI_INT64_T, 0, PONG, MPI_COMM_WORLD);
    }
}

void nodes_relate(struct rank *rank)
{
    struct relation *last = &rank->relations[1];
    if (rank->hosts == 1 || !rank->control->recipe_size) return;
    for (unsigned i = 1; !rank->number && i < rank->control->processes; i++) {
        if (rank->homes[i] != i) continue;
        struct relation found = relation_ask(i);
        MPI_Send(&found, 2, MPI_INT64_T, (int)i, RELATION, MPI_COMM_WORLD);
    }
    if (!rank->home) return;
    rank->relations[0] = *last;
    if (rank->home == rank->number) {
        relation_answer();
        MPI_Recv(last, 2, MPI_INT64_T, 0, RELATION, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    MPI_Bcast(last, 2, MPI_INT64_T, 0, rank->here);
}

/* ---- Results ---- */

int nodes_done(struct rank *rank, struct range range)
{
    struct range *last = rank->done_count ? &rank->done[rank->done_count - 1] : NULL;
    if (last && last->end == range.begin) {
        last->end = range.end;
        return 0;
    }
    if (rank->done_count == rank->done_room) {
        size_t room = rank->done_room ? 2 * rank->done_room : DONE_ROOM;
        struct range *grown = realloc(rank->done, room * sizeof *grown);
        if (!grown) return -ENOMEM;
        rank->done = grown;
        rank->done_room = room;
    }
    rank->done[rank->done_count++] = range;
    return 0;
}

/* The results of those ranges where they lie, as one message: nobody copies them together. */
static MPI_Datatype results_type(const struct rank *rank, const struct range *ranges, int count)
{
    size_t one = kernel_result_size(rank->kernel, rank->control->params.size);
    MPI_Datatype result, type;
    int *lengths = malloc((size_t)count * sizeof *lengths + 1);
    MPI_Aint *places = malloc((size_t)count * sizeof *places + 1);
    if (!lengths || !places) MPI_Abort(MPI_COMM_WORLD, 1);
    for (int i = 0; i < count; i++) {
        lengths[i] = (int)(ranges[i].end - ranges[i].begin);
        places[i] = (MPI_Aint)(ranges[i].begin * one);
    }
    MPI_Type_contiguous((int)one, MPI_BYTE, &result);
    MPI_Type_create_hindexed(count, lengths, places, result, &type);
    MPI_Type_commit(&type);
    MPI_Type_free(&result);
    free(lengths);
    free(places);
    return type;
}

static void results_receive(const struct rank *rank)
{
    MPI_Status status;
    int words;
    MPI_Probe(MPI_ANY_SOURCE, RANGES, MPI_COMM_WORLD, &status);
    MPI_Get_count(&status, MPI_UINT64_T, &words);
    struct range *ranges = malloc((size_t)words * sizeof(uint64_t) + 1);
    if (!ranges) MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Recv(ranges, words, MPI_UINT64_T, status.MPI_SOURCE, RANGES, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Datatype type = results_type(rank, ranges, words / 2);
    MPI_Recv((char *)rank->control + rank->control->results_at, 1, type, status.MPI_SOURCE, RESULTS, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    MPI_Type_free(&type);
    free(ranges);
}

static void results_send(struct rank *rank)
{
    int count = (int)rank->done_count;
    MPI_Send(rank->done, 2 * count, MPI_UINT64_T, 0, RANGES, MPI_COMM_WORLD);
    MPI_Datatype type = results_type(rank, rank->done, count);
    MPI_Send((char *)rank->control + rank->control->results_at, 1, type, 0, RESULTS, MPI_COMM_WORLD);
    MPI_Type_free(&type);
    rank->done_count = 0;
}

void nodes_gather(struct rank *rank)
{
    if (rank->hosts == 1) return;
    int64_t began_ns = now_ns();
    if (rank->home) results_send(rank);
    for (unsigned i = 0; !rank->number && i < rank->away; i++) results_receive(rank);
    if (!rank->number) rank->control->gathered_ns = now_ns() - began_ns;
}

/* ---- The kernels' shared memory ---- */

uint64_t nodes_hash(const struct rank *rank, uint64_t bytes)
{
    const uint64_t *words = (const uint64_t *)((const char *)rank->control + rank->control->arena_at);
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a's, by words */
    for (uint64_t i = 0; i < (bytes + 7) / 8; i++) hash = (hash ^ words[i]) * 0x100000001b3;
    return hash;
}

bool nodes_untouched(struct rank *rank)
{
    int touched = 0, any = 0;
    if (rank->hosts == 1) return true;
    if (rank->home && rank->home == rank->number) touched = nodes_hash(rank, rank->arena_used) != rank->arena_hash;
    MPI_Reduce(&touched, &any, 1, MPI_INT, MPI_MAX, 0, MPI_COMM_WORLD);
    return !any;
}
