/* SPDX-License-Identifier: GPL-3.0-or-later */
/* selftest_lab.h: small runs measured in this process with a script for a clock, summarised like any other run.
 *
 *     struct lab lab;
 *     lab_open(&lab);
 *     unsigned serial = lab_cell(&lab, tasks, 1, 0, serial_of_its_own), team = lab_cell(&lab, tasks, 4, 1, serial);
 *     lab.script.task_ns = 1000;
 *     lab_measure(&lab, team, block, order, true);          // through repetition_run
 *     lab_summary(&lab, &summary);                          // through summary_make
 *     lab_close(&lab);
 */
#ifndef BREAKEVEN_SELFTEST_LAB_H
#define BREAKEVEN_SELFTEST_LAB_H

#include "results/models/summary.h"
#include "bench/selftest/inject_script.h"

enum { LAB_CELLS = 64, LAB_SERIAL = -1 };

struct lab {
    struct inject_script script;
    struct cell cells[LAB_CELLS];
    struct run run;
    int error;   /* the first thing that went wrong: no memory, or a repetition that failed; 0 */
};

void lab_open(struct lab *);
void lab_close(struct lab *);

/* Adds a cell and returns its id; baseline LAB_SERIAL: it is the serial cell of its problem. A team has one thread in
 * each process; the serial cell is one worker with one chunk and no cost of dispatch. */
unsigned lab_cell(struct lab *, uint64_t tasks, unsigned workers, uint64_t chunk, int baseline);

/* One repetition of a cell as the script stands; appended to the run. Returns the sample, or NULL (lab->error). */
const struct observation *lab_measure(struct lab *, unsigned cell, unsigned block, unsigned order, bool instrumented);

/* 0 or lab->error; the summary must be freed before the lab is closed. */
int lab_summary(struct lab *, struct summary *);

#endif
