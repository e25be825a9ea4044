/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/limits.h"

#include "forkpool/forkpool.h"
#include "runners/cpus/cpulist.h"
#include "runners/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static FILE *root_open(const char *root, const char *path)
{
    char whole[2 * LIMITS_PATH];
    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole) return NULL;
    return fopen(whole, "re");
}

/* The first line of dir/name without its newline; false where there is none. */
static bool line_read(const char *root, const char *dir, const char *name, char *line, size_t size)
{
    char path[LIMITS_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = root_open(root, path);
    bool read = file && fgets(line, (int)size, file);
    if (file) fclose(file);
    if (read) line[strcspn(line, "\n")] = 0;
    return read;
}

/* A list of cpus, one line of any length, into a bitmap; false where it is not there or no list. */
static bool list_read(const char *root, const char *path, const char *prefix, hwloc_bitmap_t into)
{
    FILE *file = root_open(root, path);
    if (!file) return false;
    char *line = NULL;
    size_t size = 0, skip = strlen(prefix);
    bool found = false;
    while (!found && getline(&line, &size, file) > 0) {
        if (strncmp(line, prefix, skip)) continue;
        line[strcspn(line, "\n")] = 0;
        const char *list = line + skip + strspn(line + skip, " \t");
        found = *list && !hwloc_bitmap_list_sscanf(into, list) && hwloc_bitmap_last(into) >= 0;
    }
    free(line);
    fclose(file);
    return found;
}

/* cpu.max: "150000 100000" or "max 100000"; version 1: two files, -1 for none. INFINITY: no quota. A period that is not
 * there is the kernel's own, 100 ms. cpu.max.burst, version 1 cpu.cfs_burst_us: microseconds, over the same period. */
static void quota_read(const char *root, const struct cgroup *cgroup, const char *group, struct limits_group *one)
{
    char line[64] = "";
    double quota = 0, burst = 0, period = 100000;
    if (line_read(root, group, cgroup_quota_file(cgroup), line, sizeof line)) sscanf(line, "%lf", &quota);
    if (cgroup->unified) sscanf(line, "%*s %lf", &period);
    else if (line_read(root, group, "cpu.cfs_period_us", line, sizeof line)) period = strtod(line, NULL);
    if (line_read(root, group, cgroup->unified ? "cpu.max.burst" : "cpu.cfs_burst_us", line, sizeof line))
        sscanf(line, "%lf", &burst);
    one->quota_cpus = quota > 0 && period > 0 && isfinite(quota) ? quota / period : INFINITY;
    one->burst_cpus = burst > 0 && period > 0 && isfinite(burst) ? burst / period : 0;
}

/* cpu.stat: nr_throttled, and throttled_usec (version 2) or throttled_time in ns (version 1). -1 where not there. */
static void throttling_read(const char *root, const char *group, int64_t *ns, int64_t *periods)
{
    char path[LIMITS_PATH + 64], line[128];
    int64_t value;
    *ns = *periods = -1;
    snprintf(path, sizeof path, "%s/cpu.stat", group);
    FILE *file = root_open(root, path);
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "nr_throttled %" SCNd64, &value) == 1) *periods = value;
        else if (sscanf(line, "throttled_usec %" SCNd64, &value) == 1) *ns = value * 1000;
        else if (sscanf(line, "throttled_time %" SCNd64, &value) == 1) *ns = value;
    }
    if (file) fclose(file);
}

static void quotas_read(struct limits *limits, const struct cgroup *cgroup)
{
    char group[LIMITS_PATH];
    strcpy(group, cgroup->group);
    strcpy(limits->group_path, group);
    snprintf(limits->quota_top, sizeof limits->quota_top, "%s", cgroup->mount);
    limits->quota_file = cgroup_quota_file(cgroup);
    limits->quota_hidden = cgroup->hidden;
    do {
        struct limits_group one = {.path_length = strlen(group)};
        quota_read(limits->root, cgroup, group, &one);
        throttling_read(limits->root, group, &one.throttled_ns, &one.throttled_periods);
        if (one.quota_cpus < limits->quota_cpus) {
            limits->quota_cpus = one.quota_cpus;
            strcpy(limits->quota_where, group);
        }
        if (limits->group_count < LIMITS_GROUPS) limits->groups[limits->group_count++] = one;
    } while (cgroup_parent(cgroup, group));
}

static bool is_there(const char *root, const char *path)
{
    FILE *file = root_open(root, path);
    return file && !fclose(file);
}

/* The nearest group that says which cpus it has: one without the controller has those of its parent. A list that is there
 * and empty says that no cpu was left for this group: the kernel lets its tasks run on those of some ancestor, and which
 * ones stands in their affinity, as all that cpusets do to a task. */
static bool cpuset_read(struct limits *limits, const struct cgroup *cgroup, hwloc_bitmap_t into)
{
    static const char *const names[] = {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"};
    char group[LIMITS_PATH], path[LIMITS_PATH + 64];
    strcpy(group, cgroup->group);
    do {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            snprintf(path, sizeof path, "%s/%s", group, names[i]);
            if (!list_read(limits->root, path, "", into)) {
                if (is_there(limits->root, path)) return false;
                continue;
            }
            strcpy(limits->cpuset_where, path);
            return true;
        }
    } while (cgroup_parent(cgroup, group));
    return false;
}

static unsigned weight(hwloc_const_bitmap_t set)
{
    int count = hwloc_bitmap_weight(set);
    return count > 0 ? (unsigned)count : 0;
}

static void usable_count(struct limits *limits)
{
    struct forkpool_cpus cpus;
    forkpool_cpus(&cpus);
    limits->asked = cpus.asked;
    limits->asked_by = cpus.asked_by;
    limits->ignored = cpus.ignored;
    limits->usable = limits->allowed;
    if (ceil(limits->quota_cpus) < limits->usable) limits->usable = (unsigned)ceil(limits->quota_cpus);
    if (limits->asked && limits->asked < limits->usable) limits->usable = limits->asked;
    if (!limits->usable) limits->usable = 1;
}

static unsigned online_ask(const char *root)
{
    long online = *root ? 0 : sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 0;
}

int limits_read(const char *root, struct limits *limits, struct reason *why)
{
    struct limits *made = calloc(1, sizeof *made); /* large: a small stack has no room for it */
    struct cgroup cgroup;
    hwloc_bitmap_t set = hwloc_bitmap_alloc(), cpuset = hwloc_bitmap_alloc();
    int error = made && set && cpuset ? 0 : -ENOMEM;
    if (!error && snprintf(made->root, sizeof made->root, "%s", root) >= (int)sizeof made->root) error = -ENAMETOOLONG;
    if (!error) made->quota_cpus = INFINITY;
    if (!error && list_read(root, "/sys/devices/system/cpu/online", "", set)) made->online = weight(set);
    else if (!error) made->online = online_ask(root);
    if (!error && !list_read(root, "/proc/self/status", "Cpus_allowed_list:", set))
        error = !*root && !worker_affinity_read(set) ? 0 : -ENOENT;
    if (error) {
        reason_set(why, "cannot read the cpus this process may use from %.60s/proc/self/status: %s", root,
                 strerror(-error));
        goto out;
    }
    made->affinity = weight(set);
    if ((cgroup_find(root, "cpuset", &cgroup) && cpuset_read(made, &cgroup, cpuset)) ||
        (cgroup_find(root, NULL, &cgroup) && cpuset_read(made, &cgroup, cpuset))) {
        made->cpuset = weight(cpuset);
        if (hwloc_bitmap_intersects(set, cpuset)) hwloc_bitmap_and(set, set, cpuset);
    }
    made->allowed = weight(set);
    cpulist_write(set, made->allowed_list, sizeof made->allowed_list);
    if (cgroup_find(root, "cpu", &cgroup) || cgroup_find(root, NULL, &cgroup)) quotas_read(made, &cgroup);
    usable_count(made);
    *limits = *made;
out:
    free(made);
    hwloc_bitmap_free(set);
    hwloc_bitmap_free(cpuset);
    return error;
}

/* The sum over the groups that can be read, of ns or of periods. */
static int64_t throttled_sum(const struct limits *limits, bool in_periods)
{
    int64_t sum = -1, ns, periods;
    for (unsigned i = 0; i < limits->group_count; i++) {
        char group[LIMITS_PATH];
        snprintf(group, sizeof group, "%.*s", (int)limits->groups[i].path_length, limits->group_path);
        throttling_read(limits->root, group, &ns, &periods);
        int64_t value = in_periods ? periods : ns;
        if (value >= 0) sum = (sum < 0 ? 0 : sum) + value;
    }
    return sum;
}

int64_t limits_throttled_ns(const struct limits *limits)
{
    return throttled_sum(limits, false);
}

int64_t limits_throttled_periods(const struct limits *limits)
{
    return throttled_sum(limits, true);
}

/* ---- A batch job ---- */

/* A whole number of a job; 0: none. */
static uint64_t number_of(const char *name)
{
    const char *text = getenv("SLURM_JOB_ID") ? getenv(name) : NULL;
    char *end;
    if (!text || *text < '0' || *text > '9') return 0;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    return *end || errno || number > UINT32_MAX ? 0 : number;
}

unsigned limits_job_nodes(void)
{
    return (unsigned)number_of("SLURM_JOB_NUM_NODES");
}

/* Both are in MiB; 0 MiB a node is all of it. */
uint64_t limits_job_memory_bytes(const char **source)
{
    uint64_t mib = number_of("SLURM_MEM_PER_NODE");
    *source = "SLURM_MEM_PER_NODE";
    if (!mib && (mib = number_of("SLURM_MEM_PER_CPU") * number_of("SLURM_CPUS_ON_NODE"))) *source = "SLURM_MEM_PER_CPU";
    return mib < UINT64_MAX >> 20 ? mib << 20 : 0;
}
