/* SPDX-License-Identifier: MIT */
/* batch.c: see batch.h. The variables are those that the systems set in a job: sbatch(1) and srun(1), qsub of PBS and of
 * Grid Engine, LSF's environment variables. */
#include "batch.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Of one system the first that is set counts: Slurm's number for the node is for all its tasks together. */
static const struct {
    int system;
    const char *name, *needs; /* `needs`: another variable without which the name means nothing */
} variables[] = {
    {0, "FORKPOOL_WORKERS", NULL},
    {1, "SLURM_CPUS_PER_TASK", "SLURM_JOB_ID"},
    {1, "SLURM_CPUS_ON_NODE", "SLURM_JOB_ID"},
    {2, "PBS_NUM_PPN", NULL},
    {2, "NCPUS", "PBS_JOBID"},
    {3, "NSLOTS", NULL},
    {4, "LSB_DJOB_NUMPROC", NULL},
};

/* 0 where the text is no such number. Blanks around it are none of it. */
static unsigned number(const char *text)
{
    char *end;
    while (isspace((unsigned char)*text)) text++;
    if (!isdigit((unsigned char)*text)) return 0;
    unsigned long value = strtoul(text, &end, 10);
    while (isspace((unsigned char)*end)) end++;
    return *end ? 0 : value < INT_MAX ? (unsigned)value : INT_MAX;
}

unsigned batch_read(const char **by, const char **ignored)
{
    unsigned least = 0;
    int done = -1;
    *by = *ignored = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *text = getenv(variables[i].name);
        if (!text || !*text || variables[i].system == done) continue;
        if (variables[i].needs && !getenv(variables[i].needs)) continue;
        unsigned value = number(text);
        if (!value) {
            *ignored = variables[i].name;
            continue;
        }
        done = variables[i].system;
        if (least && value >= least) continue;
        least = value;
        *by = variables[i].name;
    }
    return least;
}
