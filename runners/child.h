/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child.h: another program as a child: started with its descriptors, read and waited for under a deadline, killed with its
 * group, collected.
 *
 *     char *const words[] = {"gnuplot", "-V", NULL};
 *     int status, error = child_run(&(struct child_program){.words = words}, 10000, take, context, &status);
 *     if (!error && !status) ... it ended with exit code 0, and all that it wrote was given to take ...
 *
 * A child has a group of its own, /dev/null as standard input, no signal blocked, SIGPIPE as usual, and is killed when the
 * thread that started it ends (PR_SET_PDEATHSIG). Repetitions (bench/base/isolate.h) and users' commands
 * (bench/base/command.h), which are timed and whose descendants are hunted down, have their own ways. Safe across threads.
 */
#ifndef BREAKEVEN_CHILD_H
#define BREAKEVEN_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILD_MISSING = 127, CHILD_UNABLE = 126 }; /* exit codes where it could not be started: no such program; else */

struct child_program {
    char *const *words; /* found on PATH; ends with NULL */
    const char *dir;    /* where it runs; NULL: here */
    int output, error;  /* its standard output and error; -1: /dev/null. child_run sets them */
    const int *kept;    /* descriptors that it has under the same numbers, up to a -1; NULL: none */
};

/* Its process id, or -errno. */
pid_t child_start(const struct child_program *);
/* Waits so long for its end. True: collected, *status as of waitpid(2); false: it still runs, or is no child. */
bool child_wait(pid_t, int timeout_ms, int *status);

/* Told what it wrote on `from`, 1 or 2. */
typedef void child_take(void *context, int from, const char *bytes, size_t size);
/* Starts it, hands on what it writes, waits for its end. 0; -ETIME: killed after deadline_ms, or since it said nothing for a
 * moment while a SIGINT, SIGTERM or SIGHUP that this program blocks was pending; or -errno where it could not be started. Blocks no
 * longer than that. */
int child_run(const struct child_program *, int deadline_ms, child_take *take, void *context, int *status);

/* The same, of what it writes on standard output so much as fits into `text`, which ends in 0. */
int child_ask(const char *const *words, int deadline_ms, char *text, size_t size, int *status);

#endif
