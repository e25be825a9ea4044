/* SPDX-License-Identifier: GPL-3.0-or-later */
/* openmp: what OpenMP's constructs cost here, to be laid beside EPCC's figures. _openmp: one measurement of all of them
 * in a process of its own, so that each has another layout and another moment. */
#include "bench/machine/openmp_constructs.h"

#include "bench/base/answer.h"
#include "bench/base/isolate.h"
#include "bench/base/site.h"
#include "bench/cli/options.h"
#include "bench/machine/probe_team.h"

#include "results/statistics/stats.h"
#include "results/summary/summary_json.h"
#include "runners/cpus/placement.h"
#include "runners/team.h"
#include "runners/worker.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 20, BLOCKS_MAX = 1000, THREADS_MAX = 1024, ROUNDS = 10, DEADLINE_S = 60 };
static const double DELAY_NS = 100, TARGET_NS = 1e6; /* EPCC's defaults */

/* ---- in the process that measures ---- */

static json_t *measure(const json_t *question)
{
    const json_t *cpus = json_object_get(question, "cpus");
    struct team team = {.processes = 1, .threads = (unsigned)json_integer_value(json_object_get(question, "threads"))};
    const char *lists[THREADS_MAX];
    for (unsigned i = 0; json_is_array(cpus) && i < team.threads; i++)
        lists[i] = json_string_value(json_array_get(cpus, i));
    if (json_is_array(cpus)) team.cpus = lists;
    if (json_is_true(json_object_get(question, "env"))) {
        site_obey_openmp();
        worker_rebind_openmp();
    }
    struct failure failure = {0};
    int error = team_open(&team, 0, &failure);
    if (error) return json_pack("{ss}", "error", failure.text);
    struct openmp_constructs asked = {.threads = team.threads,
                                      .steps = probe_steps(&clock_real, false, DELAY_NS),
                                      .target_ns = TARGET_NS,
                                      .rounds = ROUNDS,
                                      .seed = (uint64_t)json_integer_value(json_object_get(question, "seed"))};
    double overhead_ns[OPENMP_CONSTRUCTS];
    if (openmp_constructs_measure(&asked, &clock_real, overhead_ns)) return json_pack("{ss}", "error", "no memory");
    json_t *answer = json_object();
    for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++)
        json_object_set_new(answer, openmp_construct_table[i].name, json_real(overhead_ns[i]));
    return answer;
}

static int run_inner(const struct options *options)
{
    json_t *question = answer_question();
    if (!json_object_get(question, "threads"))
        return options_complain(options, "the program uses this verb on itself; try \"breakeven openmp\"");
    json_t *answer = measure(question);
    json_decref(question);
    return answer_write_json(answer);
}

const struct verb verb_openmp_inner = {
    .name = "_openmp",
    .summary = "one measurement of all OpenMP constructs",
    .run = run_inner,
};

/* ---- in the program ---- */

struct table {
    unsigned threads, blocks;
    char **cpus; /* of the placement; NULL: unbound */
    bool env;    /* as the environment binds */
    double taken[OPENMP_CONSTRUCTS][BLOCKS_MAX];
    struct quantity overhead[OPENMP_CONSTRUCTS]; /* ns */
};

static json_t *ask(const struct table *table, unsigned block, struct reason *why)
{
    json_t *cpus = table->cpus ? json_array() : json_null();
    for (unsigned i = 0; table->cpus && i < table->threads; i++)
        json_array_append_new(cpus, json_string(table->cpus[i]));
    json_t *question =
        json_pack("{si sI sb so}", "threads", (int)table->threads, "seed", (json_int_t)block + 1, "env",
                  table->env, "cpus", cpus);
    struct isolate isolate = {.words = (const char *const[]){"_openmp", NULL},
                              .deadline_ns = DEADLINE_S * INT64_C(1000000000),
                              .openmp_as_found = table->env,
                              .padding_bytes = (block * 2654435761u >> 7) % (ISOLATE_PADDING_MAX + 1)};
    return answer_ask(&isolate, question, "measuring the constructs", why);
}

static int table_measure(struct table *table, struct reason *why)
{
    for (unsigned block = 0; block < table->blocks; block++) {
        json_t *answer = ask(table, block, why);
        if (!answer) return -EIO;
        for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++)
            table->taken[i][block] = json_number_value(json_object_get(answer, openmp_construct_table[i].name));
        json_decref(answer);
    }
    for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++) table->overhead[i] = stats_median(table->taken[i], table->blocks);
    return 0;
}

static json_t *table_json(const struct table *table, const char *placement)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++) {
        const struct openmp_construct *construct = &openmp_construct_table[i];
        json_array_append_new(rows, json_pack("{ss ss ss so}", "construct", construct->name, "per", construct->unit,
                                              "meaning", construct->meaning, "overhead_ns",
                                              json_quantity(table->overhead[i])));
    }
    const char *wait = getenv("OMP_WAIT_POLICY");
    return json_pack("{si si ss ss? so}", "schema", 1, "threads", (int)table->threads, "placement", placement,
                     "wait_policy", wait, "constructs", rows);
}

static void table_print(const struct table *table, const char *placement)
{
    const char *wait = getenv("OMP_WAIT_POLICY");
    printf("What OpenMP's constructs cost: %u threads, placement %s, OMP_WAIT_POLICY %s, median of %u processes.\n\n",
           table->threads, placement, wait ? wait : "not set", table->blocks);
    printf("%-14s %-21s %10s   %-23s %s\n", "construct", "ns for one", "median", "95 % interval", "");
    for (unsigned i = 0; i < OPENMP_CONSTRUCTS; i++) {
        const struct openmp_construct *construct = &openmp_construct_table[i];
        struct quantity q = table->overhead[i];
        char interval[40] = "none";
        if (!isnan(q.low)) snprintf(interval, sizeof interval, "[%.1f, %.1f]", q.low, q.high);
        printf("%-14s %-21s %10.1f   %-23s %s\n", construct->name, construct->unit, q.median,
               interval, construct->meaning);
    }
    printf("\nEPCC's PARALLEL, PARALLEL FOR, FOR, BARRIER and PARALLEL TASK are region, region_loop, loop, barrier and "
           "task\n"
           "in us; its DYNAMIC 1 and GUIDED 1 are of a loop of %d iterations a thread: divide by that.\n",
           OPENMP_ITERATIONS);
}

static int place(const struct options *options, struct table *table, const char *policy, struct placement *placement)
{
    hwloc_topology_t topology;
    struct reason why = {""};
    if (topology_load(NULL, &topology, &why)) return options_complain(options, "%s", why.text);
    if (!table->threads) {
        int allowed = hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(topology));
        table->threads = allowed > 0 ? (unsigned)allowed : 1;
    }
    int error = placement_compute(policy, topology, 1, table->threads, placement, &why);
    hwloc_topology_destroy(topology);
    if (error) return options_complain(options, "--placement: %s", why.text);
    table->cpus = placement->cpus;
    table->env = !strcmp(policy, "env");
    return 0;
}

static int run(const struct options *options)
{
    static struct table table; /* a small stack has no room for it */
    const char *policy = options->placements.count ? options->placements.values[0] : "close";
    if (options->threads.count > 1 || options->placements.count > 1)
        return options_complain(options, "one number of threads and one placement at a time");
    table.blocks = options->reps ? (unsigned)options->reps : BLOCKS;
    if (options->threads.count) table.threads = (unsigned)options->threads.values[0];
    if (table.threads > THREADS_MAX || table.blocks > BLOCKS_MAX)
        return options_complain(options, "at most %d threads and %d repetitions", THREADS_MAX, BLOCKS_MAX);
    struct placement placement = {0};
    int status = place(options, &table, policy, &placement);
    struct reason why = {""};
    if (!status && table_measure(&table, &why)) {
        options_complain(options, "%s", why.text);
        status = STATUS_FAILED;
    }
    if (!status && options->json) status = options_print_json(options, table_json(&table, policy));
    else if (!status) table_print(&table, policy);
    placement_free(&placement);
    return status;
}

const struct verb verb_openmp = {
    .name = "openmp",
    .summary = "what OpenMP's constructs cost: region, loop, barrier, dynamic, guided, task",
    .details =
        "Each construct around a delay of 0.1 us, less the delay alone; all of them in another order in each round, "
        "10\n"
        "rounds in each of --reps fresh processes (20). Threads are bound by --placement (close); OMP_WAIT_POLICY\n"
        "and the like are the environment's.",
    .machine = true,
    .run = run,
};
