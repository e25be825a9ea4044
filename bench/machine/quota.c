/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/machine/quota.h"

#include "kernels/reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* This process's group in the hierarchy that holds the controller "cpu": where it is mounted, and the path below. v2 is
 * the line without a controller's name (cgroups(7)). */
static int find_group(char *dir, size_t size, int *version)
{
    char line[1024], path[512] = "";
    FILE *groups = fopen("/proc/self/cgroup", "re");
    if (!groups) return -errno;
    *version = 0;
    while (fgets(line, sizeof line, groups)) {
        char *names = strchr(line, ':'), *where = names ? strchr(names + 1, ':') : NULL;
        if (!where) continue;
        *where++ = '\0';
        where[strcspn(where, "\n")] = '\0';
        names++;
        bool cpu = false;
        for (char *save, *word = strtok_r(names, ",", &save); word; word = strtok_r(NULL, ",", &save))
            cpu = cpu || !strcmp(word, "cpu");
        if (cpu || (!*version && line[0] == '0' && !*names)) {
            *version = cpu ? 1 : 2;
            snprintf(path, sizeof path, "%.500s", where);
        }
    }
    fclose(groups);
    if (!*version) return -ENOENT;
    FILE *mounts = fopen("/proc/self/mounts", "re");
    if (!mounts) return -errno;
    int error = -ENOENT;
    while (error && fgets(line, sizeof line, mounts)) {
        char point[400], type[32], flags[400];
        if (sscanf(line, "%*s %399s %31s %399s", point, type, flags) != 3) continue;
        char held[410];
        snprintf(held, sizeof held, ",%s,", flags);
        if (*version == 2 ? !strcmp(type, "cgroup2") : !strcmp(type, "cgroup") && strstr(held, ",cpu,"))
            error =
                (size_t)snprintf(dir, size, "%s%s", point, strcmp(path, "/") ? path : "") < size ? 0 : -ENAMETOOLONG;
    }
    fclose(mounts);
    return error;
}

int quota_enter(struct quota *quota, double cpus, struct reason *why)
{
    int version = 0;
    char text[64], dir[480];
    int error = find_group(dir, sizeof dir, &version);
    if (error) return reason_give(why, error, "no cgroup with the cpu controller is mounted here");
    snprintf(quota->home, sizeof quota->home, "%s", dir);
    snprintf(quota->group, sizeof quota->group, "%s/breakeven.%d", dir, (int)getpid());
    if (version == 2) write_text(dir, "cgroup.subtree_control", "+cpu"); /* else cpu.max below says what is wrong */
    if (mkdir(quota->group, 0755)) {
        error = -errno;
        reason_set(why, "cannot make the cgroup %s: %s; run it as root", quota->group, strerror(-error));
        return error;
    }
    long quota_us = (long)(cpus * PERIOD_US);
    if (version == 2) {
        snprintf(text, sizeof text, "%ld %d", quota_us, PERIOD_US);
        error = write_text(quota->group, "cpu.max", text);
    } else {
        snprintf(text, sizeof text, "%d", PERIOD_US);
        error = write_text(quota->group, "cpu.cfs_period_us", text);
        snprintf(text, sizeof text, "%ld", quota_us);
        if (!error) error = write_text(quota->group, "cpu.cfs_quota_us", text);
    }
    snprintf(text, sizeof text, "%d", (int)getpid());
    if (!error) error = write_text(quota->group, "cgroup.procs", text);
    if (!error) return 0;
    reason_set(why, "cannot set a quota in %s: %s", quota->group, strerror(-error));
    rmdir(quota->group);
    return error;
}

void quota_leave(const struct quota *quota)
{
    char text[32];
    snprintf(text, sizeof text, "%d", (int)getpid());
    write_text(quota->home, "cgroup.procs", text);
    rmdir(quota->group);
}
