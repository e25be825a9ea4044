/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/limits.h"

#include "forkpool/forkpool.h"
#include "runners/cpus/cpulist.h"
#include "runners/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <math.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

static FILE *root_open(const char *root, const char *path)
{
    char whole[2 * CGROUP_PATH];
    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole) return NULL;
    return fopen(whole, "re");
}

/* ---- The process's control group ---- */

/* Told each line, without its newline, until it returns true. */
typedef bool line_fn(char *line, void *context);

static bool lines_read(const char *root, const char *path, line_fn *take, void *context)
{
    bool taken = false;
    size_t size = 0;
    char *line = NULL;
    FILE *file = root_open(root, path);
    while (file && !taken && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        taken = take(line, context);
    }
    free(line);
    if (file) fclose(file);
    return taken;
}

/* mountinfo writes blanks and the like as \040. In place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
}

struct search {
    const char *root, *controller;
    char path[CGROUP_PATH]; /* the process's group, from the hierarchy's own root */
    struct cgroup *best;
    enum { NOTHING, OUTSIDE, BELOW, THERE } rank; /* how good the best mount is */
};

/* "4:cpu,cpuacct:/path" */
static bool take_group(char *line, void *context)
{
    struct search *search = context;
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return false;
    *group++ = 0;
    controllers++;
    if (search->controller ? !text_has_word(controllers, search->controller) : *controllers) return false;
    return snprintf(search->path, sizeof search->path, "%s", group) < (int)sizeof search->path;
}

/* Another file system may have been mounted over it since: then it says nothing any more. */
static bool shows_groups(const char *root, const char *mount)
{
    struct statfs system;
    return *root || (!statfs(mount, &system) && (system.f_type == CGROUP_SUPER_MAGIC || system.f_type == CGROUP2_SUPER_MAGIC));
}

/* A mount whose top is the group `top`. A container's shows its own group as the top; what does not lie below it cannot
 * be seen from here. */
static void consider(struct search *search, const char *top, const char *mount)
{
    char whole[2 * CGROUP_PATH];
    struct cgroup made = {.unified = !search->controller, .hidden = strcmp(top, "/") != 0};
    const char *path = search->path;
    size_t skip = made.hidden ? strlen(top) : 0;
    bool below = !strncmp(path, top, skip) && (!path[skip] || path[skip] == '/') && !strstr(path, "/..");
    const char *rest = below && strcmp(path + skip, "/") ? path + skip : "";
    if (!shows_groups(search->root, mount)) return;
    if (snprintf(made.mount, sizeof made.mount, "%s", mount) >= (int)sizeof made.mount ||
        snprintf(made.group, sizeof made.group, "%s%s", mount, rest) >= (int)sizeof made.group)
        return;
    snprintf(whole, sizeof whole, "%s%s", search->root, made.group);
    int rank = !below ? OUTSIDE : access(whole, F_OK) ? BELOW : THERE;
    if (rank <= (int)search->rank) return;
    search->rank = (unsigned)rank;
    *search->best = made;
}

/* "31 22 0:28 TOP MOUNT rw shared:4 - cgroup2 SOURCE OPTIONS" */
static bool take_mount(char *line, void *context)
{
    struct search *search = context;
    char *dash = strstr(line, " - "), *top = NULL, *mount = NULL, type[16] = "", *options = NULL;
    if (!dash) return false;
    *dash = 0;
    if (sscanf(dash + 3, "%15s %*s %ms", type, &options) == 2 &&
        (search->controller ? !strcmp(type, "cgroup") && text_has_word(options, search->controller)
                            : !strcmp(type, "cgroup2")) &&
        sscanf(line, "%*s %*s %*s %ms %ms", &top, &mount) == 2) {
        unescape(top);
        unescape(mount);
        consider(search, top, mount);
    }
    free(options);
    free(top);
    free(mount);
    return search->rank == THERE;
}

/* The first cgroup namespace has a number of its own in all kernels: PROC_CGROUP_INIT_INO of include/linux/proc_ns.h. */
static bool in_namespace(const char *root)
{
    char path[CGROUP_PATH], link[64] = "";
    snprintf(path, sizeof path, "%s/proc/self/ns/cgroup", root);
    return readlink(path, link, sizeof link - 1) > 0 && strcmp(link, "cgroup:[4026531835]") != 0;
}

bool cgroup_find(const char *root, const char *controller, struct cgroup *cgroup)
{
    struct cgroup found;
    struct search search = {.root = root, .controller = controller, .best = &found};
    if (!lines_read(root, "/proc/self/cgroup", take_group, &search)) return false;
    lines_read(root, "/proc/self/mountinfo", take_mount, &search);
    if (search.rank == NOTHING) return false;
    found.hidden = found.hidden || in_namespace(root);
    *cgroup = found;
    return true;
}

bool cgroup_parent(const struct cgroup *cgroup, char *group)
{
    char *slash = strrchr(group, '/');
    if (!slash || strlen(group) <= strlen(cgroup->mount)) return false;
    *slash = 0;
    return true;
}

const char *cgroup_quota_file(const struct cgroup *cgroup)
{
    return cgroup->unified ? "cpu.max" : "cpu.cfs_quota_us";
}

/* ---- What limits it ---- */

/* The first line of dir/name without its newline; false where there is none. */
static bool line_read(const char *root, const char *dir, const char *name, char *line, size_t size)
{
    char path[CGROUP_PATH + 64];
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
 * there is the kernel's own, 100 ms; more cpus than can be counted are no quota. cpu.max.burst, version 1
 * cpu.cfs_burst_us: microseconds, over the same period. */
static void quota_read(const char *root, const struct cgroup *cgroup, const char *group, struct limits_group *one)
{
    char line[64] = "";
    double quota = 0, burst = 0, period = 100000;
    if (line_read(root, group, cgroup_quota_file(cgroup), line, sizeof line)) sscanf(line, "%lf", &quota);
    if (cgroup->unified) sscanf(line, "%*s %lf", &period);
    else if (line_read(root, group, "cpu.cfs_period_us", line, sizeof line)) period = strtod(line, NULL);
    if (line_read(root, group, cgroup->unified ? "cpu.max.burst" : "cpu.cfs_burst_us", line, sizeof line))
        sscanf(line, "%lf", &burst);
    one->quota_cpus = quota > 0 && period > 0 && quota / period < UINT_MAX ? quota / period : INFINITY;
    one->burst_cpus = burst > 0 && period > 0 && isfinite(burst) ? burst / period : 0;
}

/* cpu.stat: nr_throttled, and throttled_usec (version 2) or throttled_time in ns (version 1). -1 where not there. */
static void throttling_read(const char *root, const char *group, int64_t *ns, int64_t *periods)
{
    char path[CGROUP_PATH + 64], line[128];
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
    char group[CGROUP_PATH];
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
    char group[CGROUP_PATH], path[CGROUP_PATH + 64];
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
        char group[CGROUP_PATH];
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
