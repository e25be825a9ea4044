/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leftover.h: descendants that outlived their parent. A child subreaper inherits them (prctl(2)), finds them as its own
 * children, kills and reaps them. Linux only.
 */
#ifndef BREAKEVEN_LEFTOVER_H
#define BREAKEVEN_LEFTOVER_H

#include <stdbool.h>
#include <sys/types.h>

enum {
    LEFTOVER_GRACE_MS = 100,    /* for processes that are just ending by themselves */
    LEFTOVER_DEADLINE_MS = 5000 /* for what was killed to be gone; only a process inside the kernel takes longer */
};

/* SIGKILL to the process and to its group. */
void leftover_kill_session(pid_t leader);

/* Gives all children of the caller grace_ms to end by themselves, then kills them and those that they leave in turn,
 * until there are none or the deadline passes. Reaps all. Returns how many had to be killed. Costs one system call
 * where there are none. */
unsigned leftover_reap(int grace_ms);

/* Does /proc show the caller's pid namespace? Where it does not, processes that left their session cannot be found: they
 * are neither killed nor waited for. */
bool leftover_proc_is_ours(void);

#endif
