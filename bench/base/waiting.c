/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/waiting.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
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
