/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pool's reader of cgroup quotas on the layouts that the program's reader is tried on, and the variables. */
#include "forkpool/forkpool.h"
#include "forkpool/machine/machine.h"
#include "tests/suite.h"
#include "tests/runners/trees.h"

void forkpool_step(void);
void forkpool_step(void) {}

START_TEST(a_layout_is_read_as_the_program_reads_it)
{
    const struct quota_tree *tree = &quota_trees[_i];
    char root[] = "/tmp/forkpool_quota.XXXXXX";
    tree_make(root, tree->files);
    unsigned quota = quota_read(root);
    tree_remove(root);
    unsigned want = isinf(tree->quota) ? 0 : (unsigned)ceil(tree->quota);
    ck_assert_msg(quota == want, "%s: %u instead of %u", tree->what, quota, want);
}
END_TEST

static const struct {
    const char *set[6]; /* name, value, ... */
    unsigned asked;
    const char *by, *ignored;
} jobs[] = {
    {{NULL}, 0, NULL, NULL},
    {{"FORKPOOL_WORKERS", "3"}, 3, "FORKPOOL_WORKERS", NULL},
    {{"FORKPOOL_WORKERS", " 3 "}, 3, "FORKPOOL_WORKERS", NULL},
    {{"FORKPOOL_WORKERS", "0"}, 0, NULL, "FORKPOOL_WORKERS"},
    {{"FORKPOOL_WORKERS", "-1"}, 0, NULL, "FORKPOOL_WORKERS"},
    {{"FORKPOOL_WORKERS", "2x"}, 0, NULL, "FORKPOOL_WORKERS"},
    {{"FORKPOOL_WORKERS", ""}, 0, NULL, NULL},
    {{"SLURM_JOB_ID", "7", "SLURM_CPUS_PER_TASK", "4", "SLURM_CPUS_ON_NODE", "2"}, 4, "SLURM_CPUS_PER_TASK", NULL},
    {{"SLURM_JOB_ID", "7", "SLURM_CPUS_ON_NODE", "6"}, 6, "SLURM_CPUS_ON_NODE", NULL},
    {{"SLURM_CPUS_PER_TASK", "4"}, 0, NULL, NULL},
    {{"PBS_JOBID", "1", "NCPUS", "5"}, 5, "NCPUS", NULL},
    {{"NCPUS", "5"}, 0, NULL, NULL},
    {{"PBS_JOBID", "1", "PBS_NUM_PPN", "2", "NCPUS", "5"}, 2, "PBS_NUM_PPN", NULL},
    {{"NSLOTS", "8", "FORKPOOL_WORKERS", "9"}, 8, "NSLOTS", NULL},
    {{"LSB_DJOB_NUMPROC", "16"}, 16, "LSB_DJOB_NUMPROC", NULL},
    {{"LSB_DJOB_NUMPROC", "99999999999999999999"}, 2147483647, "LSB_DJOB_NUMPROC", NULL},
};

START_TEST(a_job_is_told_by_its_variables)
{
    const char *by, *ignored;
    clearenv();
    for (size_t i = 0; i < 6 && jobs[_i].set[i]; i += 2) setenv(jobs[_i].set[i], jobs[_i].set[i + 1], 1);
    ck_assert_uint_eq(batch_read(&by, &ignored), jobs[_i].asked);
    ck_assert_pstr_eq(by, jobs[_i].by);
    ck_assert_pstr_eq(ignored, jobs[_i].ignored);
}
END_TEST

START_TEST(the_smallest_bound_is_the_default)
{
    struct forkpool_cpus cpus;
    clearenv();
    unsigned count = forkpool_cpus(&cpus);
    ck_assert(count >= 1 && count <= cpus.affinity && !cpus.asked && (!cpus.quota || count <= cpus.quota));
    ck_assert_uint_eq(forkpool_cpus(NULL), forkpool_default_workers());
    setenv("SLURM_JOB_ID", "1", 1);
    setenv("SLURM_CPUS_PER_TASK", "1", 1);
    ck_assert_uint_eq(forkpool_cpus(&cpus), 1);
    ck_assert_str_eq(cpus.asked_by, "SLURM_CPUS_PER_TASK");
    ck_assert_uint_eq(forkpool_default_workers(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forkpool_quota");
    TCase *tests = tcase_create("quota");
    tcase_add_loop_test(tests, a_layout_is_read_as_the_program_reads_it, 0, QUOTA_TREES);
    tcase_add_loop_test(tests, a_job_is_told_by_its_variables, 0, sizeof jobs / sizeof *jobs);
    tcase_add_test(tests, the_smallest_bound_is_the_default);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
