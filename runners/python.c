/* SPDX-License-Identifier: GPL-3.0-or-later */
/* python: Python's pools over the same compiled kernels: the system this project was inspired by, and its successors.
 *
 * setup starts an interpreter (interpreter.h) that loads the kernel from a shared object and prepares it; start makes the
 * pool and has an answer from each worker; run is the pool's map over range(tasks), a function that calls the kernel for
 * one task through ctypes, which releases Python's lock, and writes into memory shared with this process, from where
 * results are copied to the runner's array: cheaper than Python's own way of sending them through a pipe. stop is the
 * pool's end, and that of what Python started beside it. The script is python.py; it lies in a folder of this repetition
 * (scratch.h), because workers that are not forked from the interpreter import it.
 *
 * What it cannot do: call the hook of busy spans, which is a function of this program; such a job runs without it. */
#include "runners/interpreter.h"
#include "runners/cpus/cpulist.h"
#include "runners/launcher.h"
#include "runners/runner.h"
#include "runners/scratch.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SETUP_MS = 60000, START_MS = 150000, VERIFY_MS = 60000, STOP_MS = 20000, NO_LIMIT_MS = -1 };

extern const char python_script[]; /* python_script.S */

struct python {
    const struct team *team;
    const struct job *job;
    const char *runner; /* the variant's name */
    struct interpreter interpreter;
    int channel, memory, lock; /* descriptors; -1: none. lock: of the folder */
    char folder[SCRATCH_PATH_MAX];
    void *results;       /* shared with the interpreter */
    size_t bytes;        /* of all results, at least 1 */
    char *line;          /* what was read of an answer */
    size_t used;
};

static unsigned workers_of(const struct team *team)
{
    return team->processes * team->threads;
}

static int available(struct reason *why)
{
    char path[PATH_MAX];
#ifdef __SANITIZE_ADDRESS__
    return reason_give(why, -ENOTSUP, "python3 cannot load kernels built with the address sanitizer");
#endif
    bool own = strcmp(interpreter_name(), "python3") != 0;
    if (!interpreter_find(path, sizeof path))
        return reason_give(why, -ENOENT, "no %.120s%s", interpreter_name(),
                           own ? ": BREAKEVEN_PYTHON and --python name a program"
                               : " in PATH: install Debian's package python3");
    if (!launcher_beside("libkernels.so", path, sizeof path))
        return reason_give(why, -ENOENT, "no libkernels.so beside the program: build it with make");
    return scratch_available(why);
}

static int available_interpreters(struct reason *why)
{
    int error = available(why);
    if (error || interpreter_accepts("from concurrent.futures import InterpreterPoolExecutor")) return error;
    return reason_give(why, -ENOTSUP, "%.120s has no InterpreterPoolExecutor: it came with Python 3.14",
                       interpreter_name());
}

/* Ends the interpreter if it has not ended by itself, and frees everything. Its workers die with it. */
static void python_free(struct python *python)
{
    if (python->channel >= 0) close(python->channel);
    interpreter_end(&python->interpreter);
    scratch_remove(python->folder);
    if (python->lock >= 0) close(python->lock);
    if (python->memory >= 0) close(python->memory);
    if (python->results) munmap(python->results, python->bytes);
    free(python->line);
    free(python);
}

/* The interpreter ended: as what? */
static int ended(struct python *python, struct failure *failure)
{
    int status = 0;
    if (!interpreter_ended(&python->interpreter, &status))
        return failure_give(failure, -EPROTO, "python3 closed its channel and lives on");
    if (WIFSIGNALED(status)) {
        int signal = WTERMSIG(status);
        return failure_give(failure, -ECHILD, "python3 was ended by signal %d (%s)", signal, strsignal(signal));
    }
    return failure_give(failure, -ECHILD, "python3 ended by itself, with status %d", WEXITSTATUS(status));
}

/* One line of JSON from the interpreter, which is to come within `timeout_ms`. */
static int answer_read(struct python *python, int timeout_ms, json_t **answer, struct failure *failure)
{
    python->used = 0;
    for (;;) {
        struct pollfd wait = {.fd = python->channel, .events = POLLIN};
        char part[4096], *more;
        int ready = poll(&wait, 1, timeout_ms); /* each part anew: the whole is one short line */
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return failure_give(failure, -ETIMEDOUT, "python3 did not answer within %d s", timeout_ms / 1000);
        ssize_t got = read(python->channel, part, sizeof part);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return ended(python, failure);
        more = realloc(python->line, python->used + (size_t)got + 1);
        if (!more) return failure_give(failure, -ENOMEM, "no memory for python3's answer");
        python->line = more;
        memcpy(more + python->used, part, (size_t)got);
        python->used += (size_t)got;
        if (more[python->used - 1] == '\n') break;
    }
    *answer = json_loadb(python->line, python->used, 0, NULL);
    return *answer ? 0 : failure_give(failure, -EPROTO, "python3 answered '%.*s'", (int)python->used - 1, python->line);
}

static void lost_read(const json_t *lost, struct failure *failure)
{
    size_t i;
    const json_t *worker;
    json_array_foreach (lost, i, worker) {
        if (i < FAILURE_LOST_MAX)
            failure->lost[i] = (struct lost_worker){.worker = (unsigned)json_integer_value(json_array_get(worker, 0)),
                                                    .signal = (int)json_integer_value(json_array_get(worker, 1)),
                                                    .code = (int)json_integer_value(json_array_get(worker, 2)),
                                                    .max_rss_bytes = -1,
                                                    .user_ns = -1,
                                                    .system_ns = -1};
        failure->lost_count = (unsigned)i + 1;
    }
}

/* Sends a line and reads the answer. On success the caller drops *answer (NULL: not wanted). */
static int ask(struct python *python, const char *line, int timeout_ms, json_t **answer, struct failure *failure)
{
    json_t *got = NULL;
    for (size_t sent = 0, size = strlen(line); sent < size;) {
        ssize_t part = send(python->channel, line + sent, size - sent, MSG_NOSIGNAL);
        if (part < 0 && errno != EINTR) return ended(python, failure);
        if (part > 0) sent += (size_t)part;
    }
    int error = answer_read(python, timeout_ms, &got, failure);
    if (error) return error;
    const char *text = json_string_value(json_object_get(got, "error"));
    lost_read(json_object_get(got, "lost"), failure);
    if (text) error = failure_give(failure, failure->lost_count ? -ECHILD : -EIO, "%s", text);
    if (answer && !error) *answer = got;
    else json_decref(got);
    return error;
}

/* What the script needs to know, as one line. The caller frees it. NULL: no memory. */
static char *config_write(const struct python *python, const char *library)
{
    const struct team *team = python->team;
    const struct kernel *kernel = python->job->kernel;
    char symbol[160], hex[2 * sizeof(struct kernel_params) + 1];
    const unsigned char *params = (const unsigned char *)&python->job->params;
    snprintf(symbol, sizeof symbol, "%s%s", python->job->kernel_path ? "breakeven_kernel" : "kernel_",
             python->job->kernel_path ? "" : kernel->name);
    for (size_t i = 0; i < sizeof(struct kernel_params); i++) sprintf(hex + 2 * i, "%02x", params[i]);
    json_t *cpus = json_array();
    unsigned workers = workers_of(team);
    for (unsigned i = 0; team->cpus && i < workers; i++) json_array_append_new(cpus, json_string(team->cpus[i]));
    json_t *config = json_pack("{ss ss ss ss s{si si si} si sI sI sI so}", "runner", python->runner, "library", library, "symbol", symbol, "params",
                               hex, "offsets", "prepare", (int)offsetof(struct kernel, prepare), "run",
                               (int)offsetof(struct kernel, run), "verify", (int)offsetof(struct kernel, verify),
                               "memory", python->memory, "bytes", (json_int_t)python->bytes, "workers",
                               (json_int_t)workers, "chunk", (json_int_t)team->chunk, "cpus", cpus);
    char *text = config ? json_dumps(config, JSON_COMPACT) : NULL, *line = NULL;
    if (text && asprintf(&line, "%s\n", text) < 0) line = NULL;
    free(text);
    json_decref(config);
    return line;
}

/* The memory for results. */
static int memory_open(struct python *python, struct failure *failure)
{
    python->bytes = python->job->params.tasks * kernel_result_size(python->job->kernel, python->job->params.size);
    if (!python->bytes) python->bytes = 1;
    python->memory = memfd_create("results", MFD_CLOEXEC);
    if (python->memory < 0 || ftruncate(python->memory, (off_t)python->bytes))
        return failure_give(failure, -errno, "no shared memory of %zu bytes: %s", python->bytes, strerror(errno));
    void *results = mmap(NULL, python->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, python->memory, 0);
    if (results == MAP_FAILED) return failure_give(failure, -errno, "no memory for %zu bytes of results", python->bytes);
    python->results = results;
    return 0;
}

/* The script as a file, in a folder of its own. */
static int script_write(struct python *python, char *path, size_t size, struct failure *failure)
{
    scratch_sweep(0);
    python->lock = scratch_make(python->folder);
    if (python->lock < 0) return failure_give(failure, python->lock, "no folder in /dev/shm: %s", strerror(-python->lock));
    snprintf(path, size, "%s/pools.py", python->folder);
    FILE *file = fopen(path, "we");
    bool wrote = file && fputs(python_script, file) >= 0;
    if (file && fclose(file)) wrote = false;
    return wrote ? 0 : failure_give(failure, -EIO, "cannot write %s: %s", path, strerror(errno));
}

static int python_open(struct python *python, struct failure *failure)
{
    int ends[2];
    char script[SCRATCH_PATH_MAX + 16];
    int error = memory_open(python, failure);
    if (!error) error = script_write(python, script, sizeof script, failure);
    if (error) return error;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return failure_give(failure, -errno, "no socket to python3: %s", strerror(errno));
    python->channel = ends[0];
    error = interpreter_start(&python->interpreter, script, ends[1], python->memory);
    close(ends[1]);
    return error ? failure_give(failure, error, "cannot start %.120s: %s", interpreter_name(), strerror(-error)) : 0;
}

static int setup(const char *runner, const struct team *team, const struct job *job, void **state,
                 struct failure *failure)
{
    struct python *python = calloc(1, sizeof *python);
    if (!python) return failure_give(failure, -ENOMEM, "no memory to start python3");
    *python = (struct python){.team = team, .job = job, .runner = runner, .channel = -1, .memory = -1, .lock = -1};
    char library[PATH_MAX] = "", *config = NULL;
    int error = 0;
    if (job->kernel_path ? !realpath(job->kernel_path, library) : !launcher_beside("libkernels.so", library, sizeof library))
        error = failure_give(failure, -ENOENT, "no shared object with the kernel %s", job->kernel->name);
    if (!error) error = python_open(python, failure);
    if (!error && !(config = config_write(python, library))) error = failure_give(failure, -ENOMEM, "no memory");
    if (!error) error = ask(python, config, SETUP_MS, NULL, failure);
    free(config);
    if (error) python_free(python);
    else *state = python;
    return error;
}

/* Fills the reports; the first failed binding fails the start. */
static int reports_read(const struct team *team, const json_t *workers, struct failure *failure)
{
    unsigned count = workers_of(team);
    if (json_array_size(workers) != count)
        return failure_give(failure, -EPROTO, "%zu of %u workers answered", json_array_size(workers), count);
    int error = 0;
    for (unsigned i = 0; i < count; i++) {
        int pid, tid, code;
        const char *cpus;
        if (json_unpack(json_array_get(workers, i), "[iiis]", &pid, &tid, &code, &cpus))
            return failure_give(failure, -EPROTO, "worker %u sent no report", i);
        if (team->reports) {
            struct worker_report *report = &team->reports[i];
            *report = (struct worker_report){.pid = pid, .tid = tid, .error = code, .ready = 1};
            hwloc_bitmap_t found = hwloc_bitmap_alloc();
            if (found && !hwloc_bitmap_list_sscanf(found, cpus)) cpulist_write(found, report->cpus, sizeof report->cpus);
            hwloc_bitmap_free(found);
        }
        if (code && !error)
            error = failure_give(failure, -code, "worker %u cannot be bound to cpu %s: %s", i,
                         team->cpus ? team->cpus[i] : "(any)", strerror(code));
    }
    return error;
}

static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct python *python = *state;
    json_t *answer = NULL;
    (void)job;
    int error = ask(python, "start\n", START_MS, &answer, failure);
    if (!error) error = reports_read(team, json_object_get(answer, "workers"), failure);
    json_decref(answer);
    if (error) python_free(python);
    return error;
}

static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    struct python *python = state;
    char line[40];
    snprintf(line, sizeof line, "run %zu\n", tasks);
    /* As long as the tasks take; a dead interpreter or worker ends the wait, and the repetition has its deadline. */
    int error = ask(python, line, NO_LIMIT_MS, NULL, failure);
    size_t one = kernel_result_size(python->job->kernel, python->job->params.size);
    if (!error) memcpy(results, python->results, tasks * one);
    return error;
}

static int verify(void *state, const void *results, struct reason *why)
{
    struct python *python = state;
    struct failure failure = {0};
    json_t *answer = NULL;
    (void)results; /* the same bytes lie in the memory that both share */
    if (ask(python, "verify\n", VERIFY_MS, &answer, &failure)) return reason_give(why, -1, "%s", failure.text);
    int known = (int)json_integer_value(json_object_get(answer, "known"));
    if (known < 0) reason_set(why, "%s", json_string_value(json_object_get(answer, "why")));
    json_decref(answer);
    return known;
}

static void stop(void *state)
{
    struct python *python = state;
    struct failure failure = {0};
    ask(python, "stop\n", STOP_MS, NULL, &failure); /* where it fails, killing it is what is left */
    python_free(python);
}

#define POOL(symbol, pool_name, pool_summary, pool_axes, pool_by_name, pool_available)                                    \
    static int setup_##symbol(const struct team *team, const struct job *job, void **state, struct failure *failure)   \
    {                                                                                                                  \
        return setup(pool_name, team, job, state, failure);                                                            \
    }                                                                                                                  \
    const struct runner runner_##symbol = {                                                                            \
        .name = pool_name,                                                                                             \
        .summary = pool_summary,                                                                                       \
        .axes = pool_axes,                                                                                             \
        .no_spans = true,                                                                                              \
        .by_name = pool_by_name,                                                                                       \
        .available = pool_available,                                                                                   \
        .setup = setup_##symbol,                                                                                       \
        .start = start,                                                                                                \
        .run = run,                                                                                                    \
        .verify = verify,                                                                                              \
        .stop = stop,                                                                                                  \
    };

POOL(python, "python", "Python's multiprocessing.Pool, calling the same kernels; its own start method",
     AXIS_PROCESSES | AXIS_CHUNK, false, available)
POOL(python_fork, "python:fork", "the same, workers forked from the interpreter", AXIS_PROCESSES | AXIS_CHUNK, true,
     available)
POOL(python_forkserver, "python:forkserver", "the same, workers forked from a server that Python keeps",
     AXIS_PROCESSES | AXIS_CHUNK, true, available)
POOL(python_spawn, "python:spawn", "the same, each worker a fresh interpreter", AXIS_PROCESSES | AXIS_CHUNK, true,
     available)
POOL(python_executor, "python:executor", "Python's ProcessPoolExecutor", AXIS_PROCESSES | AXIS_CHUNK, true, available)
POOL(python_threads, "python:threads", "Python's ThreadPool: the kernels release Python's lock", AXIS_THREADS | AXIS_CHUNK,
     true, available)
POOL(python_interpreters, "python:interpreters", "Python's InterpreterPoolExecutor, an interpreter in each thread",
     AXIS_THREADS, true, available_interpreters)
