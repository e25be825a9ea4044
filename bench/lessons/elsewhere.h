/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elsewhere.h: what a lesson shows of hardware that is not here: times from the model of simulated.h, recorded like a
 * run and marked as simulated, so that whatever shows them says so.
 *
 *     struct elsewhere elsewhere = {.kernels = "triad,spin"};
 *     elsewhere_record(&elsewhere, "results/latest/simulated");
 */
#ifndef BREAKEVEN_ELSEWHERE_H
#define BREAKEVEN_ELSEWHERE_H

struct elsewhere {
    const char *kernels; /* "spin" computes, "triad" waits for memory; divided by commas */
    const char *packed;  /* the placement's name (pu:0-63), besides one worker a core: two on each of half as many
                            cores; NULL: none */
};

/* What the model assumes, in a sentence. */
extern const char elsewhere_machine[];
enum { ELSEWHERE_WORKERS = 64, ELSEWHERE_MACHINE_CORES = 32 };
/* Makes the folder `dir` and in it a run (manifest.json, topology.xml, samples.jsonl). 0 or -errno. */
int elsewhere_record(const struct elsewhere *, const char *dir);

#endif
