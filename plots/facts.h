/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts.h: what the manifest says about the machine and the run, for captions and marks. Every key is optional; what is
 * absent stays 0 or "". Keys looked for:
 *     simulated (bool); command (a string or an array of words); began (a string)
 *     host: hostname, model (of the cpu), kernel (strings); packages, numa, cores, cpus (of the set that the run was
 *           allowed), cpus_online (of the machine), quota_cpus (numbers); kinds (of cores, a line)
 *     software.python: version, start_method (strings), gil (bool)
 *     software.mpi: library (a string)
 */
#ifndef BREAKEVEN_FACTS_H
#define BREAKEVEN_FACTS_H

#include "results/models/summary.h"

struct facts {
    char host[128], cpu[128], system[128], began[64], command[1024];
    unsigned packages, numa_nodes, cores, cpus, cpus_online; /* 0: not known */
    char speeds[128];                                        /* "kind 1 is 1, kind 0 is 0.45"; "" where not measured */
    char kinds[64];                                          /* "2 kinds of cores"; "" where alike */
    char python[80]; /* "Python 3.14.2 (forkserver)", where its pools were measured */
    char mpi[48];    /* "Open MPI v4.1.4", where ranks were measured */
    struct facts_ranks { /* workers of the runs whose ranks waited so: from, to; 0: none */
        unsigned from, to;
    } spinning, yielding;
    double quota_cpus;                          /* 0: none */
    bool simulated, complete;
    size_t samples, errors, suspects; /* repetitions of the run: all, failed, suspect */
    char suspicion[128];              /* union of the samples' words */
};

void facts_read(const struct run *, struct facts *);

/* "host1, AMD EPYC, 2 cpus on 2 cores, Python 3.14.2 (forkserver), Open MPI v4.1.4 (1 to 2 workers waited spinning, 4
 * yielding)": what it was measured on */
void facts_machine(const struct facts *, char *out, size_t size);

#endif
