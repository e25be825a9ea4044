/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.h: each rank is the child of a process that does nothing but wait for it and write down what became of it.
 *
 * Launchers pass on exit codes and signals in ways of their own, or not at all; a process of ours that waits is told by
 * the kernel, SIGKILL included.
 */
#ifndef BREAKEVEN_RANK_KEEPER_H
#define BREAKEVEN_RANK_KEEPER_H

#include "runners/rank/control.h"

#include <inttypes.h>

/* Takes a record of `control` and forks. Returns in the child alone, which is the rank, with its record; the parent ends
 * as the child did. Both end when their parents do: the launcher's death is the ranks' death. NULL: no process or more
 * ranks than asked for. To be called before MPI_Init.
 *
 * control NULL: another host than the runner's. The record is then of the two alone; of a rank that is lost the keeper
 * prints a line KEEPER_LOST, which the launcher brings to the runner. It also makes the folder that `path` lies in, for
 * the files that MPI is told to put there, and removes it at the end. */
struct rank_record *keeper_fork(struct control *control, const char *path);

/* Printed and read with: rank, host, signal, code, ended_ns. */
#define KEEPER_LOST_(host, ns) "breakeven-rank: lost rank %d on " host " signal %d code %d at %" ns "\n"
#define KEEPER_LOST KEEPER_LOST_("%s", PRId64)
#define KEEPER_LOST_SCAN KEEPER_LOST_("%63s", SCNd64)

#endif
