#include "runners/limits.h"

#include "runners/cpulist.h"

#include <errno.h>
#include <hwloc.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One mounted cgroup hierarchy in which the process has a group. */
struct hierarchy {
    bool unified;            /* version 2 */
    char mount[LIMITS_PATH]; /* where it is mounted */
    char group[LIMITS_PATH]; /* directory of the process's own group, at or below mount */
};

static FILE *root_open(const char *root, const char *path)
{
    char whole[3 * LIMITS_PATH];
    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole) return NULL;
    return fopen(whole, "re");
}

/* The first line of dir/name without its newline; false where there is none. */
static bool line_read(const char *root, const char *dir, const char *name, char *line, size_t size)
{
    char path[2 * LIMITS_PATH];
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

/* Is `word` one of the words that commas divide? */
static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ',') && (at[length] == ',' || !at[length])) return true;
    return false;
}

/* The process's path in the hierarchy of `controller`; NULL: in the unified one. From lines "4:cpu,cpuacct:/path". */
static bool group_find(const char *root, const char *controller, char *path, size_t size)
{
    FILE *file = root_open(root, "/proc/self/cgroup");
    if (!file) return false;
    char line[2 * LIMITS_PATH];
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = 0;
        controllers++;
        found = controller ? has_word(controllers, controller) : !*controllers;
        if (found) snprintf(path, size, "%s", group);
    }
    fclose(file);
    return found;
}

/* Where the hierarchy is mounted, and which of its groups stands at the mount point: the fields 4 and 5 of mountinfo,
 * the type and the options after the dash. */
static bool mount_find(const char *root, const char *controller, char *top, char *mount, size_t size)
{
    FILE *file = root_open(root, "/proc/self/mountinfo");
    if (!file) return false;
    char line[4096], from[LIMITS_PATH], at[LIMITS_PATH], type[32], options[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        const char *dash = strstr(line, " - ");
        if (!dash || sscanf(line, "%*s %*s %*s %319s %319s", from, at) != 2 ||
            sscanf(dash, " - %31s %*s %255s", type, options) != 2)
            continue;
        found = controller ? !strcmp(type, "cgroup") && has_word(options, controller) : !strcmp(type, "cgroup2");
    }
    fclose(file);
    if (!found) return false;
    unescape(from);
    unescape(at);
    snprintf(top, size, "%s", from);
    snprintf(mount, size, "%s", at);
    return true;
}

static bool hierarchy_find(const char *root, const char *controller, struct hierarchy *hierarchy)
{
    char path[LIMITS_PATH], top[LIMITS_PATH];
    if (!group_find(root, controller, path, sizeof path)) return false;
    if (!mount_find(root, controller, top, hierarchy->mount, sizeof hierarchy->mount)) return false;
    hierarchy->unified = !controller;
    /* A container's mount shows its own group as the top; what does not lie below it is not to be seen from here. */
    size_t skip = !strcmp(top, "/") ? 0 : strlen(top);
    bool below = !strncmp(path, top, skip) && (!path[skip] || path[skip] == '/') && !strstr(path, "/..");
    const char *rest = below && strcmp(path + skip, "/") ? path + skip : "";
    return snprintf(hierarchy->group, sizeof hierarchy->group, "%s%s", hierarchy->mount, rest) <
           (int)sizeof hierarchy->group;
}

/* From a group to its parent; false at the mount point. */
static bool parent_of(const struct hierarchy *hierarchy, char *group)
{
    char *slash = strrchr(group, '/');
    if (!slash || strlen(group) <= strlen(hierarchy->mount)) return false;
    *slash = 0;
    return true;
}

/* cpu.max: "150000 100000" or "max 100000"; version 1: two files, -1 for none. INFINITY: no quota. */
static double quota_read(const char *root, const struct hierarchy *hierarchy, const char *group)
{
    char line[64], period_line[64];
    double quota, period;
    if (hierarchy->unified) {
        if (!line_read(root, group, "cpu.max", line, sizeof line) || sscanf(line, "%lf %lf", &quota, &period) != 2)
            return INFINITY;
    } else {
        if (!line_read(root, group, "cpu.cfs_quota_us", line, sizeof line) || sscanf(line, "%lf", &quota) != 1 ||
            !line_read(root, group, "cpu.cfs_period_us", period_line, sizeof period_line) ||
            sscanf(period_line, "%lf", &period) != 1)
            return INFINITY;
    }
    return quota > 0 && period > 0 && isfinite(quota) ? quota / period : INFINITY;
}

/* cpu.stat: nr_throttled, and throttled_usec (version 2) or throttled_time in ns (version 1). -1 where not there. */
static void throttling_read(const char *root, const char *group, int64_t *ns, int64_t *periods)
{
    char path[2 * LIMITS_PATH], line[128];
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

static void quotas_read(struct limits *limits, const struct hierarchy *hierarchy)
{
    char group[LIMITS_PATH];
    strcpy(group, hierarchy->group);
    do {
        struct limits_group one = {.quota_cpus = quota_read(limits->root, hierarchy, group)};
        strcpy(one.path, group);
        throttling_read(limits->root, group, &one.throttled_ns, &one.throttled_periods);
        if (one.quota_cpus < limits->quota_cpus) {
            limits->quota_cpus = one.quota_cpus;
            strcpy(limits->quota_where, group);
        }
        if (limits->group_count < LIMITS_GROUPS) limits->groups[limits->group_count++] = one;
    } while (parent_of(hierarchy, group));
}

/* The nearest group that says which cpus it has: one without the controller has those of its parent. */
static bool cpuset_read(const char *root, const struct hierarchy *hierarchy, hwloc_bitmap_t into)
{
    static const char *const names[] = {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"};
    char group[LIMITS_PATH], path[2 * LIMITS_PATH];
    strcpy(group, hierarchy->group);
    do {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            snprintf(path, sizeof path, "%s/%s", group, names[i]);
            if (list_read(root, path, "", into)) return true;
        }
    } while (parent_of(hierarchy, group));
    return false;
}

static unsigned weight(hwloc_const_bitmap_t set)
{
    int count = hwloc_bitmap_weight(set);
    return count > 0 ? (unsigned)count : 0;
}

int limits_read(const char *root, struct limits *limits, char *why, size_t why_size)
{
    struct limits made = {.quota_cpus = INFINITY};
    struct hierarchy hierarchy;
    hwloc_bitmap_t set = hwloc_bitmap_alloc(), cpuset = hwloc_bitmap_alloc();
    int error = set && cpuset ? 0 : -ENOMEM;
    if (!error && snprintf(made.root, sizeof made.root, "%s", root) >= (int)sizeof made.root) error = -ENAMETOOLONG;
    if (!error && list_read(root, "/sys/devices/system/cpu/online", "", set)) made.online = weight(set);
    if (!error && !list_read(root, "/proc/self/status", "Cpus_allowed_list:", set)) error = -ENOENT;
    if (error) {
        snprintf(why, why_size, "cannot read the cpus this process may use from %.60s/proc/self/status: %s", root,
                 strerror(-error));
        goto out;
    }
    made.affinity = weight(set);
    if ((hierarchy_find(root, "cpuset", &hierarchy) && cpuset_read(root, &hierarchy, cpuset)) ||
        (hierarchy_find(root, NULL, &hierarchy) && cpuset_read(root, &hierarchy, cpuset))) {
        made.cpuset = weight(cpuset);
        if (hwloc_bitmap_intersects(set, cpuset)) hwloc_bitmap_and(set, set, cpuset);
    }
    made.allowed = weight(set);
    cpulist_write(set, made.allowed_list, sizeof made.allowed_list);
    if (hierarchy_find(root, "cpu", &hierarchy) || hierarchy_find(root, NULL, &hierarchy))
        quotas_read(&made, &hierarchy);
    made.usable = made.allowed;
    if (ceil(made.quota_cpus) < made.usable) made.usable = made.quota_cpus > 1 ? (unsigned)ceil(made.quota_cpus) : 1;
    *limits = made;
out:
    hwloc_bitmap_free(set);
    hwloc_bitmap_free(cpuset);
    return error;
}

/* The sum over the groups that can be read, of ns or of periods. */
static int64_t throttled_sum(const struct limits *limits, bool in_periods)
{
    int64_t sum = -1, ns, periods;
    for (unsigned i = 0; i < limits->group_count; i++) {
        throttling_read(limits->root, limits->groups[i].path, &ns, &periods);
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
