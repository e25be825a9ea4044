/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interrupt.h: Ctrl-C as a wish to stop in good order, not as a death.
 *
 *     interrupt_watch();
 *     while (!interrupt_seen()) { ... interrupt_mask(&mask); ppoll(fds, n, &timeout, &mask); }
 *
 * The only global state of the program: one volatile sig_atomic_t.
 */
#ifndef BREAKEVEN_INTERRUPT_H
#define BREAKEVEN_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP are blocked but for the waits that take interrupt_mask, and only noted there.
 * One that the caller of the program had ignored stays ignored (nohup). */
void interrupt_watch(void);

/* The end of that: interrupt_seen still tells what had arrived, and the next one ends the program at once. */
void interrupt_unwatch(void);

/* The mask under which they arrive: for ppoll. */
void interrupt_mask(sigset_t *mask);

/* Has one arrived, or is one waiting? */
bool interrupt_seen(void);

/* Did a child that died of `signal` die of what interrupts this process as well? Who ends a whole job (Slurm at its time
 * limit, a terminal) signals all of its processes, one after the other, and the child may be first: waits a fifth of a second
 * where the signal is one of those. */
bool interrupt_follows(int signal);

#endif
