/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/placement_list.h"

#include "runners/cpulist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The places that a list names, in its order; each a set of allowed cpus. */
struct places {
    hwloc_topology_t topology;
    hwloc_bitmap_t *sets;
    size_t count;
    char *why;
    size_t why_size;
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
    snprintf(places->why, places->why_size, "%.100s; this process may use cpus %s", what, allowed);
    return -EINVAL;
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

static int cpus_add(struct places *places, const unsigned *numbers, size_t count)
{
    hwloc_const_bitmap_t all = hwloc_topology_get_complete_cpuset(places->topology);
    hwloc_bitmap_t one = hwloc_bitmap_alloc();
    int error = one ? 0 : -ENOMEM;
    for (size_t i = 0; !error && i < count; i++) {
        char what[80];
        snprintf(what, sizeof what, "there is no cpu %u", numbers[i]);
        hwloc_bitmap_only(one, numbers[i]);
        error = hwloc_bitmap_isset(all, numbers[i]) ? place_add(places, one, "cpu", numbers[i]) : refuse(places, what);
    }
    hwloc_bitmap_free(one);
    return error;
}

/* "core:0-3" or "package:1.core:0-3", counted inside `inside`. */
static int objects_add(struct places *places, const char *text, hwloc_const_bitmap_t inside)
{
    char name[24], list[128];
    int depth, end = 0;
    unsigned *numbers;
    size_t count;
    if (sscanf(text, "%23[^:.]:%127[^:.]%n", name, list, &end) != 2 || (text[end] && text[end] != '.')) {
        snprintf(places->why, places->why_size, "bad placement '%.80s': wanted none, close, spread, 0-2,5 or core:0-3",
                 text);
        return -EINVAL;
    }
    hwloc_obj_type_t type;
    if (hwloc_type_sscanf_as_depth(name, &type, places->topology, &depth) ||
        !hwloc_get_nbobjs_by_depth(places->topology, depth) || depth == HWLOC_TYPE_DEPTH_MULTIPLE) {
        snprintf(places->why, places->why_size, "bad placement '%.80s': this machine has no level '%s'", text, name);
        return -EINVAL;
    }
    int error = cpulist_parse(list, &numbers, &count, places->why, places->why_size);
    if (error) return error;
    for (size_t i = 0; !error && i < count; i++) {
        hwloc_obj_t object = hwloc_get_obj_inside_cpuset_by_depth(places->topology, inside, depth, numbers[i]);
        char what[100];
        snprintf(what, sizeof what, "there is no %s %u among %d", name, numbers[i],
                 hwloc_get_nbobjs_inside_cpuset_by_depth(places->topology, inside, depth));
        if (!object) error = refuse(places, what);
        else if (text[end] == '.') error = objects_add(places, text + end + 1, object->cpuset);
        else error = place_add(places, object->cpuset, name, numbers[i]);
    }
    free(numbers);
    return error;
}

int placement_list(const char *text, hwloc_topology_t topology, unsigned workers, char **cpus, char *why,
                   size_t why_size)
{
    struct places places = {.topology = topology, .why = why, .why_size = why_size};
    int error;
    if (text[0] >= '0' && text[0] <= '9') {
        unsigned *numbers;
        size_t count;
        error = cpulist_parse(text, &numbers, &count, why, why_size);
        if (!error) {
            error = cpus_add(&places, numbers, count);
            free(numbers);
        }
    } else {
        error = objects_add(&places, text, hwloc_topology_get_topology_cpuset(topology));
    }
    for (unsigned i = 0; !error && i < workers; i++)
        if (hwloc_bitmap_list_asprintf(&cpus[i], places.sets[i % places.count]) < 0) {
            cpus[i] = NULL;
            error = -ENOMEM;
        }
    places_free(&places);
    return error;
}
