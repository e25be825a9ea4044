/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor.h: what on this machine makes measurements untrustworthy, and how to mend it.
 *
 *     struct doctor_facts facts;
 *     struct finding findings[DOCTOR_FINDINGS];
 *     ... what the probes saw ...
 *     size_t count = doctor_judge(&facts, findings);     // pure
 */
#ifndef BREAKEVEN_DOCTOR_H
#define BREAKEVEN_DOCTOR_H

#include "bench/machine/probe.h"

#include "runners/launcher.h"
#include "runners/cpus/limits.h"

enum { DOCTOR_FINDINGS = 20 };

/* Everything that was looked at. What could not be found out has its errno and is left out of the judgement. */
struct doctor_facts {
    struct probe_system system;
    struct limits limits;
    int limits_error;
    double steal_share;        /* during the probes; NAN unknown */
    int64_t throttled_ns;      /* during the probes; -1 unknown */
    int64_t throttled_periods; /* the same in periods of the quota */
    struct clock_quality clock;
    struct probe_noise noise;
    int noise_error;
    struct probe_sleep sleep;
    int sleep_error;
    struct probe_placement placement;
    int placement_error;
    char siblings[512];
    int sibling_groups;    /* negative: errno */
    char kinds[240];       /* of cores, a line; "" where they are alike */
    bool gnuplot, python3; /* found */
    int mpi_error;         /* 0: ranks can be started; -ENOENT: there are none here; both with the line below */
    struct launcher_trial mpi;
    struct reason mpi_why;
    double took_s;
};

enum doctor_verdict { DOCTOR_GOOD, DOCTOR_CAUTION, DOCTOR_BAD, DOCTOR_VERDICTS };
extern const char *const doctor_verdict_names[DOCTOR_VERDICTS];

struct finding {
    const char *topic;           /* "load" */
    enum doctor_verdict verdict; /* bad: figures taken now are not to be trusted; caution: with this in mind */
    char found[200];             /* what was seen, with its number */
    char advice[280];            /* what to do; "" where good */
};

/* Judges the facts, in the order in which they are shown. Returns how many findings there are. */
size_t doctor_judge(const struct doctor_facts *, struct finding findings[DOCTOR_FINDINGS]);

/* Looks, and says on standard error what is bad, and what to do; one line where nothing is. About 3 s. */
struct options;
void doctor_warn(const struct options *);

#endif
