/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/leftover.h"

#include "bench/base/clock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void leftover_kill_session(pid_t leader)
{
    kill(-leader, SIGKILL);
    kill(leader, SIGKILL);
}

/* Reaps who is dead. Is nobody left? */
static bool reap_dead(void)
{
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 && errno != EINTR) return true; /* ECHILD */
        if (pid == 0) return false;
    }
}

/* The parent of a process and its state, from /proc/PID/stat; the name in brackets may hold anything (proc(5)). */
static pid_t parent_of(const char *pid, char *state)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    const char *bracket = strrchr(line, ')');
    int parent;
    return bracket && sscanf(bracket + 1, " %c %d", state, &parent) == 2 ? parent : -1;
}

bool leftover_proc_is_ours(void)
{
    char self[32];
    ssize_t length = readlink("/proc/self", self, sizeof self - 1);
    if (length < 0) return false;
    self[length] = '\0';
    return atoi(self) == getpid();
}

/* Kills every living child of the caller, once each round; returns their number. */
static unsigned kill_children(void)
{
    DIR *proc = opendir("/proc"); /* ours: another's numbers would be other processes */
    unsigned killed = 0;
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        char state;
        if (!isdigit((unsigned char)*entry->d_name) || parent_of(entry->d_name, &state) != getpid()) continue;
        pid_t pid = (pid_t)atoi(entry->d_name); /* ours until we wait for it: the number cannot be another's */
        if (state != 'Z' && state != 'X' && !kill(pid, SIGKILL)) killed++;
    }
    if (proc) closedir(proc);
    return killed;
}

unsigned leftover_reap(int grace_ms)
{
    unsigned killed = 0;
    int64_t began_ns = clock_now_ns(&clock_real);
    for (; !reap_dead(); poll(NULL, 0, 1)) {
        int64_t waited_ms = (clock_now_ns(&clock_real) - began_ns) / 1000000;
        if (waited_ms < grace_ms) continue;
        if (waited_ms >= grace_ms + LEFTOVER_DEADLINE_MS || !leftover_proc_is_ours()) break;
        unsigned now = kill_children();
        if (now > killed) killed = now; /* those killed last round may still be dying */
    }
    return killed;
}
