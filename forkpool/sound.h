/* SPDX-License-Identifier: MIT */
/* sound.h: a task can write to every byte that the workers share. The program looks, while it waits, whether what it
 * knows itself still stands there: a pool that would never end its jobs any more is to say so instead. */
#ifndef FORKPOOL_SOUND_H
#define FORKPOOL_SOUND_H

#include "pool.h"

/* With the lock held: what is damaged, for people; NULL: nothing that can be told. Wakes workers that sleep beside work. */
const char *sound_look(struct forkpool *pool, int64_t now);

#endif
