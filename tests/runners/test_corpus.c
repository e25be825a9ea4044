/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placement and text on a corpus of machines: lopsided, of two and three kinds of cores, with memory but no cpus, without
 * packages or cores, with parts switched off, large, with four and eight hardware threads on a core. For each of many
 * teams: only allowed cpus, cores before hardware threads before sharing, fast cores first, every package and memory
 * node used by spread, close on consecutive cores, the same every time; the text of topo shows every level. */
#include "kernels/reason.h"
#include "runners/cpus/cpukind.h"
#include "runners/cpus/placement.h"
#include "tests/suite.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A machine: a description, the cpus that it keeps (others vanish, memory stays), those allowed, and its kinds of cores
 * from slow to fast. */
static const struct {
    const char *source, *keeps, *allowed, *kinds[3], *info;
} corpus[] = {
    {"pack:2 [numa] core:4 pu:2", NULL, NULL, {NULL}, NULL},
    {"pack:2 [numa] l3:1 core:16 pu:2", NULL, NULL, {NULL}, NULL},
    {"group:2 pack:3 core:2 pu:1", "0-7", NULL, {NULL}, NULL},          /* three packages beside one */
    {"pack:3 [numa] l3:2 core:4 pu:1", "0-11,16", NULL, {NULL}, NULL},  /* the last package has one core */
    {"pack:4 core:5 pu:1", "0-5,10,15-19", NULL, {NULL}, NULL},         /* 5, 1, 1, 5 cores */
    {"pack:2 [numa] core:4 pu:4", NULL, "0-3,16-19,21", {NULL}, NULL},  /* a set that is lopsided */
    {"pack:2 [numa] die:4 l3:1 core:4 pu:2", NULL, NULL, {NULL}, NULL}, /* dies, an L3 each */
    {"pack:1 [numa] group:2 l3:2 core:3 pu:2", NULL, NULL, {NULL}, NULL},
    {"pack:2 numa:2 l2:4 core:2 pu:1", NULL, NULL, {NULL}, NULL}, /* second-level caches shared by two cores */
    {"pack:2 [numa] core:4 pu:8", NULL, NULL, {NULL}, NULL},
    {"numa:1 core:6 pu:1", NULL, NULL, {NULL}, NULL},                  /* no package */
    {"pack:2 pu:3", NULL, NULL, {NULL}, NULL},                         /* no core */
    {"numa:4 core:4 pu:1", "0-7", NULL, {NULL}, NULL},                 /* two memory nodes without cpus */
    {"pack:2 numa:2 core:2 pu:2", "0-3,8-15", NULL, {NULL}, NULL},     /* one memory node without cpus */
    {"pack:2 [numa] core:8 pu:2", NULL, "2-9,11,20,22-31", {NULL}, NULL}, /* some cpus off */
    {"pack:1 core:8 pu:1", NULL, NULL, {"4-7", "0-3"}, NULL},
    {"pack:1 l2:4 core:2 pu:1", NULL, NULL, {"0-3", "4-5", "6-7"}, NULL},
    {"pack:2 [numa] core:6 pu:1", NULL, NULL, {"2-5,8-11", "0-1,6-7"}, NULL},
    {"pack:1 l3:2 core:4 pu:1", NULL, "1-7", {"0-3", "4-6", "7"}, "LinuxCapacity"}, /* not ranked by hwloc itself */
    {"pack:4 [numa] l3:4 core:16 pu:2", NULL, NULL, {NULL}, NULL},     /* 512 cpus */
};

static hwloc_bitmap_t set_of(const char *list)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    ck_assert_int_eq(hwloc_bitmap_list_sscanf(set, list), 0);
    return set;
}

static void kind_add(hwloc_topology_t topology, int at, int kind)
{
    static char capacities[3][8] = {"280", "820", "1024"}, name[] = "LinuxCapacity";
    struct hwloc_info_s info = {.name = name, .value = capacities[kind]};
    hwloc_bitmap_t set = set_of(corpus[at].kinds[kind]);
    bool named = corpus[at].info;
    ck_assert_int_eq(hwloc_cpukinds_register(topology, set, named ? -1 : kind, named, named ? &info : NULL, 0), 0);
    hwloc_bitmap_free(set);
}

static hwloc_topology_t load(int at)
{
    struct reason why = {""};
    hwloc_topology_t topology;
    ck_assert_msg(!topology_load(corpus[at].source, &topology, &why), "%s", why.text);
    if (corpus[at].keeps) {
        hwloc_bitmap_t set = set_of(corpus[at].keeps);
        ck_assert_int_eq(hwloc_topology_restrict(topology, set, 0), 0);
        hwloc_bitmap_free(set);
    }
    if (corpus[at].allowed) {
        hwloc_bitmap_t set = set_of(corpus[at].allowed);
        ck_assert_int_eq(hwloc_topology_allow(topology, set, NULL, HWLOC_ALLOW_FLAG_CUSTOM), 0);
        hwloc_bitmap_free(set);
    }
    for (int kind = 0; kind < 3 && corpus[at].kinds[kind]; kind++) kind_add(topology, at, kind);
    return topology;
}

enum { CPUS_MAX = 512 };

/* What a team looks like: how many workers each hardware thread has, and each allowed core. */
struct seen {
    hwloc_topology_t topology;
    hwloc_const_bitmap_t allowed;
    unsigned on[CPUS_MAX]; /* by the system's number */
    unsigned workers, cores;
    struct {
        hwloc_obj_t object;
        int speed;
        unsigned workers;
    } core[CPUS_MAX];
};

static void open_machine(struct seen *seen, hwloc_topology_t topology)
{
    *seen = (struct seen){.topology = topology, .allowed = hwloc_topology_get_allowed_cpuset(topology)};
    bool cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0;
    for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(topology, cores ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU, core));) {
        if (!hwloc_bitmap_intersects(core->cpuset, seen->allowed)) continue;
        seen->core[seen->cores].speed = cpukind_speed_of(topology, core->cpuset);
        seen->core[seen->cores++].object = core;
    }
}

static unsigned workers_in(struct seen *seen, hwloc_const_bitmap_t cpus)
{
    unsigned workers = 0;
    for (int cpu = -1; (cpu = hwloc_bitmap_next(cpus, cpu)) >= 0;) workers += seen->on[cpu];
    return workers;
}

static void look(struct seen *seen, const char *policy, unsigned processes, unsigned threads)
{
    struct reason why = {""};
    struct placement first, second;
    ck_assert_msg(!placement_compute(policy, seen->topology, processes, threads, &first, &why), "%s", why.text);
    ck_assert_msg(!placement_compute(policy, seen->topology, processes, threads, &second, &why), "%s", why.text);
    ck_assert_uint_eq(first.workers, processes * threads);
    memset(seen->on, 0, sizeof seen->on);
    for (unsigned i = 0; i < first.workers; i++) {
        ck_assert_str_eq(first.cpus[i], second.cpus[i]);
        unsigned cpu = (unsigned)strtoul(first.cpus[i], NULL, 10);
        ck_assert_msg(hwloc_bitmap_isset(seen->allowed, cpu), "cpu %u is not allowed", cpu);
        seen->on[cpu]++;
    }
    for (unsigned i = 0; i < seen->cores; i++) seen->core[i].workers = workers_in(seen, seen->core[i].object->cpuset);
    seen->workers = first.workers;
    placement_free(&first);
    placement_free(&second);
}

/* Cores before hardware threads, hardware threads before sharing, and sharing evenly. */
static void check_even(struct seen *seen)
{
    unsigned pu_min = UINT_MAX, pu_max = 0, core_min = UINT_MAX, core_max = 0;
    for (int cpu = -1; (cpu = hwloc_bitmap_next(seen->allowed, cpu)) >= 0;) {
        if (!hwloc_get_pu_obj_by_os_index(seen->topology, (unsigned)cpu)) continue;
        if (seen->on[cpu] < pu_min) pu_min = seen->on[cpu];
        if (seen->on[cpu] > pu_max) pu_max = seen->on[cpu];
    }
    for (unsigned i = 0; i < seen->cores; i++) {
        if (seen->core[i].workers < core_min) core_min = seen->core[i].workers;
        if (seen->core[i].workers > core_max) core_max = seen->core[i].workers;
    }
    ck_assert_msg(core_min > 0 || core_max <= 1, "a core is idle, another has %u", core_max);
    ck_assert_msg(pu_max <= pu_min + 1, "a hardware thread has %u workers, another %u", pu_min, pu_max);
}

/* The speed of the slowest cores that must work: the faster ones get a worker each. *before: how many those are. */
static int speed_needed(const struct seen *seen, unsigned *before)
{
    for (int limit = INT_MAX;;) {
        int speed = INT_MIN;
        unsigned faster = 0, equal = 0;
        for (unsigned i = 0; i < seen->cores; i++)
            if (seen->core[i].speed < limit && seen->core[i].speed > speed) speed = seen->core[i].speed;
        for (unsigned i = 0; i < seen->cores; i++) {
            faster += seen->core[i].speed > speed;
            equal += seen->core[i].speed == speed;
        }
        *before = faster;
        if (faster + equal >= seen->workers || faster + equal == seen->cores) return speed;
        limit = speed;
    }
}

static bool has_core(const struct seen *seen, hwloc_obj_t part, int speed)
{
    for (unsigned i = 0; i < seen->cores; i++)
        if (seen->core[i].speed == speed && hwloc_bitmap_isincluded(seen->core[i].object->cpuset, part->cpuset)) return true;
    return false;
}

/* Where there are as many workers as parts of a level, each part has one: of the parts with cores of the slowest kind that is
 * needed, where kinds differ, and of the workers that the faster ones leave to it. */
static void check_parts(struct seen *seen, hwloc_obj_type_t type)
{
    unsigned parts = 0, before;
    int speed = speed_needed(seen, &before);
    for (hwloc_obj_t part = NULL; (part = hwloc_get_next_obj_by_type(seen->topology, type, part));)
        parts += has_core(seen, part, speed);
    if (parts + before > seen->workers) return;
    for (hwloc_obj_t part = NULL; (part = hwloc_get_next_obj_by_type(seen->topology, type, part));)
        ck_assert_msg(workers_in(seen, part->cpuset) || !has_core(seen, part, speed), "%s %u is idle with %u workers",
                      hwloc_obj_type_string(type), part->logical_index, seen->workers);
}

/* Of each kind, cores from the first one on without a gap. */
static void check_close(const struct seen *seen)
{
    for (unsigned i = 0; i < seen->cores; i++)
        for (unsigned k = i + 1; !seen->core[i].workers && k < seen->cores; k++)
            ck_assert_msg(!seen->core[k].workers || seen->core[k].speed != seen->core[i].speed,
                          "core %u works, core %u is left out", k, i);
}

/* No core of a slower kind has a worker while one of a faster kind has none: each kind is used where workers suffice. */
static void check_kinds(const struct seen *seen)
{
    int idle = -1, used = INT_MAX;
    for (unsigned i = 0; i < seen->cores; i++) {
        int speed = seen->core[i].speed;
        if (seen->core[i].workers) used = speed < used ? speed : used;
        else idle = speed > idle ? speed : idle;
    }
    ck_assert_msg(idle <= used, "a core of speed %d is idle, one of %d works", idle, used);
}

START_TEST(test_teams)
{
    hwloc_topology_t topology = load(_i);
    bool kinds = corpus[_i].kinds[0];
    ck_assert_uint_eq(cpukind_count(topology) > 1, kinds);
    struct seen *seen = malloc(sizeof *seen);
    open_machine(seen, topology);
    for (unsigned i = 1; i <= 40; i++) {
        unsigned shapes[][2] = {{i, 1}, {1, i}, {i, 3}};
        for (unsigned shape = 0; shape < 3; shape++) {
            look(seen, "spread", shapes[shape][0], shapes[shape][1]);
            check_even(seen);
            if (shape < 2) check_kinds(seen);
            if (shape < 2) check_parts(seen, HWLOC_OBJ_PACKAGE);
            if (shape < 2) check_parts(seen, HWLOC_OBJ_NUMANODE);
            look(seen, "close", shapes[shape][0], shapes[shape][1]);
            check_even(seen);
            check_kinds(seen);
            check_close(seen);
        }
    }
    free(seen);
    hwloc_topology_destroy(topology);
}
END_TEST

/* What `breakeven topo` prints for the machine. The caller frees it. */
static char *text_of(hwloc_topology_t topology)
{
    char path[] = "/tmp/test_corpus.XXXXXX", self[PATH_MAX], command[PATH_MAX + 100];
    int fd = mkstemp(path);
    ck_assert(fd >= 0 && !hwloc_topology_export_xml(topology, path, 0));
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    *strrchr(self, '/') = 0;
    snprintf(command, sizeof command, "'%s/../breakeven' topo --topology %s", self, path);
    FILE *from = popen(command, "r");
    char *text = calloc(1, 1 << 16);
    ck_assert(from && text && fread(text, 1, (1 << 16) - 1, from));
    ck_assert_int_eq(pclose(from), 0);
    close(fd);
    unlink(path);
    return text;
}

/* One line for each part of each level above the cores; second-level caches where cores share them. */
START_TEST(test_text)
{
    static const hwloc_obj_type_t levels[] = {HWLOC_OBJ_MACHINE, HWLOC_OBJ_GROUP,    HWLOC_OBJ_PACKAGE,
                                              HWLOC_OBJ_DIE,     HWLOC_OBJ_NUMANODE, HWLOC_OBJ_L3CACHE,
                                              HWLOC_OBJ_L2CACHE};
    hwloc_topology_t topology = load(_i);
    char *text = text_of(topology), want[64];
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        for (hwloc_obj_t part = NULL; (part = hwloc_get_next_obj_by_type(topology, levels[i], part));) {
            if (part->type == HWLOC_OBJ_L2CACHE && hwloc_get_nbobjs_inside_cpuset_by_type(topology, part->cpuset, HWLOC_OBJ_CORE) < 2)
                continue;
            snprintf(want, sizeof want, " %s %u: ", hwloc_obj_type_string(levels[i]), part->logical_index);
            ck_assert_msg(strstr(text, want + (levels[i] == HWLOC_OBJ_MACHINE)), "no line '%s' in\n%s", want, text);
        }
    ck_assert_msg(!corpus[_i].kinds[0] == !strstr(text, "kinds of cores"), "%s", text);
    free(text);
    hwloc_topology_destroy(topology);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("corpus");
    TCase *tests = tcase_create("corpus");
    tcase_add_loop_test(tests, test_teams, 0, sizeof corpus / sizeof *corpus);
    tcase_add_loop_test(tests, test_text, 0, sizeof corpus / sizeof *corpus);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
