/* SPDX-License-Identifier: GPL-3.0-or-later */
/* timeline.h: what each worker did in one repetition, as a trace-event file that Perfetto and chrome://tracing open.
 *
 * One process of the trace for each process of the team and one thread for each worker, under the numbers that the rest
 * of the record uses; one complete event ("ph": "X") for each call of the kernel, its times in us from the start of the
 * run phase. "otherData" says which repetition it is and how many calls there was no room for.
 */
#ifndef BREAKEVEN_TIMELINE_H
#define BREAKEVEN_TIMELINE_H

#include "bench/measure/instruments.h"
#include "bench/measure/repetition.h"

enum { TIMELINE_ROOM = 4096 }; /* calls kept of each worker */

/* The path of a repetition's file inside a run's folder: "timeline/CELL-BLOCK.json". */
void timeline_path(char *path, size_t size, const char *dir, unsigned cell, unsigned block);

/* Writes the file whole or not at all. `sample` has wall_ns and the workers' cpus. */
void timeline_write(const char *path, const struct repetition *, const struct spans *, int64_t began_ns,
                    const struct sample *sample);

#endif
