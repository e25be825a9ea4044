/* SPDX-License-Identifier: MIT */
/* output.c: see machine.h. */
#include "machine/machine.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { AT_ONCE = 4096 }; /* so much fits where poll finds room in a pipe (PIPE_BUF), and mostly elsewhere */

/* More than that: files take it, and an empty pipe that is large enough. */
static bool takes_more(int fd, size_t bytes)
{
    struct stat file;
    int unread = 1, room = fcntl(fd, F_GETPIPE_SZ);
    if (!fstat(fd, &file) && S_ISREG(file.st_mode)) return true;
    return room > 0 && bytes <= (size_t)room && !ioctl(fd, FIONREAD, &unread) && !unread;
}

/* Mostly there is nothing, and fflush would cost a new process some pages to see that. */
bool output_ready(FILE *stream, int wait_ms)
{
    size_t bytes = __fpending(stream);
    if (!bytes) return false;
    struct pollfd out = {fileno(stream), POLLOUT, 0};
    if (out.fd < 0) return true; /* a stream of the program's own making */
    return poll(&out, 1, wait_ms) > 0 && (wait_ms || bytes <= AT_ONCE || takes_more(out.fd, bytes));
}

void output_write(FILE *stream)
{
    if (ftrylockfile(stream)) return;
    fflush_unlocked(stream);
    funlockfile(stream);
}
