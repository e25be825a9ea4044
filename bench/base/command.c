/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/command.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/base/leftover.h"
#include "bench/base/site.h"
#include "bench/base/starting.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HALF = COMMAND_OUTPUT_KEPT / 2, LOOK_FIRST_NS = 500000, LOOK_NS = 20000000, LOOKS_MIN = 4, PIPE_BYTES = 1 << 20 };

/* One process, from its fork until it and what it left are gone */

struct child {
    pid_t pid;
    int output[2], started[2], exited; /* -1 where closed; exited: a pidfd */
    struct command_result *result;
    char head[HALF], tail[HALF]; /* tail: a ring */
    int64_t peak_pss_bytes, looked_ns, gap_ns; /* gap_ns: to the next look at its memory; 0 before exec */
    unsigned looks;
};

/* Between fork and exec: only calls that signal-safety(7) allows, and prctl, close_range, putenv of what is ours. */
__attribute__((noreturn)) static void become(const struct child *child, const struct command_filled *filled, pid_t parent)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    int null = open("/dev/null", O_RDWR);
    if (dup2(null, 0) < 0 || dup2(child->output[1], 1) < 0 || dup2(child->output[1], 2) < 0)
        starting_fail(child->started[1], "its descriptors");
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    site_return();
    for (char **variable = filled->variables; *variable; variable++) putenv(*variable);
    execvp(filled->words[0], filled->words);
    starting_fail(child->started[1], "exec");
}

/* The errno of a step, told in the result's cause. */
static int not_started(struct child *child, const char *step)
{
    int error = -errno;
    starting_describe(error, step, child->result->cause, sizeof child->result->cause);
    return error;
}

static int start(struct child *child, const struct command_filled *filled)
{
    if (pipe2(child->output, O_CLOEXEC) || pipe2(child->started, O_CLOEXEC)) return not_started(child, "pipe");
    fcntl(child->output[0], F_SETFL, O_NONBLOCK);
    fcntl(child->output[1], F_SETPIPE_SZ,
          PIPE_BYTES); /* fewer turns for a command that prints much; no matter if not */
    pid_t parent = getpid();
    child->pid = fork();
    if (!child->pid) become(child, filled, parent);
    if (child->pid < 0) return not_started(child, "fork");
    child->exited = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->exited < 0) {
        int error = not_started(child, "pidfd_open");
        leftover_kill_session(child->pid);
        waitpid(child->pid, NULL, 0);
        return error;
    }
    close_fd(&child->output[1]);
    close_fd(&child->started[1]);
    return 0;
}

static void keep_output(struct child *child, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t at = child->result->output_bytes++;
        if (at < HALF) child->head[at] = bytes[i];
        else if (i + HALF >= size) child->tail[at % HALF] = bytes[i]; /* the rest of this piece is overwritten anyway */
    }
}

static void take_output(struct child *child)
{
    static const int turns = 16; /* then look at the time again */
    char buffer[65536];
    for (int turn = 0; turn < turns; turn++) {
        ssize_t got = read(child->output[0], buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) close_fd(&child->output[0]);
        if (got <= 0) return;
        keep_output(child, buffer, (size_t)got);
    }
}

/* The sum over the command's session of each process's proportional share of memory (smaps_rollup, proc(5)). */
static int64_t session_pss_bytes(pid_t session)
{
    DIR *proc = leftover_proc_is_ours() ? opendir("/proc") : NULL;
    int64_t sum = 0;
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        char path[64], line[256];
        if (!isdigit((unsigned char)*entry->d_name) || getsid((pid_t)atoi(entry->d_name)) != session) continue;
        snprintf(path, sizeof path, "/proc/%.20s/smaps_rollup", entry->d_name);
        FILE *file = fopen(path, "re");
        long long kilobytes;
        while (file && fgets(line, sizeof line, file))
            if (sscanf(line, "Pss: %lld kB", &kilobytes) == 1) sum += kilobytes * 1024;
        if (file) fclose(file);
    }
    if (proc) closedir(proc);
    return sum;
}

/* From exec on, at first often, for commands that end soon. What is there before exec is this program's. */
static void sample_memory(struct child *child, int64_t now_ns)
{
    if (!child->gap_ns || now_ns - child->looked_ns < child->gap_ns) return;
    int64_t bytes = session_pss_bytes(child->pid);
    if (bytes > child->peak_pss_bytes) child->peak_pss_bytes = bytes;
    child->looked_ns = now_ns;
    child->looks += bytes > 0;
    if (bytes && child->gap_ns < LOOK_NS) child->gap_ns *= 2;
}

/* Waits until the process is gone or until_ns has come; true where it is gone. Ctrl-C ends the wait unless `stubborn`.
 */
static bool wait_until(struct child *child, int64_t until_ns, bool memory, bool stubborn)
{
    sigset_t mask;
    interrupt_mask(&mask);
    for (;;) {
        struct pollfd fds[] = {{child->exited, POLLIN, 0},
                               {child->output[0], POLLIN, 0},
                               {memory && !child->gap_ns ? child->started[0] : -1, POLLIN, 0}};
        int64_t now_ns = clock_now_ns(&clock_real), left_ns = until_ns - now_ns;
        if (left_ns <= 0 || (!stubborn && interrupt_seen())) return false;
        if (memory) sample_memory(child, now_ns);
        if (memory && child->gap_ns && left_ns > child->gap_ns) left_ns = child->gap_ns;
        struct timespec timeout = {left_ns / 1000000000, left_ns % 1000000000};
        int ready = ppoll(fds, 3, &timeout, &mask);
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        if (fds[0].revents) return true;
        if (fds[1].revents) take_output(child);
        if (fds[2].revents) child->gap_ns = LOOK_FIRST_NS; /* closed by exec */
    }
}

static void join_output(struct child *child)
{
    struct command_result *result = child->result;
    uint64_t bytes = result->output_bytes;
    size_t head = bytes < HALF ? (size_t)bytes : HALF, size;
    uint64_t rest = bytes - head, tail = rest < HALF ? rest : HALF;
    FILE *stream = open_memstream(&result->output, &size);
    if (!stream) return;
    fwrite(child->head, 1, head, stream);
    if (rest > tail) fprintf(stream, "\n[... %llu bytes left out ...]\n", (unsigned long long)(rest - tail));
    for (uint64_t at = bytes - tail; at < bytes; at++) fputc(child->tail[at % HALF], stream);
    fclose(stream);
    for (size_t i = 0; result->output && i < size; i++)
        if (!result->output[i]) result->output[i] = '?'; /* it is shown as text, and a NUL would end that */
}

/* The last line of the output that is not empty, printable. */
static void last_line(const char *output, char *line, size_t size)
{
    const char *end = output + strlen(output), *begin;
    while (end > output && isspace((unsigned char)end[-1])) end--;
    for (begin = end; begin > output && begin[-1] != '\n' && begin[-1] != '\r'; begin--) continue;
    snprintf(line, size, "%.*s", (int)(end - begin > 150 ? 150 : end - begin), begin);
    for (char *c = line; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = '?';
}

static void describe(struct command_result *result, int64_t deadline_ns, int start_error, const char *program)
{
    char what[200] = "", line[160] = "";
    if (result->end == COMMAND_EXITED) snprintf(what, sizeof what, "exit code %d", result->code);
    else if (result->end == COMMAND_SIGNALED)
        snprintf(what, sizeof what, "signal %d (%s)", result->signal, strsignal(result->signal));
    else if (result->end == COMMAND_TIMED_OUT)
        snprintf(what, sizeof what, "killed after %.4g s", (double)deadline_ns / 1e9);
    else if (result->end == COMMAND_LIMITED)
        snprintf(what, sizeof what, "stopped after %.4g s", (double)result->wall_ns / 1e9);
    else if (result->end == COMMAND_MISSING) {
        starting_describe(start_error, "", line, sizeof line);
        snprintf(what, sizeof what, "cannot start \"%.40s\"%.130s", program, line);
        *line = '\0';
    } else if (result->end == COMMAND_INTERRUPTED) snprintf(what, sizeof what, "interrupted");
    if (result->end == COMMAND_EXITED || result->end == COMMAND_SIGNALED) last_line(result->output, line, sizeof line);
    if (*line) snprintf(result->cause, sizeof result->cause, "%.90s: %s", what, line);
    else snprintf(result->cause, sizeof result->cause, "%s", what);
}

static void account(struct command_result *result, const struct rusage *before)
{
    struct rusage after;
    getrusage(RUSAGE_CHILDREN, &after);
    result->user_ns = clock_timeval_ns(after.ru_utime) - clock_timeval_ns(before->ru_utime);
    result->system_ns = clock_timeval_ns(after.ru_stime) - clock_timeval_ns(before->ru_stime);
    result->voluntary_switches = after.ru_nvcsw - before->ru_nvcsw;
    result->involuntary_switches = after.ru_nivcsw - before->ru_nivcsw;
    result->minor_faults = after.ru_minflt - before->ru_minflt;
    result->major_faults = after.ru_majflt - before->ru_majflt;
}

/* Ends what is still there, reaps everything, fills the result. */
static void finish(struct child *child, enum command_end end, const struct command *command,
                   const struct command_filled *filled, const struct rusage *before)
{
    struct command_result *result = child->result;
    struct rusage usage = {0};
    int status = 0, start_error;
    char step[32];
    if (end == COMMAND_LIMITED) {
        kill(-child->pid, SIGTERM);
        wait_until(child, clock_now_ns(&clock_real) + COMMAND_GRACE_MS * INT64_C(1000000), false, true);
    }
    if (end != COMMAND_DONE) leftover_kill_session(child->pid);
    struct pollfd dead = {child->exited, POLLIN, 0};
    bool reaped = poll(&dead, 1, LEFTOVER_DEADLINE_MS) == 1 && wait4(child->pid, &status, 0, &usage) == child->pid;
    result->left = leftover_reap(end == COMMAND_DONE ? LEFTOVER_GRACE_MS : 0);
    if (child->output[0] >= 0) take_output(child);
    if ((start_error = starting_read(child->started[0], step, sizeof step))) end = COMMAND_MISSING;
    else if (end == COMMAND_DONE && WIFSIGNALED(status))
        end = interrupt_follows(WTERMSIG(status)) ? COMMAND_INTERRUPTED : COMMAND_SIGNALED;
    else if (end == COMMAND_DONE && (!reaped || WEXITSTATUS(status))) end = COMMAND_EXITED;
    result->end = end;
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    account(result, before);
    if (result->left)
        result->left_ns = result->user_ns + result->system_ns - clock_timeval_ns(usage.ru_utime) - clock_timeval_ns(usage.ru_stime);
    result->peak_rss_bytes = command->memory ? (child->looks < LOOKS_MIN ? 0 : child->peak_pss_bytes) : usage.ru_maxrss * INT64_C(1024);
    join_output(child);
    describe(result, command->deadline_ns, start_error, filled->words[0]);
}

static int run(const struct command *command, const struct command_filled *filled, int64_t limit_ns,
               struct command_result *result)
{
    struct child child = {.output = {-1, -1}, .started = {-1, -1}, .exited = -1, .result = result};
    struct rusage before;
    getrusage(RUSAGE_CHILDREN, &before);
    int64_t most_ns = limit_ns < command->deadline_ns ? limit_ns : command->deadline_ns;
    int64_t began_ns = clock_now_ns(&clock_real);
    int error = start(&child, filled);
    if (!error) {
        enum command_end end = COMMAND_DONE;
        if (!wait_until(&child, began_ns + most_ns, command->memory, false))
            end = interrupt_seen()                  ? COMMAND_INTERRUPTED
                  : limit_ns < command->deadline_ns ? COMMAND_LIMITED
                                                    : COMMAND_TIMED_OUT;
        result->wall_ns = clock_now_ns(&clock_real) - began_ns;
        finish(&child, end, command, filled, &before);
        if (!result->output) error = -ENOMEM;
    }
    int *const fds[] = {&child.output[0], &child.output[1], &child.started[0], &child.started[1], &child.exited};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) close_fd(fds[i]);
    return error;
}

static int run_filled(const struct command *command, const struct command_value *values, size_t count, int64_t limit_ns,
                      struct command_result *result)
{
    struct command_filled filled = {0};
    int error = command_fill_all(command, values, count, &filled);
    if (!error) error = run(command, &filled, limit_ns, result);
    command_filled_free(&filled);
    return error;
}

int command_run(const struct command *command, const struct command_value *values, size_t count, int64_t limit_ns,
                struct command_result *result, struct reason *why)
{
    struct command_result made = {0};
    int error = prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
    if (error) starting_describe(error, "prctl(PR_SET_CHILD_SUBREAPER)", made.cause, sizeof made.cause);
    if (!error && command->prepare) {
        struct command prepare = *command;
        prepare.words = (const char *const[]){command->prepare, NULL};
        prepare.shell = true;
        error = run_filled(&prepare, values, count, INT64_MAX, &made);
        if (!error && made.end == COMMAND_DONE) command_result_free(&made);
        else if (!error && made.end != COMMAND_INTERRUPTED) {
            char cause[sizeof made.cause];
            memcpy(cause, made.cause, sizeof cause);
            snprintf(made.cause, sizeof made.cause, "--prepare: %.240s", cause);
            made.end = COMMAND_UNPREPARED;
        }
    }
    if (!error && made.end == COMMAND_DONE) error = run_filled(command, values, count, limit_ns, &made);
    if (error) {
        reason_set(why, "cannot run the command: %s", *made.cause ? made.cause : strerror(-error));
        command_result_free(&made);
        return error;
    }
    *result = made;
    return 0;
}

void command_result_free(struct command_result *result)
{
    free(result->output);
    *result = (struct command_result){0};
}
