/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.h: the program's exit statuses. */
#ifndef BREAKEVEN_STATUS_H
#define BREAKEVEN_STATUS_H

enum {
    STATUS_GOOD = 0,
    STATUS_FINDING = 1,      /* a regression, a failed check */
    STATUS_USAGE = 2,        /* bad usage or input: one line on stderr said what and where */
    STATUS_FAILED = 3,       /* a measurement failed */
    STATUS_UNDECIDED = 4,    /* a comparison in which nothing could be decided */
    STATUS_INTERRUPTED = 130 /* Ctrl-C */
};

#endif
