/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits.h: how many cpus this process may use: affinity, cgroup cpuset, the cpu quota of every ancestor group, and what
 * FORKPOOL_WORKERS or a batch system says.
 *
 *     struct limits limits;
 *     if (!limits_read("", &limits, &why))
 *         printf("%u cpus, quota %g\n", limits.allowed, limits.quota_cpus);
 *
 * Reads cgroup versions 1 and 2, and both at once. Inside a cgroup namespace (most containers) the groups above its
 * root cannot be seen, and neither can their quotas. Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst,
 * cgroup-v1 and scheduler/sched-bwc.rst; proc_pid_mountinfo(5), cgroups(7).
 */
#ifndef BREAKEVEN_LIMITS_H
#define BREAKEVEN_LIMITS_H

#include "kernels/reason.h"

#include <limits.h>
#include <stdint.h>

enum { LIMITS_GROUPS = 16, LIMITS_LIST = 256, CGROUP_PATH = PATH_MAX + 256 };

/* One group of the cpu controller, the process's own or an ancestor. */
struct limits_group {
    size_t path_length;        /* its directory: so many bytes of group_path */
    double quota_cpus;         /* quota / period; INFINITY: none, or more than can be counted */
    double burst_cpus;         /* saved quota that may be spent in one period beyond it; 0: none, or not readable */
    int64_t throttled_ns;      /* total time its tasks were held back; -1 where not readable */
    int64_t throttled_periods; /* periods in which they were; -1 where not readable */
};

struct limits {
    char root[64];                  /* as given */
    unsigned online;                /* cpus of the machine that are on */
    unsigned affinity;              /* cpus in this process's affinity mask */
    unsigned cpuset;                /* cpus in its cgroup's cpuset; 0: it has none that can be read */
    unsigned allowed;               /* cpus in both */
    char allowed_list[LIMITS_LIST]; /* the same as a list, "0-3,8"; ends in "..." where it is too long */
    double quota_cpus;              /* the smallest quota of all groups; INFINITY: none */
    char quota_where[CGROUP_PATH];  /* the group that sets it; "" */
    char quota_top[CGROUP_PATH];    /* the highest group that can be seen; "": no cpu controller is mounted here */
    const char *quota_file;         /* the file in a group that says its quota; NULL as above. A constant */
    bool quota_hidden;              /* there are groups above quota_top */
    char cpuset_where[CGROUP_PATH]; /* the file that says the cpuset; "" */
    unsigned asked;                 /* the smallest number that FORKPOOL_WORKERS or a batch system gives; 0: none */
    const char *asked_by, *ignored; /* that variable, and one that holds no number, as in forkpool.h; NULL: none */
    unsigned usable;      /* workers that can make progress at once, for default numbers: the smallest of allowed,
                             the quota rounded up and asked, at least 1. Rounded up since 2 workers use all of 1.5 cpus,
                             1 worker does not. */
    char group_path[CGROUP_PATH]; /* the process's own group's directory, as this process sees it, without the root; "" */
    unsigned group_count; /* the process's own first, then its ancestors; beyond LIMITS_GROUPS they still count in
                             quota_cpus, but are not kept here */
    struct limits_group groups[LIMITS_GROUPS];
};

/* `root` stands before each path that is read: "" for this system, a directory with proc/ and sys/ for a made-up one.
 * What is not there (no cgroups, no cpuset) is no limit. 0, or -errno with one line in `why` where the process's own
 * affinity cannot be read (of this system the kernel is asked where /proc is not mounted); *limits is untouched then. Allocates; safe across threads. Variables are
 * those of this process whatever the root. */
int limits_read(const char *root, struct limits *limits, struct reason *why);

/* Reads the groups' throttling again: the sum of throttled_ns over those that can be read; -1 where none can. A
 * difference between two calls that is not 0 means that this process, or one beside it in a group, was held back. */
int64_t limits_throttled_ns(const struct limits *limits);

/* The same in periods that were cut short. Kernels since 6.18 hold tasks back one by one, and both
 * numbers then stay behind what happens. */
int64_t limits_throttled_periods(const struct limits *limits);

/* What Slurm gave the job that this process is in, beside its cpus, by the variables that it sets (sbatch(1), "OUTPUT
 * ENVIRONMENT VARIABLES"). Outside of a job (no SLURM_JOB_ID), and where they are not set, 0: no limit. */
unsigned limits_job_nodes(void); /* SLURM_JOB_NUM_NODES */
uint64_t limits_job_memory_bytes(const char **source); /* on this node; *source: the variable that says it, a constant */

/* ---- The control group that this process is in: cgroup versions 1, 2 and both at once ----
 *
 *     struct cgroup cgroup;
 *     if (cgroup_find("", "cpu", &cgroup) || cgroup_find("", NULL, &cgroup)) puts(cgroup.group);
 *
 * Allocates; safe across threads. */

/* One mounted hierarchy in which the process has a group. */
struct cgroup {
    bool unified;            /* version 2 */
    bool hidden;             /* there are groups above `mount` which cannot be seen from here */
    char mount[CGROUP_PATH]; /* where it is mounted */
    char group[CGROUP_PATH]; /* directory of the process's own group, at or below mount */
};

/* The hierarchy of a controller of version 1; NULL: the unified one. Of several mounts the one in which the group's
 * directory is there; where the group lies outside of all of them, `group` is the mount. `root` as in limits.h; the paths
 * are without it. False: there is none, or no path of it fits. */
bool cgroup_find(const char *root, const char *controller, struct cgroup *cgroup);

/* From a group to its parent, in place; false at the mount. */
bool cgroup_parent(const struct cgroup *cgroup, char *group);

/* The name of the file that says a group's cpu quota. */
const char *cgroup_quota_file(const struct cgroup *cgroup);

#endif
