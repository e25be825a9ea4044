/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interpreter.h: the Python that the python runners use: what BREAKEVEN_PYTHON names, or python3; its process, and what
 * Python itself starts beside the workers (forkserver, resource tracker).
 */
#ifndef BREAKEVEN_INTERPRETER_H
#define BREAKEVEN_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A program's name, to be sought in PATH, or a path. Valid until the environment changes. */
const char *interpreter_name(void);

/* Its path. False: it is not there. A python3 that is a script (a version manager's: it takes many times longer to start
 * than Python) is asked, for up to 10 s, which interpreter it starts; BREAKEVEN_PYTHON names that one from then on, for
 * this process and its children, so that Python is measured and not the script. What BREAKEVEN_PYTHON named before stays. */
bool interpreter_find(char *path, size_t size);

/* Does the interpreter end without an error after this statement? Waits up to 10 s; remembers the last answer. */
bool interpreter_accepts(const char *statement);

struct interpreter {
    pid_t pid;     /* also the number of its process group; 0: none, or waited for */
    pid_t group;   /* 0: nothing to look after */
    int subreaper; /* what this process was before */
};

/* Starts `script`, a file, with one argument, the descriptor `channel`; it and `memory` stay open. The child leads a
 * group of its own, dies with the calling thread, and what outlives it becomes this process's child, so that its cpu time and
 * memory are counted (getrusage(2), RUSAGE_CHILDREN) however Python has started it. 0 or -errno. */
int interpreter_start(struct interpreter *, const char *script, int channel, int memory);

/* Has it ended? Waits for a second at most, then fills *status and forgets the process. */
bool interpreter_ended(struct interpreter *, int *status);

/* Kills the interpreter and waits until all that it started is gone: what ends by itself as it should, once its
 * interpreter is gone, within two seconds, is left to do so. Nothing where nothing was started. */
void interpreter_end(struct interpreter *);

#endif
