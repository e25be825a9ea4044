/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor: runs the probes, judges, and says what to do. Never changes a setting. */
#include "bench/machine/doctor.h"

#include "bench/cli/options.h"
#include "results/summary/summary_json.h"
#include "runners/runner.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { NOISE_QUANTA = 2000 }; /* 2 s: enough ticks to see 0.5 % of steal time */

/* About 3 s. Load first: what the probes add themselves is not to be counted. */
static void facts_read(const char *root, const struct clock *clock, struct doctor_facts *facts)
{
    char path[PATH_MAX];
    unsigned cpus[PROBE_CPUS_MAX];
    size_t count = probe_allowed_cpus(cpus, PROBE_CPUS_MAX);
    struct probe_ticks before, after;
    struct reason why = {""};
    *facts = (struct doctor_facts){.throttled_ns = -1};
    int64_t began_ns = clock_now_ns(clock);
    probe_system_read(root, cpus, count, &facts->system);
    facts->limits.quota_cpus = INFINITY;
    facts->limits_error = limits_read(root, &facts->limits, &why);
    int64_t throttled_ns = limits_throttled_ns(&facts->limits);
    int64_t throttled_periods = limits_throttled_periods(&facts->limits);
    probe_ticks_read(root, &before);
    facts->clock = clock_measure(clock);
    facts->noise_error = probe_noise_measure(clock, cpus, count, NOISE_QUANTA, &facts->noise);
    facts->placement_error = probe_placement_measure(clock, cpus, count, &facts->placement);
    probe_ticks_read(root, &after);
    facts->steal_share = probe_steal_share(&before, &after);
    if (throttled_ns >= 0) facts->throttled_ns = limits_throttled_ns(&facts->limits) - throttled_ns;
    facts->throttled_periods = limits_throttled_periods(&facts->limits) - throttled_periods;
    facts->sleep_error = probe_sleep_measure(clock, &facts->sleep);
    facts->sibling_groups = probe_cores(facts->siblings, sizeof facts->siblings, facts->kinds, sizeof facts->kinds);
    facts->gnuplot = launcher_find("gnuplot", path, sizeof path);
    facts->python3 = launcher_find("python3", path, sizeof path);
    facts->mpi_error = runner_find("mpi")->available(&facts->mpi_why) ? -ENOENT : launcher_try(&facts->mpi, &facts->mpi_why);
    facts->took_s = (double)(clock_now_ns(clock) - began_ns) / 1e9;
}

static json_t *noise_json(const struct probe_noise *noise)
{
    json_t *list = json_array();
    for (size_t i = 0; i < noise->count; i++) {
        const struct probe_noise_cpu *cpu = &noise->cpu[i];
        json_array_append_new(list,
                              json_pack("{si sI sf sf sf sI}", "cpu", (int)cpu->cpu, "quanta", (json_int_t)cpu->quanta,
                                        "p50_ns", cpu->p50_ns, "p99_ns", cpu->p99_ns, "max_ns", cpu->max_ns,
                                        "involuntary_switches", (json_int_t)cpu->involuntary_switches));
    }
    return list;
}

/* The figures behind the sentences. */
static json_t *facts_json(const struct doctor_facts *facts)
{
    return json_pack("{so so ss so ss si sb so sI so sf sf so sf sf si ss ss sf}", "load", json_number(facts->system.load),
                     "pressure", json_number(facts->system.pressure), "governor", facts->system.governor, "boost",
                     facts->system.boost < 0 ? json_null() : json_boolean(facts->system.boost), "clocksource",
                     facts->system.clocksource, "allowed_cpus", (int)facts->limits.allowed, "virtual_machine",
                     facts->system.virtual_machine, "quota_cpus", json_number(facts->limits.quota_cpus), "throttled_ns",
                     (json_int_t)facts->throttled_ns, "steal_share", json_number(facts->steal_share), "clock_cost_ns",
                     facts->clock.cost_ns, "clock_resolution_ns", facts->clock.resolution_ns, "noise",
                     noise_json(&facts->noise), "sleep_asked_ns", facts->sleep.asked_ns, "sleep_median_ns",
                     facts->sleep.median_ns, "sibling_groups", facts->sibling_groups, "siblings", facts->siblings,
                     "kinds", facts->kinds, "took_s", facts->took_s);
}

static int print_json(const struct options *options, const struct doctor_facts *facts, const struct finding *findings,
                      size_t count, enum doctor_verdict worst)
{
    json_t *list = json_array(), *figures = facts_json(facts);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{ss ss ss ss}", "topic", findings[i].topic, "verdict",
                                              doctor_verdict_names[findings[i].verdict], "found", findings[i].found,
                                              "advice", findings[i].advice));
    json_object_set_new(figures, "placement", probe_placement_to_json(&facts->placement, facts->placement_error));
    return options_print_json(options, json_pack("{si ss so so}", "schema", 1, "verdict", doctor_verdict_names[worst],
                                                 "findings", list, "figures", figures));
}

static void print_text(const struct doctor_facts *facts, const struct finding *findings, size_t count)
{
    size_t verdicts[DOCTOR_VERDICTS] = {0};
    for (size_t i = 0; i < count; i++) {
        const struct finding *finding = &findings[i];
        verdicts[finding->verdict]++;
        printf("%-8s %-13s %s\n", doctor_verdict_names[finding->verdict], finding->topic, finding->found);
        if (finding->advice[0]) printf("%-8s %-13s -> %s\n", "", "", finding->advice);
    }
    printf("\n%zu good, %zu to keep in mind, %zu bad; %.1f s. Nothing was changed.\n", verdicts[DOCTOR_GOOD],
           verdicts[DOCTOR_CAUTION], verdicts[DOCTOR_BAD], facts->took_s);
}

static int run(const struct options *options)
{
    struct doctor_facts *facts = malloc(sizeof *facts);
    if (!facts) return options_complain(options, "no memory");
    struct finding findings[DOCTOR_FINDINGS];
    facts_read("", &clock_real, facts);
    size_t count = doctor_judge(facts, findings);
    enum doctor_verdict worst = DOCTOR_GOOD;
    for (size_t i = 0; i < count; i++)
        if (findings[i].verdict > worst) worst = findings[i].verdict;
    int status = STATUS_GOOD;
    if (options->json) status = print_json(options, facts, findings, count, worst);
    else print_text(facts, findings, count);
    free(facts);
    return status ? status : worst == DOCTOR_BAD ? STATUS_FINDING : STATUS_GOOD;
}

void doctor_warn(const struct options *options)
{
    struct doctor_facts *facts = malloc(sizeof *facts);
    struct finding findings[DOCTOR_FINDINGS];
    size_t bad = 0;
    if (!facts) return;
    facts_read("", &clock_real, facts);
    size_t count = doctor_judge(facts, findings);
    for (size_t i = 0; i < count; i++) {
        if (findings[i].verdict != DOCTOR_BAD) continue;
        bad++;
        options_complain(options, "doctor: bad: %s: %s -> %s", findings[i].topic, findings[i].found, findings[i].advice);
    }
    if (bad) options_complain(options, "doctor: figures taken now are hardly to be trusted; Ctrl-C ends at any time");
    else options_complain(options, "doctor: nothing bad was found in %.1f s", facts->took_s);
    free(facts);
}

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "what on this machine makes measurements untrustworthy, and how to mend it",
    .details =
        "Looks at the system and probes it for about three seconds, under ten on any machine (12 more where ranks of\n"
        "MPI do not come up), and changes nothing.\n"
        "Each finding is good, caution (keep it in mind when you read figures) or bad (do not trust figures taken\n"
        "now). Exit status 1 where one is bad, else 0.",
    .machine = true,
    .run = run,
};
