/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe_team.h: children bound to one cpu each, that begin together. What the probes share. */
#ifndef BREAKEVEN_PROBE_TEAM_H
#define BREAKEVEN_PROBE_TEAM_H

#include "bench/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs work(context, member, page) in `count` children, member i bound to cpus[i], all let go at once when every one is
 * up. `page` is `size` bytes of zeroed shared memory, copied to `page_out` when all have come back with 0; so what
 * children find out returns there. 0, the first child's error, or -ETIMEDOUT after PROBE_DEADLINE_S. */
typedef int probe_work(void *context, size_t member, void *page);
int probe_team_run(const unsigned *cpus, size_t count, probe_work *work, void *context, void *page_out, size_t size);

/* Work that takes the same number of operations each time: a chain in which each step needs the one before. The value
 * returned must be used by the caller, or the compiler may leave the work out. */
uint64_t probe_chain(uint64_t steps, uint64_t value);

/* What so many steps of it take now on this cpu, or (`chains`) of independent floating-point chains that fill a core's
 * units; and how many of them take about `wall_ns`. */
double probe_work_ns(const struct clock *, bool chains, uint64_t steps);
uint64_t probe_steps(const struct clock *, bool chains, double wall_ns);

#endif
