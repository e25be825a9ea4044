/* SPDX-License-Identifier: GPL-3.0-or-later */
/* waiting.h: does this rank give its cpu away while it waits for others? */
#ifndef BREAKEVEN_RANK_WAITING_H
#define BREAKEVEN_RANK_WAITING_H

enum waiting { WAITING_UNKNOWN, WAITING_SPINS, WAITING_YIELDS };

/* As the MPI library has it, by a variable of its own or its control variables (MPI-3.1, 14.3.6). To be called after MPI_Init. */
enum waiting waiting_read(void);

#endif
