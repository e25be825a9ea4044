/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/starting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

extern char **environ;

enum { KERNEL_MAX = 6 << 20 }; /* three quarters of the default stack: bprm_stack_limits() */

struct message {
    int error;
    char step[28];
};

void starting_fail(int fd, const char *step)
{
    struct message message = {.error = errno};
    for (size_t i = 0; step[i] && i + 1 < sizeof message.step; i++) message.step[i] = step[i];
    (void)!write(fd, &message, sizeof message);
    _exit(127);
}

int starting_read(int fd, char *step, size_t size)
{
    struct message message;
    ssize_t got;
    while ((got = read(fd, &message, sizeof message)) < 0 && errno == EINTR) continue;
    if (got != sizeof message) return 0;
    snprintf(step, size, "%.*s", (int)sizeof message.step - 1, message.step);
    return message.error ? -message.error : -EIO;
}

static unsigned long limit_of(__rlimit_resource_t resource)
{
    struct rlimit limit;
    return getrlimit(resource, &limit) ? 0 : (unsigned long)limit.rlim_cur;
}

static size_t bytes_of(char *const *entries)
{
    size_t bytes = 0;
    for (size_t i = 0; entries[i]; i++) bytes += strlen(entries[i]) + 1 + sizeof *entries;
    return bytes;
}

int starting_check(char *const *environment, size_t words_bytes)
{
    long most = sysconf(_SC_ARG_MAX);
    if (most < 0 || most > KERNEL_MAX) most = KERNEL_MAX;
    return bytes_of(environment) + words_bytes > (size_t)most ? -E2BIG : 0;
}

void starting_describe(int error, const char *step, char *text, size_t size)
{
    char more[120] = "";
    if (error == -E2BIG)
        snprintf(more, sizeof more, " (the environment takes %zu bytes: unset variables, or raise ulimit -s, which is %lu)",
                 bytes_of(environ), limit_of(RLIMIT_STACK) / 1024);
    if (error == -EMFILE) snprintf(more, sizeof more, " (ulimit -n is %lu)", limit_of(RLIMIT_NOFILE));
    if (error == -EAGAIN)
        snprintf(more, sizeof more, " (ulimit -u is %lu, and the cgroup's pids.max may be lower)",
                 limit_of(RLIMIT_NPROC));
    if (error == -ENOSYS) snprintf(more, sizeof more, " (Linux 5.3 or newer is needed)");
    if (error == -EPERM) snprintf(more, sizeof more, " (refused by a sandbox: allow this system call)");
    snprintf(text, size, "%s: %s%s", step, strerror(-error), more);
}
