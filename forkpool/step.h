/* SPDX-License-Identifier: MIT */
/* step.h: places at which tests let a worker die: between any two accesses to shared memory of the protocol. Compiled
 * with -DFORKPOOL_STEPS each STEP() calls the test's hook; otherwise it is nothing. */
#ifndef FORKPOOL_STEP_H
#define FORKPOOL_STEP_H

#ifdef FORKPOOL_STEPS
void forkpool_step(void); /* defined by the test */
#define STEP() forkpool_step()
#else
#define STEP() ((void)0)
#endif

#endif
