/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/waiting.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct waiting waiting_read(int pid, int tid)
{
    const struct waiting none = {-1, -1};
    struct waiting found = none;
    char path[64], text[96];
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return none;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return none;
    text[length] = '\0';
    return sscanf(text, "%" SCNd64 " %" SCNd64, &found.ran_ns, &found.waited_ns) == 2 ? found : none;
}

static int64_t threads_ran_ns(int pid, bool (*left_out)(int tid, const void *context), const void *context)
{
    char path[64];
    int64_t sum_ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
        int tid = (int)strtol(entry->d_name, NULL, 10);
        int64_t ran_ns = tid > 0 && !left_out(tid, context) ? waiting_read(pid, tid).ran_ns : 0;
        if (ran_ns > 0) sum_ns += ran_ns;
    }
    if (tasks) closedir(tasks);
    return sum_ns;
}

int64_t waiting_children_ran_ns(bool (*left_out)(int tid, const void *context), const void *context)
{
    char path[64];
    int pid;
    int64_t sum_ns = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    while (children && fscanf(children, "%d", &pid) == 1) sum_ns += threads_ran_ns(pid, left_out, context);
    if (children) fclose(children);
    return sum_ns;
}
