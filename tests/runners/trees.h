/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trees.h: made-up /proc and /sys trees, and the cgroup layouts that every reader of quotas must read alike. */
#ifndef TESTS_TREES_H
#define TESTS_TREES_H

#include <check.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of a tree: path and text; "->" begins where a symbolic link leads. A path of NULL ends it. */
struct file {
    const char *path, *text;
};

enum { TREE_FILES = 16 };

static inline int tree_remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void tree_remove(const char *root)
{
    nftw(root, tree_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Below root, which mkdtemp(3) makes. */
static inline void tree_make(char *root, const struct file *files)
{
    ck_assert_ptr_nonnull(mkdtemp(root));
    for (; files->path; files++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%s", root, files->path);
        for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/'));) {
            *slash = 0;
            mkdir(path, 0755);
            *slash = '/';
        }
        if (!strncmp(files->text, "->", 2)) {
            ck_assert_int_eq(symlink(files->text + 2, path), 0);
            continue;
        }
        FILE *file = fopen(path, "w");
        ck_assert_msg(file != NULL, "%s", path);
        fputs(files->text, file);
        fclose(file);
    }
}

#define TREE_STATUS {"/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-7\nMems_allowed_list:\t0\n"}
#define TREE_MOUNTS(lines) {"/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/vda rw\n" lines}
#define TREE_GROUP(lines) {"/proc/self/cgroup", lines}
#define TREE_NAMESPACE(number) {"/proc/self/ns/cgroup", "->cgroup:[" number "]"}
#define TREE_V2 "31 22 0:28 / /cg rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
#define TREE_V1 "32 22 0:29 / /cpu rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
#define N10 "0123456789"
#define N100 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10
#define N1000 N100 N100 N100 N100 N100 N100 N100 N100 N100 N100
#define DEEP "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30"

/* The smallest quota in cpus, INFINITY for none, and whether groups above what is mounted are out of sight. */
static const struct quota_tree {
    const char *what;
    struct file files[TREE_FILES];
    double quota;
    int hidden;
} quota_trees[] = {
    {"version 2, the quota three levels up",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_NAMESPACE("4026531835"), TREE_GROUP("0::/a/b/c/d\n"),
      {"/cg/a/b/c/d/cpu.max", "max 100000\n"}, {"/cg/a/cpu.max", "250000 100000\n"}}, 2.5, 0},
    {"version 2, the ancestor's quota is smaller than its own",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/a/b\n"),
      {"/cg/a/b/cpu.max", "400000 100000\n"}, {"/cg/a/cpu.max", "100000 50000\n"}}, 2, 0},
    {"version 2, a container in a namespace of its own",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_NAMESPACE("4026532500"), TREE_GROUP("0::/\n"),
      {"/cg/cpu.max", "300000 100000\n"}}, 3, 1},
    {"version 2, a container without a namespace: the mount's top is its group",
     {TREE_STATUS, TREE_MOUNTS("31 22 0:28 /docker/1 /cg rw - cgroup2 cgroup2 rw\n"), TREE_GROUP("0::/docker/1/job\n"),
      {"/cg/job/cpu.max", "max 100000\n"}, {"/cg/cpu.max", "200000 100000\n"}}, 2, 1},
    {"version 2, moved out of the namespace's groups",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_NAMESPACE("4026532500"), TREE_GROUP("0::/../../x\n"),
      {"/cg/cpu.max", "100000 100000\n"}}, 1, 1},
    {"version 2 under systemd: user slice, session, scope",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/user.slice/user-1000.slice/session-3.scope\n"),
      {"/cg/user.slice/user-1000.slice/cpu.max", "150000 100000\n"},
      {"/cg/user.slice/user-1000.slice/session-3.scope/cpu.stat", "nr_periods 0\n"}}, 1.5, 0},
    {"version 2, its own quota alone",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "100000 100000\n"}}, 1, 0},
    {"version 2, no quota",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "max 100000\n"}}, INFINITY, 0},
    {"version 2, a fifth of a cpu above one",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "120000 100000\n"}}, 1.2, 0},
    {"version 2, a blank in the mount",
     {TREE_STATUS, TREE_MOUNTS("31 22 0:28 / /my\\040cg rw shared:4 - cgroup2 cgroup2 rw\n"), TREE_GROUP("0::/x\n"),
      {"/my cg/x/cpu.max", "100000 100000\n"}}, 1, 0},
    {"version 1, the parent's quota",
     {TREE_STATUS, TREE_MOUNTS(TREE_V1), TREE_GROUP("4:cpuset:/s\n3:cpu,cpuacct:/g/h\n1:name=systemd:/x\n"),
      {"/cpu/g/h/cpu.cfs_quota_us", "-1\n"}, {"/cpu/g/h/cpu.cfs_period_us", "100000\n"},
      {"/cpu/g/cpu.cfs_quota_us", "250000\n"}, {"/cpu/g/cpu.cfs_period_us", "50000\n"}}, 5, 0},
    {"version 1 in a container: a blank in the mount, the options in another order",
     {TREE_STATUS, TREE_MOUNTS("32 22 0:29 /docker/1 /c\\040g rw - cgroup cgroup rw,cpuacct,cpu\n"),
      TREE_GROUP("3:cpuacct,cpu:/docker/1/job\n"),
      {"/c g/job/cpu.cfs_quota_us", "50000\n"}, {"/c g/job/cpu.cfs_period_us", "100000\n"},
      {"/c g/cpu.cfs_quota_us", "40000\n"}, {"/c g/cpu.cfs_period_us", "100000\n"}}, 0.4, 1},
    {"version 1 in a container, whose group is the mount's top",
     {TREE_STATUS, TREE_MOUNTS("32 22 0:29 /docker/1 /cpu rw - cgroup cgroup rw,cpu,cpuacct\n"),
      TREE_GROUP("3:cpu,cpuacct:/docker/1\n"),
      {"/cpu/cpu.cfs_quota_us", "100000\n"}, {"/cpu/cpu.cfs_period_us", "100000\n"}}, 1, 1},
    {"both at once: the controller is version 1's, its group has no quota",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2 TREE_V1), TREE_GROUP("3:cpu,cpuacct:/x\n0::/y\n"),
      {"/cpu/x/cpu.cfs_quota_us", "-1\n"}, {"/cpu/x/cpu.cfs_period_us", "100000\n"},
      {"/cg/y/cpu.max", "100000 100000\n"}}, INFINITY, 0},
    {"both at once: the quota is version 1's",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2 TREE_V1), TREE_GROUP("0::/y\n3:cpu,cpuacct:/x\n"),
      {"/cpu/x/cpu.cfs_quota_us", "100000\n"}, {"/cpu/x/cpu.cfs_period_us", "100000\n"},
      {"/cg/y/cpu.max", "max 100000\n"}}, 1, 0},
    {"both at once: the quota is version 1's, version 2's group has no such file",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2 TREE_V1), TREE_GROUP("3:cpu,cpuacct:/x\n0::/y\n"),
      {"/cpu/x/cpu.cfs_quota_us", "100000\n"}, {"/cpu/x/cpu.cfs_period_us", "100000\n"},
      {"/cg/y/cgroup.procs", ""}}, 1, 0},
    {"names of 100 letters, four deep",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/" N100 "/" N100 "/" N100 "/" N100 "\n"),
      {"/cg/" N100 "/" N100 "/" N100 "/" N100 "/cpu.max", "max 100000\n"}, {"/cg/" N100 "/cpu.max", "100000 100000\n"}},
     1, 0},
    {"names of 100 letters, four deep, the quota in the deepest",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/" N100 "/" N100 "/" N100 "/" N100 "\n"),
      {"/cg/" N100 "/" N100 "/" N100 "/" N100 "/cpu.max", "100000 100000\n"}}, 1, 0},
    {"names of 100 letters, three deep",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/" N100 "/" N100 "/" N100 "\n"),
      {"/cg/" N100 "/" N100 "/" N100 "/cpu.max", "100000 100000\n"}}, 1, 0},
    {"a mount whose top is 400 letters long",
     {TREE_STATUS, TREE_MOUNTS("31 22 0:28 /" N100 "/" N100 "/" N100 "/" N100 " /cg rw - cgroup2 cgroup2 rw\n"),
      TREE_GROUP("0::/" N100 "/" N100 "/" N100 "/" N100 "/w\n"), {"/cg/w/cpu.max", "200000 100000\n"}}, 2, 1},
    {"a mount whose top is 400 letters long and the group itself",
     {TREE_STATUS, TREE_MOUNTS("31 22 0:28 /" N100 "/" N100 "/" N100 "/" N100 " /cg rw - cgroup2 cgroup2 rw\n"),
      TREE_GROUP("0::/" N100 "/" N100 "/" N100 "/" N100 "\n"), {"/cg/cpu.max", "100000 100000\n"}}, 1, 1},
    {"thirty groups deep, the quota on top",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::" DEEP "\n"),
      {"/cg" DEEP "/cpu.max", "max 100000\n"}, {"/cg/1/cpu.max", "100000 100000\n"}}, 1, 0},
    {"a line of 5000 letters before, whose end looks like a mount",
     {TREE_STATUS, TREE_MOUNTS("21 1 0:20 / /o rw - overlay o lowerdir=" N1000 N1000 N1000 N1000 "01234567890123 - cgroup2 x x\n"
      TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "100000 100000\n"}}, 1, 0},
    {"a line of 5000 letters before, an overlay of many layers",
     {TREE_STATUS, TREE_MOUNTS("21 1 0:20 / /o rw - overlay o lowerdir=/" N1000 ":/" N1000 ":/" N1000 ":/" N1000
      ":/" N1000 ",upperdir=/u,workdir=/w\n" TREE_V2), TREE_GROUP("0::/x\n"),
      {"/cg/x/cpu.max", "100000 100000\n"}}, 1, 0},
    {"another mount before that lacks the group",
     {TREE_STATUS, TREE_MOUNTS("30 22 0:28 / /run/cilium rw - cgroup2 cgroup2 rw\n"
      "30 22 0:28 /other /mnt rw - cgroup2 cgroup2 rw\n" TREE_V2), TREE_GROUP("0::/x\n"),
      {"/mnt/cpu.max", "max 100000\n"}, {"/cg/x/cpu.max", "200000 100000\n"}}, 2, 0},
    {"another mount before that shows the same groups",
     {TREE_STATUS, TREE_MOUNTS("30 22 0:28 / /run/cilium rw - cgroup2 cgroup2 rw\n" TREE_V2), TREE_GROUP("0::/x\n"),
      {"/run/cilium/x/cpu.max", "100000 100000\n"}, {"/cg/x/cpu.max", "100000 100000\n"}}, 1, 0},
    {"a sibling whose name begins like the mount's top",
     {TREE_STATUS, TREE_MOUNTS("31 22 0:28 /docker/abc /cg rw - cgroup2 cgroup2 rw\n"), TREE_GROUP("0::/docker/abcdef\n"),
      {"/cg/cpu.max", "100000 100000\n"}, {"/cg/def/cpu.max", "max 100000\n"}}, 1, 1},
    {"a colon and a blank in the group's name",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/a:b/c d\n"), {"/cg/a:b/c d/cpu.max", "100000 100000\n"}}, 1, 0},
    {"a group that was removed",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/a/x (deleted)\n"), {"/cg/a/cpu.max", "100000 100000\n"}}, 1, 0},
    {"a cpuset that was left no cpu, below one of one cpu: what its tasks got is in their affinity",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x/y\n"), {"/cg/x/y/cpuset.cpus.effective", "\n"},
      {"/cg/x/cpuset.cpus.effective", "0\n"}}, INFINITY, 0},
    {"a period of 0, version 2", {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "100000 0\n"}},
     INFINITY, 0},
    {"a period of 0, version 1",
     {TREE_STATUS, TREE_MOUNTS(TREE_V1), TREE_GROUP("3:cpu:/x\n"), {"/cpu/x/cpu.cfs_quota_us", "100000\n"},
      {"/cpu/x/cpu.cfs_period_us", "0\n"}}, INFINITY, 0},
    {"a quota without its period", {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "50000\n"}},
     0.5, 0},
    {"empty files", {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", ""}}, INFINITY, 0},
    {"no quota and no period", {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "max\n"}},
     INFINITY, 0},
    {"more cpus than can be counted",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "9223372036854775807 100000\n"}},
     INFINITY, 0},
    {"lines that end in CR LF",
     {TREE_STATUS, TREE_MOUNTS(TREE_V2), TREE_GROUP("0::/x\n"), {"/cg/x/cpu.max", "100000 100000\r\n"}}, 1, 0},
    {"nothing is mounted", {TREE_STATUS, TREE_MOUNTS(""), TREE_GROUP("0::/x\n")}, INFINITY, 0},
};
enum { QUOTA_TREES = sizeof quota_trees / sizeof *quota_trees };

#endif
