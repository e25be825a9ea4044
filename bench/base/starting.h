/* SPDX-License-Identifier: GPL-3.0-or-later */
/* starting.h: why a process could not be started, told across fork and exec: the step and the errno, and the limit that
 * is behind it.
 *
 *     in the child: if (execve(..)) starting_fail(fd, "exec");     // fd: a pipe with O_CLOEXEC
 *     in the parent, once it is gone: int error = starting_read(fd, step, sizeof step); starting_describe(error, step, ..);
 */
#ifndef BREAKEVEN_STARTING_H
#define BREAKEVEN_STARTING_H

#include <stddef.h>
#include <unistd.h>

/* Between fork and exec: writes the step and errno, and ends the process with status 127. Signal-safe. `step` is short:
 * "exec", "its descriptors". */
__attribute__((noreturn)) void starting_fail(int fd, const char *step);

/* What stands in the pipe: -errno and the step; 0: nothing, the program was executed. Blocks until all writers are gone. */
int starting_read(int fd, char *step, size_t size);

/* One line: "exec: Argument list too long (the environment takes 130,012 bytes; ...)". */
void starting_describe(int error, const char *step, char *text, size_t size);

/* Are `environment` and words of words_bytes too much for execve(2) by the kernel's rule (fs/exec.c)? */
int starting_check(char *const *environment, size_t words_bytes);

/* Where it is open; -1 from then on. */
static inline void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

#endif
