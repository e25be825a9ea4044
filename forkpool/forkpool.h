/* SPDX-License-Identifier: MIT */
/* forkpool.h: a pool of forked worker processes that never hangs.
 *
 *     static long calculate_square(long x) { sleep(1); return x * x; }
 *
 *     struct forkpool *pool = forkpool_open(4);
 *     struct forkpool_job *a = forkpool_async(pool, calculate_square, 5);
 *     struct forkpool_job *b = forkpool_async(pool, calculate_square, 10);
 *     forkpool_close(pool);
 *     forkpool_join(pool, FORKPOOL_FOREVER);
 *     printf("%ld %ld\n", forkpool_value(a), forkpool_value(b));
 *     forkpool_delete(pool);
 *
 * Who runs what. Opening a pool forks a small spawn server, which forks the workers and, later, replacements for dead
 * ones. The server never starts a thread, so a replacement is sound even when the program has meanwhile used threads
 * or OpenMP. Workers have descriptors, signals ignored, and memory as they were when the pool opened.
 *
 * What a task sees. Functions and pointers are passed as they are: any function of the program (or of a library loaded
 * before the pool was opened), and any memory as it stood when the pool was opened. What the program writes to private
 * memory later is not seen by workers, nor the reverse. Both sides see memory from forkpool_alloc, and memory that was
 * mapped MAP_SHARED before the pool was opened. Thread-local variables of the opening thread keep their values unless
 * an OpenMP runtime is loaded and threads exist; then workers find them fresh.
 *
 * What happens to a worker. Whatever a task does (crash, exit, be killed, close descriptors, leave children), the tasks
 * that ran in that worker at that moment end as FORKPOOL_LOST with a report, everything else goes on, and the worker is
 * replaced. Workers and whatever they started die with the program. Each worker leads a process group of its own.
 * Children of a task do not outlive their worker. Where program and spawn server are both killed by SIGKILL, each by its
 * own number, workers die, and children of tasks stay.
 *
 * Results. Functions return 0 (or a count) or a negative value: -errno, or one of enum forkpool_error. Outputs are
 * written on success only. Durations are nanoseconds; a timeout of FORKPOOL_FOREVER waits until the task ends, however
 * long it was written to run; 0 does not wait.
 *
 * Threads and fork. Every function may be called from any thread of the program that opened the pool, at the same time,
 * except forkpool_delete, forkpool_release and iterators, which must be the last or only user of what they get. In a
 * child that the program forks itself every function returns FORKPOOL_FORKED; forkpool_delete only frees. A task may
 * open a pool of its own, but not use the one that it runs in. Callbacks run in the thread that calls poll, wait, next,
 * map or join, with no lock held, and may call everything here except forkpool_delete. In a thread one runs at a time:
 * what a callback calls runs no other of its pool. It may end by a C++ exception, not by longjmp. pthread_cancel ends
 * waits (wait, wait_any, wait_all, get, value, next, join, poll_wait, a submit without room), within 0.1 s; what it
 * finds in map, call, open or delete ends with that.
 */
#ifndef FORKPOOL_H
#define FORKPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#ifdef __cplusplus /* where a struct and a function have one name, `forkpool_map m{}` is to mean the struct */
#define forkpool_map(...) forkpool_map_(__VA_ARGS__)
#define forkpool_stats(...) forkpool_stats_(__VA_ARGS__)
#define forkpool_worker_stats(...) forkpool_worker_stats_(__VA_ARGS__)
#pragma redefine_extname forkpool_map_ forkpool_map
#pragma redefine_extname forkpool_stats_ forkpool_stats
#pragma redefine_extname forkpool_worker_stats_ forkpool_worker_stats
#endif

#define FORKPOOL_FOREVER INT64_C(-1)
#define FORKPOOL_WORKERS_MAX 1000u

struct forkpool;          /* a pool */
struct forkpool_job;      /* something submitted: one call, or one map */
struct forkpool_iterator; /* results of a map one by one */

enum forkpool_error {
    FORKPOOL_FAILED = -5001,      /* the task returned non-zero: forkpool_task_status */
    FORKPOOL_LOST = -5002,        /* its worker died: forkpool_losses */
    FORKPOOL_LIMIT = -5003,       /* it overran its hard limit and was killed */
    FORKPOOL_CANCELLED = -5004,   /* cancelled, or the pool was terminated, before it ended */
    FORKPOOL_CLOSED = -5005,      /* submitted after close or terminate */
    FORKPOOL_BROKEN = -5006,      /* the pool gave up: forkpool_reason */
    FORKPOOL_INITIALIZER = -5007, /* an initializer failed */
    FORKPOOL_NESTED = -5008,      /* opened inside an OpenMP parallel region */
    FORKPOOL_FORKED = -5009       /* used in a child of the program */
};
const char *forkpool_strerror(int error); /* one phrase for any value that this library returns; never NULL */

/* ---- opening and ending ---------------------------------------------------------------------------------------- */

/* Called in each worker before its first task and before it leaves. `cpus`: the cpus it is allowed on, read back as a
 * list, "0-3,8". A non-zero return of the initializer fails the pool: FORKPOOL_INITIALIZER, no restart. */
typedef int forkpool_initializer(void *context, unsigned worker, const char *cpus);
typedef void forkpool_finalizer(void *context, unsigned worker);

/* Zero means the default everywhere. */
struct forkpool_config {
    unsigned workers;              /* 0: forkpool_default_workers() */
    unsigned workers_max;          /* the most that forkpool_resize may ask for; 0: 4 times workers */
    unsigned threads;              /* OpenMP threads that a task may start: set in each worker before its first task;
                                      0: as in the program */
    const char *const *cpus;       /* cpus[worker], `workers` of them: bind that worker to this list; NULL: unbound;
                                      where two workers share a cpu and one is free, a worker moves there. One that
                                      cannot be bound fails the pool with the kernel's -errno, no restart.
                                      Workers beyond, after a resize, take the lists again from the first */
    forkpool_initializer *initializer;
    forkpool_finalizer *finalizer; /* not called in a worker that dies or is terminated */
    void *context;                 /* for both */
    uint64_t initializer_ns;       /* for either: who takes longer is killed. While opening, opening fails with -ETIMEDOUT;
                                      0: as long as they like */
    uint64_t open_ns;              /* opening that takes longer fails with -ETIMEDOUT, and its workers end as by terminate;
                                      0: as long as it takes */
    size_t arena_bytes;            /* shared memory for forkpool_alloc, arguments and results; address space only, pages
                                      are taken as they are used. 0: the machine's memory, at most a
                                      quarter of RLIMIT_AS */
    unsigned max_inflight;         /* jobs submitted and not ended; a further submit waits for room. 0: 1024 */
    int would_block;               /* a submit without room returns -EAGAIN at once */
    uint64_t recycle_tasks;        /* replace a worker after so many tasks (of a range map: calls); 0: never */
    size_t recycle_rss_bytes;      /* replace a worker, between tasks, once its own memory has grown by this; 0: never */
    uint64_t idle_ns;              /* a worker without work for so long leaves, until there is work again (one always
                                      stays); 0: never */
    uint64_t grace_ns;             /* between SIGTERM and SIGKILL; 0: 100 ms */
    unsigned restart_max;          /* more replaced workers than this in restart_window_ns break the pool; */
    uint64_t restart_window_ns;    /* 0 and 0: 100 + 10 per worker in one second */
};

/* What bounds the number of workers that can make progress at once; 0 where that bounds nothing. */
struct forkpool_cpus {
    unsigned affinity;    /* cpus this process may run on; cpusets are in it */
    unsigned quota;       /* the smallest cgroup cpu quota, its own or an ancestor's, in cpus rounded up */
    unsigned asked;       /* the smallest number that a variable gives: FORKPOOL_WORKERS, or a batch system's: Slurm's
                             SLURM_CPUS_PER_TASK or else SLURM_CPUS_ON_NODE, PBS_NUM_PPN or NCPUS of PBS, NSLOTS of Grid
                             Engine, LSB_DJOB_NUMPROC of LSF */
    const char *asked_by; /* that variable's name, NULL: none. A constant */
    const char *ignored;  /* one of them that holds no whole number of 1 or more; NULL: none. A constant */
};
/* The smallest of them, at least 1. `cpus` may be NULL. Groups above what is mounted here (most containers) cannot be
 * seen, and neither can their quotas. */
unsigned forkpool_cpus(struct forkpool_cpus *cpus);

/* forkpool_cpus, at most FORKPOOL_WORKERS_MAX. */
unsigned forkpool_default_workers(void);

/* Opens a pool; returns once every worker is forked and, with an initializer or cpus, ready: these may fail, and then
 * opening fails. Blocks for the forks: about 0.1 ms a worker; for initializers as long as initializer_ns and open_ns allow.
 * forkpool_open: NULL with errno set on failure (a forkpool_error shows as ECANCELED); forkpool_reason(NULL) says why.
 * forkpool_open_with: 0 or negative, with one line in `why` (which may be NULL). The strings of the config are copied. */
struct forkpool *forkpool_open(unsigned workers);
int forkpool_open_with(const struct forkpool_config *config, struct forkpool **pool, char *why, size_t why_size);

/* All three may be repeated, in any order, from callbacks too, and return 0 again.
 * close: nothing more may be submitted; what was submitted runs to its end, then workers leave. Does not block.
 * terminate: running tasks get SIGTERM, after grace_ns SIGKILL with their process groups; whatever has not ended is
 *   CANCELLED. Does not block.
 * join: waits until all workers and the server are gone, after close or terminate (else -EINVAL); runs callbacks.
 *   -ETIMEDOUT: still there. Results stay readable until forkpool_delete. */
int forkpool_close(struct forkpool *pool);
int forkpool_terminate(struct forkpool *pool);
int forkpool_join(struct forkpool *pool, int64_t timeout_ns);

/* Terminates and joins (grace_ns plus the time to die), frees the pool, its memory, its jobs. Runs no callback.
 * Accepts NULL. */
void forkpool_delete(struct forkpool *pool);

/* For a handler of SIGINT; async-signal-safe. Returns how often it was called. Once: nothing more is submitted, what
 * has not started is CANCELLED, running tasks end as by terminate; waits return, finished results stay. A handler leaves
 * by _exit(130) where it returns 2 or more: the workers die with the program. */
int forkpool_interrupt(struct forkpool *pool);

/* Workers wanted from now on, 1..workers_max. Busy workers leave after their task. Does not wait. */
int forkpool_resize(struct forkpool *pool, unsigned workers);

/* ---- memory shared with the workers ------------------------------------------------------------------------------ */

/* Zeroed, aligned to 64 bytes (to a page from one page up), at the same address in every worker, present and future.
 * NULL with errno ENOMEM where the arena has no room. Free with forkpool_free, or all at once with forkpool_delete.
 * For the program only, not for tasks. */
void *forkpool_alloc(struct forkpool *pool, size_t bytes);
void forkpool_free(struct forkpool *pool, void *memory); /* accepts NULL */

/* ---- one task ---------------------------------------------------------------------------------------------------- */

typedef long forkpool_call_fn(long argument);
/* Returns 0, or another value for "failed". `result` is zeroed beforehand. Both blocks lie in shared memory, aligned to 16
 * bytes. A task that writes beyond a result of up to 2 KiB that the pool provides, or beyond a copied argument of up to
 * 128 bytes, is lost by SIGSEGV (but for some bytes of alignment) and harms no other; larger ones, and memory of the
 * program's own, have no such guard. */
typedef int forkpool_task_fn(const void *argument, size_t argument_bytes, void *result, size_t result_bytes);
/* `status`: as forkpool_status. Called once for a job that has it, in poll, wait, next, map or join of the program. */
typedef void forkpool_done_fn(struct forkpool_job *job, int status, void *user);

/* Limits of one call of the user's function; 0: none. */
struct forkpool_limits {
    uint64_t soft_ns; /* after it forkpool_stopping() is true in the task */
    uint64_t hard_ns; /* after it the worker is killed, the task ends as FORKPOOL_LIMIT. Seen within an eighth, >= 1 ms */
    uint64_t cpu_ns;  /* like hard_ns, of the worker's cpu time, all its threads */
    unsigned retries; /* a lost task is run again up to so often; started by the program's next poll, wait or join */
};

struct forkpool_task {
    forkpool_task_fn *run;
    const void *argument;  /* copied, unless it lies in memory from forkpool_alloc */
    size_t argument_bytes;
    void *result;          /* where the task writes: memory from forkpool_alloc, or shared since before the pool was
                              opened; NULL: the pool provides it, see forkpool_result */
    size_t result_bytes;
    struct forkpool_limits limits;
    forkpool_done_fn *done;   /* on success; NULL: none */
    forkpool_done_fn *failed; /* on any other end; NULL: none */
    void *user;
    int urgent;               /* it starts before all tasks that wait without this; what runs goes on */
};

/* Returns at once (unless max_inflight is reached). The job is released with forkpool_release; it counts as in flight
 * until it has ended. -EAGAIN, FORKPOOL_CLOSED, FORKPOOL_BROKEN, -ENOMEM (arena), -EINVAL. */
int forkpool_submit(struct forkpool *pool, const struct forkpool_task *task, struct forkpool_job **job);
/* The same for `count` tasks in order, with one wake-up. jobs[i] is NULL where task i was not taken: the first error ends
 * it, and tasks before it run; -EINVAL for any of them takes none. */
int forkpool_submit_many(struct forkpool *pool, const struct forkpool_task *tasks, size_t count, struct forkpool_job **jobs);
/* Submits and waits, copies the result (task->result NULL) to `result`, releases. Returns as forkpool_status. */
int forkpool_call(struct forkpool *pool, const struct forkpool_task *task, void *result, int64_t timeout_ns);

/* The short form: one long in, one long out. NULL with errno. forkpool_value waits and returns the result; where the
 * task did not succeed it returns 0 and sets errno to ECANCELED (forkpool_status has the cause), else leaves errno. */
struct forkpool_job *forkpool_async(struct forkpool *pool, forkpool_call_fn *call, long argument);
long forkpool_value(struct forkpool_job *job);

/* ---- a job ------------------------------------------------------------------------------------------------------- */

/* 0: ended (whatever its status); -ETIMEDOUT. Blocks without using the cpu, after some microseconds of spinning where a
 * cpu is free. wait_any: `index` of an ended one. wait_all: all of them. */
int forkpool_wait(struct forkpool_job *job, int64_t timeout_ns);
int forkpool_wait_any(struct forkpool_job *const jobs[], size_t count, int64_t timeout_ns, size_t *index);
int forkpool_wait_all(struct forkpool_job *const jobs[], size_t count, int64_t timeout_ns);
/* Both: -EINVAL where a job is NULL or of another pool than the first. What the task wrote is seen after them. */

/* -EINPROGRESS until it has ended, then 0 or a forkpool_error. A map's status is that of its worst task: BROKEN, LOST,
 * LIMIT, FAILED, CANCELLED, in this order. Never blocks. */
int forkpool_status(struct forkpool_job *job);
int forkpool_task_status(struct forkpool_job *job); /* what a FAILED task returned (a map: the first that was seen) */
/* Where the result of a good job stands, until it is released; NULL before. Large results are never copied. `result_bytes`
 * is as the task was declared, or less where it said so. */
void *forkpool_result(struct forkpool_job *job, size_t *result_bytes);
/* Waits, copies result_bytes. Returns as forkpool_status, or -ETIMEDOUT; -EINVAL where the result is shorter. */
int forkpool_get(struct forkpool_job *job, void *result, size_t result_bytes, int64_t timeout_ns);

/* Not started yet: it ends as CANCELLED. Started: with `kill` its worker is killed and the task ends as CANCELLED, else
 * forkpool_stopping() turns true for it. A map: no further call starts, and it ends with its running calls, which are
 * treated likewise; where none runs, at once. Never blocks.
 * 0, or -EALREADY where it has ended. */
int forkpool_cancel(struct forkpool_job *job, int kill);

/* The same for every job of the pool but iterators' ones. Returns how many had not ended. */
int forkpool_cancel_all(struct forkpool *pool, int kill);
/* 0: it waits in the queue; 1: it runs, or has run in part; -EALREADY: it has ended. Never blocks. */
int forkpool_started(struct forkpool_job *job);

/* Gives the handle and the result back. A job that has not ended is let run, and its callback comes. Accepts NULL. */
void forkpool_release(struct forkpool_job *job);

/* Runs callbacks of jobs that have ended, starts retries; returns how many callbacks ran. Never blocks. */
int forkpool_poll(struct forkpool *pool);
/* The same, but waits (without the cpu) until a callback has run. 0: none is to come; -ETIMEDOUT; -EDEADLK: in one. */
int forkpool_poll_wait(struct forkpool *pool, int64_t timeout_ns);
/* A descriptor for poll, epoll and event loops: readable once a job has ended, with or without a callback, and until the
 * next forkpool_poll or forkpool_poll_wait; at times without news. The pool's own: do not read or close it. Whoever sees
 * it readable calls forkpool_poll, after which forkpool_status shows what ended. The first call starts a thread of the
 * program, asleep between events. Negative: -errno. Never blocks. */
int forkpool_fd(struct forkpool *pool);

/* ---- many tasks -------------------------------------------------------------------------------------------------- */

/* Tasks [begin, end) in one call. `worker`: 0..workers-1, one process at a time has it. 0, or "failed". */
typedef int forkpool_range_fn(void *context, unsigned worker, size_t begin, size_t end);
/* One task: from input element to output element. 0, or "failed". */
typedef int forkpool_item_fn(void *context, const void *input, void *output);

/* Writes input element `index` of an iterator. 1, or 0: there is none, and none comes after it. */
typedef int forkpool_feed_fn(void *user, size_t index, void *input);

/* Every worker starts with an equal share of consecutive tasks. */
enum forkpool_schedule {
    FORKPOOL_AUTO,    /* calls of about 50 us by measured duration, idle workers take halves from others; `chunk` at least.
                         Without a chunk, $FORKPOOL_CHUNK is one that was measured before: as DYNAMIC with it */
    FORKPOOL_STATIC,  /* no exchange between workers; a share is one call, or calls of `chunk` */
    FORKPOOL_DYNAMIC, /* calls of `chunk` (0: 1), idle workers take halves from others */
    FORKPOOL_GUIDED   /* calls of a quarter of what the worker has left, `chunk` at least; halves as above */
};

enum {
    FORKPOOL_FAIL_FAST = 1, /* once a task has failed or is lost, tasks not started are CANCELLED */
    FORKPOOL_IN_PLACE = 2   /* input and output are shared since before the pool was opened: do not copy */
};

struct forkpool_map {
    size_t tasks;
    forkpool_range_fn *range; /* either range */
    forkpool_item_fn *item;   /* or item with the strided arrays below */
    void *context;            /* for both */
    size_t context_bytes;     /* 0: the pointer is passed as it is; else so many bytes are copied, as an argument is */

    /* item only. Arrays from forkpool_alloc are used where they are; others are copied in and out (the output when the
     * job is seen to have ended). A lost item ends alone: the rest of its chunk is run by others. */
    const void *input;
    size_t input_stride;      /* bytes between elements; 0: every task gets `input` itself */
    void *output;
    size_t output_stride;
    int *status;              /* NULL, or tasks values: 0, what the task returned, or a forkpool_error */

    enum forkpool_schedule schedule;
    size_t chunk;             /* tasks per call. More than 2^26 calls are not made: larger maps get a larger chunk */
    unsigned flags;
    struct forkpool_limits limits; /* of one call */
    forkpool_done_fn *done, *failed;
    forkpool_feed_fn *feed;   /* forkpool_imap only, instead of `input`; `tasks` is the most that there can be */
    void *user;               /* for these three */
};

/* Runs the map and waits. Returns as forkpool_status. The calling thread sleeps, it is no worker. Where submitted tasks
 * wait too, each worker runs a task and a call of the map in turn, so that neither keeps the other from running.
 * Up to 8 maps run at once; a further one waits for one of them to end. */
int forkpool_map(struct forkpool *pool, const struct forkpool_map *map);
int forkpool_map_async(struct forkpool *pool, const struct forkpool_map *map, struct forkpool_job **job);

/* Results of an item map one by one while it runs, at most max_inflight chunks ahead. `ordered`: in order of the index,
 * else as they finish. forkpool_next: 1 with the item's index, its status as in map.status and its output (in place, or
 * in the pool's memory; valid until the next call), 0 after the last one, -ETIMEDOUT (call again). The iterator
 * outlives neither its pool nor `map`'s arrays. Deleting it early cancels the rest. FAIL_FAST and limits.retries hold as
 * in a map; a map with `done` or `failed` is refused, -EINVAL, with *it NULL: there is no job that they could be called for.
 * With map.feed it takes its inputs as it goes: forkpool_next, where no result is there yet, calls it for a chunk at a time,
 * in its own thread and with no lock held, and starts that chunk; a call that blocks there comes on top of timeout_ns.
 * forkpool_next of NULL: -EINVAL. */
int forkpool_imap(struct forkpool *pool, const struct forkpool_map *map, int ordered, struct forkpool_iterator **it);
int forkpool_next(struct forkpool_iterator *it, int64_t timeout_ns, size_t *index, int *status, void **output);
void forkpool_iterator_delete(struct forkpool_iterator *it);

/* ---- inside a task ----------------------------------------------------------------------------------------------- */

int forkpool_worker(void);   /* number of the worker that this code runs in; -1 outside of one */
/* Tasks in tasks, divide and conquer: offers run(context, worker, begin, end) to idle workers of the pool that the task
 * runs in; `context` points to memory that all of them see. forkpool_sync waits for all that the running call has offered:
 * it runs what nobody has taken, then helps, so it ends without another worker. It returns 0, FORKPOOL_FAILED, or
 * FORKPOOL_LOST where the worker of one died; what children wrote is seen after it. A call that returns without it waits
 * then. Never dead-locked, never full: a child beyond 32 outstanding ones runs at once, as does one that is offered
 * outside of a task. Limits and cancel are those of the task that a worker runs, not of children it took from others.
 * For the task's first thread. */
void forkpool_spawn(forkpool_range_fn *run, void *context, size_t begin, size_t end);
int forkpool_sync(void);
/* Results of variable length: declare the most (of a large result only pages that are written take memory), and say in the
 * task how much it is. forkpool_result tells; forkpool_call copies that. */
void forkpool_result_is(size_t bytes);
int forkpool_stopping(void); /* 1: past the soft limit, or cancelled; please return soon */

/* ---- what happened ----------------------------------------------------------------------------------------------- */

enum forkpool_cause {
    FORKPOOL_CAUSE_UNKNOWN,
    FORKPOOL_CAUSE_EXIT,           /* the task called exit, _exit, pthread_exit or exec */
    FORKPOOL_CAUSE_CRASH,          /* SIGSEGV, SIGFPE, SIGABRT and their like */
    FORKPOOL_CAUSE_STACK_OVERFLOW, /* SIGSEGV beside the stack pointer */
    FORKPOOL_CAUSE_OUT_OF_MEMORY,  /* SIGKILL, and the kernel counted an out-of-memory kill */
    FORKPOOL_CAUSE_KILLED,         /* another signal from outside the pool */
    FORKPOOL_CAUSE_LIMIT,          /* hard or cpu-time limit */
    FORKPOOL_CAUSE_CANCELLED       /* forkpool_cancel with kill */
};

/* A worker that did not leave by itself. */
struct forkpool_loss {
    unsigned worker;
    pid_t pid;
    int signal;              /* that ended it; 0: it exited */
    int code;                /* exit code; 0 where signal is set */
    enum forkpool_cause cause;
    char text[80];           /* "signal 9 (Killed), probably out of memory" */
    uint64_t job;            /* forkpool_job_id of what it ran; 0: it was idle */
    size_t begin, end;       /* lost tasks of a map; 0, 1 for one task; equal: none */
    int64_t max_rss_bytes;   /* the most memory that it had, beyond what it was forked with */
    int64_t user_ns, system_ns; /* of the worker's whole life */
};
uint64_t forkpool_job_id(struct forkpool_job *job); /* unique in its pool, > 0 */
/* How many workers were lost so far; copies up to `max` reports, the newest `max` of them in order of time. The pool
 * keeps the last 256. */
size_t forkpool_losses(struct forkpool *pool, struct forkpool_loss *losses, size_t max);

struct forkpool_stats {
    unsigned workers, idle, busy; /* alive now; without work; in a task */
    unsigned wanted;              /* by open or resize */
    uint64_t submitted, ended, failed, lost, cancelled; /* jobs; of maps, one each */
    uint64_t calls;               /* calls of user functions that returned */
    uint64_t steals;              /* ranges that a worker took from another */
    uint64_t started, recycled, retired, killed; /* workers: forked; replaced by rule; idle; by limit or cancel */
    size_t arena_bytes, arena_used_bytes;
    int error;                    /* 0, or why the pool gave up: FORKPOOL_BROKEN and the like, or -errno */
};
enum forkpool_worker_state {
    FORKPOOL_WORKER_NONE, FORKPOOL_WORKER_STARTING, FORKPOOL_WORKER_IDLE, FORKPOOL_WORKER_BUSY
};
struct forkpool_worker_stats {
    enum forkpool_worker_state state;
    pid_t pid;               /* 0 where there is none */
    unsigned restarts;       /* processes that had this number before */
    uint64_t calls, steals;  /* by all of them */
};
/* The numbers of the pool now; those of one worker. */
int forkpool_stats(struct forkpool *pool, struct forkpool_stats *stats);
int forkpool_worker_stats(struct forkpool *pool, unsigned worker, struct forkpool_worker_stats *stats);
/* One line: why the pool gave up; "" where it did not. Of NULL: why this thread's last forkpool_open failed. */
const char *forkpool_reason(struct forkpool *pool);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
