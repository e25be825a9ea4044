/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V9 and V13: a loud neighbour, a quota, and deliberate mistakes: each must be noticed, by the check that is there for
 * it. */
#include "bench/selftest/selftest.h"

#include "bench/plan/inject.h"
#include "bench/machine/probe.h"
#include "bench/machine/probe_team.h"
#include "bench/machine/quota.h"

#include "kernels/reason.h"
#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- V9: a neighbour, a quota. Measured in a child, since the measuring process may have no other children ---- */

struct outcome {
    unsigned samples, marked;
    int error;
    struct reason why;
};

struct trial {
    const char *word; /* that every sample has to carry */
    unsigned cpus[2];
    const struct selftest *test;
};

/* Two workers, 50 ms each a pass, bound to two cpus; nothing else, so that half a cpu is soon used up: a quota's period
 * is 100 ms. */
static void measure_team(const struct trial *trial, struct outcome *outcome)
{
    enum { BLOCKS = 5 };
    struct live live;
    char lists[32];
    snprintf(lists, sizeof lists, "%u,%u", trial->cpus[0], trial->cpus[1]);
    live_open(&live, trial->test);
    struct live_cell cell = {
        .kernel = "spin", .task_ns = 50000, .tasks = 2000, .runner = "openmp", .workers = 2, .placement = lists};
    live_cell(&live, &cell);
    live_blocks(&live, BLOCKS, false, false);
    outcome->samples = live.blocks;
    for (size_t i = 0; i < live.run.sample_count; i++)
        outcome->marked += suspicion_word_in(live.run.samples[i].suspect, trial->word);
    outcome->error = live.error;
    reason_set(&outcome->why, "%.150s", live.why.text);
    live_close(&live);
}

/* 0 or -errno where there could be no child. */
static int measure_in_child(const struct trial *trial, struct outcome *outcome)
{
    struct outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return -errno;
    *shared = (struct outcome){.error = -ECHILD, .why = {"the measuring process died"}};
    pid_t parent = getpid(), child = fork();
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        alarm(120);
        measure_team(trial, shared);
        _exit(0);
    }
    int error = child < 0 ? -errno : 0;
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    *outcome = *shared;
    munmap(shared, sizeof *shared);
    return error;
}

/* Does so much else run here that a neighbour or a quota of ours is not what decides? */
static bool is_loaded(void)
{
    struct probe_system system;
    unsigned cpus[PROBE_CPUS_MAX];
    size_t count = probe_allowed_cpus(cpus, PROBE_CPUS_MAX);
    probe_system_read("", cpus, count, &system);
    return system.load > 0.5 * (double)count;
}

static void outcome_row(struct selftest *test, struct selftest_row *row, const struct trial *trial)
{
    struct outcome outcome = {0};
    int error = measure_in_child(trial, &outcome);
    snprintf(row->wanted, sizeof row->wanted, "at least four of five");
    if (error) snprintf(row->came_back, sizeof row->came_back, "no child: %s", strerror(-error));
    else if (outcome.error) snprintf(row->came_back, sizeof row->came_back, "%.300s", outcome.why.text);
    else
        snprintf(row->came_back, sizeof row->came_back, "%u of %u samples are marked \"%s\"", outcome.marked,
                 outcome.samples, trial->word);
    bool holds = !error && !outcome.error && outcome.samples && 5 * outcome.marked >= 4 * outcome.samples;
    if (!holds && test->quick && is_loaded())
        selftest_skip(test, row->id, row->injected, "the machine is too loud (%.120s)", row->came_back);
    else selftest_add(test, row, holds);
}

/* The first two cpus that may be used; where there is one only, a row that says so instead, and true. */
static bool skip_without_two(struct selftest *test, const struct selftest_row *row, unsigned cpus[2])
{
    bool lacking = probe_allowed_cpus(cpus, 2) < 2;
    if (lacking) selftest_skip(test, row->id, row->injected, "there is one cpu only");
    return lacking;
}

/* A child that keeps one cpu busy, for two minutes at most. Negative: -errno. */
static pid_t neighbour_start(unsigned cpu)
{
    pid_t parent = getpid(), child = fork();
    if (child < 0) return -errno;
    if (child) return child;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || sched_setaffinity(0, sizeof set, &set)) _exit(1);
    signal(SIGALRM, SIG_DFL);
    alarm(120);
    for (volatile uint64_t sink = 1;;) sink = probe_chain(100000, sink);
}

void selftest_neighbour(struct selftest *test)
{
    struct selftest_row row = {.id = "V9", .injected = "a process that keeps the second worker's cpu busy"};
    struct trial trial = {.word = "preempted", .test = test};
    if (skip_without_two(test, &row, trial.cpus)) return;
    pid_t neighbour = neighbour_start(trial.cpus[1]);
    if (neighbour < 0) {
        selftest_skip(test, row.id, row.injected, "no child: %s", strerror(-neighbour));
        return;
    }
    outcome_row(test, &row, &trial);
    kill(neighbour, SIGKILL);
    while (waitpid(neighbour, NULL, 0) < 0 && errno == EINTR) continue;
}

void selftest_quota(struct selftest *test)
{
    struct selftest_row row = {.id = "V9", .injected = "a cgroup quota of half a cpu for two workers"};
    struct trial trial = {.word = "throttled", .test = test};
    struct quota quota;
    struct reason why;
    if (probe_allowed_cpus(trial.cpus, 2) < 2) trial.cpus[1] = trial.cpus[0];
    if (quota_enter(&quota, 0.5, &why)) {
        selftest_skip(test, row.id, row.injected, "%s", why.text);
        return;
    }
    outcome_row(test, &row, &trial);
    quota_leave(&quota);
}

/* ---- V13: mistakes on purpose ---- */

struct mistake {
    const char *what, *check; /* the check that must catch it: what its cause or its mark says */
    struct inject inject;
};

enum { MISTAKEN_BLOCKS = 3 };

static void mistake_row(struct selftest *test, const struct mistake *mistake, const char *runner)
{
    struct live live;
    unsigned caught = 0, taken = 0, cpus[2];
    struct selftest_row row = {.id = "V13"};
    snprintf(row.injected, sizeof row.injected, "%s, %s", mistake->what, runner);
    if (mistake->inject.unbound && skip_without_two(test, &row, cpus)) return;
    live_open(&live, test);
    struct live_cell cell = {.kernel = "spin", .size = 100, .tasks = 1000};
    cell.baseline = live_cell(&live, &cell);
    cell.runner = runner, cell.workers = 2, cell.inject = &mistake->inject, cell.placement = "close";
    unsigned team = live_cell(&live, &cell);
    live_blocks(&live, MISTAKEN_BLOCKS, false, true);
    for (size_t s = 0; s < live.run.sample_count; s++) {
        const struct observation *sample = &live.run.samples[s];
        if (sample->cell != team) continue;
        taken++;
        bool failed = !strncmp(sample->cause, mistake->check, strlen(mistake->check)) && sample->wall_ns < 0;
        caught += failed || suspicion_word_in(sample->suspect, mistake->check);
    }
    snprintf(row.came_back, sizeof row.came_back, "%u of %u samples say \"%s\"", caught, taken, mistake->check);
    snprintf(row.wanted, sizeof row.wanted, "every sample");
    live_judge(test, &live, &row, taken == MISTAKEN_BLOCKS && caught == taken);
    live_close(&live);
}

void selftest_mistakes(struct selftest *test)
{
    static const struct mistake mistakes[] = {
        {"one wrong bit in a result", "wrong result", {.wrong = true}},
        {"half of the work left out", "wrong result", {.skip = true}},
        {"workers left unbound under --placement", "unbound", {.unbound = true}},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        mistake_row(test, &mistakes[i], "openmp");
        if (!test->quick && live_has("mpi")) mistake_row(test, &mistakes[i], "mpi");
    }
}

/* Is it known to about 10 %? */
static bool efficiency_enough(const struct live *live, void *context)
{
    unsigned team = *(const unsigned *)context;
    double serials[LIVE_BLOCKS], teams[LIVE_BLOCKS];
    live_values(live, live->cells[team].baseline, LIVE_WALL, false, serials);
    live_values(live, team, LIVE_WALL, false, teams);
    struct quantity ratio = stats_ratio(serials, teams, live->blocks);
    return ratio.high <= 1.2 * ratio.low;
}

/* T_s of a loop that is 60 % slower than the same kernel elsewhere: teams then look better than they can be. */
void selftest_wrong_serial(struct selftest *test)
{
    const struct inject slow = {.work_share = 0.6};
    struct selftest_row row = {
        .id = "V13", .injected = "a serial time that is 60 % too long", .wanted = "\"superlinear\""};
    struct live live;
    struct summary summary;
    char words[96] = "";
    struct reason why = {""};
    double efficiency = NAN;
    if (skip_without_two(test, &row, (unsigned[2]){0})) return;
    live_open(&live, test);
    struct live_cell cell = {.kernel = "spin", .task_ns = 20000, .tasks = 400, .inject = &slow};
    cell.baseline = live_cell(&live, &cell);
    cell.runner = "openmp", cell.workers = 2, cell.placement = "close", cell.inject = NULL;
    unsigned team = live_cell(&live, &cell);
    live_until(&live, test->quick ? 10 : 20, test->quick ? 20 : LIVE_BLOCKS, false, efficiency_enough, &team);
    if (!live.error && !summary_make(&live.run, &summary, &why)) {
        snprintf(words, sizeof words, "%s", summary.cells[team].suspect);
        efficiency = summary.cells[team].quantity[QUANTITY_efficiency].median;
        summary_free(&summary);
    }
    snprintf(row.came_back, sizeof row.came_back, "efficiency %.2f of 2 workers, marked \"%s\"", efficiency, words);
    live_judge(test, &live, &row, strstr(words, "superlinear") != NULL);
    live_close(&live);
}
