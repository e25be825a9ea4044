/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.h: each rank is the child of a process that does nothing but wait for it and write down what became of it.
 *
 * Launchers pass on exit codes and signals in ways of their own, or not at all; a process of ours that waits is told by
 * the kernel, SIGKILL included.
 */
#ifndef BREAKEVEN_RANK_KEEPER_H
#define BREAKEVEN_RANK_KEEPER_H

#include "runners/rank/control.h"

/* Takes a record of `control` and forks. Returns in the child alone, which is the rank, with its record; the parent ends
 * as the child did. Both end when their parents do: the launcher's death is the ranks' death. NULL: no process or more
 * ranks than asked for. To be called before MPI_Init. */
struct rank_record *keeper_fork(struct control *control);

#endif
