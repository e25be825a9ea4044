/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placement: the cpus that each policy gives, worked out by hand for a machine of 2 packages x 2 memory nodes x 4
 * cores x 2 hardware threads (core c has the cpus 2c and 2c+1), and what must hold on any machine. */
#include "kernels/reason.h"
#include "runners/cpus/placement.h"
#include "tests/suite.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char big[] = "pack:2 numa:2 core:4 pu:2";

static const char smt2[] = "pack:2 [numa] l3:1 core:16 pu:2"; /* core c has the cpus 2c and 2c+1 */

static hwloc_topology_t load(const char *source, const char *allowed)
{
    struct reason why = {""};
    hwloc_topology_t topology;
    ck_assert_msg(!topology_load(source, &topology, &why), "%s", why.text);
    if (allowed) {
        hwloc_bitmap_t set = hwloc_bitmap_alloc();
        ck_assert_int_eq(hwloc_bitmap_list_sscanf(set, allowed), 0);
        ck_assert_int_eq(hwloc_topology_allow(topology, set, NULL, HWLOC_ALLOW_FLAG_CUSTOM), 0);
        hwloc_bitmap_free(set);
    }
    return topology;
}

/* All workers' lists with blanks between them. */
static void compute(const char *policy, hwloc_topology_t topology, unsigned processes, unsigned threads, char *text,
                    size_t size)
{
    struct reason why = {""};
    struct placement placement = {0};
    int error = placement_compute(policy, topology, processes, threads, &placement, &why);
    text[0] = 0;
    if (error) {
        ck_assert_int_eq(error, -EINVAL);
        ck_assert(why.text[0] && !strchr(why.text, '\n') && !placement.cpus && !placement.workers);
        snprintf(text, size, "! %s", why.text);
        return;
    }
    ck_assert_uint_eq(placement.workers, processes * threads);
    for (unsigned i = 0; placement.cpus && i < placement.workers; i++) {
        size_t at = strlen(text);
        snprintf(text + at, size - at, "%s%s", at ? " " : "", placement.cpus[i]);
    }
    placement_free(&placement);
    placement_free(&placement);
}

static const struct {
    const char *source, *allowed, *policy;
    unsigned processes, threads;
    const char *cpus;
} right[] = {
    {big, NULL, "none", 8, 1, ""},
    {big, NULL, "close", 1, 1, "0"},
    {big, NULL, "close", 8, 1, "0 2 4 6 8 10 12 14"},
    {big, NULL, "close", 2, 4, "0 2 4 6 8 10 12 14"},
    {big, NULL, "close", 16, 1, "0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30"},
    {big, NULL, "close", 20, 1, "0 1 2 3 4 5 6 7 8 10 12 14 16 18 20 22 24 26 28 30"},
    {big, NULL, "spread", 1, 1, "0"},
    {big, NULL, "spread", 2, 1, "0 16"},
    {big, NULL, "spread", 3, 1, "0 8 16"},
    {big, NULL, "spread", 4, 1, "0 8 16 24"},
    {big, NULL, "spread", 8, 1, "0 4 8 12 16 20 24 28"},
    {big, NULL, "spread", 16, 1, "0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30"},
    {big, NULL, "spread", 20, 1, "0 1 2 4 6 8 9 10 12 14 16 17 18 20 22 24 25 26 28 30"},
    {big, NULL, "spread", 2, 4, "0 2 4 6 16 18 20 22"},
    {big, NULL, "spread", 3, 2, "0 2 8 10 16 18"},
    {big, NULL, "spread", 8, 3, "0 1 2 4 5 6 8 9 10 12 13 14 16 17 18 20 21 22 24 25 26 28 29 30"},
    {big, NULL, "spread", 1, 4, "0 8 16 24"},
    /* the threads of a single process: OpenMP's spread over places of one core */
    {smt2, NULL, "spread", 1, 2, "0 32"},
    {smt2, NULL, "spread", 1, 4, "0 16 32 48"},
    {smt2, NULL, "spread", 1, 8, "0 8 16 24 32 40 48 56"},
    {smt2, NULL, "spread", 1, 16, "0 4 8 12 16 20 24 28 32 36 40 44 48 52 56 60"},
    {big, NULL, "0-2,5", 4, 1, "0 1 2 5"},
    {big, NULL, "5,0-2", 3, 2, "5 0 1 2 5 0"},
    {big, NULL, "core:0-3", 4, 1, "0-1 2-3 4-5 6-7"},
    {big, NULL, "numa:1,3", 1, 3, "8-15 24-31 8-15"},
    {big, NULL, "package:1.core:0-1", 2, 1, "16-17 18-19"},
    {big, NULL, "pack:0-1.numa:1.pu:7", 2, 1, "15 31"},
    {big, NULL, "machine:0", 2, 1, "0-31 0-31"},
    /* two cores of the first package, and one hardware thread of the second's */
    {big, "0-3,16", "spread", 2, 1, "0 16"},
    {big, "0-3,16", "spread", 3, 1, "0 2 16"},
    {big, "0-3,16", "spread", 4, 1, "0 1 2 16"},
    {big, "0-3,16", "spread", 1, 3, "0 2 16"},
    {big, "0-3,16", "close", 5, 1, "0 1 2 3 16"},
    {big, "0-3,16", "close", 3, 1, "0 2 16"},
    {big, "1,3,16", "core:0-1", 2, 1, "1 3"},
    {big, "1,3,16", "core:8", 2, 1, "16 16"},
    {big, "4-7,16", "spread", 2, 3, "4 5 4 6 7 16"},
    /* more workers than cpus */
    {"core:2 pu:1", NULL, "close", 4, 1, "0 0 1 1"},
    {"core:2 pu:1", NULL, "spread", 5, 1, "0 0 0 1 1"},
    {"core:4 pu:1", NULL, "spread", 3, 3, "0 0 0 1 1 2 2 3 3"},
    {"core:2 pu:1", NULL, "spread", 3, 2, "0 0 0 1 1 1"},
    {"core:2 pu:1", NULL, "spread", 2, 2, "0 0 1 1"},
    {"pack:2 pu:1", NULL, "spread", 2, 1, "0 1"}, /* no core level */
    {"pack:2 l3:2 core:2 pu:2", NULL, "spread", 4, 1, "0 4 8 12"},
    {"pack:2 l3:2 core:2 pu:2", NULL, "l3:1-2", 2, 1, "4-7 8-11"},
};

START_TEST(test_right)
{
    char text[4096], again[4096];
    hwloc_topology_t topology = load(right[_i].source, right[_i].allowed);
    compute(right[_i].policy, topology, right[_i].processes, right[_i].threads, text, sizeof text);
    compute(right[_i].policy, topology, right[_i].processes, right[_i].threads, again, sizeof again);
    ck_assert_str_eq(text, right[_i].cpus);
    ck_assert_str_eq(text, again);
    hwloc_topology_destroy(topology);
}
END_TEST

static const struct {
    const char *policy, *says;
} wrong[] = {
    {"3-1", "backwards"},
    {"0,,2", "0,,2"},
    {"0,", "0,"},
    {"0-", "0-"},
    {"0-3-5", "0-3-5"},
    {"0, 2", "0, 2"},
    {"0,0", "twice"},
    {"0-2,1", "twice"},
    {"99999999999999999999", "65536"},
    {"31-70000", "65536"},
    {"32", "no cpu 32"},
    {"0-7,40", "no cpu 40"},
    {"12", "cpu 12 is not allowed"},
    {"0,12", "may use cpus 0-7"},
    {"core:5", "core 5 is not allowed"},
    {"core:16", "no core 16"},
    {"core:3-1", "backwards"},
    {"core:", "wanted"},
    {"core:x", "bad list"},
    {"core:-1", "bad list"},
    {":0", "wanted"},
    {"", "wanted"},
    {"l3:0", "no level 'l3'"},
    {"banana:0", "no level 'banana'"},
    {"package:0.", "wanted"},
    {"package:0.core:8", "no core 8"},
    {"package:0 core:1", "bad"},
    {"Close", "wanted"},
    {"-1", "wanted"},
};

START_TEST(test_wrong)
{
    char text[512];
    hwloc_topology_t topology = load(big, "0-7");
    compute(wrong[_i].policy, topology, 2, 1, text, sizeof text);
    ck_assert_msg(text[0] == '!' && strstr(text, wrong[_i].says), "'%s' gave %s", wrong[_i].policy, text);
    hwloc_topology_destroy(topology);
}
END_TEST

START_TEST(test_team_sizes)
{
    char text[512];
    hwloc_topology_t topology = load(big, NULL);
    static const unsigned shapes[][2] = {{0, 1}, {1, 0}, {4096, 4096}, {65536, 65536}, {0xffffffff, 0xffffffff}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        compute("close", topology, shapes[i][0], shapes[i][1], text, sizeof text);
        ck_assert_msg(text[0] == '!', "%u x %u", shapes[i][0], shapes[i][1]);
    }
    hwloc_topology_destroy(topology);
}
END_TEST

/* Cores before hardware threads before sharing; only allowed cpus: on lopsided machines and sets, at any team. */
static void check_even(hwloc_topology_t topology, const char *policy, unsigned processes, unsigned threads)
{
    struct reason why = {""};
    struct placement placement;
    unsigned on_pu[64] = {0}, on_core[64] = {0};
    ck_assert_msg(!placement_compute(policy, topology, processes, threads, &placement, &why), "%s", why.text);
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    for (unsigned i = 0; i < placement.workers; i++) {
        unsigned cpu = (unsigned)strtoul(placement.cpus[i], NULL, 10);
        hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, cpu);
        ck_assert(hwloc_bitmap_isset(allowed, cpu));
        on_pu[pu->logical_index]++;
        on_core[hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu)->logical_index]++;
    }
    unsigned pu_min = 1000, pu_max = 0, core_min = 1000, core_max = 0;
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu));) {
        if (!hwloc_bitmap_isset(allowed, pu->os_index)) continue;
        unsigned core = on_core[hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu)->logical_index];
        unsigned here = on_pu[pu->logical_index];
        if (here < pu_min) pu_min = here;
        if (here > pu_max) pu_max = here;
        if (core < core_min) core_min = core;
        if (core > core_max) core_max = core;
    }
    ck_assert_msg(!(core_min == 0 && core_max > 1), "%s %ux%u: a core is idle", policy, processes, threads);
    ck_assert_msg(!(pu_min == 0 && pu_max > 1), "%s %ux%u: a hardware thread is idle", policy, processes, threads);
    placement_free(&placement);
}

START_TEST(test_even)
{
    static const char *const sets[] = {NULL, "0", "0-3,16", "0,2,4,16-31", "1,3,5,7,9,30-31", "0-7,9,11,13,15-17"};
    hwloc_topology_t topology = load(big, sets[_i]);
    for (unsigned processes = 1; processes <= 40; processes++)
        for (unsigned threads = 1; threads <= 9; threads++) {
            check_even(topology, "close", processes, threads);
            check_even(topology, "spread", processes, threads);
        }
    hwloc_topology_destroy(topology);
}
END_TEST

static int take(hwloc_topology_t topology, void *none)
{
    (void)topology;
    (void)none;
    return 0;
}

START_TEST(test_topology_sources)
{
    static const struct {
        const char *source;
        int error;
    } bad[] = {{"nosuchfile", -ENOENT}, {"/nosuch/file.xml", -ENOENT}, {"/", -EINVAL},     {"/dev/null", -EINVAL},
               {"banana:2", -EINVAL},   {"pack:0", -EINVAL},           {"core:2 pu:1", 0}, {"Makefile", -EINVAL}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reason why = {""};
        int error = topology_use(bad[i].source, take, NULL, &why);
        ck_assert_msg(error == bad[i].error, "%s: %d %s", bad[i].source, error, why.text);
        if (error) ck_assert_msg(why.text[0] && !strchr(why.text, '\n'), "%s", bad[i].source);
    }
}
END_TEST

/* More workers than the old search by halves could place in bounded time: a core each. */
START_TEST(test_many_cpus)
{
    struct reason why = {""};
    struct placement placement;
    hwloc_topology_t topology = load("pack:8 l3:8 core:64 pu:2", NULL);
    ck_assert_msg(!placement_compute("spread", topology, 64, 64, &placement, &why), "%s", why.text);
    for (unsigned i = 0; i < placement.workers; i++) ck_assert_uint_eq(strtoul(placement.cpus[i], NULL, 10), 2 * i);
    placement_free(&placement);
    hwloc_topology_destroy(topology);
}
END_TEST

static int same_placement(hwloc_topology_t topology, void *live)
{
    char recorded[4096];
    compute("spread", topology, 4, 2, recorded, sizeof recorded);
    return strcmp(live, recorded) != 0;
}

/* A recorded topology.xml gives the same placement as the machine did, its allowed set included. */
START_TEST(test_xml)
{
    char path[] = "/tmp/test_placement.XXXXXX", live[4096];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    hwloc_topology_t topology = load(big, "0-3,16,18,20");
    ck_assert_int_eq(hwloc_topology_export_xml(topology, path, 0), 0);
    compute("spread", topology, 4, 2, live, sizeof live);
    hwloc_topology_destroy(topology);
    struct reason why = {""};
    ck_assert_msg(!topology_use(path, same_placement, live, &why), "%s", why.text);
    ck_assert_int_eq(topology_use(path, same_placement, (char[]){"0 1"}, &why), 1);
    unlink(path);
}
END_TEST

/* On this machine only the cpus of the caller's affinity are given. */
START_TEST(test_affinity)
{
    cpu_set_t one, all;
    char text[64], want[32];
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    unsigned last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &all)) last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    hwloc_topology_t topology = load(NULL, NULL);
    snprintf(want, sizeof want, "%u %u", last, last);
    compute("spread", topology, 2, 1, text, sizeof text);
    ck_assert_str_eq(text, want);
    if (last > 0 && CPU_ISSET(last - 1, &all)) {
        snprintf(want, sizeof want, "%u", last - 1);
        compute(want, topology, 1, 1, text, sizeof text);
        ck_assert_msg(strstr(text, "not allowed"), "%s", text);
    }
    hwloc_topology_destroy(topology);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("placement");
    TCase *tests = tcase_create("placement");
    tcase_add_loop_test(tests, test_right, 0, sizeof right / sizeof *right);
    tcase_add_loop_test(tests, test_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, test_team_sizes);
    tcase_add_loop_test(tests, test_even, 0, 6);
    tcase_add_test(tests, test_topology_sources);
    tcase_add_test(tests, test_many_cpus);
    tcase_add_test(tests, test_xml);
    tcase_add_test(tests, test_affinity);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
