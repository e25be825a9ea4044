/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cgroup.h: where this process's control group is: cgroup versions 1, 2 and both at once.
 *
 *     struct cgroup cgroup;
 *     if (cgroup_find("", "cpu", &cgroup) || cgroup_find("", NULL, &cgroup)) puts(cgroup.group);
 *
 * Sources: cgroups(7), cgroup_namespaces(7), proc_pid_mountinfo(5). Allocates; safe across threads.
 */
#ifndef BREAKEVEN_CGROUP_H
#define BREAKEVEN_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { CGROUP_PATH = PATH_MAX + 256 };

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
