/* SPDX-License-Identifier: MIT */
/* peer.h: one program a runtime: main.c with either openmp.c or tbb.cc. */
#ifndef FORKPOOL_PEER_H
#define FORKPOOL_PEER_H

#include <stddef.h>

/* All: the seconds that `count` calls of `run`(&turns, 0, i, i + 1) take on WORKERS threads, the calling one among them. */
typedef int peer_run(void *turns, unsigned worker, size_t begin, size_t end);
typedef double peer_measure(peer_run *run, unsigned turns, size_t count);

void peer_open(void);     /* starts the threads, each on a cpu of its own */
peer_measure peer_loop;   /* a loop over the calls, handed out one at a time */
peer_measure peer_chunks; /* the same loop as the runtime likes it best */
peer_measure peer_tasks;  /* one task a call, all made by the calling thread */

#endif
