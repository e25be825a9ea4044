/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scratch.h: a folder in memory (/dev/shm) for the files of one runner's workers, gone with the process that made it.
 *
 * Its name holds the maker's process number, and the maker holds a lock on it (flock(2)), which ends with the process.
 * So who kills a maker removes what it left, and of folders whose maker died with nobody left to tidy up it shows that
 * nobody uses them.
 */
#ifndef BREAKEVEN_SCRATCH_H
#define BREAKEVEN_SCRATCH_H

#include "kernels/reason.h"

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum { SCRATCH_PATH_MAX = 64 };

/* Can one be made? 0; or -ENOENT with the reason. */
int scratch_available(struct reason *why);

/* Makes a folder, writes its path into `path` (SCRATCH_PATH_MAX bytes) and returns the descriptor that holds the lock,
 * to be closed after scratch_remove; or -errno. */
int scratch_make(char *path);

/* Removes the folder with all that is in it; does not follow links. "" is no folder. */
void scratch_remove(const char *path);

/* Removes the folders that `maker`, which is dead, left, and its semaphores (sem_open(3)) of such a name; 0: folders of
 * anybody, unused and more than a minute old. */
void scratch_sweep(pid_t maker);

/* Removes what LLVM's OpenMP runtime leaves in /dev/shm of processes that are killed or end by _exit(2), as workers do: 1 KiB for
 * each. Those of this user's processes that are dead, from `since` on (time(2)). */
void scratch_sweep_openmp(time_t since);

#endif
