/* SPDX-License-Identifier: MIT */
/* cpus.h: which cpus, and how many of them, a process may use. */
#ifndef FORKPOOL_CPUS_H
#define FORKPOOL_CPUS_H

#include <sched.h>
#include <stddef.h>

enum { CPUS_MAX = 4096, CPUS_TEXT = 256 };
struct cpus {
    unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
};

int cpus_parse(const char *list, struct cpus *cpus); /* "0-3,8": 0, or -EINVAL (empty, not a list, beyond CPUS_MAX) */
/* "0-3,8", cut at a comma with ",..." where it is too long. */
void cpus_format(const struct cpus *cpus, char *text, size_t size);
int cpus_get(struct cpus *cpus);                     /* of this thread: 0 or -errno */
int cpus_set(const struct cpus *cpus);
/* This thread goes on at once on this cpu, if it may run there; it may run where it could. To be allowed nowhere else for
 * a moment is the one way to move that the system does not take for a mere wish. */
void cpus_move(unsigned cpu);
unsigned cpus_count(const struct cpus *cpus);
int cpus_first(const struct cpus *cpus);             /* -1: none */
void cpus_drop(struct cpus *cpus, unsigned cpu);

#endif
