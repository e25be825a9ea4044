/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpi: the ranks of an MPI library, each with a team of OpenMP threads, on this host or several.
 *
 * setup makes a folder of this repetition in /dev/shm, with the memory shared with the ranks (rank/control.h), and
 * starts the launcher (launcher.h) over breakeven-rank; it ends when a first rank has come to its main. start waits until all ranks are
 * initialized, bound by themselves (the launcher binds nothing) and have prepared their input. run is one command to
 * rank 0; ranks write results into memory that they share, from where they are copied. Everything that MPI libraries
 * leave behind (sessions, segments) lies in the folder and goes with it. Hooks are functions of this program: the ranks
 * make their own from the same recipe (instruments.h), and their records are copied back in stop. */
#include "runners/child.h"
#include "runners/instruments.h"
#include "runners/launcher.h"
#include "runners/rank/control.h"
#include "runners/runner.h"
#include "runners/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
    SETUP_MS = 60000,
    START_MS = 120000,
    VERIFY_MS = 60000,
    STOP_MS = 10000,
    LINGER_MS = 2000,
    ENDING_MS = 30000,
    TICK_MS = 50,
    NO_LIMIT_MS = -1
};
static const uint64_t ARENA_BYTES = 1ull << 30; /* address space; a page of it is memory once it is touched */

struct mpi {
    const struct job *job;
    const struct team *team;
    struct control *control;
    pid_t launcher; /* 0: none, or gone */
    int lock;       /* of the folder */
    int output;     /* of launcher and ranks */
    int subreaper;  /* what this process was before */
    char dir[SCRATCH_PATH_MAX], file[80];
};

static int available(struct reason *why)
{
    char path[PATH_MAX];
#ifdef __SANITIZE_ADDRESS__
    return reason_give(why, -ENOTSUP, "ranks cannot load kernels built with the address sanitizer");
#endif
    if (launcher_available(why)) return -ENOENT;
    if (!launcher_beside("breakeven-rank", path, sizeof path) || !launcher_beside("libkernels.so", path, sizeof path))
        return reason_give(why, -ENOENT, "no breakeven-rank beside the program: make deps-mpi, then make");
    int error = scratch_available(why);
    return error || !launcher_failed(why) ? error : -EIO;
}

/* Waits for the launcher's end; false: it still runs. */
static bool launcher_gone(struct mpi *mpi, int timeout_ms, int *status)
{
    bool gone = child_wait(mpi->launcher, timeout_ms, status);
    if (gone) mpi->launcher = 0;
    return gone;
}

/* A process that may be a child of ours by now: without this wait it would stay a zombie, which looks alive. */
static bool process_gone(pid_t pid)
{
    return !pid || waitpid(pid, NULL, WNOHANG) == pid || (kill(pid, 0) && errno == ESRCH);
}

/* Ranks die with their keepers, and keepers with the launcher. Waits until all are gone; those that linger are killed. */
static void ranks_wait(const struct mpi *mpi)
{
    const struct rank_record *records = control_records(mpi->control);
    for (int waited = 0; waited < STOP_MS; waited += 2) {
        bool left = false;
        for (unsigned i = 0; i < mpi->team->processes; i++) {
            bool rank_left = !process_gone(records[i].pid);
            left |= !process_gone(records[i].keeper) || rank_left;
            if (rank_left && waited >= LINGER_MS) kill(records[i].pid, SIGKILL);
        }
        if (!left) return;
        poll(NULL, 0, 2);
    }
}

/* What the launcher left behind, MPICH's proxies, became ours when it ended, and ends after it. This process has no other
 * children meanwhile. */
static void orphans_wait(void)
{
    for (int waited = 0; waited < LINGER_MS; waited += 2) {
        pid_t got = waitpid(-1, NULL, WNOHANG);
        if (got < 0 && errno == ECHILD) return;
        if (!got) poll(NULL, 0, 2);
    }
}

static void mpi_free(struct mpi *mpi)
{
    int status;
    if (mpi->launcher > 0) {
        kill(mpi->launcher, SIGTERM); /* lets it end its ranks and daemons */
        if (!launcher_gone(mpi, 2000, &status)) {
            kill(mpi->launcher, SIGKILL);
            launcher_gone(mpi, STOP_MS, &status);
        }
    }
    if (mpi->control) ranks_wait(mpi);
    orphans_wait();
    prctl(PR_SET_CHILD_SUBREAPER, mpi->subreaper);
    if (mpi->control) munmap(mpi->control, mpi->control->end);
    scratch_remove(mpi->dir);
    if (mpi->lock >= 0) close(mpi->lock);
    if (mpi->output >= 0) close(mpi->output);
    free(mpi);
}

/* The launcher ended: because of a rank, or by itself? */
static int ended(const struct mpi *mpi, int status, struct failure *failure)
{
    char line[160];
    const char *name = launcher_name();
    if (__atomic_load_n(&mpi->control->failed, __ATOMIC_ACQUIRE)) return failure_give(failure, -EIO, "%s", mpi->control->why);
    bool known = launcher_explain(mpi->output, mpi->control->answer != 0, line, sizeof line);
    if (!WIFSIGNALED(status) && ranks_lost(mpi->control, mpi->output, failure)) {
        size_t used = strlen(failure->text);
        if (known) snprintf(failure->text + used, sizeof failure->text - used, ": %s", line);
        return -ECHILD;
    }
    if (WIFSIGNALED(status))
        return failure_give(failure, -ECHILD, "%s was ended by signal %d (%s)%s%s", name, WTERMSIG(status),
                    strsignal(WTERMSIG(status)), *line ? ": " : "", line);
    return failure_give(failure, -ECHILD, "%s ended with code %d%s%s", name, WEXITSTATUS(status), *line ? ": " : "", line);
}

/* Has a rank been lost for so long that the launcher will not end because of it? Open MPI 4.1 waits for ever where a rank
 * aborts in MPI_Init for want of memory. Where all that is known are ranks that it may have ended, it is at work: on a slow
 * machine who was lost first, and what the launcher says of it, come later. */
static bool stuck(const struct mpi *mpi, int *lost_ms)
{
    struct failure failure = {0};
    *lost_ms = ranks_lost(mpi->control, mpi->output, &failure) ? *lost_ms + TICK_MS : 0;
    bool ending = failure.lost[0].signal == SIGTERM || failure.lost[0].signal == SIGKILL;
    return *lost_ms > (ending ? ENDING_MS : LINGER_MS);
}

/* Until *word is no longer `old`; a launcher that ends, or hangs without a rank, ends the wait. */
static int await(struct mpi *mpi, const uint32_t *word, uint32_t old, int timeout_ms, struct failure *failure)
{
    int status = 0, lost_ms = 0;
    for (int waited = 0; __atomic_load_n(word, __ATOMIC_ACQUIRE) == old; waited += TICK_MS) {
        if (waited && (launcher_gone(mpi, 0, &status) || stuck(mpi, &lost_ms))) return ended(mpi, status, failure);
        if (timeout_ms >= 0 && waited > timeout_ms)
            return failure_give(failure, -ETIMEDOUT, "%u ranks did not answer within %d s: take fewer, or more cpus",
                                mpi->team->processes, timeout_ms / 1000);
        control_wait(word, old, TICK_MS);
    }
    return 0;
}

static int command(struct mpi *mpi, uint32_t what, int timeout_ms, struct failure *failure)
{
    uint32_t last = mpi->control->answer, next = ((last | 3) + 1) | what;
    control_post(&mpi->control->command, next);
    return await(mpi, &mpi->control->answer, last, timeout_ms, failure);
}

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + 4095) / 4096 * 4096;
}

/* What the ranks need to know, in the memory that they share. */
static int control_fill(struct mpi *mpi, struct control *control, struct failure *failure)
{
    const struct team *team = mpi->team;
    const struct job *job = mpi->job;
    control->version = CONTROL_VERSION;
    control->size = sizeof *control;
    control->processes = team->processes;
    control->threads = team->threads;
    control->nodes = team->nodes > 1 ? team->nodes : 1;
    control->gathered_ns = control->clock_error_ns = -1;
    control->schedule = team->schedule;
    control->chunk = team->chunk;
    control->params = job->params;
    control->bound = team->cpus != NULL;
    for (unsigned i = 0; team->cpus && i < team->processes * team->threads; i++)
        snprintf((char *)control + control->cpus_at + (size_t)i * CONTROL_CPUS, CONTROL_CPUS, "%s", team->cpus[i]);
    if (control->recipe_size)
        memcpy((char *)control + control->recipe_at, job->instruments->recipe, control->recipe_size);
    snprintf(control->symbol, sizeof control->symbol, "%s%s", job->kernel_path ? "breakeven_kernel" : "kernel_",
             job->kernel_path ? "" : job->kernel->name);
    if (job->kernel_path ? !realpath(job->kernel_path, control->library)
                         : !launcher_beside("libkernels.so", control->library, sizeof control->library))
        return failure_give(failure, -ENOENT, "no shared object with the kernel %s", job->kernel->name);
    return 0;
}

static int control_make(struct mpi *mpi, struct failure *failure)
{
    unsigned workers = mpi->team->processes * mpi->team->threads;
    const struct instruments *instruments = mpi->job->instruments;
    struct control layout = {.records_at = page_up(sizeof layout)};
    layout.reports_at = page_up(layout.records_at + mpi->team->processes * sizeof(struct rank_record));
    layout.cpus_at = page_up(layout.reports_at + workers * sizeof(struct worker_report));
    layout.recipe_at = page_up(layout.cpus_at + (uint64_t)workers * CONTROL_CPUS);
    if (instruments) layout.recipe_size = instruments->recipe_size, layout.instrument_size = instruments->record_size;
    layout.instruments_at = page_up(layout.recipe_at + layout.recipe_size);
    layout.results_at = page_up(layout.instruments_at + workers * layout.instrument_size);
    layout.arena_at = page_up(layout.results_at +
                              mpi->job->params.tasks * kernel_result_size(mpi->job->kernel, mpi->job->params.size));
    layout.end = layout.arena_at + ARENA_BYTES;
    int fd = open(mpi->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int error = fd < 0 || ftruncate(fd, (off_t)layout.end) ? errno : posix_fallocate(fd, 0, (off_t)layout.arena_at);
    void *memory = error ? MAP_FAILED : mmap(NULL, layout.end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (memory == MAP_FAILED)
        return failure_give(failure, error ? -error : -ENOMEM, "no %llu bytes in /dev/shm for the results: %s",
                    (unsigned long long)layout.arena_at, strerror(error ? error : ENOMEM));
    mpi->control = memory;
    *mpi->control = layout;
    return control_fill(mpi, memory, failure);
}

static int launch(struct mpi *mpi, struct failure *failure)
{
    char rank[PATH_MAX];
    cpu_set_t set;
    if (!launcher_beside("breakeven-rank", rank, sizeof rank)) return failure_give(failure, -ENOENT, "no breakeven-rank");
    unsigned nodes = mpi->control->nodes, per_node = (mpi->team->processes + nodes - 1) / nodes;
    bool crowded = !sched_getaffinity(0, sizeof set, &set) && per_node * mpi->team->threads > (unsigned)CPU_COUNT(&set);
    struct launch launch = {.processes = mpi->team->processes,
                            .threads = mpi->team->threads,
                            .nodes = nodes,
                            .per_node = per_node,
                            .crowded = crowded,
                            .folder = mpi->dir,
                            .output = mpi->output,
                            .rank = rank,
                            .argument = mpi->file};
    pid_t pid = launcher_start(&launch);
    if (pid < 0) return failure_give(failure, pid, "cannot start %s: %s", launcher_name(), strerror(-pid));
    mpi->launcher = pid;
    return 0;
}

static int setup(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct mpi *mpi = calloc(1, sizeof *mpi);
    if (!mpi) return failure_give(failure, -ENOMEM, "no memory to start mpirun");
    *mpi = (struct mpi){.team = team, .job = job};
    scratch_sweep(0);
    prctl(PR_GET_CHILD_SUBREAPER, &mpi->subreaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what outlives the launcher is ours to wait for */
    mpi->lock = scratch_make(mpi->dir);
    int error = mpi->lock < 0 ? failure_give(failure, mpi->lock, "no folder in /dev/shm: %s", strerror(-mpi->lock)) : 0;
    snprintf(mpi->file, sizeof mpi->file, "%s/control", mpi->dir);
    mpi->output = launcher_output();
    if (!error && mpi->output < 0) error = failure_give(failure, mpi->output, "no file in memory: %s", strerror(-mpi->output));
    if (!error) error = control_make(mpi, failure);
    if (!error) error = launch(mpi, failure);
    if (!error) error = await(mpi, &mpi->control->launched, 0, SETUP_MS, failure);
    if (error) mpi_free(mpi);
    else *state = mpi;
    return error;
}

/* Copies the reports that the ranks left; the first failed binding fails the start. */
static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct mpi *mpi = *state;
    (void)job;
    int error = await(mpi, &mpi->control->answer, 0, START_MS, failure);
    const struct worker_report *reports = (void *)((char *)mpi->control + mpi->control->reports_at);
    if (team->reports) memcpy(team->reports, reports, team->processes * team->threads * sizeof *reports);
    if (error) mpi_free(mpi);
    return error;
}

static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    struct mpi *mpi = state;
    size_t one = kernel_result_size(mpi->job->kernel, mpi->job->params.size);
    mpi->control->tasks = tasks;
    int error = command(mpi, RANKS_RUN, NO_LIMIT_MS, failure);
    if (!error) memcpy(results, (char *)mpi->control + mpi->control->results_at, tasks * one);
    return error;
}

static int verify(void *state, const void *results, struct reason *why)
{
    struct mpi *mpi = state;
    struct failure failure = {0};
    (void)results; /* the same bytes lie in the memory that both share */
    if (command(mpi, RANKS_VERIFY, VERIFY_MS, &failure)) return reason_give(why, -1, "%s", failure.text);
    if (mpi->control->known < 0) reason_set(why, "%s", mpi->control->why);
    return mpi->control->known;
}

static struct spread spread_of(const struct control *control)
{
    static const char *const waiting[] = {[WAITING_UNKNOWN] = "", [WAITING_SPINS] = "spinning", [WAITING_YIELDS] = "yielding"};
    return (struct spread){.waiting = control->waiting <= WAITING_YIELDS ? waiting[control->waiting] : "",
                           .gathered_ns = control->gathered_ns,
                           .clock_error_ns = control->clock_error_ns,
                           .unlike = control->unlike != 0};
}

static void stop(void *state)
{
    struct mpi *mpi = state;
    struct control *control = mpi->control;
    int status;
    if (mpi->launcher > 0) {
        control_post(&control->command, ((control->answer | 3) + 1) | RANKS_STOP);
        launcher_gone(mpi, STOP_MS, &status);
    }
    if (mpi->team->spread) *mpi->team->spread = spread_of(control);
    if (control->recipe_size)
        memcpy(mpi->job->instruments->records, (char *)control + control->instruments_at,
               mpi->team->processes * mpi->team->threads * control->instrument_size);
    mpi_free(mpi);
}

const struct runner runner_mpi = {
    .name = "mpi",
    .summary = "MPI ranks, each with a team of OpenMP threads",
    .axes = AXIS_PROCESSES | AXIS_THREADS | AXIS_CHUNK | AXIS_SCHEDULE | AXIS_NODES,
    .schedules = 1u << SCHEDULE_STATIC | 1u << SCHEDULE_DYNAMIC | 1u << SCHEDULE_GUIDED | 1u << SCHEDULE_MASTER,
    .available = available,
    .setup = setup,
    .start = start,
    .run = run,
    .verify = verify,
    .stop = stop,
};
