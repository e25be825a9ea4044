/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/placement.h"

#include "runners/cpus/cpukind.h"

#include <errno.h>
#include <stdlib.h>

/* Where spread keeps processes apart, from the outside in; the cores are the innermost. */
enum level { LEVEL_PACKAGE, LEVEL_MEMORY, LEVEL_DIE, LEVEL_L3, LEVEL_L2, LEVELS };

/* A core with its allowed hardware threads. */
struct core {
    unsigned *pus; /* indices of the operating system, inside struct cores' all */
    unsigned count;
    unsigned workers; /* to be placed on it */
    unsigned order;   /* its number among the machine's allowed cores */
    int speed;        /* of its kind: the higher, the faster; 0: unknown */
    hwloc_obj_t in[LEVELS];
};

/* The allowed cores, in the machine's order. */
struct cores {
    struct core *list;
    unsigned count;
    unsigned *all;
};

/* A run of consecutive cores: what one process gets. */
struct region {
    unsigned first, count;
};

static void cores_free(struct cores *cores)
{
    free(cores->list);
    free(cores->all);
}

/* The part of each level that a hardware thread lies in; memory nodes hang on the object whose cpus are near them. */
static void levels_find(hwloc_obj_t pu, hwloc_obj_t *in)
{
    for (hwloc_obj_t object = pu->parent; object; object = object->parent) {
        if (object->type == HWLOC_OBJ_PACKAGE) in[LEVEL_PACKAGE] = object;
        if (object->type == HWLOC_OBJ_DIE) in[LEVEL_DIE] = object;
        if (object->type == HWLOC_OBJ_L3CACHE) in[LEVEL_L3] = object;
        if (object->type == HWLOC_OBJ_L2CACHE) in[LEVEL_L2] = object;
        if (object->memory_arity && !in[LEVEL_MEMORY]) in[LEVEL_MEMORY] = object;
    }
}

/* A machine without a core level (some virtual ones) counts each hardware thread as a core. */
static int cores_list(hwloc_topology_t topology, struct cores *cores)
{
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    size_t pus = (size_t)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    struct cores made = {calloc(pus, sizeof *made.list), 0, calloc(pus, sizeof *made.all)};
    if (!made.list || !made.all) {
        cores_free(&made);
        return -ENOMEM;
    }
    hwloc_obj_t last = NULL;
    unsigned used = 0;
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu));) {
        if (!hwloc_bitmap_isset(allowed, pu->os_index)) continue;
        hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
        if (!core || core != last) {
            struct core *next = &made.list[made.count];
            *next = (struct core){.pus = &made.all[used], .order = made.count};
            next->speed = cpukind_speed_of(topology, pu->cpuset);
            levels_find(pu, next->in);
            made.count++;
        }
        last = core;
        made.list[made.count - 1].count++;
        made.all[used++] = pu->os_index;
    }
    *cores = made;
    return 0;
}

static int by_speed(const void *a, const void *b)
{
    const struct core *left = a, *right = b;
    if (left->speed != right->speed) return left->speed > right->speed ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
    const struct core *left = a, *right = b;
    return left->order < right->order ? -1 : 1;
}

/* One worker more for each core of `some` that has a `round`-th hardware thread, at most `left`. Returns what is left. */
static unsigned round_give(struct core *cores, unsigned count, unsigned round, unsigned left)
{
    for (unsigned i = 0; left && i < count; i++)
        if (cores[i].count > round) {
            cores[i].workers++;
            left--;
        }
    return left;
}

/* Gives the workers in the order of the cores. */
static void workers_deal(struct core *cores, unsigned count, unsigned *pu_of)
{
    for (unsigned i = 0; i < count; i++)
        for (unsigned worker = 0; worker < cores[i].workers; worker++)
            *pu_of++ = cores[i].pus[worker % cores[i].count];
}

static unsigned round_size(const struct cores *cores, unsigned round)
{
    unsigned size = 0;
    for (unsigned i = 0; i < cores->count; i++) size += cores->list[i].count > round;
    return size;
}

/* The whole rounds: in the k-th each core that has a k-th hardware thread gets a worker; after the last the first comes
 * again. Returns the workers that are left for the round *round, fewer than it has cores. */
static unsigned rounds_give(struct cores *cores, unsigned workers, unsigned *round)
{
    for (*round = 0;; ++*round) {
        unsigned size = round_size(cores, *round);
        if (!size) size = round_size(cores, *round = 0);
        if (size > workers) return workers;
        workers = round_give(cores->list, cores->count, *round, workers);
    }
}

/* Part of a level: a run of cores, and how many processes it gets. */
struct part {
    struct region cores;
    unsigned processes;
};

static unsigned parts_list(const struct core *cores, enum level level, struct region in, struct part *parts)
{
    unsigned count = 0;
    for (unsigned i = in.first; i < in.first + in.count; i++) {
        bool same = level < LEVELS && i > in.first && cores[i].in[level] == cores[i - 1].in[level];
        if (!same) parts[count++] = (struct part){{i, 0}, 0};
        parts[count - 1].cores.count++;
    }
    return count;
}

/* Fewer processes than parts: each gets a run of them, cut where about the same number of cores lies in each. */
static void parts_group(const struct part *parts, unsigned count, struct region in, unsigned processes,
                        struct region *out)
{
    unsigned part = 0, core = in.first;
    for (unsigned i = 0; i < processes; i++) {
        unsigned first = part, from = core;
        unsigned goal = in.first + (unsigned)((uint64_t)in.count * (i + 1) / processes);
        while (part < count - (processes - i - 1) && (part == first || core + parts[part].cores.count <= goal))
            core += parts[part++].cores.count;
        out[i] = (struct region){from, core - from};
    }
}

/* May the part take one process more sooner than the other? One each comes first, then it goes by size (D'Hondt). */
static bool part_before(const struct part *part, const struct part *other, unsigned threads)
{
    uint64_t mine = (uint64_t)part->processes + 1, its = (uint64_t)other->processes + 1;
    bool fits = mine * threads <= part->cores.count, other_fits = its * threads <= other->cores.count;
    if (fits != other_fits) return fits;
    if (!part->processes != !other->processes) return !part->processes;
    return mine * other->cores.count < its * part->cores.count;
}

static void parts_deal(struct part *parts, unsigned count, unsigned processes, unsigned threads)
{
    for (unsigned i = 0; i < processes; i++) {
        struct part *best = parts;
        for (struct part *part = parts + 1; part < parts + count; part++)
            if (part_before(part, best, threads)) best = part;
        best->processes++;
    }
}

/* Divides the region among processes, of which it holds at most one for each core. */
static int regions_split(const struct core *cores, enum level level, struct region in, unsigned processes,
                         unsigned threads, struct region *out)
{
    if (processes <= 1) {
        if (processes) *out = in;
        return 0;
    }
    struct part *parts = calloc(in.count, sizeof *parts);
    if (!parts) return -ENOMEM;
    unsigned count = parts_list(cores, level, in, parts);
    int error = 0;
    if (processes < count || level == LEVELS) {
        parts_group(parts, count, in, processes, out);
    } else {
        parts_deal(parts, count, processes, threads);
        for (struct part *part = parts; !error && part < parts + count; out += part++->processes)
            error = regions_split(cores, level + 1, part->cores, part->processes, threads, out);
    }
    free(parts);
    return error;
}

/* Where the machine's parts would leave a process with fewer cores than threads: even stretches of the cores. */
static void regions_fit(struct region *regions, unsigned processes, unsigned threads, unsigned cores)
{
    bool fit = true;
    for (unsigned i = 0; i < processes; i++) fit &= regions[i].count >= threads;
    for (unsigned i = 0; !fit && i < processes; i++) {
        unsigned first = (unsigned)((uint64_t)i * cores / processes);
        unsigned end = (unsigned)(((uint64_t)i + 1) * cores / processes);
        regions[i] = (struct region){first, end - first};
    }
}

/* One worker more for each of processes x threads of the cores, which are as many or more. */
static int apart(struct core *cores, unsigned count, unsigned processes, unsigned threads)
{
    struct region *regions = calloc(processes, sizeof *regions), all = {0, count};
    if (!regions) return -ENOMEM;
    int error = regions_split(cores, LEVEL_PACKAGE, all, processes, threads, regions);
    if (!error) regions_fit(regions, processes, threads, count);
    for (unsigned i = 0; !error && i < processes; i++)
        for (unsigned k = 0; k < threads; k++) cores[regions[i].first + k].workers++;
    free(regions);
    return error;
}

/* The `left` workers of a round that is not whole, apart from each other on the cores that have a `round`-th thread. */
static int round_spread(struct cores *cores, unsigned round, unsigned left)
{
    struct core *some = calloc(cores->count, sizeof *some);
    if (!some) return -ENOMEM;
    unsigned count = 0;
    for (unsigned i = 0; i < cores->count; i++)
        if (cores->list[i].count > round) some[count++] = cores->list[i];
    int error = apart(some, count, left, 1);
    for (unsigned i = 0; !error && i < count; i++) cores->list[some[i].order].workers = some[i].workers;
    free(some);
    return error;
}

/* Where kinds of cores differ, the faster ones get a worker each as long as workers are left; of the last kind that is
 * needed the rest is spread. A process of several threads may need cores of two kinds: then all of those are one. */
static int kinds_spread(struct cores *cores, unsigned processes, unsigned threads)
{
    unsigned workers = processes * threads, first = 0, end = 0;
    qsort(cores->list, cores->count, sizeof *cores->list, by_speed);
    while (end < workers) {
        for (first = end++; end < cores->count && cores->list[end].speed == cores->list[first].speed;) end++;
    }
    if (processes == 1 || threads == 1) {
        qsort(cores->list, first, sizeof *cores->list, by_order);
        for (unsigned i = 0; i < first; i++) cores->list[i].workers = 1;
        return apart(cores->list + first, end - first, workers - first, 1);
    }
    qsort(cores->list, end, sizeof *cores->list, by_order);
    return apart(cores->list, end, processes, threads);
}

static int spread(struct cores *cores, unsigned processes, unsigned threads, unsigned *pu_of)
{
    unsigned workers = processes * threads, round;
    int error = 0;
    if (workers <= cores->count) {
        error = kinds_spread(cores, processes, threads);
    } else {
        unsigned left = rounds_give(cores, workers, &round);
        if (left) error = round_spread(cores, round, left);
    }
    if (!error) workers_deal(cores->list, cores->count, pu_of);
    return error;
}

static int close_together(struct cores *cores, unsigned processes, unsigned threads, unsigned *pu_of)
{
    unsigned round, workers = processes * threads;
    qsort(cores->list, cores->count, sizeof *cores->list, by_speed);
    unsigned left = rounds_give(cores, workers, &round);
    round_give(cores->list, cores->count, round, left);
    workers_deal(cores->list, cores->count, pu_of);
    return 0;
}

const struct placement_policy placement_policies[] = {
    {"none", "workers run where the system puts them", NULL, false},
    {"env", "OpenMP's threads where OMP_PROC_BIND, OMP_PLACES and the like put them; others as with none", NULL, false},
    {"close", "workers next to each other: cores of one package before the next, cores before hardware threads",
     close_together, true},
    {"spread", "processes, or the threads of a single one, apart: over packages, memory, dies, caches, then cores",
     spread, false},
    {NULL, NULL, NULL, false},
};

const struct placement_policy *placement_policy_find(const char *name)
{
    const struct placement_policy *policy = placement_policies;
    while (policy->name && strcmp(policy->name, name)) policy++;
    return policy->name ? policy : NULL;
}

/* One cpu for each worker. */
static int place(const struct placement_policy *policy, hwloc_topology_t topology, unsigned processes, unsigned threads,
                 char **cpus)
{
    struct cores cores = {0};
    unsigned workers = processes * threads, *pu_of = calloc(workers, sizeof *pu_of);
    int error = pu_of ? cores_list(topology, &cores) : -ENOMEM;
    if (!error) error = policy->place(&cores, processes, threads, pu_of);
    for (unsigned i = 0; !error && i < workers; i++)
        if (asprintf(&cpus[i], "%u", pu_of[i]) < 0) {
            cpus[i] = NULL;
            error = -ENOMEM;
        }
    cores_free(&cores);
    free(pu_of);
    return error;
}

/* An allowed set alone does not make a cpu: a damaged or foreign file may have one without the objects. */
static bool cpu_allowed(hwloc_topology_t topology)
{
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu));)
        if (hwloc_bitmap_isset(allowed, pu->os_index)) return true;
    return false;
}

int placement_compute(const char *policy, hwloc_topology_t topology, unsigned processes, unsigned threads,
                      struct placement *placement, struct reason *why)
{
    uint64_t workers = (uint64_t)processes * threads;
    if (!workers || workers > PLACEMENT_WORKERS_MAX)
        return reason_give(why, -EINVAL, "%u processes x %u threads: wanted 1 to %d workers", processes, threads,
                 PLACEMENT_WORKERS_MAX);
    if (!cpu_allowed(topology))
        return reason_give(why, -EINVAL, "the topology allows no cpu");
    struct placement made = {(unsigned)workers, NULL};
    int error = 0;
    const struct placement_policy *known = placement_policy_find(policy);
    if (!known || known->place) {
        made.cpus = calloc(made.workers, sizeof *made.cpus);
        error = !made.cpus ? -ENOMEM
                : known    ? place(known, topology, processes, threads, made.cpus)
                           : placement_list(policy, topology, made.workers, made.cpus, why);
    }
    if (error == -ENOMEM) reason_set(why, "no memory to place %u workers", made.workers);
    if (error) placement_free(&made);
    else *placement = made;
    return error;
}

void placement_free(struct placement *placement)
{
    for (unsigned i = 0; placement->cpus && i < placement->workers; i++) free(placement->cpus[i]);
    free(placement->cpus);
    *placement = (struct placement){0};
}
