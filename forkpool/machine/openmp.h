/* SPDX-License-Identifier: MIT */
/* openmp.h: what the pool must know of an OpenMP runtime, found at run time if the program has one. */
#ifndef FORKPOOL_OPENMP_H
#define FORKPOOL_OPENMP_H

#include <stdbool.h>

struct cpus;

bool openmp_loaded(void);
bool openmp_in_region(void);             /* inside a parallel region, active or not */
void openmp_set_threads(unsigned count); /* in a worker: for a runtime loaded, and for one that reads its environment */
/* OMP_PROC_BIND binds the initial thread to one place: `cpus` becomes what all places have together. */
void openmp_widen(struct cpus *cpus, unsigned *count);

#endif
