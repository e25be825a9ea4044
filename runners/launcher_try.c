/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/launcher.h"

#include "runners/scratch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RANKS = 2, TRY_MS = 10000, GRACE_MS = 1000, TICK_MS = 2 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Its status; -1: it still runs. */
static int wait_for(pid_t launcher, int timeout_ms)
{
    struct pollfd none = {.fd = -1};
    int status;
    for (int waited = 0; waited <= timeout_ms; waited += TICK_MS) {
        pid_t got = waitpid(launcher, &status, WNOHANG);
        if (got == launcher) return status;
        if (got < 0 && errno != EINTR) return -1;
        poll(&none, 0, TICK_MS);
    }
    return -1;
}

/* The ranks end by themselves, a launcher that is killed or not (breakeven-rank --try). */
static void end(pid_t launcher)
{
    kill(launcher, SIGTERM);
    if (wait_for(launcher, GRACE_MS) >= 0) return;
    kill(launcher, SIGKILL);
    wait_for(launcher, GRACE_MS);
}

static bool library_read(const char *output, char *library, size_t size)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(output, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *at = strstr(line, LAUNCHER_TRY_SAYS);
        if (!at) continue;
        at += strlen(LAUNCHER_TRY_SAYS);
        snprintf(library, size, "%.*s", (int)strcspn(at, "\n"), at);
        found = true;
    }
    if (file) fclose(file);
    return found;
}

static int try_in(const char *folder, struct launcher_trial *trial, struct reason *why)
{
    char rank[PATH_MAX], output[SCRATCH_PATH_MAX + 16], line[160];
    snprintf(output, sizeof output, "%s/output", folder);
    if (!launcher_beside("breakeven-rank", rank, sizeof rank)) return reason_give(why, -ENOENT, "no breakeven-rank beside the program");
    struct launch launch = {.processes = RANKS, .threads = 1, .nodes = 1, .per_node = RANKS, .crowded = true,
                            .folder = folder, .output = output, .rank = rank, .argument = "--try"};
    double began_s = now_s();
    pid_t launcher = launcher_start(&launch);
    if (launcher < 0) return reason_give(why, launcher, "cannot start %s: %s", launcher_name(), strerror(-launcher));
    int status = wait_for(launcher, TRY_MS);
    trial->took_s = now_s() - began_s;
    if (status < 0) {
        end(launcher);
        return reason_give(why, -ETIMEDOUT, "%s did not start and end two ranks within %d s", launcher_name(), TRY_MS / 1000);
    }
    if (!status && library_read(output, trial->library, sizeof trial->library)) return 0;
    launcher_explain(output, line, sizeof line);
    return reason_give(why, -ECHILD, "%s ended with %s %d%s%s", launcher_name(), WIFSIGNALED(status) ? "signal" : "code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), *line ? ": " : "", line);
}

int launcher_try(struct launcher_trial *trial, struct reason *why)
{
    char folder[SCRATCH_PATH_MAX];
    *trial = (struct launcher_trial){.library = ""};
    snprintf(trial->launcher, sizeof trial->launcher, "%s", launcher_name());
    int lock = scratch_make(folder);
    if (lock < 0) return reason_give(why, lock, "no folder in /dev/shm: %s", strerror(-lock));
    int error = try_in(folder, trial, why);
    scratch_remove(folder);
    close(lock);
    return error;
}
