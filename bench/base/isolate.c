/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/isolate.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/base/leftover.h"
#include "bench/base/site.h"
#include "bench/base/starting.h"
#include "runners/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#ifdef __SANITIZE_ADDRESS__
enum { SHADOWED = 1 }; /* its shadow memory alone is terabytes */
#else
enum { SHADOWED = 0 };
#endif

/* What the parent holds of a child while it runs. Descriptors are -1 where closed. */
struct child {
    pid_t pid;
    int input, output[2], message[2], started[2];
    int exited; /* a pidfd, readable once the child is dead (pidfd_open(2)) */
    char **environment;
    char padding[ISOLATE_PADDING_MAX + 32];
    char *bytes; /* its output so far */
    size_t size, room;
    char line[200]; /* the last line of its messages so far */
    size_t line_length;
    bool line_ended;
    char whole[200]; /* the last one that ended */
};

static void child_release(struct child *child)
{
    int *const fds[] = {&child->input,      &child->output[0],  &child->output[1],  &child->message[0],
                        &child->message[1], &child->started[0], &child->started[1], &child->exited};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) close_fd(fds[i]);
    free(child->environment);
    free(child->bytes);
}

enum { WORDS_MAX = 64, WORDS_BYTES = 8192 }; /* with the program's path, and what the kernel puts beside them */

/* The environment with a variable of so many bytes in front, and what is asked for behind. */
static int make_environment(struct child *child, const struct isolate *isolate)
{
    const char *const *taken = site_taken();
    unsigned padding_bytes = isolate->padding_bytes;
    size_t count = 0, more = 0, name;
    while (environ[count]) count++;
    while (taken[more]) more++;
    child->environment = calloc(count + more + 3, sizeof *child->environment);
    if (!child->environment) return -ENOMEM;
    if (padding_bytes > ISOLATE_PADDING_MAX) padding_bytes = ISOLATE_PADDING_MAX;
    name = (size_t)sprintf(child->padding, "BREAKEVEN_PADDING=");
    memset(child->padding + name, 'x', ISOLATE_PADDING_MAX);
    child->padding[name + ISOLATE_PADDING_MAX] = '\0';
    child->environment[0] = child->padding;
    memcpy(child->environment + 1, environ, count * sizeof *environ);
    count++;
    if (isolate->setting) child->environment[count++] = (char *)isolate->setting;
    for (; isolate->openmp_as_found && *taken; taken++)
        if (site_is_openmp(*taken)) child->environment[count++] = (char *)*taken;
    int error = starting_check(child->environment, WORDS_BYTES); /* with the most padding: all repetitions or none */
    child->padding[name + padding_bytes] = '\0';
    return error;
}

int isolate_check(struct reason *why)
{
    char reason[240];
    int error = starting_check(environ, WORDS_BYTES + ISOLATE_PADDING_MAX);
    if (!error) return 0;
    starting_describe(error, "exec", reason, sizeof reason);
    return reason_give(why, error, "no repetition could be started: %s", reason);
}

static int make_descriptors(struct child *child, const struct isolate *isolate)
{
    child->input = memfd_create("breakeven-input", MFD_CLOEXEC);
    if (child->input < 0) return -errno;
    for (size_t done = 0; done < isolate->input_size;) {
        ssize_t wrote = write(child->input, (const char *)isolate->input + done, isolate->input_size - done);
        if (wrote < 0) return -errno;
        done += (size_t)wrote;
    }
    if (lseek(child->input, 0, SEEK_SET) < 0) return -errno;
    if (pipe2(child->output, O_CLOEXEC) || pipe2(child->message, O_CLOEXEC) || pipe2(child->started, O_CLOEXEC))
        return -errno;
    fcntl(child->output[0], F_SETFL, O_NONBLOCK);
    fcntl(child->message[0], F_SETFL, O_NONBLOCK);
    return 0;
}

/* In the child, between vfork and exec, in this process's memory and on its stack: only calls that signal-safety(7) allows,
 * and prctl, setrlimit, close_range; nothing is written but what is its own here. */
__attribute__((noreturn, noinline)) static void become(const struct child *child, const struct isolate *isolate, char **words,
                                             pid_t parent)
{
    sigset_t none;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a planner that is killed leaves no repetition behind */
    if (getppid() != parent) _exit(127);
    int null = open("/dev/null", O_RDWR);
    int from[] = {null, null, child->message[1], child->input, child->output[1], child->started[1]}, high[6];
    for (int i = 0; i < 6; i++) { /* out of the way of 0 to 5 */
        high[i] = fcntl(from[i], F_DUPFD, 6);
        if (high[i] < 0) starting_fail(child->started[1], "its descriptors");
    }
    for (int i = 0; i < 6; i++) dup2(high[i], i);
    fcntl(5, F_SETFD, FD_CLOEXEC);
    close_range(6, ~0u, 0);
    int adjust = open("/proc/self/oom_score_adj", O_WRONLY);
    if (adjust >= 0) { /* where memory runs out, the repetition goes and not what the user runs beside it */
        (void)!write(adjust, "1000", 4);
        close(adjust);
    }
    if (isolate->memory_bytes && !SHADOWED) setrlimit(RLIMIT_DATA, &(struct rlimit){isolate->memory_bytes, isolate->memory_bytes});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(isolate->program ? isolate->program : "/proc/self/exe", words, child->environment);
    if (!isolate->program) execve((const char *)getauxval(AT_EXECFN), words, child->environment); /* where there is no /proc */
    starting_fail(5, "exec");
}

/* A function of its own, so that no variable of its caller lies in a register when the child returns to the parent. vfork:
 * no page table is copied, a fifth of a short repetition's cpu time. */
__attribute__((noinline)) static pid_t bear(const struct child *child, const struct isolate *isolate, char **words)
{
    pid_t parent = getpid(), pid = vfork();
    if (!pid) become(child, isolate, words, parent);
    return pid;
}

static int start(struct child *child, const struct isolate *isolate, const char **failed)
{
    char *words[WORDS_MAX] = {(char *)"breakeven"};
    size_t count = 0;
    for (; isolate->words[count] && count + 2 < WORDS_MAX; count++) words[count + 1] = (char *)isolate->words[count];
    *failed = "exec";
    int error = isolate->words[count] ? -E2BIG : make_environment(child, isolate);
    if (error) return error;
    *failed = "descriptors";
    error = make_descriptors(child, isolate);
    if (error) return error;
    *failed = "fork";
    child->pid = bear(child, isolate, words);
    if (child->pid < 0) return -errno;
    *failed = "pidfd_open";
    child->exited = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->exited < 0) {
        error = -errno;
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    close_fd(&child->output[1]);
    close_fd(&child->message[1]);
    close_fd(&child->started[1]);
    return error;
}

/* Takes what stands in the pipe of answers; what is beyond the limit is read and dropped, so that nobody blocks. */
static void take_output(struct child *child)
{
    char buffer[65536];
    for (;;) {
        ssize_t got = read(child->output[0], buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) close_fd(&child->output[0]);
        if (got <= 0) return;
        size_t take = (size_t)got, left = ISOLATE_OUTPUT_MAX - child->size;
        if (take > left) take = left;
        if (child->size + take + 1 > child->room) {
            size_t room = 2 * (child->size + take + 1);
            char *grown = realloc(child->bytes, room);
            if (!grown) continue;
            child->bytes = grown;
            child->room = room;
        }
        memcpy(child->bytes + child->size, buffer, take);
        child->size += take;
        child->bytes[child->size] = '\0';
    }
}

static void line_end(struct child *child)
{
    child->line_ended = true;
    child->line[child->line_length] = '\0';
    memcpy(child->whole, child->line, sizeof child->whole);
}

/* One worker of several that say the same may be killed in the middle of it: then the whole line counts. */
static const char *last_said(const struct child *child)
{
    bool begun = !child->line_ended && !strncmp(child->whole, child->line, child->line_length);
    return !child->line_length ? "" : begun && *child->whole ? child->whole : child->line;
}

/* Keeps the last line that is not empty of what the child says on standard error. */
static void take_message(struct child *child)
{
    char buffer[4096];
    for (;;) {
        ssize_t got = read(child->message[0], buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) close_fd(&child->message[0]);
        if (got <= 0) return;
        for (ssize_t i = 0; i < got; i++) {
            unsigned char c = (unsigned char)buffer[i];
            if (c == '\n') {
                if (!child->line_ended && child->line_length) line_end(child);
                continue;
            }
            if (child->line_ended) child->line_length = 0;
            child->line_ended = false;
            if (child->line_length + 1 < sizeof child->line)
                child->line[child->line_length++] = c < ' ' || c == 127 ? ' ' : (char)c;
        }
        child->line[child->line_length] = '\0';
    }
}

/* Waits until the child is dead. Returns how: DONE for by itself. */
static enum isolate_end wait_for(struct child *child, int64_t deadline_ns)
{
    sigset_t mask;
    interrupt_mask(&mask);
    for (;;) {
        struct pollfd fds[] = {
            {child->exited, POLLIN, 0}, {child->output[0], POLLIN, 0}, {child->message[0], POLLIN, 0}};
        int64_t left_ns = deadline_ns - clock_now_ns(&clock_real);
        if (interrupt_seen()) return ISOLATE_INTERRUPTED;
        if (left_ns <= 0) return ISOLATE_TIMED_OUT;
        struct timespec timeout = {left_ns / 1000000000, left_ns % 1000000000};
        int ready = ppoll(fds, 3, &timeout, &mask); /* a descriptor of -1 is skipped (poll(2)) */
        if (ready < 0 && errno != EINTR) return ISOLATE_TIMED_OUT;
        if (ready <= 0) continue;
        if (fds[1].revents) take_output(child);
        if (fds[2].revents) take_message(child);
        if (fds[0].revents) return ISOLATE_DONE;
    }
}

/* Has the system killed somebody for want of memory? A count since boot; -1 unknown. */
static long out_of_memory_kills(void)
{
    FILE *file = fopen("/proc/vmstat", "re");
    char name[64];
    long value, kills = -1;
    if (!file) return -1;
    while (kills < 0 && fscanf(file, "%63s %ld", name, &value) == 2)
        if (!strcmp(name, "oom_kill")) kills = value;
    fclose(file);
    return kills;
}

static void describe(struct isolate_result *result, const struct child *child, const struct isolate *isolate,
                     unsigned left, bool memory)
{
    char what[160] = "";
    if (result->end == ISOLATE_DONE) return;
    if (result->end == ISOLATE_EXITED) snprintf(what, sizeof what, "exit code %d", result->code);
    else if (result->end == ISOLATE_SIGNALED)
        snprintf(what, sizeof what, "signal %d (%s)%s", result->signal, strsignal(result->signal),
                 memory ? ", out of memory" : "");
    else if (result->end == ISOLATE_TIMED_OUT)
        snprintf(what, sizeof what, "deadline of %.4g s passed", (double)isolate->deadline_ns / 1e9);
    else if (result->end == ISOLATE_LEFT)
        snprintf(what, sizeof what, "left %u process%s behind", left, left == 1 ? "" : "es");
    else snprintf(what, sizeof what, "interrupted");
    snprintf(result->cause, sizeof result->cause, "%s%s%.80s", what, child->line_length ? ": " : "",
             last_said(child));
}

/* Reaps the child, which is dead or is killed now, and everything it left. Fills `result`. */
static void finish(struct child *child, enum isolate_end end, const struct isolate *isolate,
                   struct isolate_result *result, long kills)
{
    int status = 0;
    if (end != ISOLATE_DONE) leftover_kill_session(child->pid);
    struct pollfd dead = {child->exited, POLLIN, 0};
    bool reaped =
        poll(&dead, 1, LEFTOVER_DEADLINE_MS) == 1 && wait4(child->pid, &status, 0, &result->usage) == child->pid;
    if (child->output[0] >= 0) take_output(child);
    if (child->message[0] >= 0) take_message(child);
    bool clean = end == ISOLATE_DONE && reaped && WIFEXITED(status) && !WEXITSTATUS(status);
    unsigned left = leftover_reap(clean ? LEFTOVER_GRACE_MS : 0);
    if (end == ISOLATE_DONE && WIFSIGNALED(status))
        end = interrupt_follows(WTERMSIG(status)) ? ISOLATE_INTERRUPTED : ISOLATE_SIGNALED;
    else if (end == ISOLATE_DONE && !clean) end = ISOLATE_EXITED;
    else if (clean && left) end = ISOLATE_LEFT;
    if (end != ISOLATE_DONE) scratch_sweep(child->pid);
    result->end = end;
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    bool memory = end == ISOLATE_SIGNALED && result->signal == SIGKILL && kills >= 0 && out_of_memory_kills() > kills;
    describe(result, child, isolate, left, memory);
    snprintf(result->said, sizeof result->said, "%.80s", last_said(child));
    result->output = child->bytes;
    result->output_size = child->size;
    child->bytes = NULL;
}

int isolate_run(const struct isolate *isolate, struct isolate_result *result, struct reason *why)
{
    struct child child = {.input = -1, .output = {-1, -1}, .message = {-1, -1}, .started = {-1, -1}, .exited = -1};
    struct isolate_result made = {0};
    const char *failed = "prctl(PR_SET_CHILD_SUBREAPER)";
    long kills = out_of_memory_kills();
    int64_t began_ns = clock_now_ns(&clock_real);
    time_t since = time(NULL);
    char reason[240], step[32];
    int error = prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : start(&child, isolate, &failed);
    if (!error) {
        finish(&child, wait_for(&child, began_ns + isolate->deadline_ns), isolate, &made, kills);
        made.elapsed_ns = clock_now_ns(&clock_real) - began_ns;
        scratch_sweep_openmp(since);
        error = starting_read(child.started[0], step, sizeof step);
        if (error) isolate_result_free(&made), failed = step;
        else *result = made;
    }
    if (error) {
        starting_describe(error, failed, reason, sizeof reason);
        reason_set(why, "cannot start a process for a repetition: %s", reason);
    }
    child_release(&child);
    return error;
}

void isolate_result_free(struct isolate_result *result)
{
    free(result->output);
    *result = (struct isolate_result){0};
}
