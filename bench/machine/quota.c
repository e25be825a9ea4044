/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/quota.h"

#include "kernels/reason.h"
#include "runners/cpus/limits.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERIOD_US = 100000 };

static int write_text(const char *dir, const char *name, const char *text)
{
    char path[768];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) return -ENAMETOOLONG;
    FILE *file = fopen(path, "we");
    if (!file) return -errno;
    int error = fputs(text, file) < 0 ? -EIO : 0;
    if (fclose(file)) error = -errno;
    return error;
}

/* The quota itself, and this process into the group. 0 or -errno. */
static int fill_group(const struct quota *quota, bool unified, long quota_us)
{
    char limit[32], period[16], both[64], process[16];
    snprintf(limit, sizeof limit, "%ld", quota_us);
    snprintf(period, sizeof period, "%d", PERIOD_US);
    snprintf(both, sizeof both, "%s %s", limit, period);
    snprintf(process, sizeof process, "%d", (int)getpid());
    int error = write_text(quota->group, unified ? "cpu.max" : "cpu.cfs_period_us", unified ? both : period);
    if (!error && !unified) error = write_text(quota->group, "cpu.cfs_quota_us", limit);
    return error ? error : write_text(quota->group, "cgroup.procs", process);
}

int quota_enter(struct quota *quota, double cpus, struct reason *why)
{
    struct cgroup cgroup;
    if (!cgroup_find("", "cpu", &cgroup) && !cgroup_find("", NULL, &cgroup))
        return reason_give(why, -ENOENT, "no cgroup with the cpu controller is mounted here");
    if ((size_t)snprintf(quota->home, sizeof quota->home, "%s", cgroup.group) >= sizeof quota->home)
        return reason_give(why, -ENAMETOOLONG, "the name of this process's cgroup is too long: %.200s", cgroup.group);
    snprintf(quota->group, sizeof quota->group, "%s/breakeven.%d", quota->home, (int)getpid());
    if (cgroup.unified) write_text(quota->home, "cgroup.subtree_control", "+cpu"); /* else cpu.max says what is wrong */
    if (mkdir(quota->group, 0755)) {
        int error = -errno;
        return reason_give(why, error, "cannot make the cgroup %s: %s; run it as root", quota->group, strerror(-error));
    }
    int error = fill_group(quota, cgroup.unified, (long)(cpus * PERIOD_US));
    if (!error) return 0;
    rmdir(quota->group);
    return reason_give(why, error, "cannot set a quota in %s: %s", quota->group, strerror(-error));
}

void quota_leave(const struct quota *quota)
{
    char text[32];
    snprintf(text, sizeof text, "%d", (int)getpid());
    write_text(quota->home, "cgroup.procs", text);
    for (int tries = 0; rmdir(quota->group) && errno == EBUSY && tries < 100; tries++)
        usleep(10000); /* until the dead are gone */
}
