/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/placement.h"

#include "runners/placement_list.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const placement_names[] = {"none", "close", "spread", NULL};

/* The allowed cores in the machine's order, each with its allowed hardware threads. */
struct core {
    unsigned *pus; /* indices of the operating system, inside struct cores' all */
    unsigned count;
    unsigned workers; /* placed on it so far */
};

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
        if (!core || core != last) made.list[made.count++].pus = &made.all[used];
        last = core;
        made.list[made.count - 1].count++;
        made.all[used++] = pu->os_index;
    }
    *cores = made;
    return 0;
}

/* Puts `workers` consecutive workers on the region's cores, evenly and in order: the k-th round gives one worker to
 * each core that has a k-th hardware thread, and when all are taken the rounds begin again. */
static int fill(struct cores *cores, struct region region, unsigned workers, unsigned *pu_of)
{
    unsigned *share = calloc(region.count, sizeof *share);
    if (!share) return -ENOMEM;
    unsigned left = workers, most = 0;
    for (unsigned i = 0; i < region.count; i++)
        if (cores->list[region.first + i].count > most) most = cores->list[region.first + i].count;
    for (unsigned round = 0; left; round = (round + 1) % most)
        for (unsigned i = 0; left && i < region.count; i++)
            if (cores->list[region.first + i].count > round) {
                share[i]++;
                left--;
            }
    for (unsigned i = 0; i < region.count; i++)
        for (struct core *core = &cores->list[region.first + i]; share[i]; share[i]--)
            *pu_of++ = core->pus[core->workers++ % core->count];
    free(share);
    return 0;
}

/* Is a core, or a hardware thread, idle while another of them has two workers? */
static bool uneven(const struct cores *cores)
{
    bool idle_core = false, idle_pu = false, shared_core = false, shared_pu = false;
    for (unsigned i = 0; i < cores->count; i++) {
        const struct core *core = &cores->list[i];
        idle_core |= core->workers == 0;
        shared_core |= core->workers > 1;
        idle_pu |= core->workers < core->count;
        shared_pu |= core->workers > core->count;
    }
    return (idle_core && shared_core) || (idle_pu && shared_pu);
}

/* A child of an object that has allowed cores, and how many processes it gets. */
struct child {
    hwloc_obj_t object;
    unsigned first, cores, pus, processes; /* its cores are consecutive in the machine's order */
};

/* The children with allowed cores; `in` are the cores below the object. Returns their number. */
static unsigned children_list(const struct cores *cores, hwloc_obj_t object, struct region in, struct child *children)
{
    unsigned count = 0, core = in.first;
    for (unsigned i = 0; i < object->arity; i++) {
        struct child child = {.object = object->children[i], .first = core};
        unsigned end = in.first + in.count;
        for (; core < end && hwloc_bitmap_isset(child.object->cpuset, cores->list[core].pus[0]); core++) {
            child.cores++;
            child.pus += cores->list[core].count;
        }
        if (child.cores) children[count++] = child;
    }
    return count;
}

/* Fewer processes than children: each gets a run of them, cut where about the same number of cores lies in each. */
static void children_group(const struct child *children, unsigned count, struct region in, unsigned processes,
                           struct region *out)
{
    unsigned child = 0, core = in.first;
    for (unsigned i = 0; i < processes; i++) {
        unsigned first = child, from = core;
        unsigned goal = in.first + (unsigned)((uint64_t)in.count * (i + 1) / processes);
        while (child < count - (processes - i - 1) && (child == first || core + children[child].cores <= goal))
            core += children[child++].cores;
        out[i] = (struct region){from, core - from};
    }
}

/* At least as many processes as children: one after another goes to the child that has the fewest, of those with a free
 * core for each of its threads; when there is none, to the child that will be the least crowded. */
static void children_deal(struct child *children, unsigned count, unsigned processes, unsigned threads)
{
    for (unsigned i = 0; i < processes; i++) {
        struct child *best = NULL;
        bool best_fits = false;
        for (struct child *child = children; child < children + count; child++) {
            bool fits = ((uint64_t)child->processes + 1) * threads <= child->cores;
            bool better = !best || (fits ? child->processes < best->processes
                                         : ((uint64_t)child->processes + 1) * best->pus <
                                               ((uint64_t)best->processes + 1) * child->pus);
            if (fits > best_fits || (fits == best_fits && better)) {
                best = child;
                best_fits = fits;
            }
        }
        assert(best); /* count >= 1 */
        best->processes++;
    }
}

/* Divides the region, the cores below `object`, among processes. */
static int regions_split(const struct cores *cores, hwloc_obj_t object, struct region in, unsigned processes,
                         unsigned threads, struct region *out)
{
    if (processes <= 1 || in.count == 1 || !object->arity) {
        for (unsigned i = 0; i < processes; i++) out[i] = in;
        return 0;
    }
    struct child *children = calloc(object->arity, sizeof *children);
    if (!children) return -ENOMEM;
    unsigned count = children_list(cores, object, in, children);
    int error = 0;
    if (processes < count) {
        children_group(children, count, in, processes, out);
    } else {
        children_deal(children, count, processes, threads);
        for (struct child *child = children; !error && child < children + count; child++) {
            struct region below = {child->first, child->cores};
            error = regions_split(cores, child->object, below, child->processes, threads, out);
            out += child->processes;
        }
    }
    free(children);
    return error;
}

static int spread_fill(struct cores *cores, const struct region *regions, unsigned processes, unsigned threads,
                       unsigned *pu_of)
{
    int error = 0;
    for (unsigned i = 0; i < cores->count; i++) cores->list[i].workers = 0;
    for (unsigned i = 0; !error && i < processes; i++)
        error = fill(cores, regions[i], threads, pu_of + (size_t)i * threads);
    return error;
}

/* By the machine's tree. Where that would leave a core idle beside a crowded one (lopsided allowed sets), by even
 * stretches of the cores in order, or, where workers outnumber cores, by filling them all evenly. */
static int spread(hwloc_topology_t topology, struct cores *cores, unsigned processes, unsigned threads, unsigned *pu_of)
{
    struct region *regions = calloc(processes, sizeof *regions), all = {0, cores->count};
    if (!regions) return -ENOMEM;
    int error = regions_split(cores, hwloc_get_root_obj(topology), all, processes, threads, regions);
    if (!error) error = spread_fill(cores, regions, processes, threads, pu_of);
    if (!error && uneven(cores) && processes * threads > cores->count) {
        error = spread_fill(cores, &all, 1, processes * threads, pu_of);
    } else if (!error && uneven(cores)) {
        for (unsigned i = 0; i < processes; i++) {
            unsigned first = (unsigned)((uint64_t)i * cores->count / processes);
            unsigned end = (unsigned)(((uint64_t)i + 1) * cores->count / processes);
            regions[i] = (struct region){first, end - first};
        }
        error = spread_fill(cores, regions, processes, threads, pu_of);
    }
    free(regions);
    return error;
}

/* close and spread: one cpu for each worker. */
static int place(const char *policy, hwloc_topology_t topology, unsigned processes, unsigned threads, char **cpus)
{
    struct cores cores = {0};
    unsigned workers = processes * threads, *pu_of = calloc(workers, sizeof *pu_of);
    int error = pu_of ? cores_list(topology, &cores) : -ENOMEM;
    if (!error && !strcmp(policy, "close")) error = fill(&cores, (struct region){0, cores.count}, workers, pu_of);
    else if (!error) error = spread(topology, &cores, processes, threads, pu_of);
    for (unsigned i = 0; !error && i < workers; i++)
        if (asprintf(&cpus[i], "%u", pu_of[i]) < 0) {
            cpus[i] = NULL;
            error = -ENOMEM;
        }
    cores_free(&cores);
    free(pu_of);
    return error;
}

int placement_compute(const char *policy, hwloc_topology_t topology, unsigned processes, unsigned threads,
                      struct placement *placement, char *why, size_t why_size)
{
    uint64_t workers = (uint64_t)processes * threads;
    if (!workers || workers > PLACEMENT_WORKERS_MAX) {
        snprintf(why, why_size, "%u processes x %u threads: wanted 1 to %d workers", processes, threads,
                 PLACEMENT_WORKERS_MAX);
        return -EINVAL;
    }
    if (hwloc_bitmap_iszero(hwloc_topology_get_allowed_cpuset(topology))) {
        snprintf(why, why_size, "the topology allows no cpu");
        return -EINVAL;
    }
    struct placement made = {(unsigned)workers, NULL};
    int error = 0;
    if (strcmp(policy, "none")) {
        bool word = !strcmp(policy, "close") || !strcmp(policy, "spread");
        made.cpus = calloc(made.workers, sizeof *made.cpus);
        error = !made.cpus ? -ENOMEM
                : word     ? place(policy, topology, processes, threads, made.cpus)
                           : placement_list(policy, topology, made.workers, made.cpus, why, why_size);
    }
    if (error == -ENOMEM) snprintf(why, why_size, "no memory to place %u workers", made.workers);
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
