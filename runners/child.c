/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 2, LOOK_MS = 100 };

/* Between fork and exec: only calls that signal-safety(7) allows, and prctl, close_range. */
_Noreturn static void become(const struct child_program *program, pid_t parent)
{
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(CHILD_UNABLE);
    int null = open("/dev/null", O_RDWR), high[3];
    int from[] = {null, program->output < 0 ? null : program->output, program->error < 0 ? null : program->error};
    for (int i = 0; i < 3; i++) high[i] = fcntl(from[i], F_DUPFD, 3); /* out of the way of 0 to 2 */
    for (int i = 0; i < 3; i++)
        if (dup2(high[i], i) < 0) _exit(CHILD_UNABLE);
    syscall(SYS_close_range, 3u, ~0u, 4u); /* CLOSE_RANGE_CLOEXEC; where the kernel lacks it, less is closed */
    for (const int *kept = program->kept; kept && *kept >= 0; kept++) fcntl(*kept, F_SETFD, 0);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (program->dir && chdir(program->dir)) _exit(CHILD_UNABLE);
    execvp(program->words[0], program->words);
    _exit(errno == ENOENT ? CHILD_MISSING : CHILD_UNABLE);
}

pid_t child_start(const struct child_program *program)
{
    pid_t parent = getpid(), pid = fork();
    if (!pid) become(program, parent);
    if (pid < 0) return -errno;
    setpgid(pid, pid); /* whoever comes first */
    return pid;
}

bool child_wait(pid_t pid, int timeout_ms, int *status)
{
    for (int waited = 0;; waited += TICK_MS) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) return got == pid;
        if (waited >= timeout_ms) return false;
        poll(NULL, 0, TICK_MS);
    }
}

static void kill_group(pid_t pid, int *status)
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Who holds back Ctrl-C and its like (sigprocmask) to end in good order is not to wait for another program first. */
static bool is_asked_to_end(void)
{
    sigset_t pending;
    return !sigpending(&pending) &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGHUP) == 1);
}

/* Reads both ends until they are closed; false: time is up, or it said nothing for a while and this program is asked to end. */
static bool drain(const int *ends, int64_t until_ms, child_take *take, void *context)
{
    struct pollfd waits[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLIN}};
    char bytes[4096];
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        int64_t left_ms = until_ms - now_ms();
        int ready = left_ms > 0 ? poll(waits, 2, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS) : 0;
        if (left_ms <= 0 || (ready < 0 && errno != EINTR) || (!ready && is_asked_to_end())) return false;
        for (int i = 0; i < 2; i++) {
            if (waits[i].fd < 0 || !waits[i].revents) continue;
            ssize_t got = read(waits[i].fd, bytes, sizeof bytes);
            if (got < 0 && errno == EINTR) continue;
            if (got > 0) take(context, i + 1, bytes, (size_t)got);
            else waits[i].fd = -1;
        }
    }
    return true;
}

static void close_both(int *ends)
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0) close(ends[i]);
}

int child_run(const struct child_program *program, int deadline_ms, child_take *take, void *context, int *status)
{
    int output[2] = {-1, -1}, error[2] = {-1, -1};
    int64_t until_ms = now_ms() + deadline_ms;
    struct child_program piped = *program;
    pid_t pid = pipe2(output, O_CLOEXEC) || pipe2(error, O_CLOEXEC) ? -errno : 0;
    piped.output = output[1], piped.error = error[1];
    if (!pid) pid = child_start(&piped);
    close_both((int[]){output[1], error[1]});
    int read_ends[] = {output[0], error[0]}, result = pid < 0 ? pid : 0;
    if (!result && (!drain(read_ends, until_ms, take, context) ||
                    !child_wait(pid, (int)(until_ms > now_ms() ? until_ms - now_ms() : 0), status))) {
        kill_group(pid, status);
        result = -ETIME;
    }
    close_both(read_ends);
    return result;
}

struct answer {
    char *text;
    size_t size, used;
};

static void take_answer(void *context, int from, const char *bytes, size_t size)
{
    struct answer *answer = context;
    size_t room = answer->size - 1 - answer->used, taken = from != STDOUT_FILENO ? 0 : size < room ? size : room;
    memcpy(answer->text + answer->used, bytes, taken);
    answer->text[answer->used += taken] = '\0';
}

int child_ask(const char *const *words, int deadline_ms, char *text, size_t size, int *status)
{
    struct answer answer = {text, size, 0};
    *text = '\0';
    return child_run(&(struct child_program){.words = (char *const *)words}, deadline_ms, take_answer, &answer, status);
}
