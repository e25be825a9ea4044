/* SPDX-License-Identifier: MIT */
/* output.h: what was printed and not written yet, where nothing may wait for whoever reads. */
#ifndef FORKPOOL_MACHINE_OUTPUT_H
#define FORKPOOL_MACHINE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* Is there something, and does the stream's descriptor take it at once? With wait_ms, at most that many: does it take a
 * part of it. What others write meanwhile can make this untrue. */
bool output_ready(FILE *stream, int wait_ms);
/* Writes it, unless another thread holds the stream. */
void output_write(FILE *stream);

#endif
