/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probes and the doctor's judgement: made-up machines, and what must hold on any real one. No duration is asserted.
 */
#include "bench/machine/doctor.h"
#include "bench/machine/probe_team.h"
#include "bench/machine/speeds.h"
#include "kernels/reason.h"
#include "runners/cpus/placement.h"
#include "tests/suite.h"

#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A quiet machine: everything is good. */
static void healthy(struct doctor_facts *facts)
{
    *facts = (struct doctor_facts){
        .system = {.load = 0.01, .pressure = 0, .governor = "performance", .boost = 0, .clocksource = "tsc"},
        .limits = {.online = 4, .allowed = 4, .allowed_list = "0-3", .quota_cpus = INFINITY, .quota_file = "cpu.max"},
        .steal_share = 0,
        .clock = {.cost_ns = 25, .resolution_ns = 1},
        .noise = {.count = 2,
                  .cpu = {{.cpu = 0, .p50_ns = 1e6, .p99_ns = 1.01e6, .max_ns = 1.1e6},
                          {.cpu = 1, .p50_ns = 1e6, .p99_ns = 1.01e6, .max_ns = 1.1e6}}},
        .sleep = {.asked_ns = 1000, .median_ns = 6e4, .p99_ns = 9e4},
        .placement = {.pairs_all = 1, .count = 1, .pair = {{0, 1, 80, 2.0, 2.0}}},
        .gnuplot = true,
        .python3 = true,
        .mpi = {.library = "Open MPI v4.1.4", .launcher = "mpirun", .took_s = 0.3},
    };
}

static const struct finding *finding_of(const struct doctor_facts *facts, const char *topic)
{
    static struct finding findings[DOCTOR_FINDINGS];
    size_t count = doctor_judge(facts, findings);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(findings[i].topic, topic)) return &findings[i];
    return NULL;
}

START_TEST(a_quiet_machine_is_good_throughout)
{
    struct doctor_facts facts;
    struct finding findings[DOCTOR_FINDINGS];
    healthy(&facts);
    size_t count = doctor_judge(&facts, findings);
    ck_assert_uint_eq(count, 17);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(findings[i].verdict == DOCTOR_GOOD, "%s: %s", findings[i].topic, findings[i].found);
        ck_assert_str_eq(findings[i].advice, "");
    }
}
END_TEST

/* Each row spoils one thing of the quiet machine. */
#define SPOIL(name, statement)                                                                                         \
    static void name(struct doctor_facts *facts)                                                                       \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
SPOIL(one_cpu, facts->limits.allowed = 1)
SPOIL(no_proc, facts->limits_error = -ENOENT)
SPOIL(some_load, facts->system.load = 1)
SPOIL(ended_load, facts->system.load = 8)
SPOIL(much_load, facts->system.load = 8; facts->system.pressure = NAN)
SPOIL(no_load, facts->system.load = NAN)
SPOIL(waiting, facts->system.pressure = 0.3; facts->system.pressure_s = 10)
SPOIL(powersave, strcpy(facts->system.governor, "powersave"))
SPOIL(unseen, facts->system.governor[0] = '\0'; facts->system.virtual_machine = true)
SPOIL(boosted, facts->system.boost = 1)
SPOIL(no_groups, facts->limits.quota_file = NULL)
SPOIL(small_quota, facts->limits.quota_cpus = 1.5; strcpy(facts->limits.quota_where, "/sys/fs/cgroup/box"))
SPOIL(throttled, facts->throttled_ns = 1000000)
SPOIL(some_steal, facts->steal_share = 0.01)
SPOIL(much_steal, facts->steal_share = 0.05)
SPOIL(hpet, strcpy(facts->system.clocksource, "hpet"))
SPOIL(kvm_clock, strcpy(facts->system.clocksource, "kvm-clock"))
SPOIL(slow_clock, facts->clock.cost_ns = 2000)
SPOIL(back_clock, facts->clock.backwards = 1)
SPOIL(some_noise, facts->noise.cpu[1].p99_ns = 1.15e6)
SPOIL(much_noise, facts->noise.cpu[1].p99_ns = 2e6)
SPOIL(no_noise, facts->noise_error = -EPERM)
SPOIL(crowded, facts->noise_error = -ETIMEDOUT)
SPOIL(neighbour, facts->noise.cpu[1].p50_ns = 2e6; facts->noise.cpu[1].p99_ns = 2e6)
SPOIL(long_sleep, facts->sleep.median_ns = 4e6)
SPOIL(threads, facts->sibling_groups = 2; strcpy(facts->siblings, "0,2 1,3"))
SPOIL(many_threads, facts->sibling_groups = 192;
      for (int i = 0; i < 50; i++) sprintf(facts->siblings + (i ? 8 * i - 1 : 0), "%s%d,%d",
                                           i ? " " : "", 100 + i, 300 + i))
SPOIL(unequal, strcpy(facts->kinds, "2 kinds of cores, the fast first: kind 1 fast (cpus 3), kind 0 saving (cpus 0-2)"))
SPOIL(one_core, facts->placement.pair[0].chains_speedup = 1.2)
SPOIL(not_there, facts->placement.pair[0].chain_speedup = 1.1; facts->placement.pair[0].chains_speedup = 1.1)
SPOIL(no_gnuplot, facts->gnuplot = false)
SPOIL(no_python, facts->python3 = false)
SPOIL(no_ranks, facts->mpi_error = -ECHILD; strcpy(facts->mpi_why.text, "mpirun ended with code 1: not enough slots"))

static const struct {
    void (*spoil)(struct doctor_facts *);
    const char *topic;
    enum doctor_verdict verdict;
    const char *says;
} troubles[] = {
    {one_cpu, "cpus", DOCTOR_BAD, "1 of 4"},
    {no_proc, "cpus", DOCTOR_CAUTION, "cannot"},
    {some_load, "load", DOCTOR_CAUTION, "1.00"},
    {ended_load, "load", DOCTOR_CAUTION, "8.00"},
    {much_load, "load", DOCTOR_BAD, "8.00"},
    {no_load, "load", DOCTOR_CAUTION, "cannot"},
    {waiting, "pressure", DOCTOR_BAD, "30.0 %"},
    {powersave, "governor", DOCTOR_CAUTION, "powersave"},
    {unseen, "governor", DOCTOR_CAUTION, "virtual"},
    {boosted, "boost", DOCTOR_CAUTION, "on"},
    {no_groups, "quota", DOCTOR_CAUTION, "cannot be seen"},
    {small_quota, "quota", DOCTOR_CAUTION, "1.5 cpus"},
    {throttled, "throttling", DOCTOR_BAD, "1.0 ms"},
    {some_steal, "steal", DOCTOR_CAUTION, "1.00 %"},
    {much_steal, "steal", DOCTOR_BAD, "5.00 %"},
    {hpet, "clock source", DOCTOR_BAD, "hpet"},
    {kvm_clock, "clock source", DOCTOR_CAUTION, "kvm-clock"},
    {slow_clock, "clock", DOCTOR_BAD, "2000 ns"},
    {back_clock, "clock", DOCTOR_BAD, "backwards"},
    {some_noise, "noise", DOCTOR_CAUTION, "cpu 1"},
    {much_noise, "noise", DOCTOR_BAD, "2.00 x"},
    {no_noise, "noise", DOCTOR_CAUTION, "failed"},
    {crowded, "noise", DOCTOR_BAD, "did not end"},
    {neighbour, "evenness", DOCTOR_BAD, "2.00 x"},
    {long_sleep, "sleep", DOCTOR_BAD, "4000 us"},
    {threads, "siblings", DOCTOR_CAUTION, "0,2 1,3"},
    {many_threads, "siblings", DOCTOR_CAUTION, "192 cores with several cpus: 100,300 101,301"},
    {many_threads, "siblings", DOCTOR_CAUTION, ",314 ..."},
    {unequal, "kinds of cores", DOCTOR_CAUTION, "kind 0 saving (cpus 0-2)"},
    {one_core, "two workers", DOCTOR_CAUTION, "1.20 x"},
    {not_there, "two workers", DOCTOR_BAD, "1.10 x"},
    {no_gnuplot, "programs", DOCTOR_CAUTION, "gnuplot is missing"},
    {no_python, "programs", DOCTOR_CAUTION, "python3 is missing"},
    {no_ranks, "mpi", DOCTOR_CAUTION, "not enough slots"},
};

START_TEST(each_trouble_is_found_and_comes_with_advice)
{
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        struct doctor_facts facts;
        healthy(&facts);
        troubles[i].spoil(&facts);
        const struct finding *finding = finding_of(&facts, troubles[i].topic);
        ck_assert_msg(finding != NULL, "row %zu: %s is not there", i, troubles[i].topic);
        ck_assert_msg(finding->verdict == troubles[i].verdict, "row %zu: %s: %s", i, doctor_verdict_names[finding->verdict],
                      finding->found);
        ck_assert_msg(strstr(finding->found, troubles[i].says) != NULL, "row %zu: %s", i, finding->found);
        ck_assert_msg(strlen(finding->advice) > 10, "row %zu: no advice", i);
    }
}
END_TEST

/* A folder that looks like a system. */
static char root[] = "/tmp/doctor-XXXXXX";

static void root_make(void)
{
    strcpy(root, "/tmp/doctor-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static int forget(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

static void root_remove(void)
{
    nftw(root, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(a_made_up_system_is_read)
{
    const unsigned cpus[] = {0, 1};
    struct probe_system system;
    root_make();
    probe_system_read(root, cpus, 2, &system); /* nothing there: all unknown, no error */
    ck_assert_double_nan(system.load);
    ck_assert_double_nan(system.pressure);
    ck_assert_str_eq(system.governor, "");
    ck_assert_int_eq(system.boost, -1);
    ck_assert(!system.virtual_machine);
    put("/proc/loadavg", "1.25 0.50 0.10 1/95 10705\n");
    put("/proc/pressure/cpu", "some avg10=12.50 avg60=0.43 avg300=0.79 total=8325037\n");
    put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n");
    put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    put("/sys/devices/system/clocksource/clocksource0/available_clocksource", "hpet acpi_pm \n");
    probe_system_read(root, cpus, 2, &system);
    ck_assert_double_eq(system.load, 1.25);
    ck_assert_double_eq(system.pressure, 0); /* what waited has ended: the total stands still */
    ck_assert_int_eq(system.pressure_s, 1);
    ck_assert_str_eq(system.governor, "performance");
    ck_assert_int_eq(system.boost, 0);
    ck_assert(system.virtual_machine);
    ck_assert_str_eq(system.clocksource, "hpet");
    put("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
    put("/sys/devices/system/cpu/cpufreq/boost", "1\n");
    put("/proc/loadavg", "what is this");
    put("/proc/pressure/cpu", "some avg10=1.50 avg60=0.43 avg300=0.79 total=8325037\n");
    probe_system_read(root, cpus, 2, &system);
    ck_assert_str_eq(system.governor, "mixed");
    ck_assert_int_eq(system.boost, 1);
    ck_assert_double_nan(system.load);
    ck_assert_double_eq_tol(system.pressure, 0.015, 1e-12);
    ck_assert_int_eq(system.pressure_s, 10);
    root_remove();
}
END_TEST

START_TEST(steal_is_a_share_of_all_time)
{
    struct probe_ticks before, after, none;
    root_make();
    probe_ticks_read(root, &none);
    put("/proc/stat", "cpu  100 0 100 700 50 0 20 30 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n");
    probe_ticks_read(root, &before);
    put("/proc/stat", "cpu  200 0 200 1400 50 0 20 130 5 0\n");
    probe_ticks_read(root, &after);
    ck_assert_int_eq(before.all, 1000);
    ck_assert_double_eq_tol(probe_steal_share(&before, &after), 0.1, 1e-12);
    ck_assert_double_nan(probe_steal_share(&none, &after));
    ck_assert_double_nan(probe_steal_share(&before, &before));
    root_remove();
}
END_TEST

/* A clock that follows a script. */
static int64_t script_next(const struct clock *clock)
{
    int64_t *now_ns = clock->state;
    return *now_ns += 40;
}

static int64_t backwards_next(const struct clock *clock)
{
    int64_t *now_ns = clock->state;
    return (*now_ns)++ % 10 ? *now_ns : *now_ns - 100;
}

START_TEST(a_scripted_clock_comes_back_exactly)
{
    int64_t now_ns = 0;
    struct clock clock = {script_next, &now_ns};
    struct clock_quality quality = clock_measure(&clock);
    ck_assert_double_eq(quality.cost_ns, 40);
    ck_assert_double_eq(quality.resolution_ns, 40);
    ck_assert_int_eq(quality.backwards, 0);
    struct clock wrong = {backwards_next, &now_ns};
    ck_assert_int_gt(clock_measure(&wrong).backwards, 0);
}
END_TEST

static int tell(void *context, size_t member, void *page)
{
    ((int *)page)[member] = (int)member + *(int *)context;
    return 0;
}

static int refuse(void *context, size_t member, void *page)
{
    (void)context, (void)page;
    return member == 1 ? -EIO : 0;
}

static int crash(void *context, size_t member, void *page)
{
    (void)context, (void)page;
    if (member) kill(getpid(), SIGKILL);
    return 0;
}

START_TEST(a_team_tells_fails_and_leaves_nothing_behind)
{
    unsigned cpus[2], absent[2];
    size_t count = probe_allowed_cpus(cpus, 2);
    ck_assert_uint_ge(count, 1);
    if (count < 2) cpus[1] = cpus[0];
    int base = 40, page[2] = {0};
    ck_assert_int_eq(probe_team_run(cpus, 2, tell, &base, page, sizeof page), 0);
    ck_assert_int_eq(page[0], 40);
    ck_assert_int_eq(page[1], 41);
    page[0] = 7;
    ck_assert_int_eq(probe_team_run(cpus, 2, refuse, NULL, page, sizeof page), -EIO);
    ck_assert_int_eq(page[0], 7);
    ck_assert_int_eq(probe_team_run(cpus, 2, crash, NULL, page, sizeof page), -ECHILD);
    absent[0] = cpus[0], absent[1] = 8000;
    ck_assert_int_eq(probe_team_run(absent, 2, tell, &base, page, sizeof page), -EINVAL);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, dead or alive */
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(probes_of_this_machine_make_sense)
{
    unsigned cpus[PROBE_CPUS_MAX];
    size_t count = probe_allowed_cpus(cpus, 4);
    struct probe_noise noise;
    ck_assert_int_eq(probe_noise_measure(&clock_real, cpus, count, 20, &noise), 0);
    ck_assert_uint_eq(noise.count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(noise.cpu[i].cpu, cpus[i]);
        ck_assert_uint_eq(noise.cpu[i].quanta, 20);
        ck_assert(noise.cpu[i].p50_ns > 0 && noise.cpu[i].p50_ns <= noise.cpu[i].p99_ns);
        ck_assert(noise.cpu[i].p99_ns <= noise.cpu[i].max_ns);
    }
    ck_assert_int_eq(probe_noise_measure(&clock_real, cpus, 0, 20, &noise), -EINVAL);
    struct probe_placement placement;
    ck_assert_int_eq(probe_placement_measure(&clock_real, cpus, count, &placement), 0);
    ck_assert_uint_eq(placement.count, count * (count - 1) / 2);
    for (size_t i = 0; i < placement.count; i++) {
        ck_assert(placement.pair[i].round_trip_ns > 0);
        ck_assert(placement.pair[i].chain_speedup > 0 && placement.pair[i].chains_speedup > 0);
    }
    json_t *json = probe_placement_to_json(&placement, 0), *error = probe_placement_to_json(&placement, -EPERM);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "pairs")), placement.count);
    ck_assert_ptr_nonnull(json_object_get(error, "error"));
    json_decref(json);
    json_decref(error);
}
END_TEST

/* Four cores of which the last is twice as fast as the others. */
static hwloc_topology_t two_kinds(void)
{
    static const char *const kinds[] = {"0-2", "3"};
    hwloc_topology_t topology;
    struct reason why = {""};
    ck_assert_msg(!topology_load("pack:1 core:4 pu:1", &topology, &why), "%s", why.text);
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    for (int kind = 0; kind < 2; kind++) {
        hwloc_bitmap_list_sscanf(set, kinds[kind]);
        ck_assert_int_eq(hwloc_cpukinds_register(topology, set, kind, 0, NULL, 0), 0);
    }
    hwloc_bitmap_free(set);
    return topology;
}

START_TEST(workers_are_worth_the_speeds_of_their_cores)
{
    static const double p50_ns[] = {2.1e6, 2e6, 1.9e6, 1e6};
    char *bound[] = {"0", "2-3", "3"};
    struct probe_noise noise = {.count = 4};
    struct speeds speeds;
    hwloc_topology_t topology = two_kinds();
    for (unsigned i = 0; i < 4; i++) noise.cpu[i] = (struct probe_noise_cpu){.cpu = i, .p50_ns = p50_ns[i]};
    speeds_from(topology, &noise, &speeds);
    ck_assert_str_eq(speeds.line, "kind 0 is 0.5, kind 1 is 1");
    ck_assert_double_eq_tol(speeds_sum(&speeds, NULL, 1), 1, 1e-9); /* the fastest first */
    ck_assert_double_eq_tol(speeds_sum(&speeds, NULL, 4), 2.5, 1e-9);
    ck_assert_double_eq_tol(speeds_sum(&speeds, NULL, 5), 3.5, 1e-9);
    ck_assert_double_eq_tol(speeds_sum(&speeds, bound, 3), 0.5 + 0.75 + 1, 1e-9);
    hwloc_topology_destroy(topology);
}
END_TEST

START_TEST(where_cores_are_alike_each_is_one)
{
    struct speeds speeds;
    struct reason why = {""};
    hwloc_topology_t topology;
    ck_assert_msg(!topology_load("pack:1 core:4 pu:1", &topology, &why), "%s", why.text);
    ck_assert_int_eq(speeds_measure(topology, &clock_real, &speeds), 0);
    ck_assert_uint_eq(speeds.count, 0);
    ck_assert_str_eq(speeds.line, "");
    ck_assert_double_eq(speeds_sum(&speeds, NULL, 7), 7);
    hwloc_topology_destroy(topology);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("doctor");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_quiet_machine_is_good_throughout);
    tcase_add_test(all, each_trouble_is_found_and_comes_with_advice);
    tcase_add_test(all, workers_are_worth_the_speeds_of_their_cores);
    tcase_add_test(all, where_cores_are_alike_each_is_one);
    tcase_add_test(all, a_made_up_system_is_read);
    tcase_add_test(all, steal_is_a_share_of_all_time);
    tcase_add_test(all, a_scripted_clock_comes_back_exactly);
    tcase_add_test(all, a_team_tells_fails_and_leaves_nothing_behind);
    tcase_add_test(all, probes_of_this_machine_make_sense);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
