/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpus: how many workers this process may use, one word for a shell. */
#include "bench/cli/options.h"
#include "runners/cpus/limits.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BOUNDS = 5, TEXT = CGROUP_PATH + 256, SOURCE = CGROUP_PATH + 64 };

/* One thing that may bound the number. */
struct bound {
    const char *name;
    unsigned count; /* 0: it bounds nothing */
    char text[TEXT]; /* what it says */
    char source[SOURCE]; /* the file or variable; "" */
};

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static void affinity_of(const struct limits *limits, struct bound *bound)
{
    bound->count = limits->affinity;
    snprintf(bound->text, TEXT, "%u cpu%s of %u", limits->affinity, plural(limits->affinity), limits->online);
    strcpy(bound->source, "/proc/self/status");
}

static void cpuset_of(const struct limits *limits, struct bound *bound)
{
    if (!*limits->cpuset_where) {
        strcpy(bound->text, "cannot be seen: no group of this process names its cpus (the affinity above has it)");
        return;
    }
    /* A cpuset with cpus beyond the affinity bounds by what both have. */
    bound->count = limits->allowed < limits->affinity ? limits->allowed : limits->cpuset;
    snprintf(bound->text, TEXT, "%u cpu%s, of which cpus %s are in the affinity too", limits->cpuset,
             plural(limits->cpuset), limits->allowed_list);
    strcpy(bound->source, limits->cpuset_where);
}

static void quota_of(const struct limits *limits, struct bound *bound)
{
    if (!limits->quota_file) {
        strcpy(bound->text, "cannot be seen: no cgroup file system with the cpu controller is mounted");
        return;
    }
    if (isfinite(limits->quota_cpus)) {
        bound->count = (unsigned)ceil(limits->quota_cpus);
        snprintf(bound->text, TEXT, "%g cpu%s", limits->quota_cpus, limits->quota_cpus == 1 ? "" : "s");
        snprintf(bound->source, SOURCE, "%s/%s", limits->quota_where, limits->quota_file);
    } else {
        snprintf(bound->text, TEXT, "none in %u group%s", limits->group_count, plural(limits->group_count));
    }
    if (limits->quota_hidden) text_add(bound->text, TEXT, "; groups above %s cannot be seen", limits->quota_top);
}

/* What is said of a variable that holds no number; "" where there is none. */
static void ignored_of(const struct limits *limits, struct reason *text)
{
    *text->text = '\0';
    if (limits->ignored)
        reason_set(text, "%s=\"%.60s\" is no whole number of 1 or more: ignored", limits->ignored,
                 getenv(limits->ignored));
}

static void variable_of(const struct limits *limits, struct bound *bound)
{
    struct reason ignored;
    bound->count = limits->asked;
    ignored_of(limits, &ignored);
    if (limits->asked) {
        snprintf(bound->text, TEXT, "%u worker%s%s%s", limits->asked, plural(limits->asked), *ignored.text ? "; " : "", ignored.text);
        strcpy(bound->source, limits->asked_by);
    } else if (*ignored.text) {
        strcpy(bound->text, ignored.text);
    } else {
        strcpy(bound->text, "neither FORKPOOL_WORKERS nor a batch system's (Slurm, PBS, Grid Engine, LSF) is set");
    }
}

static void tasks_of(const struct options *options, struct bound *bound)
{
    if (!options->tasks.count) return;
    bound->count = (unsigned)options->tasks.values[0];
    snprintf(bound->text, TEXT, "%u task%s", bound->count, plural(bound->count));
    strcpy(bound->source, "--tasks");
}

/* The first of the smallest. */
static const struct bound *binding(const struct bound *bounds)
{
    const struct bound *least = bounds;
    for (size_t i = 1; i < BOUNDS; i++)
        if (bounds[i].count && bounds[i].count < least->count) least = &bounds[i];
    return least;
}

static int print_why(const struct bound *bounds, const struct bound *least)
{
    printf("%u worker%s, limited by %s (%s)\n", least->count, plural(least->count), least->name, least->source);
    for (size_t i = 0; i < BOUNDS; i++) {
        const struct bound *bound = &bounds[i];
        if (!*bound->text) continue;
        printf("  %-10s %s%s%s%s\n", bound->name, bound->text, *bound->source ? " (" : "", bound->source,
               *bound->source ? ")" : "");
    }
    return STATUS_GOOD;
}

static int print_json(const struct options *options, const struct bound *bounds, const struct bound *least)
{
    json_t *list = json_array();
    for (size_t i = 0; i < BOUNDS; i++)
        if (*bounds[i].text)
            json_array_append_new(list, json_pack("{ss so ss ss?}", "name", bounds[i].name, "workers",
                                                  bounds[i].count ? json_integer(bounds[i].count) : json_null(), "text",
                                                  bounds[i].text, "source", *bounds[i].source ? bounds[i].source : NULL));
    return options_print_json(
        options, json_pack("{sI ss so}", "workers", (json_int_t)least->count, "binds", least->name, "bounds", list));
}

static int run(const struct options *options)
{
    struct bound bounds[BOUNDS] = {
        {.name = "affinity"}, {.name = "cpuset"}, {.name = "quota"}, {.name = "variables"}, {.name = "tasks"}};
    struct limits limits;
    char number[16];
    struct reason why = {""};
    if (options->tasks.count > 1) return options_complain(options, "--tasks: give one number");
    if (limits_read("", &limits, &why)) return options_complain(options, "%s", why.text);
    affinity_of(&limits, &bounds[0]);
    cpuset_of(&limits, &bounds[1]);
    quota_of(&limits, &bounds[2]);
    variable_of(&limits, &bounds[3]);
    tasks_of(options, &bounds[4]);
    const struct bound *least = binding(bounds);
    if (options->json) return print_json(options, bounds, least);
    if (options->why) return print_why(bounds, least);
    ignored_of(&limits, &why);
    if (*why.text) options_complain(options, "%s", why.text);
    snprintf(number, sizeof number, "%u", least->count);
    return options_print(options, number);
}

const struct verb verb_cpus = {
    .name = "cpus",
    .summary = "how many workers this process may use, one word for a shell",
    .details = "The smallest of: the cpus that the affinity mask and the cgroup's cpuset allow, the cpu quota of its group\n"
               "and of every ancestor, rounded up, FORKPOOL_WORKERS, and what a batch system gave the job:\n"
               "SLURM_CPUS_PER_TASK or else SLURM_CPUS_ON_NODE, PBS_NUM_PPN or NCPUS of PBS, NSLOTS of Grid Engine,\n"
               "LSB_DJOB_NUMPROC of LSF. For a shell: make -j\"$(breakeven cpus)\"",
    .run = run,
};
