/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/placement.h"

#include "runners/cpus/cpukind.h"
#include "runners/cpus/cpulist.h"

#include <errno.h>
#include <stdlib.h>

/* The places that a list names, in its order; each a set of allowed cpus. */
struct places {
    hwloc_topology_t topology;
    hwloc_bitmap_t *sets;
    size_t count;
    struct reason *why;
};

static void places_free(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) hwloc_bitmap_free(places->sets[i]);
    free(places->sets);
}

/* The allowed set for a message. */
static int refuse(struct places *places, const char *what)
{
    char allowed[80];
    hwloc_bitmap_list_snprintf(allowed, sizeof allowed, hwloc_topology_get_allowed_cpuset(places->topology));
    return reason_give(places->why, -EINVAL, "%.150s; this process may use cpus %s", what, allowed);
}

static int place_add(struct places *places, hwloc_const_bitmap_t cpus, const char *name, unsigned number)
{
    hwloc_bitmap_t set = hwloc_bitmap_dup(cpus), *more;
    if (!set) return -ENOMEM;
    hwloc_bitmap_and(set, set, hwloc_topology_get_allowed_cpuset(places->topology));
    if (hwloc_bitmap_iszero(set)) {
        char what[80];
        snprintf(what, sizeof what, "%.40s %u is not allowed", name, number);
        hwloc_bitmap_free(set);
        return refuse(places, what);
    }
    more = realloc(places->sets, (places->count + 1) * sizeof *more);
    if (!more) {
        hwloc_bitmap_free(set);
        return -ENOMEM;
    }
    places->sets = more;
    places->sets[places->count++] = set;
    return 0;
}

static int cpus_add(struct places *places, const char *text)
{
    unsigned *numbers;
    size_t count;
    hwloc_const_bitmap_t all = hwloc_topology_get_complete_cpuset(places->topology);
    int error = cpulist_parse(text, &numbers, &count, places->why);
    if (error) return error;
    hwloc_bitmap_t one = hwloc_bitmap_alloc();
    if (!one) error = -ENOMEM;
    for (size_t i = 0; !error && i < count; i++) {
        char what[80];
        snprintf(what, sizeof what, "there is no cpu %u", numbers[i]);
        hwloc_bitmap_only(one, numbers[i]);
        error = hwloc_bitmap_isset(all, numbers[i]) ? place_add(places, one, "cpu", numbers[i]) : refuse(places, what);
    }
    hwloc_bitmap_free(one);
    free(numbers);
    return error;
}

/* Which kind of places a name means: a depth of the topology, or the kinds of cores. */
enum { DEPTH_KINDS = -1000 };

static int level_find(struct places *places, const char *text, const char *name, int *depth)
{
    hwloc_obj_type_t type;
    if (!strcmp(name, "kind") && cpukind_count(places->topology)) {
        *depth = DEPTH_KINDS;
        return 0;
    }
    if (!strcmp(name, "kind") || hwloc_type_sscanf_as_depth(name, &type, places->topology, depth) ||
        *depth == HWLOC_TYPE_DEPTH_MULTIPLE || !hwloc_get_nbobjs_by_depth(places->topology, *depth))
        return reason_give(places->why, -EINVAL, "bad placement '%.80s': this machine has no level '%s'%s", text, name,
                           *name == 'k' ? ": its cores are of one kind, as far as hwloc knows" : "");
    return 0;
}

/* The number-th place of this level inside `inside` (NULL: the whole machine, as topo numbers them), its cpus into
 * *cpus. -EINVAL: there is none, or it has no cpus. */
static int level_cpus(const struct places *places, int depth, unsigned number, hwloc_const_bitmap_t inside,
                      hwloc_bitmap_t cpus)
{
    hwloc_obj_t object = NULL;
    if (depth == DEPTH_KINDS) {
        if (hwloc_cpukinds_get_info(places->topology, number, cpus, NULL, NULL, NULL, 0)) return -EINVAL;
        if (inside) hwloc_bitmap_and(cpus, cpus, inside);
        return hwloc_bitmap_iszero(cpus) ? -EINVAL : 0;
    }
    if (inside) object = hwloc_get_obj_inside_cpuset_by_depth(places->topology, inside, depth, number);
    else object = hwloc_get_obj_by_depth(places->topology, depth, number);
    if (!object || hwloc_bitmap_iszero(object->cpuset)) return -EINVAL;
    return hwloc_bitmap_copy(cpus, object->cpuset) ? -ENOMEM : 0;
}

/* "there is no numa 7: there are numa 0-5 with cpus, 6-7 without, as breakeven topo numbers them" */
static int level_refuse(struct places *places, int depth, const char *name, unsigned number,
                        hwloc_const_bitmap_t inside)
{
    hwloc_bitmap_t with = hwloc_bitmap_alloc(), without = hwloc_bitmap_alloc(), cpus = hwloc_bitmap_alloc();
    char there[48] = "", bare[48] = "", what[288];
    unsigned count = depth == DEPTH_KINDS ? cpukind_count(places->topology)
                     : inside ? (unsigned)hwloc_get_nbobjs_inside_cpuset_by_depth(places->topology, inside, depth)
                              : (unsigned)hwloc_get_nbobjs_by_depth(places->topology, depth);
    int error = with && without && cpus ? 0 : -ENOMEM;
    for (unsigned i = 0; !error && i < count; i++)
        hwloc_bitmap_set(level_cpus(places, depth, i, inside, cpus) ? without : with, i);
    if (!error) hwloc_bitmap_list_snprintf(there, sizeof there, with);
    if (!error) hwloc_bitmap_list_snprintf(bare, sizeof bare, without);
    snprintf(what, sizeof what, "there is no %s %u with cpus: %s %s%s%s%s, as topo numbers them%s", name, number, name,
             there[0] ? there : "none", bare[0] ? " have cpus, " : "", bare, bare[0] ? " none" : "",
             inside ? " inside the part before" : "");
    hwloc_bitmap_free(with);
    hwloc_bitmap_free(without);
    hwloc_bitmap_free(cpus);
    return error ? error : refuse(places, what);
}

static int form_refuse(struct places *places, const char *text)
{
    char words[128] = "";
    for (const struct placement_policy *policy = placement_policies; policy->name; policy++)
        snprintf(words + strlen(words), sizeof words - strlen(words), "%s, ", policy->name);
    return reason_give(places->why, -EINVAL, "bad placement '%.80s': wanted %s0-2,5 or core:0-3", text, words);
}

/* "core:0-3" or "package:1.core:0-3", counted inside `inside`; NULL: in the whole machine. */
static int objects_add(struct places *places, const char *text, hwloc_const_bitmap_t inside)
{
    char name[24], list[128];
    int depth, end = 0;
    unsigned *numbers;
    size_t count;
    if (sscanf(text, "%23[^:.]:%127[^:.]%n", name, list, &end) != 2 || (text[end] && text[end] != '.'))
        return form_refuse(places, text);
    int error = level_find(places, text, name, &depth);
    if (!error) error = cpulist_parse(list, &numbers, &count, places->why);
    if (error) return error;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    if (!cpus) error = -ENOMEM;
    for (size_t i = 0; !error && i < count; i++) {
        error = level_cpus(places, depth, numbers[i], inside, cpus);
        if (error == -EINVAL) error = level_refuse(places, depth, name, numbers[i], inside);
        else if (!error && text[end] == '.') error = objects_add(places, text + end + 1, cpus);
        else if (!error) error = place_add(places, cpus, name, numbers[i]);
    }
    hwloc_bitmap_free(cpus);
    free(numbers);
    return error;
}

int placement_list(const char *text, hwloc_topology_t topology, unsigned workers, char **cpus, struct reason *why)
{
    struct places places = {.topology = topology, .why = why};
    bool numbers = text[0] >= '0' && text[0] <= '9';
    int error = numbers ? cpus_add(&places, text) : objects_add(&places, text, NULL);
    for (unsigned i = 0; !error && i < workers; i++)
        if (hwloc_bitmap_list_asprintf(&cpus[i], places.sets[i % places.count]) < 0) {
            cpus[i] = NULL;
            error = -ENOMEM;
        }
    places_free(&places);
    return error;
}
