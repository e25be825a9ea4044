/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forkpool_leftovers.h: after a test of the pool nothing may be left: no process (zombie or orphan), no descriptor, no
 * shared mapping. Orphans come back to the test, which is their reaper. */
#ifndef FORKPOOL_LEFTOVERS_H
#define FORKPOOL_LEFTOVERS_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct leftovers {
    int fds, mappings;
};

static inline int leftovers_fds(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir)) count++;
    if (dir) closedir(dir);
    return count;
}

static inline int leftovers_mappings(void)
{
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) count += strstr(line, " rw-s ") != NULL;
    if (maps) fclose(maps);
    return count;
}

/* Does this process become the reaper of its orphans? Not under qemu-user 7.2, which refuses the call. */
static inline bool leftovers_reaper(void) { return !prctl(PR_SET_CHILD_SUBREAPER, 1); }

/* In a test that an emulator can't run: true, and says so. */
static inline bool leftovers_skipped(const char *test, const char *reason)
{
    if (leftovers_reaper()) return false;
    printf("skipped: %s: under qemu-user %s\n", test, reason);
    return true;
}

static inline struct leftovers leftovers_begin(void)
{
    leftovers_reaper();
    struct leftovers before = {leftovers_fds(), leftovers_mappings()};
    return before;
}

static inline void leftovers_check(struct leftovers before)
{
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    ck_assert_msg(pid == -1 && errno == ECHILD, "a process is left: %d", (int)pid);
    ck_assert_int_eq(leftovers_fds(), before.fds);
    ck_assert_int_eq(leftovers_mappings(), before.mappings);
}

#endif
