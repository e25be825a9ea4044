/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quota.h: a cpu quota for this process and what it starts, in a cgroup made for it; v1 and v2.
 *
 *     struct quota quota;
 *     if (!quota_enter(&quota, 1.0, &why)) { ... measured under it ... quota_leave(&quota); }
 *
 * Needs the right to make a group below this process's own (root, or a delegated subtree). Not safe across threads.
 */
#ifndef BREAKEVEN_QUOTA_H
#define BREAKEVEN_QUOTA_H

#include "kernels/reason.h"

#include <stddef.h>

struct quota {
    char home[512];  /* the group this process came from */
    char group[544]; /* the group that was made below it */
};

/* Moves this process into a new group with `cpus` cpus in each period of 100 ms. 0, or -errno with one line in `why`
 * and nothing changed. */
int quota_enter(struct quota *, double cpus, struct reason *why);
/* Moves it back and removes the group. */
void quota_leave(const struct quota *);

#endif
