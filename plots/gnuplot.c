/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gnuplot.c: gnuplot as a child. */
#include "plots/gnuplot.h"

#include "kernels/reason.h"
#include "plots/format.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *program(void)
{
    const char *name = getenv("BREAKEVEN_GNUPLOT");
    return name && name[0] ? name : "gnuplot";
}

/* In the child: only calls that are safe after fork. Its complaints and its output come back through pipes. */
static void child(const char *dir, char *const *words, int out, int complaint)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* Ctrl-C reaches this program's group only */
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (nothing < 0 || chdir(dir) || dup2(nothing, 0) < 0 || dup2(out < 0 ? nothing : out, 1) < 0 ||
        dup2(complaint, 2) < 0)
        _exit(126);
    execvp(words[0], words);
    _exit(errno == ENOENT ? 127 : 126);
}

static int64_t left_ms(const struct timespec *end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
}

/* Its terminals for text begin each figure with a form feed, "nofeed" or not (seen with 5.4.4). */
static void pass_on(const char *bytes, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != '\f') putc(bytes[i], out);
}

/* Reads both pipes until they are closed or time is up. */
static bool drain(int output, int complaint, const struct timespec *end, FILE *out, char *said, size_t said_size)
{
    struct pollfd waits[2] = {{.fd = complaint, .events = POLLIN}, {.fd = output, .events = POLLIN}};
    size_t used = 0;
    char bytes[4096];
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        int64_t left = left_ms(end);
        if (left <= 0) return false;
        if (poll(waits, 2, (int)left) < 0 && errno != EINTR) return false;
        for (int i = 0; i < 2; i++) {
            if (waits[i].fd < 0 || !waits[i].revents) continue;
            ssize_t got = read(waits[i].fd, bytes, sizeof bytes);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) waits[i].fd = -1;
            else if (i) pass_on(bytes, (size_t)got, out);
            else {
                size_t kept = (size_t)got < said_size - 1 - used ? (size_t)got : said_size - 1 - used;
                memcpy(said + used, bytes, kept);
                used += kept;
            }
        }
    }
    return true;
}

/* The pipes are closed: the end is near, but it is waited for under the same deadline. */
static bool ended(pid_t pid, const struct timespec *end, int *status)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) return got == pid;
        if (left_ms(end) <= 0) return false;
        nanosleep(&pause, NULL);
    }
}

static int judge(bool in_time, int status, const char *said, unsigned deadline_s, struct reason *why)
{
    const char *at = said;
    char line[160];
    while (*at && (*at == '\n' || strspn(at, " ^\t") == strcspn(at, "\n")))
        at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    format_clean(line, sizeof line, line);
    if (!in_time) return reason_give(why, -ETIME, "gnuplot did not end within %u s and was stopped", deadline_s);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        reason_set(why, "gnuplot is missing, so no figure is drawn; install it (Debian: gnuplot-nox)");
        return -ENOENT;
    }
    if (WIFSIGNALED(status))
        return reason_give(why, -EIO, "gnuplot was ended by signal %d (%s)", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status)) return reason_give(why, -EIO, "gnuplot failed%s%s", line[0] ? ": " : "", line);
    return 0;
}

int gnuplot_run(const char *dir, const char *first, const char *file, FILE *out, unsigned deadline_s,
                struct reason *why)
{
    char *words[6] = {(char *)program(), "-d"}, said[1024] = "";
    int output[2] = {-1, -1}, complaint[2] = {-1, -1}, at = 2, status = 0, result;
    struct timespec end;
    pid_t pid = -1;
    if (first) words[at++] = "-e", words[at++] = (char *)first;
    words[at] = (char *)file;
    if (pipe2(complaint, O_CLOEXEC) || (out && pipe2(output, O_CLOEXEC)) || (pid = fork()) < 0) {
        result = -errno;
        reason_set(why, "cannot start gnuplot: %s", strerror(-result));
        goto out;
    }
    if (pid == 0) child(dir, words, output[1], complaint[1]);
    setpgid(pid, pid);
    close(complaint[1]), complaint[1] = -1;
    if (output[1] >= 0) close(output[1]), output[1] = -1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += deadline_s;
    bool in_time = drain(output[0], complaint[0], &end, out, said, sizeof said) && ended(pid, &end, &status);
    if (!in_time) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    }
    result = judge(in_time, status, said, deadline_s, why);
out:
    for (int i = 0; i < 2; i++) {
        if (output[i] >= 0) close(output[i]);
        if (complaint[i] >= 0) close(complaint[i]);
    }
    return result;
}
