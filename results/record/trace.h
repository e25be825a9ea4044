/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace.h: reads what a repetition's timeline file holds (docs/method.md, section 4), for figures. */
#ifndef BREAKEVEN_TRACE_H
#define BREAKEVEN_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* A worker in the kernel without a gap of more than what was asked; times from the start of the run phase. */
struct trace_span {
    unsigned worker;
    double begin_ns, end_ns;
};

/* The spans of one repetition in the order of workers and time, gaps up to gap_ns closed; malloc'ed. -ENOENT: it has no
 * timeline. -EINVAL: the file is none, or is beyond 256 MiB. Never crashes on a damaged file. */
int trace_read(const char *dir, unsigned cell, unsigned block, double gap_ns, struct trace_span **, size_t *count);

#endif
