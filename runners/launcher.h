/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launcher.h: the program that starts MPI ranks: what BREAKEVEN_LAUNCHER says, or mpirun.
 *
 * "mpirun" and "srun" stand for themselves with the options that they need; anything else is a command line, split at
 * blanks, no shell, in which {processes}, {threads}, {nodes} and {per_node} (processes on each node) are replaced:
 * "mpirun --hostfile hosts -n {processes} --map-by ppr:{per_node}:node". BREAKEVEN_WAITING is "spin" or "yield" where ranks
 * are to wait so in any case.
 */
#ifndef BREAKEVEN_LAUNCHER_H
#define BREAKEVEN_LAUNCHER_H

#include "kernels/reason.h"

#include <stddef.h>
#include <sys/types.h>

struct launch {
    unsigned processes, threads, nodes, per_node;
    bool crowded;       /* more threads than cpus: waiting ranks are to yield */
    const char *folder; /* for every file of the engine's */
    int output;         /* launcher_output(): where launcher and ranks print */
    const char *rank;   /* the program of a rank, and its argument */
    const char *argument;
};

/* Its command line, with {processes} and {threads} in it; with {nodes} or {per_node} where there are several nodes. */
const char *launcher_template(unsigned nodes);

/* The name of the launcher's program, for messages; valid until the next call. */
const char *launcher_name(void);

/* Is it in PATH? Says with `why` what to install where not. 0 or -ENOENT. */
int launcher_available(struct reason *why);

/* A file for what launcher and ranks print, closed on exec; the caller closes it. In memory of its own and not in the folder:
 * where that is full, the words that say so must be heard. A descriptor or -errno. */
int launcher_output(void);

/* What was printed so far, from its beginning, to be closed with fclose(3) before the next; NULL where it cannot be read. */
FILE *launcher_reread(int output);

/* Starts it as a child, which dies with the calling thread. Its process number or -errno. */
pid_t launcher_start(const struct launch *);

/* Starts two ranks that do nothing but come up and end: is all there? Takes what they take, at most about 10 s; leaves
 * nothing. 0, or -errno with one line in `why`. */
struct launcher_trial {
    char library[64]; /* "Open MPI v4.1.4" */
    char launcher[64]; /* its name, without a folder */
    double took_s;
};
int launcher_try(struct launcher_trial *, struct reason *why);

/* Did the last launcher_try() of this process fail to start ranks? Then `why` says what it said. */
bool launcher_failed(struct reason *why);

#define LAUNCHER_TRY_SAYS "breakeven-rank runs with " /* printed by rank 0 */

/* What it printed in one line: the cause, where it is a known one, and else the first line that says something; "".
 * True: the cause is known. `at_work`: all ranks were up before it ended. */
bool launcher_explain(int output, bool at_work, char *line, size_t size);

/* The next line of what it printed, in `line` of `room` bytes as with getline(3), to be freed by the caller; false: none. It
 * has no zero bytes: prterun 5.0.7 puts some between what ranks print (findings/openmpi-zero-bytes.sh), and behind them a
 * string would end. */
bool launcher_line(FILE *, char **line, size_t *room);

/* A file beside the program, above it (tests), or where it is installed: breakeven-rank, libkernels.so. */
bool launcher_beside(const char *name, char *path, size_t size);

/* The first program of that name in PATH. */
bool launcher_find(const char *name, char *path, size_t size);

#endif
