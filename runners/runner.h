/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runner.h: the contract of a runner, one way of spreading a kernel's tasks over workers.
 *
 * A runner is one file that ends in one struct literal, plus one line in runners/list.h. It owns its workers and never
 * reads a clock: the repetition (bench/) times start, run and stop around it. It prints nothing and never exits.
 *
 *     struct failure failure = {0};
 *     void *state;
 *     if (runner->setup) runner->setup(&team, &job, &failure);      // not timed with the rest: e.g. an interpreter
 *     if (!runner->start(&team, &job, &state, &failure)) {          // timed: workers come up, ready for work
 *         runner->run(state, job.tasks, results, &failure);         // timed, any number of times
 *         runner->stop(state);                                      // timed: workers are gone afterwards
 *     }
 */
#ifndef BREAKEVEN_RUNNER_H
#define BREAKEVEN_RUNNER_H

#include "kernels/kernel.h"
#include "kernels/reason.h"

enum schedule {
    SCHEDULE_DEFAULT, /* the runner's own choice */
    SCHEDULE_STATIC,
    SCHEDULE_DYNAMIC,
    SCHEDULE_GUIDED,
    SCHEDULE_TASKS, /* one explicit OpenMP task per chunk, one producer */
    SCHEDULE_TASKLOOP,
    SCHEDULE_MASTER, /* the first process computes nothing and hands out chunks to the others, which ask by messages */
    SCHEDULES
};

/* Axes of a runner: which of a team's numbers mean something to it. */
enum { AXIS_PROCESSES = 1, AXIS_THREADS = 2, AXIS_CHUNK = 4, AXIS_SCHEDULE = 8, AXIS_NODES = 16 };

/* What one worker found when it came up, in memory shared with the repetition. Written by worker_join alone. */
struct worker_report {
    int32_t pid, tid;
    int32_t error;  /* errno of a failed binding, 0 */
    int32_t ready;  /* 1 once written */
    char cpus[104]; /* the cpus this worker is allowed on, read back from the kernel as a list: "0-3,8" */
    char host[64];  /* where it is; "": here. Its pid means nothing elsewhere */
    char machine[176]; /* what that is, by its first worker: "AMD EPYC, 2 cpus, Package:1 L3Cache:1 Core:2 PU:1" */
};

/* What a runner whose processes talk by messages says of its last pass, in stop. */
struct spread {
    const char *waiting;    /* what its processes do while they wait: "spinning", "yielding"; "": not known */
    int64_t gathered_ns;    /* of the run phase: bringing results from other hosts when all were computed */
    int64_t clock_error_ns; /* by how much times in the records of workers elsewhere may be off; -1: there are none */
    bool unlike;            /* the hosts are of several kinds */
};

struct team {
    unsigned processes, threads; /* each >= 1; workers = processes * threads */
    unsigned nodes;              /* hosts that the processes are spread evenly over; 0, 1: this one */
    size_t chunk;                /* tasks claimed at once; 0: the runner's default */
    enum schedule schedule;
    const char *const *cpus;       /* cpus[worker]: a list ("0-3,8") to bind that worker to; NULL (the array): unbound.
                                      worker = process * threads + thread */
    struct worker_report *reports; /* reports[worker], shared memory; NULL: not wanted */
    struct spread *spread;         /* left alone by the others; NULL: not wanted */
};

/* A hook around each kernel->run, given in repetitions that record busy spans; never in those of headline times.
 * Workers in other processes call it: everything it writes is in shared memory. */
struct hook {
    void (*run)(const struct hook *, unsigned worker, size_t begin, size_t end, void *results);
    /* A process enters and leaves work with its whole team: outside of it, it claims or waits. Called by one thread of
     * the process. NULL: not wanted. */
    void (*team)(const struct hook *, unsigned first_worker, bool enters);
};

struct job {
    const struct kernel *kernel;
    struct kernel_params params;
    const void *input;       /* what kernel->prepare made, before start */
    const char *kernel_path; /* shared object of a user's kernel; NULL for a built-in one */
    const struct hook *hook; /* NULL: none */
    const struct instruments *instruments; /* what kernel and hook were made from, for tasks that run in another program
                                              (instruments.h); NULL: nothing stands around the kernel */
};

/* The one way in which workers run tasks. */
static inline void job_run(const struct job *job, unsigned worker, size_t begin, size_t end, void *results)
{
    if (job->hook) job->hook->run(job->hook, worker, begin, end, results);
    else job->kernel->run(job->input, begin, end, results);
}

/* What a runner of processes with teams calls around each region of a team; see struct hook. */
static inline void job_team(const struct job *job, unsigned first_worker, bool enters)
{
    if (job->hook && job->hook->team) job->hook->team(job->hook, first_worker, enters);
}

/* Why start or run failed, for the record. */
struct lost_worker {
    unsigned worker;
    int signal, code; /* one of them, the other 0 */
    char cause[64];   /* probable cause: "crash", "out of memory"; "" where unknown */
    int64_t max_rss_bytes, user_ns, system_ns;
};
enum { FAILURE_LOST_MAX = 16 };
struct failure {
    char text[256];      /* one line: what, where, what to do; "" where nothing failed */
    unsigned lost_count; /* all of them; the first FAILURE_LOST_MAX are kept */
    struct lost_worker lost[FAILURE_LOST_MAX];
};

/* Writes the text and returns error, so that a failure is one line. */
__attribute__((format(printf, 3, 4))) static inline int failure_give(struct failure *failure, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    return error;
}

struct runner {
    const char *name, *summary;
    unsigned axes;      /* AXIS_* */
    unsigned schedules; /* bit (1u << schedule) for each it takes beside SCHEDULE_DEFAULT */
    bool no_spans;      /* its tasks run where no hook can be called: a repetition that records busy spans would hold none */
    bool by_name;       /* a variant of another, "NAME:VARIANT": used only where it is asked for by its name */

    /* Can it run here? 0, or -errno with one line in `why`. NULL: always. Called in the planner; must be cheap. */
    int (*available)(struct reason *why);
    /* What belongs to the runner's world and not to starting its workers (Python's interpreter). Timed apart. NULL:
     * none. Returns 0 or -errno with failure->text; its state is found again through *state, which start receives. */
    int (*setup)(const struct team *, const struct job *, void **state, struct failure *);
    /* Brings the workers up, bound as the team says, each having called worker_join, ready for work. `team` and `job`
     * stay valid until stop. Returns 0 or -errno with failure->text, having undone what it and setup did. */
    int (*start)(const struct team *, const struct job *, void **state, struct failure *);
    /* Runs tasks [0, tasks) and returns when all results stand in `results` (shared memory). 0 or -errno. */
    int (*run)(void *state, size_t tasks, void *results, struct failure *);
    /* Where tasks run in another program, what they write beside their results is there too: kernel->verify, called
     * there, after a run that succeeded and before stop; its value. NULL: kernel->verify is to be called here. */
    int (*verify)(void *state, const void *results, struct reason *why);
    /* Ends the workers and frees the state; when it returns they are gone. Accepts a state whose run failed. */
    void (*stop)(void *state);
};

/* The runners in the order of runners/list.h; the array ends with NULL. (registry.c) */
extern const struct runner *const runners[];
const struct runner *runner_find(const char *name);
const char *schedule_name(enum schedule);             /* "default", "static", ... */
int schedule_find(const char *name, enum schedule *); /* 0 or -EINVAL */

#endif
