/* SPDX-License-Identifier: GPL-3.0-or-later */
/* isolate.h: runs this program again as a fresh process that can do no harm: under a deadline, in a session of its own,
 * with a cap on memory, and with everything that it leaves behind killed and reaped.
 *
 *     struct isolate isolate = {.words = (const char *const[]){"_cell", NULL}, .input = spec, .input_size = strlen(spec),
 *                               .deadline_ns = 10000000000};
 *     struct isolate_result result;
 *     int error = isolate_run(&isolate, &result, &why);   // blocks until the child and its descendants are gone
 *     if (!error && result.end == ISOLATE_DONE) ... result.output ...
 *     isolate_result_free(&result);
 *
 * The child finds its input on descriptor ISOLATE_INPUT and writes its answer to ISOLATE_OUTPUT; its standard input and
 * output are /dev/null, and of its standard error the last line is kept for the cause. The caller becomes a child
 * subreaper (prctl(2)) and must have no other children meanwhile. Not safe across threads. A test program that measures
 * or calibrates is started again likewise: its main must answer internal verbs as the program's does
 * (tests/bench/test_plan.c).
 */
#ifndef BREAKEVEN_ISOLATE_H
#define BREAKEVEN_ISOLATE_H

#include "kernels/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

enum { ISOLATE_INPUT = 3, ISOLATE_OUTPUT = 4, ISOLATE_PADDING_MAX = 4095 };

struct isolate {
    const char *const *words; /* the internal verb and its operands, ending with NULL */
    const void *input;
    size_t input_size;
    int64_t deadline_ns;    /* from the fork; then SIGKILL to its whole session */
    uint64_t memory_bytes;  /* cap on the private memory of each of its processes (RLIMIT_DATA); 0: none */
    unsigned padding_bytes; /* put into its environment, which moves its stack: against bias by memory layout */
    const char *setting;    /* one more "NAME=value" in its environment; NULL: none */
    bool openmp_as_found;   /* what was taken out of the environment for OpenMP's runtimes (site.h) is in it */
    const char *program;    /* NULL: this one */
};

enum isolate_end {
    ISOLATE_DONE,       /* exit code 0 and nothing left behind */
    ISOLATE_EXITED,     /* another exit code */
    ISOLATE_SIGNALED,   /* died by a signal */
    ISOLATE_TIMED_OUT,  /* killed at the deadline */
    ISOLATE_LEFT,       /* exit code 0, but it left processes behind, which were killed */
    ISOLATE_INTERRUPTED /* killed because Ctrl-C arrived */
};

struct isolate_result {
    enum isolate_end end;
    int code, signal; /* code: of an exit; signal: that killed it */
    char cause[256];  /* "" where DONE, else one line: "signal 11 (Segmentation fault)", "exit code 3", ... */
    char said[81];    /* the last line of its standard error, "" for none */
    char *output;     /* what it wrote, with a NUL behind; at most ISOLATE_OUTPUT_MAX bytes */
    size_t output_size;
    struct rusage usage; /* of it and those that it waited for */
    int64_t elapsed_ns;
};
enum { ISOLATE_OUTPUT_MAX = 4 << 20 };

/* Could a process be started, with the environment as it is and the most padding? 0, or -E2BIG with `why`. */
int isolate_check(struct reason *why);

/* 0, or -errno with `why` filled where no process could be started; *result is valid after 0 only. */
int isolate_run(const struct isolate *, struct isolate_result *, struct reason *why);
void isolate_result_free(struct isolate_result *);

#endif
