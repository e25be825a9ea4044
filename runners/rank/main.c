/* SPDX-License-Identifier: GPL-3.0-or-later */
/* breakeven-rank FILE: one rank of the mpi runner, started by an MPI launcher; --version names the MPI library, --try as a rank
 * that comes up and ends.
 *
 * All ranks of the runner's host map FILE (control.h), those of others a copy (nodes.c). They load the kernel from a shared object and prepare its input; rank 0 takes the commands
 * and passes them on. Who computes which tasks is in schedules.c. Binding is ours, after MPI_Init: launchers are told to bind nothing. */
#include "runners/instruments.h"
#include "runners/launcher.h"
#include "runners/rank/rank.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { COMMAND_WAIT_MS = 1000, TRY_S = 15 };

/* Allocations lie at the same addresses in all ranks: each makes the same ones in the same order. What rank 0 writes into
 * them while it prepares counts; see kernel_open. */
struct rank_arena {
    struct arena arena;
    struct control *control;
    uint64_t used;
};

static void *arena_take(struct arena *arena, size_t bytes, size_t align)
{
    struct rank_arena *own = (struct rank_arena *)arena;
    uint64_t at = (own->used + align - 1) / align * align;
    if (bytes > own->control->end - at) return NULL;
    own->used = at + bytes;
    return (char *)own->control + at;
}

/* The first rank's words are kept for the runner; standard error is for who starts this by hand. */
static int fail(const struct rank *rank, const char *what, const char *why)
{
    struct control *control = rank->control;
    fprintf(stderr, "breakeven-rank: rank %u: %s: %s\n", rank->number, what, why);
    if (control && !__atomic_exchange_n(&control->failing, 1, __ATOMIC_ACQ_REL)) {
        snprintf(control->why, sizeof control->why, "rank %u: %.90s: %.90s", rank->number, what, why);
        __atomic_store_n(&control->failed, 1, __ATOMIC_RELEASE);
    }
    return -1;
}

/* Where the file is not, this is another host: nodes.c brings a copy. */
static int control_open(struct rank *rank, const char *path)
{
    struct control *control = MAP_FAILED;
    int fd = rank->fd = open(path, O_RDWR | O_CLOEXEC);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    if (size >= (off_t)sizeof *control)
        control = mmap(CONTROL_ADDRESS, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    if (control != CONTROL_ADDRESS && (fd >= 0 || errno != ENOENT)) return fail(rank, path, "cannot be mapped");
    if (fd >= 0 && (control->version != CONTROL_VERSION || control->size != sizeof *control))
        return fail(rank, path, "made by another build of breakeven");
    if (fd >= 0) rank->control = control;
    rank->record = keeper_fork(rank->control, path);
    if (!rank->record) return fail(rank, "start", "no process, or more ranks than asked for");
    rank->keeper = getppid();
    return 0;
}

/* Where the kernels' shared memory lies: the file that all ranks share, or memory of this rank alone. */
static bool arena_place(const struct rank *rank, bool shared)
{
    const struct control *control = rank->control;
    char *at = (char *)control + control->arena_at;
    size_t bytes = control->end - control->arena_at;
    int kind = shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    return mmap(at, bytes, PROT_READ | PROT_WRITE, kind | MAP_FIXED, shared ? rank->fd : -1,
                shared ? (off_t)control->arena_at : 0) == at;
}

/* Each rank makes the input that is its own; of what prepare writes into shared memory (it may count there, and is
 * written for one caller) the home's stands, rank 0 or the first rank of another host: the others prepare into memory that
 * is then thrown away. */
static int kernel_open(struct rank *rank)
{
    struct control *control = rank->control;
    struct rank_arena arena = {.arena.alloc = arena_take, .control = control, .used = control->arena_at};
    void *library = dlopen(control->library, RTLD_NOW | RTLD_LOCAL);
    rank->kernel = library ? dlsym(library, control->symbol) : NULL;
    if (!rank->kernel) return fail(rank, control->library, dlerror());
    if (!rank->kernel->prepare) return 0;
    bool home = rank->number == rank->home;
    if (!home && !arena_place(rank, false)) return fail(rank, "no memory for the input", strerror(errno));
    int error = rank->kernel->prepare(&control->params, &arena.arena, &rank->input);
    if (error) return fail(rank, "the kernel cannot prepare its input", strerror(-error));
    if (!home && !arena_place(rank, true)) return fail(rank, "the ranks' shared memory", strerror(errno));
    rank->arena_used = arena.used - control->arena_at;
    if (home && rank->home) rank->arena_hash = nodes_hash(rank, rank->arena_used);
    return 0;
}

static int team_bring_up(struct rank *rank)
{
    struct control *control = rank->control;
    struct failure failure = {0};
    unsigned first = rank->number * control->threads;
    if (control->threads > sizeof rank->cpus / sizeof *rank->cpus) return fail(rank, "team", "too many threads");
    for (unsigned i = 0; i < control->threads; i++)
        rank->cpus[i] = (char *)control + control->cpus_at + (size_t)(first + i) * CONTROL_CPUS;
    struct worker_report *reports = (struct worker_report *)((char *)control + control->reports_at);
    rank->team = (struct team){.processes = 1, .threads = control->threads, .reports = reports + first};
    rank->team.cpus = control->bound ? rank->cpus : NULL;
    rank->job = (struct job){.kernel = rank->kernel, .params = control->params, .input = rank->input};
    if (control->recipe_size) {
        struct instruments instruments = {.recipe = (char *)control + control->recipe_at,
                                          .recipe_size = control->recipe_size,
                                          .records = (char *)control + control->instruments_at,
                                          .record_size = control->instrument_size,
                                          .workers = control->threads};
        instruments.records += first * instruments.record_size;
        rank->fitted = instruments_fit(&instruments, control->threads, NULL, &rank->job);
        if (!rank->fitted) return fail(rank, "start", "no memory");
    }
    return team_open(&rank->team, 0, &failure) ? fail(rank, "start", failure.text) : 0;
}

/* One pass. The counter is set by rank 0 before the broadcast that lets the others go. */
static void run(struct rank *rank, uint64_t tasks)
{
    if (rank->fitted) instruments_reset(rank->fitted);
    if (schedules_run(rank, tasks)) MPI_Abort(MPI_COMM_WORLD, fail(rank, "run", "no memory for what it computed"));
    MPI_Barrier(MPI_COMM_WORLD);
    nodes_gather(rank);
}

static void verify(struct rank *rank)
{
    struct control *control = rank->control;
    bool whole = nodes_untouched(rank);
    if (rank->number) return;
    control->known = 0;
    if (rank->kernel->verify && whole)
        control->known = rank->kernel->verify(rank->input, &control->params, (char *)control + control->results_at,
                                              control->why, sizeof control->why);
}

/* Rank 0's next command. Where the keeper is gone, nobody is left to obey. */
static uint32_t command_take(struct rank *rank, uint32_t last)
{
    struct control *control = rank->control;
    for (;;) {
        uint32_t command = __atomic_load_n(&control->command, __ATOMIC_ACQUIRE);
        if (command != last) return command;
        if (getppid() != rank->keeper) return RANKS_STOP;
        control_wait(&control->command, last, COMMAND_WAIT_MS);
    }
}

static void serve(struct rank *rank)
{
    struct control *control = rank->control;
    uint64_t order[2] = {0, 0}; /* command, tasks */
    for (;;) {
        if (!rank->number) {
            order[0] = command_take(rank, (uint32_t)order[0]);
            order[1] = control->tasks;
            atomic_store(rank->counter, 0);
        }
        MPI_Bcast(order, 2, MPI_UINT64_T, 0, MPI_COMM_WORLD);
        unsigned what = order[0] & 3;
        if (what == RANKS_STOP) return;
        if (what == RANKS_RUN) run(rank, order[1]);
        if (what == RANKS_VERIFY) verify(rank);
        if (!rank->number) control_post(&rank->control->answer, (uint32_t)order[0]);
        if (what == RANKS_RUN) nodes_relate(rank);
    }
}

/* Is a variable, of any type that holds one number, not zero? -1: there is none of that name. */
static int variable_is_set(const char *name)
{
    union {
        unsigned char bytes[64];
        uint64_t align;
    } value = {.bytes = {0}};
    MPI_T_cvar_handle handle;
    int number, count, set = -1;
    if (MPI_T_cvar_get_index(name, &number) || MPI_T_cvar_handle_alloc(number, NULL, &handle, &count)) return -1;
    if (count == 1 && !MPI_T_cvar_read(handle, value.bytes)) {
        static const unsigned char zero[sizeof value.bytes];
        set = memcmp(value.bytes, zero, sizeof zero) != 0;
    }
    MPI_T_cvar_handle_free(&handle);
    return set;
}

/* Open MPI: a switch. MPICH: after how many polls; 0 is never. Open MPI loads all its components for MPI_T, 0.2 s and more for
 * one number, so where its progress loop's own switch can be seen, that is read. (MPI-3.1, 14.3.6; after MPI_Init.) */
static enum waiting waiting_read(void)
{
    const bool *yields = dlsym(RTLD_DEFAULT, "opal_progress_yield_when_idle");
    if (yields) return *yields ? WAITING_YIELDS : WAITING_SPINS;
    static const char *const names[] = {"mpi_yield_when_idle", "MPIR_CVAR_POLLS_BEFORE_YIELD"};
    int provided, set = -1;
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided)) return WAITING_UNKNOWN;
    for (size_t i = 0; set < 0 && i < sizeof names / sizeof *names; i++) set = variable_is_set(names[i]);
    MPI_T_finalize();
    return set < 0 ? WAITING_UNKNOWN : set ? WAITING_YIELDS : WAITING_SPINS;
}

static int ready(struct rank *rank)
{
    int number, size, unit;
    MPI_Aint bytes;
    void *counter;
    char why[200];
    MPI_Comm_rank(MPI_COMM_WORLD, &number);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    rank->number = (unsigned)number;
    rank->record->rank = number;
    if (rank->control && (unsigned)size != rank->control->processes)
        return fail(rank, "the launcher started",
                    size == 1 ? "one rank alone: it belongs to another MPI" : "another number of ranks than asked for");
    if (nodes_open(rank, why)) return fail(rank, "start", why);
    if (rank->hosts != rank->control->nodes) return fail(rank, "the launcher used another number of hosts", "see --nodes");
    MPI_Win_allocate_shared((unsigned)number == rank->home ? 64 : 0, 1, MPI_INFO_NULL, rank->here, &counter, &rank->window);
    MPI_Win_shared_query(rank->window, 0, &bytes, &unit, &counter);
    rank->counter = counter;
    if (kernel_open(rank) || team_bring_up(rank)) return -1;
    if (!number) rank->control->waiting = waiting_read();
    nodes_ready(rank);
    MPI_Barrier(MPI_COMM_WORLD);
    if (!number) control_post(&rank->control->answer, 1);
    return 0;
}

/* The library's own words in one line, up to what it says of its making: "Open MPI v4.1.4", "MPICH Version: 4.0.2". */
static int version_print(const char *before)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    if (MPI_Get_library_version(text, &length)) return 1;
    text[strcspn(text, ",\n")] = '\0';
    printf("%s", before);
    for (char *word = strtok(text, " \t"), *space = ""; word; word = strtok(NULL, " \t"), space = " ")
        printf("%s%s", space, word);
    putchar('\n');
    return 0;
}

/* Ends with the launcher, and in bounded time. */
static int try(void)
{
    int number, failed = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(TRY_S);
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &number);
    MPI_Barrier(MPI_COMM_WORLD);
    if (!number) failed = version_print(LAUNCHER_TRY_SAYS);
    fflush(stdout);
    MPI_Finalize();
    return failed;
}

int main(int argc, char **argv)
{
    static struct rank rank;
    int provided;
    if (argc == 2 && !strcmp(argv[1], "--version")) return version_print("");
    if (argc == 2 && !strcmp(argv[1], "--try")) return try();
    if (argc != 2) {
        fail(&rank, "usage", "breakeven-rank FILE; breakeven's mpi runner starts it");
        return 2;
    }
    if (control_open(&rank, argv[1])) return 1;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (ready(&rank)) MPI_Abort(MPI_COMM_WORLD, 1);
    serve(&rank);
    nodes_records(&rank);
    team_close();
    instruments_remove(rank.fitted);
    MPI_Win_free(&rank.window);
    nodes_close(&rank);
    if (rank.kernel->release) rank.kernel->release(rank.input);
    rank.record->finished = 1; /* before: the launcher may end before the last rank has returned */
    MPI_Finalize();
    return 0;
}
