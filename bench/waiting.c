#include "waiting.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int64_t waiting_ns(int pid, int tid)
{
    char path[64], text[96];
    int64_t waited;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return -1;
    text[length] = '\0';
    return sscanf(text, "%*s %" SCNd64, &waited) == 1 ? waited : -1;
}
