/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conduct.h: from a plan to an exit status: the road that every measuring verb takes.
 *
 *     struct conduct conduct;
 *     int status = conduct_open(&conduct, options, &defaults); // looks at the machine; refuses bad output folders
 *     if (!status) status = plan_add(&conduct.plan, "run", options, ...) ? ... : conduct_measure(&conduct, "name", draw);
 *     if (!status) status = conduct_show(&conduct, draw);
 *     conduct_close(&conduct);
 */
#ifndef BREAKEVEN_CONDUCT_H
#define BREAKEVEN_CONDUCT_H

#include "bench/plan/plan.h"
#include "bench/measure/show.h"

struct conduct {
    const struct options *options;
    hwloc_topology_t topology;
    struct plan plan;
    const struct run *before; /* --resume: the run to finish, in its own folder */
    int lock;                 /* on the run, while it is measured; 0: none */
    bool unwritten;           /* summary, figures or page could not be written, which has been said */
    char dir[4096];           /* of the run, once it exists */
    char base_dir[4096];      /* with --versus: of the other build's run; "" */
    char program[4096];       /* with --versus: the other build; "" */
};

/* The protocol that the command line asks for, on top of `defaults` (NULL: those of `run`). */
void conduct_protocol(const struct options *, const struct protocol *defaults, struct protocol *);

/* Checks the output folder, loads the topology, opens an empty plan. 0, or an exit status after one line on stderr. */
int conduct_open(struct conduct *, const struct options *, const struct protocol *defaults);
void conduct_close(struct conduct *);

/* Closes the plan, records the run, and writes its summary (draw: figures and page too). 0: it is complete, though
 * samples may have failed; else an exit status after one line on stderr. `name`: of the folder, where --name says
 * nothing. */
int conduct_measure(struct conduct *, const char *name, bool draw);

/* Prints what conduct_measure found (draw: and where the page is). The exit status of the verb: 3 where samples failed. */
int conduct_show(const struct conduct *, bool draw);

#endif
