/* SPDX-License-Identifier: MIT */
/* machine.h: what the pool must know of the machine that it is on. */
#ifndef FORKPOOL_MACHINE_H
#define FORKPOOL_MACHINE_H

#include <stdbool.h>
#include <stdio.h>

/* ---- cpus.c: which cpus, and how many of them, a process may use ---- */

enum { CPUS_MAX = 4096, CPUS_TEXT = 256 };
struct cpus {
    unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
};

int cpus_parse(const char *list, struct cpus *cpus); /* "0-3,8": 0, or -EINVAL (empty, not a list, beyond CPUS_MAX) */
/* "0-3,8", cut at a comma with ",..." where it is too long. */
void cpus_format(const struct cpus *cpus, char *text, size_t size);
int cpus_get(struct cpus *cpus);                     /* of this thread: 0 or -errno */
int cpus_set(const struct cpus *cpus);
/* This thread goes on at once on this cpu, if it may run there; it may run where it could. To be allowed nowhere else
 * for a moment is the one way to move that the system does not take for a mere wish. */
void cpus_move(unsigned cpu);
unsigned cpus_count(const struct cpus *cpus);
int cpus_first(const struct cpus *cpus);             /* -1: none */
void cpus_drop(struct cpus *cpus, unsigned cpu);

/* How many workers the environment allows, FORKPOOL_WORKERS and what a batch system gave this job: the smallest number
 * that a variable gives, at most INT_MAX, and that variable's name in *by; 0 and NULL: none gives one.
 * *ignored: a variable that is set to anything else than a whole number of 1 or more; NULL: none. All are constants. */
unsigned batch_read(const char **by, const char **ignored);

/* quota.c: the cpu quota of this process's cgroup and of every ancestor that can be seen: the smallest, in cpus,
 * rounded up; 0: none. cgroup versions 1, 2 and both at once (cgroups(7), proc_pid_mountinfo(5)). `root` stands before
 * each path: "" for this system, a folder with proc/ for a made-up one. Allocates. */
unsigned quota_read(const char *root);

/* ---- openmp.c: an OpenMP runtime, found at run time if the program has one ---- */

bool openmp_loaded(void);
bool openmp_in_region(void);             /* inside a parallel region, active or not */
void openmp_set_threads(unsigned count); /* in a worker: for a runtime loaded, and for one that reads its environment */
/* OMP_PROC_BIND binds the initial thread to one place: `cpus` becomes what all places have together. */
void openmp_widen(struct cpus *cpus, unsigned *count);

/* ---- output.c: what was printed and not written yet, where nothing may wait for whoever reads ---- */

/* Is there something, and does the stream's descriptor take it at once? With wait_ms, at most that many: does it take a
 * part of it. What others write meanwhile can make this untrue. */
bool output_ready(FILE *stream, int wait_ms);
/* Writes it, unless another thread holds the stream. */
void output_write(FILE *stream);

#endif
