/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.h: runs a user's command once, timed, with {placeholders} filled in, and leaves nothing of it behind.
 *
 *     struct command command = {.words = (const char *const[]){"make", "-j{workers}", NULL}, .deadline_ns = 60000000000};
 *     struct command_value values[] = {{"workers", "4"}};
 *     struct command_result result;
 *     if (!command_run(&command, values, 1, INT64_MAX, &result, &why)) {
 *         if (result.end == COMMAND_DONE) ... result.wall_ns ...
 *         command_result_free(&result);
 *     }
 *
 * The command runs in a session of its own, its standard input is /dev/null, its output goes through a pipe of which
 * only the beginning and the end are kept: printing a gigabyte fills neither memory nor disk. At the deadline the whole
 * session is killed. What it leaves running is killed too, after a moment to end by itself. The caller becomes a child
 * subreaper (prctl(2)) and must have no other children meanwhile. Not safe across threads.
 */
#ifndef BREAKEVEN_COMMAND_H
#define BREAKEVEN_COMMAND_H

#include "kernels/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { COMMAND_OUTPUT_KEPT = 8192, COMMAND_GRACE_MS = 1000 };

struct command {
    const char *const *words;       /* ends with NULL; run without a shell, found on PATH */
    const char *const *environment; /* NAME=text, ends with NULL; NULL: none beside what this program has */
    const char *prepare;            /* for the shell, before each run and not timed; NULL: nothing */
    bool shell;                     /* the words are given to /bin/sh -c, joined by spaces */
    bool memory;                    /* sample the memory of all its processes; costs a little time */
    int64_t deadline_ns;            /* of the command, and of its preparation */
};

struct command_value { /* {name} becomes text */
    const char *name, *text;
};

enum command_end {
    COMMAND_DONE,        /* exit code 0 */
    COMMAND_EXITED,      /* another exit code */
    COMMAND_SIGNALED,    /* died by a signal */
    COMMAND_TIMED_OUT,   /* killed at the deadline */
    COMMAND_LIMITED,     /* stopped at the limit: SIGTERM, a second's grace, SIGKILL */
    COMMAND_MISSING,     /* could not be started: no such program, not executable */
    COMMAND_UNPREPARED,  /* its preparation failed */
    COMMAND_INTERRUPTED, /* killed because Ctrl-C arrived */
};

struct command_result {
    enum command_end end;
    int code, signal;
    char cause[256];            /* "" where DONE, else one line with the last line that it said */
    int64_t wall_ns;            /* from just before the fork until its process is gone; of the command alone */
    int64_t user_ns, system_ns; /* of all its processes that are gone */
    int64_t voluntary_switches, involuntary_switches, minor_faults, major_faults; /* likewise */
    int64_t peak_rss_bytes; /* with `memory` the most that all its processes held at once (PSS, sampled; 0 where it
                               ended within a few ms or cannot be seen), else that of the largest one */
    unsigned left;          /* processes that outlived it and were killed */
    int64_t left_ns;        /* their cpu time; part of user_ns and system_ns */
    uint64_t output_bytes;  /* all that it wrote on standard output and error */
    char *output;           /* beginning and end of that, with a note of what lies between; NUL at the end */
};

/* `template` with every {name} of the values replaced; other braces stay. malloc'ed; NULL without memory. */
char *command_fill(const char *template, const struct command_value *, size_t count);

/* `text` as one word of a shell. */
void command_quote(const char *text, FILE *);

/* What a shell would be given to run it with these values: its own variables, then its words. malloc'ed; NULL without
 * memory. */
char *command_line(const struct command *, const struct command_value *, size_t count);

/* Does any word, variable or preparation hold {name}? */
bool command_uses(const struct command *, const char *name);

/* What is executed: words ("/bin/sh", "-c" and one for a shell) and variables, filled in; ends with NULL each. */
struct command_filled {
    char **words, **variables;
};

/* 0, or -ENOMEM with nothing to free. */
int command_fill_all(const struct command *, const struct command_value *, size_t count, struct command_filled *);
void command_filled_free(struct command_filled *);

/* Can its program be started, as far as that can be told without doing so? 0, or -errno with `why`. True of a shell's
 * words, and of a program whose name holds a brace. */
int command_check(const struct command *, struct reason *why);

/* Runs it once. limit_ns: stop it after so long, COMMAND_LIMITED. Blocks until it and all it started are gone. 0, or
 * -errno with `why` where this program could not do its part (no fork, no descriptors); *result is valid after 0 only.
 */
int command_run(const struct command *, const struct command_value *, size_t count, int64_t limit_ns,
                struct command_result *, struct reason *why);
void command_result_free(struct command_result *);

#endif
