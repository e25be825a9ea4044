/* SPDX-License-Identifier: MIT */
/* cpus.c: see machine.h. */
#include "machine/machine.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "forkpool.h"

enum { LONG_BITS = 8 * sizeof(unsigned long) };

static bool has(const struct cpus *cpus, unsigned cpu) { return cpus->bits[cpu / LONG_BITS] >> cpu % LONG_BITS & 1ul; }

static bool number(const char **text, unsigned long *value)
{
    char *end;
    if (!isdigit((unsigned char)**text)) return false;
    *value = strtoul(*text, &end, 10);
    *text = end;
    return *value < CPUS_MAX;
}

int cpus_parse(const char *list, struct cpus *cpus)
{
    struct cpus parsed = {{0}};
    for (;;) {
        unsigned long first, last;
        if (!number(&list, &first)) return -EINVAL;
        last = first;
        if (*list == '-' && (list++, !number(&list, &last))) return -EINVAL;
        if (last < first) return -EINVAL;
        for (unsigned long cpu = first; cpu <= last; cpu++) parsed.bits[cpu / LONG_BITS] |= 1ul << cpu % LONG_BITS;
        if (!*list) break;
        if (*list++ != ',') return -EINVAL;
    }
    *cpus = parsed;
    return 0;
}

/* From `cpu` on; CPUS_MAX: none. Each worker looks while a pool opens. */
static unsigned next(const struct cpus *cpus, unsigned cpu)
{
    for (; cpu < CPUS_MAX && !has(cpus, cpu); cpu++)
        if (!(cpus->bits[cpu / LONG_BITS] >> cpu % LONG_BITS)) cpu |= LONG_BITS - 1; /* none in the rest of the word */
    return cpu;
}

void cpus_format(const struct cpus *cpus, char *text, size_t size)
{
    size_t length = 0;
    text[0] = 0;
    for (unsigned cpu = 0; (cpu = next(cpus, cpu)) < CPUS_MAX; cpu++) {
        unsigned last = cpu;
        while (last + 1 < CPUS_MAX && has(cpus, last + 1)) last++;
        char part[32];
        int n = snprintf(part, sizeof part, last > cpu ? "%s%u-%u" : "%s%u", length ? "," : "", cpu, last);
        if (length + (size_t)n + sizeof ",..." > size) {
            snprintf(text + length, size - length, ",...");
            return;
        }
        memcpy(text + length, part, (size_t)n + 1);
        length += (size_t)n;
        cpu = last;
    }
}

int cpus_get(struct cpus *cpus)
{
    struct cpus got = {{0}};
    if (sched_getaffinity(0, sizeof got, (cpu_set_t *)&got)) return -errno;
    *cpus = got;
    return 0;
}

int cpus_set(const struct cpus *cpus)
{
    return sched_setaffinity(0, sizeof *cpus, (const cpu_set_t *)cpus) ? -errno : 0;
}

int cpus_first(const struct cpus *cpus)
{
    unsigned cpu = next(cpus, 0);
    return cpu < CPUS_MAX ? (int)cpu : -1;
}

void cpus_drop(struct cpus *cpus, unsigned cpu)
{
    if (cpu < CPUS_MAX) cpus->bits[cpu / LONG_BITS] &= ~(1ul << cpu % LONG_BITS);
}

void cpus_move(unsigned cpu)
{
    struct cpus allowed, one = {{0}};
    if (cpu >= CPUS_MAX || cpus_get(&allowed) || !has(&allowed, cpu)) return;
    one.bits[cpu / LONG_BITS] = 1ul << cpu % LONG_BITS;
    if (!cpus_set(&one)) cpus_set(&allowed);
}

unsigned cpus_count(const struct cpus *cpus) { return (unsigned)CPU_COUNT_S(sizeof *cpus, (const cpu_set_t *)cpus); }

/* Variables that the systems set in a job: sbatch(1) and srun(1), qsub of PBS and of Grid Engine, LSF's environment
 * variables. Of one system the first that is set counts: Slurm's number for the node is for all its tasks together. */
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
static unsigned number_of(const char *text)
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
        unsigned value = number_of(text);
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

unsigned forkpool_cpus(struct forkpool_cpus *out)
{
    struct forkpool_cpus found = {0};
    struct cpus cpus = {{0}};
    found.affinity = cpus_get(&cpus) ? 1 : cpus_count(&cpus);
    openmp_widen(&cpus, &found.affinity);
    found.quota = quota_read("");
    found.asked = batch_read(&found.asked_by, &found.ignored);
    unsigned count = found.affinity;
    if (found.quota && found.quota < count) count = found.quota;
    if (found.asked && found.asked < count) count = found.asked;
    if (out) *out = found;
    return count ? count : 1;
}
