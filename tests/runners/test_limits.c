/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cpus that this process may use, from made-up /proc and /sys trees, and the lists of cpus they are written in. */
#include "kernels/reason.h"
#include "runners/cpus/cpulist.h"
#include "runners/cpus/limits.h"
#include "tests/suite.h"
#include "tests/runners/trees.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS(list)                                                                                                   \
    {                                                                                                                  \
        "/proc/self/status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t" list "\nMems:\t0\n"                   \
    }
#define ONLINE(list)                                                                                                   \
    {                                                                                                                  \
        "/sys/devices/system/cpu/online", list "\n"                                                                    \
    }
#define V2                                                                                                             \
    {                                                                                                                  \
        "/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/vda rw\n31 22 0:28 / /sys/fs/cgroup rw,nosuid shared:4 "  \
                                "- cgroup2 cgroup2 rw\n"                                                               \
    }

static const struct {
    const char *what;
    struct file files[TREE_FILES];
    unsigned online, affinity, cpuset, allowed, usable, groups;
    const char *list;
    double quota;
    const char *where;
    int64_t throttled_ns;
} trees[] = {
    {"no cgroups at all", {STATUS("0-7"), ONLINE("0-15")}, 16, 8, 0, 8, 8, 0, "0-7", INFINITY, "", -1},
    {"version 2: the parent's quota counts, with its fraction",
     {STATUS("0-7"),
      ONLINE("0-7"),
      V2,
      {"/proc/self/cgroup", "0::/a/b/c\n"},
      {"/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"},
      {"/sys/fs/cgroup/a/b/c/cpu.stat", "usage_usec 10\nnr_periods 5\nnr_throttled 2\nthrottled_usec 3\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.stat", "nr_periods 5\nnr_throttled 1\nthrottled_usec 40\n"},
      {"/sys/fs/cgroup/a/cpu.max", "400000 100000\n"}},
     8,
     8,
     0,
     8,
     2,
     4,
     "0-7",
     1.5,
     "/sys/fs/cgroup/a/b",
     43000},
    {"version 2: a cpuset, taken from the parent where the group has none",
     {STATUS("0-7"),
      ONLINE("0-7"),
      V2,
      {"/proc/self/cgroup", "0::/a/b\n"},
      {"/sys/fs/cgroup/a/cpuset.cpus.effective", "2-5,9\n"}},
     8,
     8,
     5,
     4,
     4,
     3,
     "2-5",
     INFINITY,
     "",
     -1},
    {"version 2: less than one cpu is one worker",
     {STATUS("0-3"), ONLINE("0-3"), V2, {"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "30000 100000\n"}},
     4,
     4,
     0,
     4,
     1,
     1,
     "0-3",
     0.3,
     "/sys/fs/cgroup",
     -1},
    {"version 2: a quota of whole cpus",
     {STATUS("0-3"), ONLINE("0-3"), V2, {"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}},
     4,
     4,
     0,
     4,
     2,
     1,
     "0-3",
     2,
     "/sys/fs/cgroup",
     -1},
    {"version 1: cpu and cpuset apart, -1 is no quota",
     {STATUS("0-3,8-11"),
      ONLINE("0-15"),
      {"/proc/self/cgroup", "4:cpuset:/s\n3:cpu,cpuacct:/g/h\n1:name=systemd:/x\n0::/y\n"},
      {"/proc/self/mountinfo",
       "31 22 0:28 / /cg/unified rw - cgroup2 none rw\n32 22 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
       "33 22 0:30 / /cg/set rw - cgroup none rw,cpuset,clone_children\n"},
      {"/cg/cpu/g/h/cpu.cfs_quota_us", "-1\n"},
      {"/cg/cpu/g/h/cpu.cfs_period_us", "100000\n"},
      {"/cg/cpu/g/cpu.cfs_quota_us", "250000\n"},
      {"/cg/cpu/g/cpu.cfs_period_us", "50000\n"},
      {"/cg/cpu/g/cpu.stat", "nr_periods 9\nnr_throttled 8\nthrottled_time 777\n"},
      {"/cg/unified/y/cpu.max", "1000 100000\n"}, /* the controller is not there: not asked */
      {"/cg/set/s/cpuset.effective_cpus", "0-3,8\n"}},
     16,
     8,
     5,
     5,
     5,
     3,
     "0-3,8",
     5,
     "/cg/cpu/g",
     777},
    {"version 1 in a container: the mount's top is the container's group",
     {STATUS("0-1"),
      ONLINE("0-1"),
      {"/proc/self/cgroup", "3:cpu:/docker/1/job\n"},
      {"/proc/self/mountinfo", "32 22 0:29 /docker/1 /cg\\040x rw - cgroup cgroup rw,cpu\n"},
      {"/cg x/job/cpu.cfs_quota_us", "50000\n"},
      {"/cg x/job/cpu.cfs_period_us", "100000\n"},
      {"/cg x/cpu.cfs_quota_us", "40000\n"},
      {"/cg x/cpu.cfs_period_us", "100000\n"},
      {"/cpu.cfs_quota_us", "1000\n"},
      {"/cpu.cfs_period_us", "100000\n"}}, /* above the mount: no group */
     2,
     2,
     0,
     2,
     1,
     2,
     "0-1",
     0.4,
     "/cg x",
     -1},
    {"a group outside of what is mounted",
     {STATUS("0-1"),
      ONLINE("0-1"),
      {"/proc/self/cgroup", "3:cpu:/other\n"},
      {"/proc/self/mountinfo", "32 22 0:29 /docker/1 /cg rw - cgroup cgroup rw,cpu\n"},
      {"/cg/cpu.cfs_quota_us", "150000\n"},
      {"/cg/cpu.cfs_period_us", "100000\n"}},
     2,
     2,
     0,
     2,
     2,
     1,
     "0-1",
     1.5,
     "/cg",
     -1},
    {"a group above the namespace's root",
     {STATUS("0-1"),
      ONLINE("0-1"),
      V2,
      {"/proc/self/cgroup", "0::/../../x\n"},
      {"/sys/fs/cgroup/cpu.max", "100000 100000\n"}},
     2,
     2,
     0,
     2,
     1,
     1,
     "0-1",
     1,
     "/sys/fs/cgroup",
     -1},
    {"nonsense is no limit",
     {STATUS("0-1"),
      ONLINE("zero"),
      V2,
      {"/proc/self/cgroup", "garbage\n0::/a\n\n"},
      {"/sys/fs/cgroup/a/cpu.max", "-5 0\n"},
      {"/sys/fs/cgroup/cpu.max", "nan 100000\n"},
      {"/sys/fs/cgroup/a/cpu.stat", "nr_throttled lots\n"},
      {"/sys/fs/cgroup/a/cpuset.cpus.effective", "\n"}},
     0,
     2,
     0,
     2,
     2,
     2,
     "0-1",
     INFINITY,
     "",
     -1},
};

START_TEST(test_tree)
{
    char root[] = "/tmp/test_limits.XXXXXX";
    struct reason why = {""};
    tree_make(root, trees[_i].files);
    struct limits limits;
    int error = limits_read(root, &limits, &why);
    int64_t throttled = error ? 0 : limits_throttled_ns(&limits);
    tree_remove(root);
    ck_assert_msg(!error, "%s: %s", trees[_i].what, why.text);
    ck_assert_uint_eq(limits.online, trees[_i].online);
    ck_assert_uint_eq(limits.affinity, trees[_i].affinity);
    ck_assert_uint_eq(limits.cpuset, trees[_i].cpuset);
    ck_assert_uint_eq(limits.allowed, trees[_i].allowed);
    ck_assert_uint_eq(limits.usable, trees[_i].usable);
    ck_assert_uint_eq(limits.group_count, trees[_i].groups);
    ck_assert_str_eq(limits.allowed_list, trees[_i].list);
    ck_assert_msg(isinf(trees[_i].quota) ? isinf(limits.quota_cpus) : fabs(limits.quota_cpus - trees[_i].quota) < 1e-9,
                  "%s: quota %g", trees[_i].what, limits.quota_cpus);
    ck_assert_str_eq(limits.quota_where, trees[_i].where);
    ck_assert_int_eq(throttled, trees[_i].throttled_ns);
}
END_TEST

START_TEST(test_burst_is_in_cpus_of_its_period)
{
    static const struct file two[TREE_FILES] = {STATUS("0-3"), ONLINE("0-3"), V2, {"/proc/self/cgroup", "0::/\n"},
                                                {"/sys/fs/cgroup/cpu.max", "200000 50000\n"},
                                                {"/sys/fs/cgroup/cpu.max.burst", "25000\n"}};
    static const struct file one[TREE_FILES] = {
        STATUS("0-3"), ONLINE("0-3"), {"/proc/self/cgroup", "3:cpu:/g\n"},
        {"/proc/self/mountinfo", "32 22 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu\n"},
        {"/cg/cpu/g/cpu.cfs_quota_us", "100000\n"}, {"/cg/cpu/g/cpu.cfs_period_us", "100000\n"},
        {"/cg/cpu/g/cpu.cfs_burst_us", "30000\n"}};
    const struct file *const trees_[] = {two, one};
    const double cpus[] = {0.5, 0.3};
    for (int i = 0; i < 2; i++) {
        char root[] = "/tmp/test_limits.XXXXXX";
        struct reason why = {""};
        struct limits limits;
        tree_make(root, trees_[i]);
        int error = limits_read(root, &limits, &why);
        tree_remove(root);
        ck_assert_msg(!error, "%s", why.text);
        ck_assert_double_eq_tol(limits.groups[0].burst_cpus, cpus[i], 1e-9);
    }
}
END_TEST

START_TEST(test_quota_of_a_layout)
{
    const struct quota_tree *tree = &quota_trees[_i];
    char root[] = "/tmp/test_limits.XXXXXX";
    struct reason why = {""};
    tree_make(root, tree->files);
    struct limits limits = {0};
    int error = limits_read(root, &limits, &why);
    tree_remove(root);
    ck_assert_msg(!error, "%s: %s", tree->what, why.text);
    ck_assert_msg(isinf(tree->quota) ? isinf(limits.quota_cpus) : fabs(limits.quota_cpus - tree->quota) < 1e-9,
                  "%s: quota %g", tree->what, limits.quota_cpus);
    ck_assert_msg(limits.quota_hidden == tree->hidden, "%s: hidden", tree->what);
    ck_assert_uint_eq(limits.usable, tree->quota < 8 ? (unsigned)ceil(tree->quota) : 8);
}
END_TEST

START_TEST(test_a_job_bounds_the_workers)
{
    struct limits limits;
    struct reason why = {""};
    char root[] = "/tmp/test_limits.XXXXXX";
    setenv("SLURM_JOB_ID", "1", 1);
    setenv("SLURM_CPUS_PER_TASK", "2", 1);
    tree_make(root, quota_trees[2].files);
    int error = limits_read(root, &limits, &why);
    tree_remove(root);
    ck_assert(!error && limits.usable == 2 && limits.quota_cpus > 2);
    ck_assert_str_eq(limits.asked_by, "SLURM_CPUS_PER_TASK");
}
END_TEST

START_TEST(test_a_job_bounds_memory_and_nodes)
{
    const char *source;
    unsetenv("SLURM_JOB_ID");
    setenv("SLURM_MEM_PER_NODE", "512", 1);
    setenv("SLURM_JOB_NUM_NODES", "4", 1);
    ck_assert(limits_job_nodes() == 0 && limits_job_memory_bytes(&source) == 0); /* left over from a job that is none of ours */
    setenv("SLURM_JOB_ID", "1", 1);
    ck_assert(limits_job_nodes() == 4 && limits_job_memory_bytes(&source) == 512u << 20);
    ck_assert_str_eq(source, "SLURM_MEM_PER_NODE");
    setenv("SLURM_MEM_PER_NODE", "0", 1); /* all that the node has */
    ck_assert_uint_eq(limits_job_memory_bytes(&source), 0);
    setenv("SLURM_MEM_PER_CPU", "100", 1);
    setenv("SLURM_CPUS_ON_NODE", "3", 1);
    ck_assert_uint_eq(limits_job_memory_bytes(&source), 300u << 20);
    ck_assert_str_eq(source, "SLURM_MEM_PER_CPU");
    setenv("SLURM_MEM_PER_CPU", "a lot", 1);
    ck_assert_uint_eq(limits_job_memory_bytes(&source), 0);
}
END_TEST

START_TEST(test_no_proc)
{
    struct limits limits = {.online = 77};
    struct reason why = {""};
    ck_assert_int_eq(limits_read("/nonexistent", &limits, &why), -ENOENT);
    ck_assert(strstr(why.text, "/nonexistent/proc/self/status") && limits.online == 77);
}
END_TEST

START_TEST(test_here)
{
    struct limits limits;
    struct reason why = {""};
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_msg(!limits_read("", &limits, &why), "%s", why.text);
    ck_assert_int_eq((int)limits.affinity, CPU_COUNT(&set));
    ck_assert(limits.allowed >= 1 && limits.allowed <= limits.affinity && limits.affinity <= limits.online);
    ck_assert(limits.usable >= 1 && limits.usable <= limits.allowed && limits.quota_cpus > 0);
}
END_TEST

START_TEST(test_lists)
{
    static const struct {
        const char *text;
        size_t count;
        unsigned first, last;
    } lists[] = {{"0", 1, 0, 0}, {"0-3,8", 5, 0, 8}, {"8,0-3", 5, 8, 3}, {"65535", 1, 65535, 65535}, {"007", 1, 7, 7}};
    static const char *const bad[] = {
        "",  ",",  "1,",  ",1",    "0,,2",  "3-1", "-1",  "1-",  "1-2-3", " 1",      "1 ",
        "a", "1a", "0x1", "65536", "1-1,1", "+1",  "1.5", "2:3", "1\n",   "0-65536", "99999999999999999999999"};
    struct reason why = {""};
    unsigned *numbers;
    size_t count;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        ck_assert_int_eq(cpulist_parse(lists[i].text, &numbers, &count, &why), 0);
        ck_assert_uint_eq(count, lists[i].count);
        ck_assert_uint_eq(numbers[0], lists[i].first);
        ck_assert_uint_eq(numbers[count - 1], lists[i].last);
        free(numbers);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        numbers = NULL;
        ck_assert_msg(cpulist_parse(bad[i], &numbers, &count, &why) == -EINVAL, "'%s'", bad[i]);
        ck_assert(!numbers && strstr(why.text, "bad list"));
    }
}
END_TEST

START_TEST(test_list_too_long)
{
    char text[16];
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    hwloc_bitmap_list_sscanf(set, "0,2,4,6");
    cpulist_write(set, text, sizeof text);
    ck_assert_str_eq(text, "0,2,4,6");
    hwloc_bitmap_list_sscanf(set, "100,102,104,106,108");
    cpulist_write(set, text, sizeof text);
    ck_assert_str_eq(text, "100,102,104,...");
    hwloc_bitmap_free(set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tests = tcase_create("limits");
    tcase_add_loop_test(tests, test_tree, 0, sizeof trees / sizeof *trees);
    tcase_add_loop_test(tests, test_quota_of_a_layout, 0, QUOTA_TREES);
    tcase_add_test(tests, test_a_job_bounds_the_workers);
    tcase_add_test(tests, test_a_job_bounds_memory_and_nodes);
    tcase_add_test(tests, test_burst_is_in_cpus_of_its_period);
    tcase_add_test(tests, test_no_proc);
    tcase_add_test(tests, test_here);
    tcase_add_test(tests, test_lists);
    tcase_add_test(tests, test_list_too_long);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
