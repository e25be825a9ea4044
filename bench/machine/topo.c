/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topo: the machine, what of it this process may use, and where the workers of a team would go. Binds nothing. */
#include "bench/machine/host.h"

#include "bench/cli/options.h"
#include "results/summary/summary_json.h"
#include "runners/cpus/cpukind.h"
#include "runners/cpus/placement.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is shown. */
struct topo {
    hwloc_topology_t topology;
    bool here; /* this machine, so that limits means something */
    struct limits limits;
    const char *policy;
    unsigned processes, threads;
    struct placement placement;
    bool placed; /* was a team asked for? */
};

static json_t *cpus_json(hwloc_const_bitmap_t set)
{
    char *text = NULL;
    json_t *list = set && hwloc_bitmap_list_asprintf(&text, set) >= 0 ? json_string(text) : json_null();
    free(text);
    return list;
}

static json_t *object_json(hwloc_obj_t object)
{
    hwloc_uint64_t bytes = object->type == HWLOC_OBJ_NUMANODE      ? object->attr->numanode.local_memory
                           : hwloc_obj_type_is_cache(object->type) ? object->attr->cache.size
                                                                   : 0;
    json_t *json = json_pack("{ss si so}", "type", hwloc_obj_type_string(object->type), "index",
                             (int)object->logical_index, "cpus", cpus_json(object->cpuset));
    if (object->os_index != HWLOC_UNKNOWN_INDEX)
        json_object_set_new(json, "os_index", json_integer((json_int_t)object->os_index));
    if (bytes) json_object_set_new(json, "bytes", json_integer((json_int_t)bytes));
    json_t *children = json_array();
    for (hwloc_obj_t child = object->memory_first_child; child; child = child->next_sibling)
        json_array_append_new(children, object_json(child));
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling)
        if (child->type != HWLOC_OBJ_PU) json_array_append_new(children, object_json(child));
    if (json_array_size(children)) json_object_set(json, "children", children);
    json_decref(children);
    return json;
}

static int count(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int objects = hwloc_get_nbobjs_by_type(topology, type);
    return objects > 0 ? objects : 0;
}

enum { MODEL_SIZE = 256 };

/* The processor's name without the blanks that firmware fills it up with; NULL: unknown. */
static const char *model(hwloc_topology_t topology, char *text)
{
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    const char *name = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    if (!name) return NULL;
    snprintf(text, MODEL_SIZE, "%s", name);
    text_trim(text);
    return text;
}

/* The kinds of cores; none where hwloc knows only one. */
static json_t *kinds_json(hwloc_topology_t topology)
{
    json_t *kinds = json_array();
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    unsigned count = cpukind_count(topology);
    for (unsigned kind = 0; cpus && count > 1 && kind < count; kind++) {
        char name[CPUKIND_NAME];
        cpukind_name(topology, kind, name, sizeof name);
        bool allowed = cpukind_cpus(topology, kind, cpus);
        json_array_append_new(kinds, json_pack("{si ss si so}", "kind", (int)kind, "name", name, "speed",
                                               cpukind_speed(topology, kind), "allowed",
                                               allowed ? cpus_json(cpus) : json_null()));
    }
    hwloc_bitmap_free(cpus);
    return kinds;
}

json_t *topo_machine_json(hwloc_topology_t topology)
{
    hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    char name[MODEL_SIZE];
    return json_pack("{ss? si si si si si so so so}", "model", model(topology, name), "packages",
                     count(topology, HWLOC_OBJ_PACKAGE), "numa_nodes", count(topology, HWLOC_OBJ_NUMANODE), "cores",
                     count(topology, HWLOC_OBJ_CORE), "cpus", count(topology, HWLOC_OBJ_PU), "allowed_cpus",
                     hwloc_bitmap_weight(allowed), "allowed", cpus_json(allowed), "kinds", kinds_json(topology), "tree",
                     object_json(hwloc_get_root_obj(topology)));
}

static json_t *counter_json(int64_t counter)
{
    return counter >= 0 ? json_integer(counter) : json_null();
}

json_t *topo_limits_json(const struct limits *limits)
{
    json_t *groups = json_array();
    for (unsigned i = 0; i < limits->group_count; i++) {
        const struct limits_group *group = &limits->groups[i];
        json_array_append_new(groups, json_pack("{ss% so sf so so}", "path", limits->group_path, group->path_length, "quota_cpus",
                                                json_number(group->quota_cpus), "burst_cpus", group->burst_cpus, "throttled_ns",
                                                counter_json(group->throttled_ns), "throttled_periods",
                                                counter_json(group->throttled_periods)));
    }
    return json_pack("{si si so si ss si so ss? so ss? so}", "online", (int)limits->online, "affinity", (int)limits->affinity,
                     "cpuset", limits->cpuset ? json_integer(limits->cpuset) : json_null(), "allowed",
                     (int)limits->allowed, "allowed_list", limits->allowed_list, "usable", (int)limits->usable,
                     "quota_cpus", json_number(limits->quota_cpus), "quota_where",
                     *limits->quota_where ? limits->quota_where : NULL, "asked",
                     limits->asked ? json_integer(limits->asked) : json_null(), "asked_by", limits->asked_by, "groups",
                     groups);
}

/* The index of the object of this type that holds all cpus of the set; -1: none, or several. */
static int index_of(hwloc_topology_t topology, hwloc_const_bitmap_t cpus, hwloc_obj_type_t type)
{
    hwloc_obj_t object = NULL;
    if (type == HWLOC_OBJ_NUMANODE) { /* memory stands beside the tree, and there are few */
        while ((object = hwloc_get_next_obj_by_type(topology, type, object)))
            if (hwloc_bitmap_isincluded(cpus, object->cpuset)) break;
    } else { /* from the top down: a list of all cpus would be gone through for each worker */
        object = hwloc_get_obj_covering_cpuset(topology, cpus);
        while (object && object->type != type) object = object->parent;
    }
    return object ? (int)object->logical_index : -1;
}

static const struct {
    const char *name;
    hwloc_obj_type_t type;
} levels[] = {{"core", HWLOC_OBJ_CORE}, {"numa_node", HWLOC_OBJ_NUMANODE}, {"package", HWLOC_OBJ_PACKAGE}};

static json_t *worker_json(const struct topo *topo, unsigned worker)
{
    hwloc_bitmap_t cpus = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(topo->topology));
    if (topo->placement.cpus) hwloc_bitmap_list_sscanf(cpus, topo->placement.cpus[worker]);
    json_t *json = json_pack("{si si si so}", "worker", (int)worker, "process", (int)(worker / topo->threads), "thread",
                             (int)(worker % topo->threads), "cpus", cpus_json(cpus));
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        json_object_set_new(json, levels[i].name, counter_json(index_of(topo->topology, cpus, levels[i].type)));
    hwloc_bitmap_free(cpus);
    return json;
}

static json_t *topo_json(const struct topo *topo)
{
    json_t *workers = json_array();
    for (unsigned i = 0; i < topo->placement.workers; i++) json_array_append_new(workers, worker_json(topo, i));
    json_t *json = json_pack("{so so}", "machine", topo_machine_json(topo->topology), "limits",
                             topo->here ? topo_limits_json(&topo->limits) : json_null());
    if (topo->placed)
        json_object_update_new(json, json_pack("{ss sb si si sO}", "placement", topo->policy, "bound",
                                               topo->placement.cpus != NULL, "processes", (int)topo->processes,
                                               "threads", (int)topo->threads, "workers", workers));
    json_decref(workers);
    return json;
}

static void print_size(hwloc_uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit < 4; unit++) size /= 1024;
    printf(size < 1000 ? ", %.3g %s" : ", %.0f %s", size, units[unit]);
}

/* Cores in the part. (The library counts by going through all cores of the machine.) */
static int cores_below(hwloc_obj_t object)
{
    if (object->type == HWLOC_OBJ_CORE) return 1;
    int cores = 0;
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling) cores += cores_below(child);
    return cores;
}

/* Every level but hardware threads, cores, and the small caches that each core has for itself. */
static bool shown(hwloc_topology_t topology, hwloc_obj_t object)
{
    if (object->type == HWLOC_OBJ_PU || object->type == HWLOC_OBJ_CORE || hwloc_obj_type_is_icache(object->type))
        return false;
    if (!hwloc_obj_type_is_cache(object->type) || object->attr->cache.depth > 2) return true;
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, object);
    return !core && cores_below(object) > 1;
}

static void print_object(hwloc_obj_t object)
{
    char *cpus = NULL;
    int cores = cores_below(object);
    hwloc_bitmap_list_asprintf(&cpus, object->cpuset);
    printf("%s %u: ", hwloc_obj_type_string(object->type), object->logical_index);
    if (cpus && cpus[0]) printf("cpus %s", cpus);
    else printf("no cpus");
    free(cpus);
    if (object->type != HWLOC_OBJ_NUMANODE && cores > 0) printf(", %d core%s", cores, cores == 1 ? "" : "s");
    if (object->type == HWLOC_OBJ_NUMANODE) print_size(object->attr->numanode.local_memory);
    if (hwloc_obj_type_is_cache(object->type) || object->type == HWLOC_OBJ_MEMCACHE)
        print_size(object->attr->cache.size);
    putchar('\n');
}

/* The parts from `object` on, each in a line, deeper ones further in. */
static void print_tree(hwloc_topology_t topology, hwloc_obj_t object, int indent)
{
    if (shown(topology, object)) {
        printf("%*s", indent, "");
        print_object(object);
        indent += 2;
    }
    for (hwloc_obj_t child = object->memory_first_child; child; child = child->next_sibling)
        print_tree(topology, child, indent);
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling)
        if (child->type != HWLOC_OBJ_PU) print_tree(topology, child, indent);
}

static void print_limits(const struct limits *limits)
{
    printf("allowed: cpus %s (%u of %u)\n", limits->allowed_list, limits->allowed, limits->online);
    if (isfinite(limits->quota_cpus))
        printf("quota: %g cpu%s, by %s\n", limits->quota_cpus, limits->quota_cpus == 1 ? "" : "s", limits->quota_where);
    else if (!limits->quota_file) printf("quota: cannot be seen: no file system of control groups is mounted\n");
    else printf("quota: none in %u cgroup%s\n", limits->group_count, limits->group_count == 1 ? "" : "s");
    int64_t throttled_ns = limits_throttled_ns(limits);
    if (throttled_ns > 0) printf("throttled: %.3g s since the groups were made\n", (double)throttled_ns / 1e9);
    printf("workers that can run at once: %u\n", limits->usable);
}

static void print_team(const struct topo *topo)
{
    printf("\n%u process%s of %u thread%s, placement %s%s\n%8s %8s %7s  %-12s %6s %6s %8s\n", topo->processes,
           topo->processes == 1 ? "" : "es", topo->threads, topo->threads == 1 ? "" : "s", topo->policy,
           topo->placement.cpus           ? ""
           : strcmp(topo->policy, "env") ? " (unbound)"
                                          : " (OpenMP's threads as the environment binds them: a run records where)",
           "worker", "process", "thread", "cpus", "core", "numa", "package");
    for (unsigned i = 0; i < topo->placement.workers; i++) {
        json_t *worker = worker_json(topo, i);
        printf("%8u %8u %7u  %-12s", i, i / topo->threads, i % topo->threads,
               json_string_value(json_object_get(worker, "cpus")));
        for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
            const json_t *index = json_object_get(worker, levels[k].name);
            char text[16] = "-"; /* its cpus lie in several */
            if (json_is_integer(index)) snprintf(text, sizeof text, "%d", (int)json_integer_value(index));
            printf(k < 2 ? " %6s" : " %8s", text);
        }
        putchar('\n');
        json_decref(worker);
    }
}

static void print_topo(const struct topo *topo)
{
    hwloc_topology_t topology = topo->topology;
    char *allowed = NULL, name[MODEL_SIZE] = "processor unknown", kinds[1024];
    model(topology, name);
    hwloc_bitmap_list_asprintf(&allowed, hwloc_topology_get_allowed_cpuset(topology));
    printf("machine: %s; packages: %d, memory nodes: %d, cores: %d, cpus: %d\n", name,
           count(topology, HWLOC_OBJ_PACKAGE), count(topology, HWLOC_OBJ_NUMANODE), count(topology, HWLOC_OBJ_CORE),
           count(topology, HWLOC_OBJ_PU));
    if (topo->here) print_limits(&topo->limits);
    else printf("allowed: cpus %s\n", allowed ? allowed : "?");
    free(allowed);
    print_tree(topology, hwloc_get_root_obj(topology), 0);
    cpukind_line(topology, kinds, sizeof kinds);
    if (kinds[0]) puts(kinds);
    if (topo->placed) print_team(topo);
}

/* One team: lists of several are refused. A team without numbers has a process for each cpu that can run at once. */
static int team_read(const struct options *options, struct topo *topo)
{
    if (options->processes.count > 1 || options->threads.count > 1 || options->placements.count > 1)
        return options_complain(options, "one team is shown: give one number of processes, of threads, one placement");
    int cpus = hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(topo->topology));
    topo->placed = options->processes.count || options->threads.count || options->placements.count;
    topo->threads = options->threads.count ? (unsigned)options->threads.values[0] : 1;
    topo->processes = options->processes.count ? (unsigned)options->processes.values[0]
                      : options->threads.count ? 1
                      : topo->here             ? topo->limits.usable
                                               : (unsigned)cpus;
    topo->policy = options->placements.count ? options->placements.values[0] : "none";
    struct reason why = {""};
    if (topo->placed && placement_compute(topo->policy, topo->topology, topo->processes, topo->threads,
                                          &topo->placement, &why))
        return options_complain(options, "--placement: %s", why.text);
    return STATUS_GOOD;
}

static int show_of(hwloc_topology_t topology, void *of)
{
    const struct options *options = of;
    struct topo topo = {.topology = topology, .here = !options->topology};
    struct reason why = {""};
    int status = topo.here && limits_read("", &topo.limits, &why) ? options_complain(options, "%s", why.text) : STATUS_GOOD;
    if (status == STATUS_GOOD) status = team_read(options, &topo);
    if (status == STATUS_GOOD && options->json) status = options_print_json(options, topo_json(&topo));
    else if (status == STATUS_GOOD) {
        print_topo(&topo);
        status = options_flush(options);
    }
    placement_free(&topo.placement);
    return status;
}

static int run(const struct options *options)
{
    struct reason why = {""};
    int status = topology_use(options->topology, show_of, (void *)options, &why);
    return status < 0 ? options_complain(options, "--topology: %s", why.text) : status;
}

const struct verb verb_topo = {
    .name = "topo",
    .summary = "the machine, what of it may be used, and where the workers of a team would go",
    .details = "Binds nothing. With --topology it shows another machine, from hwloc's XML (a run records its own in\n"
               "topology.xml) or from a description.",
    .machine = true,
    .run = run,
};
