/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts.c: the manifest's keys, taken as they come. */
#include "plots/facts.h"
#include "kernels/reason.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <jansson.h>
#include <string.h>

static void take_text(const json_t *object, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text && !out[0]) format_clean(out, size, text);
}

/* Words as one would type them to a shell: those with anything special stand in single quotes. */
static void take_command(const json_t *command, char *out, size_t size)
{
    size_t at;
    json_t *word;
    out[0] = '\0';
    if (json_is_string(command)) format_clean(out, size, json_string_value(command));
    json_array_foreach (command, at, word) {
        char clean[512];
        format_clean(clean, sizeof clean, json_is_string(word) ? json_string_value(word) : "?");
        bool plain = clean[0] && !clean[strspn(clean, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                                      "-_=+,.:/@%")];
        text_add(out, size, plain ? "%s%s" : "%s'%s'", at ? " " : "", clean);
    }
}

static void add_words(char *set, size_t size, const char *words)
{
    char copy[96], *rest;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!strstr(set, word)) text_add(set, size, "%s%.64s", *set ? ", " : "", word);
    }
}

/* Its version, the start method of its own, and whether its threads run at the same time. */
static void take_python(const json_t *python, struct facts *facts)
{
    char version[24] = "", method[24] = "";
    take_text(python, "version", version, sizeof version);
    take_text(python, "start_method", method, sizeof method);
    bool free_threaded = json_is_false(json_object_get(python, "gil"));
    if (*version)
        snprintf(facts->python, sizeof facts->python, "Python %s%s (%s)", version, free_threaded ? " free-threaded" : "",
                 method);
}

static void take_waiting(const struct run *run, const struct observation *sample, struct facts *facts)
{
    if (!sample->waiting[0]) return;
    struct facts_ranks *ranks = !strcmp(sample->waiting, "yielding") ? &facts->yielding : &facts->spinning;
    unsigned workers = run->cells[sample->cell].processes * run->cells[sample->cell].threads;
    if (!ranks->to || workers < ranks->from) ranks->from = workers;
    if (workers > ranks->to) ranks->to = workers;
}

/* " (1 to 2 workers waited spinning, 4 yielding)"; "" where no rank said how it waits. */
static void waiting_text(const struct facts *facts, char *out, size_t size)
{
    const struct facts_ranks *both[] = {&facts->spinning, &facts->yielding};
    *out = '\0';
    for (size_t i = 0; i < 2; i++) {
        if (!both[i]->to) continue;
        text_add(out, size, "%s%u", *out ? ", " : " (", both[i]->from);
        if (both[i]->to > both[i]->from) text_add(out, size, " to %u", both[i]->to);
        text_add(out, size, "%s %s", strchr(out, 'w') ? "" : " workers waited", i ? "yielding" : "spinning");
    }
    if (*out) text_add(out, size, ")");
}

void facts_read(const struct run *run, struct facts *facts)
{
    const json_t *manifest = run->manifest, *host = json_object_get(manifest, "host");
    *facts = (struct facts){.complete = run->complete, .samples = run->sample_count};
    facts->simulated = json_is_true(json_object_get(manifest, "simulated"));
    take_text(host, "hostname", facts->host, sizeof facts->host);
    take_text(host, "model", facts->cpu, sizeof facts->cpu);
    take_text(host, "kernel", facts->system, sizeof facts->system);
    take_text(manifest, "began", facts->began, sizeof facts->began);
    take_command(json_object_get(manifest, "command"), facts->command, sizeof facts->command);
    facts->packages = parts_host(run, "packages");
    facts->numa_nodes = parts_host(run, "numa");
    facts->cores = parts_host(run, "cores");
    facts->cpus = parts_host(run, "cpus");
    facts->cpus_online = parts_host(run, "cpus_online");
    take_text(host, "kinds", facts->kinds, sizeof facts->kinds);
    facts->kinds[strcspn(facts->kinds, ",")] = '\0';
    take_text(host, "speeds", facts->speeds, sizeof facts->speeds);
    take_python(json_object_get(json_object_get(manifest, "software"), "python"), facts);
    take_text(json_object_get(json_object_get(manifest, "software"), "mpi"), "library", facts->mpi, sizeof facts->mpi);
    facts->quota_cpus = json_number_value(json_object_get(host, "quota_cpus"));
    for (size_t i = 0; i < run->sample_count; i++) {
        const char *status = run->samples[i].status;
        facts->errors += strcmp(status, "ok") && strcmp(status, "stopped");
        facts->suspects += run->samples[i].suspect[0] != 0;
        add_words(facts->suspicion, sizeof facts->suspicion, run->samples[i].suspect);
        take_waiting(run, &run->samples[i], facts);
    }
}

void facts_machine(const struct facts *facts, char *out, size_t size)
{
    snprintf(out, size, "%s", facts->host[0] ? facts->host : "an unnamed host");
    if (facts->cpu[0]) text_add(out, size, ", %s", facts->cpu);
    if (facts->cpus_online > facts->cpus) text_add(out, size, ", %u of %u cpus", facts->cpus, facts->cpus_online);
    else if (facts->cpus) text_add(out, size, ", %u cpu%s", facts->cpus, facts->cpus == 1 ? "" : "s");
    if (facts->cores && facts->cpus) text_add(out, size, " on %u core%s", facts->cores, facts->cores == 1 ? "" : "s");
    if (facts->kinds[0])
        text_add(
            out, size, ", %s (%s%s)", facts->kinds,
            facts->speeds[0]
                ? "efficiency and overhead are against the sum of their measured speeds, the budget's dilation has "
                  "what slow cores take longer: "
                : "efficiency and overhead count each core as fast as the serial loop's",
            facts->speeds);
    if (facts->packages > 1) text_add(out, size, " in %u packages", facts->packages);
    if (facts->quota_cpus > 0) text_add(out, size, ", quota %.3g cpu%s", facts->quota_cpus, facts->quota_cpus == 1 ? "" : "s");
    if (facts->python[0]) text_add(out, size, ", %s", facts->python);
    char waiting[120];
    waiting_text(facts, waiting, sizeof waiting);
    if (facts->mpi[0]) text_add(out, size, ", %s%s", facts->mpi, waiting);
}
