/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elsewhere.h: what a lesson shows of hardware that is not here: times from the model of simulated.h, recorded like a
 * run and marked as simulated, so that whatever shows them says so.
 *
 *     char lack[200];
 *     if (elsewhere_lacks(&lesson->elsewhere, cpus, cores, lack, sizeof lack))
 *         elsewhere_record(&lesson->elsewhere, "results/latest/simulated");
 */
#ifndef BREAKEVEN_ELSEWHERE_H
#define BREAKEVEN_ELSEWHERE_H

#include "results/models/summary.h"

enum elsewhere_need {
    ELSEWHERE_NOTHING,
    ELSEWHERE_CPUS,    /* two cpus */
    ELSEWHERE_THREADS, /* two hardware threads on a core */
    ELSEWHERE_CORES,   /* eight cores */
};

struct elsewhere {
    enum elsewhere_need need;
    const char *kernels[3]; /* "spin" computes, "triad" waits for memory; ends with NULL */
    bool packed;            /* besides one worker a core: two on each of half as many cores */
    const char *figure;
    void (*tell)(const struct summary *, char *text, size_t size); /* sentences on the simulated run */
};

/* What the model assumes, in a sentence. */
extern const char elsewhere_machine[];
enum { ELSEWHERE_WORKERS = 64, ELSEWHERE_MACHINE_CORES = 32 };
#define ELSEWHERE_PACKED "pu:0-63" /* the placement that uses both hardware threads of a core before the next core */

/* Is what it needs not here? Then `lack` says so in a sentence. */
bool elsewhere_lacks(const struct elsewhere *, unsigned cpus, unsigned cores, char *lack, size_t lack_size);

/* Makes the folder `dir` and in it a run (manifest.json, topology.xml, samples.jsonl). 0 or -errno. */
int elsewhere_record(const struct elsewhere *, const char *dir);

#endif
