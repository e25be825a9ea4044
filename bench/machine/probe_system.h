/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe_system.h: what /proc and /sys say about this machine, beside what runners/cpus/limits.h says about this process's
 * share.
 *
 *     struct probe_system system;
 *     probe_system_read("", cpus, count, &system);   // "" is this machine; a test gives a folder that looks like one
 *     struct probe_ticks before, after;
 *     probe_ticks_read("", &before); ... probe_ticks_read("", &after);
 *     double steal = probe_steal_share(&before, &after);
 *
 * Only reads, and waits for a second where the last ten were busy. A file that is missing makes a figure unknown (NAN, -1 or ""), never an error: containers hide many.
 */
#ifndef BREAKEVEN_PROBE_SYSTEM_H
#define BREAKEVEN_PROBE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_system {
    double load;            /* average number of runnable processes in the last minute; NAN unknown */
    double pressure;        /* share of the last `pressure_s` in which somebody waited for a cpu; NAN unknown */
    int pressure_s;         /* 10, or 1 where what waited before that has ended, as a build does */
    char governor[32];      /* of the given cpus; "mixed" where they differ; "" where there is none to see */
    int boost;              /* 1: cpus may go above their nominal frequency; 0: no; -1: unknown */
    char clocksource[32];   /* in use; "" unknown */
    char clocksources[128]; /* all there are */
    bool virtual_machine;   /* there is a hypervisor below */
};
void probe_system_read(const char *root, const unsigned *cpus, size_t count, struct probe_system *);

/* Clock ticks since boot of all cpus together; all: every state, idle included. -1: unknown. */
struct probe_ticks {
    int64_t steal, all;
};
void probe_ticks_read(const char *root, struct probe_ticks *);
/* Share of the time between that the hypervisor kept from the cpus; NAN unknown or no tick in between. */
double probe_steal_share(const struct probe_ticks *before, const struct probe_ticks *after);

/* Groups of the cpus this process may use that are hardware threads of one core, "0,4 1,5", "" where there are none.
 * Returns the number of groups, or a negative errno. Loads the topology: tens of milliseconds. */
int probe_siblings(char *text, size_t size);

/* The kinds of cores as cpukind_line has them; "" where they are alike or the topology cannot be loaded. */
void probe_kinds(char *line, size_t size);

/* The first line of a file without its newline; "" and false where it is not there. */
bool probe_line(const char *root, const char *path, char *line, size_t size);

/* Is the program in a folder of PATH, or at its own path? */
bool probe_program_found(const char *program);

#endif
