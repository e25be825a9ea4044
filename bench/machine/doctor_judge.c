/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor_judge: from facts to findings, one function a topic. The limits are those of docs/method.md where it has one (steal 0.5 %,
 * clock 5 % and 10 % of an interval), else what such machines show when they are quiet. */
#include "bench/machine/doctor.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const doctor_verdict_names[DOCTOR_VERDICTS] = {"good", "caution", "bad"};

enum { SIBLINGS_SHOWN = 120 };

/* Up to `caution` it is good, up to `bad` to be kept in mind. */
static enum doctor_verdict grade(double value, double caution, double bad)
{
    return value <= caution ? DOCTOR_GOOD : value <= bad ? DOCTOR_CAUTION : DOCTOR_BAD;
}

__attribute__((format(printf, 3, 4))) static void set(struct finding *finding, enum doctor_verdict verdict,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    finding->verdict = verdict;
    vsnprintf(finding->found, sizeof finding->found, format, arguments);
    va_end(arguments);
}

/* Only findings that are not good come with advice. */
__attribute__((format(printf, 2, 3))) static void advise(struct finding *finding, const char *format, ...)
{
    va_list arguments;
    if (finding->verdict == DOCTOR_GOOD) return;
    va_start(arguments, format);
    vsnprintf(finding->advice, sizeof finding->advice, format, arguments);
    va_end(arguments);
}

static void judge_cpus(const struct doctor_facts *facts, struct finding *finding)
{
    const struct limits *limits = &facts->limits;
    if (facts->limits_error) {
        set(finding, DOCTOR_CAUTION, "cannot be read: %s", strerror(-facts->limits_error));
        advise(finding, "Give this process a readable /proc.");
        return;
    }
    set(finding, limits->allowed > 1 ? DOCTOR_GOOD : DOCTOR_BAD, "%u of %u may be used: %s", limits->allowed,
        limits->online, limits->allowed_list);
    advise(finding, "Nothing computes in parallel on one cpu: allow more (taskset, the container's cpuset).");
}

/* An average of what may have ended: no more than a caution where the system says who waits now. */
static void judge_load(const struct doctor_facts *facts, struct finding *finding)
{
    double cpus = facts->limits.online ? facts->limits.online : 1;
    double bad = isnan(facts->system.pressure) ? 0.5 : INFINITY;
    if (isnan(facts->system.load)) set(finding, DOCTOR_CAUTION, "cannot be seen");
    else
        set(finding, grade(facts->system.load / cpus, 0.1, bad),
            "%.2f runnable processes in the last minute on %g cpu%s", facts->system.load, cpus, cpus == 1 ? "" : "s");
    advise(finding, "Wait for what else runs here, or stop it (top shows it); build first, then measure.");
}

static void judge_pressure(const struct doctor_facts *facts, struct finding *finding)
{
    if (isnan(facts->system.pressure)) return;
    set(finding, grade(facts->system.pressure, 0.02, 0.1), "somebody waited for a cpu in %.1f %% of the last %d s",
        100 * facts->system.pressure, facts->system.pressure_s);
    advise(finding, "More wants to run than there are cpus: stop it, or allow more cpus.");
}

static void judge_governor(const struct doctor_facts *facts, struct finding *finding)
{
    const char *governor = facts->system.governor;
    bool fixed = !strcmp(governor, "performance");
    if (*governor) set(finding, fixed ? DOCTOR_GOOD : DOCTOR_CAUTION, "%s", governor);
    else if (facts->system.virtual_machine) set(finding, DOCTOR_CAUTION, "not to be seen from a virtual machine");
    else set(finding, DOCTOR_GOOD, "no frequency scaling that the system knows of");
    if (*governor) advise(finding, "Cpus change their frequency with the load: cpupower frequency-set -g performance.");
    else advise(finding, "The host decides on frequencies: repeat at another time, trust ratios inside one run.");
}

static void judge_boost(const struct doctor_facts *facts, struct finding *finding)
{
    if (facts->system.boost < 0) return;
    set(finding, facts->system.boost ? DOCTOR_CAUTION : DOCTOR_GOOD, "%s", facts->system.boost ? "on" : "off");
    advise(finding, "One busy core runs faster than many, which looks like overhead: write 0 to cpufreq/boost, or 1 to "
                    "intel_pstate/no_turbo, under /sys/devices/system/cpu.");
}

static void judge_quota(const struct doctor_facts *facts, struct finding *finding)
{
    const struct limits *limits = &facts->limits;
    if (!limits->quota_file) set(finding, DOCTOR_CAUTION, "cannot be seen: no control groups are mounted");
    else if (isinf(limits->quota_cpus)) set(finding, DOCTOR_GOOD, "none");
    else
        set(finding, limits->quota_cpus >= limits->allowed ? DOCTOR_GOOD : DOCTOR_CAUTION,
            "%.3g cpu%s, set by %.100s", limits->quota_cpus, limits->quota_cpus == 1 ? "" : "s", limits->quota_where);
    if (!limits->quota_file)
        advise(finding, "A container's quota may hold workers back unseen: mount /sys/fs/cgroup to see it.");
    else
        advise(finding,
               "More than %.0f busy workers are held back for the rest of each period: use at most that many, or "
               "raise the group's cpu.max.",
               fmax(1, floor(limits->quota_cpus)));
}

static void judge_throttling(const struct doctor_facts *facts, struct finding *finding)
{
    if (facts->throttled_ns < 0) return;
    set(finding, facts->throttled_ns || facts->throttled_periods ? DOCTOR_BAD : DOCTOR_GOOD,
        "%.1f ms in %lld periods during the probes", (double)facts->throttled_ns / 1e6,
        (long long)facts->throttled_periods);
    advise(finding,
           "The group's quota is used up: its other processes take it, or it is too small for this many workers.");
}

static void judge_steal(const struct doctor_facts *facts, struct finding *finding)
{
    if (isnan(facts->steal_share)) return;
    set(finding, grade(facts->steal_share, 0.005, 0.02), "%.2f %% of the time during the probes",
        100 * facts->steal_share);
    advise(finding, "The hypervisor gives these cpus to others: measure when the host is quiet, or on dedicated cpus.");
}

static void judge_clocksource(const struct doctor_facts *facts, struct finding *finding)
{
    static const char *const good[] = {"tsc", "arch_sys_counter", "timebase", "riscv_clocksource", "tod"};
    static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"};
    const char *name = facts->system.clocksource;
    enum doctor_verdict verdict = DOCTOR_CAUTION;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!strcmp(name, good[i])) verdict = DOCTOR_GOOD;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (!strcmp(name, slow[i])) verdict = DOCTOR_BAD;
    set(finding, verdict, "%s", *name ? name : "cannot be seen");
    advise(finding,
           "There are: %.90s. The processor's own counter is the cheapest and steadiest; where the kernel gave "
           "it up, dmesg says why.",
           *facts->system.clocksources ? facts->system.clocksources : "none to be seen");
}

static void judge_clock(const struct doctor_facts *facts, struct finding *finding)
{
    const struct clock_quality *clock = &facts->clock;
    double shortest_ns = fmax(clock->cost_ns / 0.05, clock->resolution_ns / 0.10);
    enum doctor_verdict verdict = clock->backwards ? DOCTOR_BAD : grade(shortest_ns, 2000, 20000);
    set(finding, verdict, "%.0f ns a reading, steps of %.0f ns: for intervals of %.2g us and more%s", clock->cost_ns,
        clock->resolution_ns, shortest_ns / 1000, clock->backwards ? "; it ran backwards" : "");
    advise(finding, clock->backwards
                        ? "Time that runs backwards measures nothing: another clock source, or machine."
                        : "Readings go through a system call: see clock source. Let tasks run long enough.");
}

static void judge_noise(const struct doctor_facts *facts, struct finding *finding)
{
    const struct probe_noise_cpu *worst = NULL;
    for (size_t i = 0; i < facts->noise.count; i++) {
        const struct probe_noise_cpu *cpu = &facts->noise.cpu[i];
        if (!worst || cpu->p99_ns / cpu->p50_ns > worst->p99_ns / worst->p50_ns) worst = cpu;
    }
    if (facts->noise_error == -ETIMEDOUT) {
        set(finding, DOCTOR_BAD, "2 s of work on all cpus at once did not end in %d s", PROBE_DEADLINE_S);
        advise(finding, "The cpus are not this process's own: see load, pressure, quota and steal.");
        return;
    }
    if (facts->noise_error || !worst) {
        set(finding, DOCTOR_CAUTION, "the probe failed: %s", strerror(-facts->noise_error));
        advise(finding, "See whether this process may fork and bind itself.");
        return;
    }
    double spread = worst->p99_ns / worst->p50_ns;
    set(finding, grade(spread, 1.05, 1.25),
        "1 ms of work on all cpus at once takes up to %.2f x its median in 99 of 100, %.2f x at most (cpu %u)", spread,
        worst->max_ns / worst->p50_ns, worst->cpu);
    advise(finding, "Something interrupts: take more repetitions (--precision), trust medians, never the fastest run.");
}

static void judge_evenness(const struct doctor_facts *facts, struct finding *finding)
{
    const struct probe_noise_cpu *slow = NULL, *fast = NULL;
    if (facts->noise_error || facts->noise.count < 2) return;
    for (size_t i = 0; i < facts->noise.count; i++) {
        const struct probe_noise_cpu *cpu = &facts->noise.cpu[i];
        if (!slow || cpu->p50_ns > slow->p50_ns) slow = cpu;
        if (!fast || cpu->p50_ns < fast->p50_ns) fast = cpu;
    }
    double ratio = slow->p50_ns / fast->p50_ns;
    set(finding, grade(ratio, 1.05, 1.2), "the slowest cpu (%u) takes %.2f x as long as the fastest (%u)", slow->cpu,
        ratio, fast->cpu);
    advise(finding,
           "Something else runs on cpu %u, or its core is another kind: place workers on the others "
           "(--placement with a list).",
           slow->cpu);
}

static void judge_sleep(const struct doctor_facts *facts, struct finding *finding)
{
    const struct probe_sleep *sleep = &facts->sleep;
    if (facts->sleep_error) return;
    set(finding, grade(sleep->median_ns, 1.5e5, 1e6), "a sleep of 1 us takes %.0f us, %.0f us in 1 of 100",
        sleep->median_ns / 1000, sleep->p99_ns / 1000);
    advise(finding, "Tasks that wait by sleeping last that much longer than asked: make them %.0f ms or more.",
           ceil(sleep->median_ns * 20 / 1e6));
}

static void judge_siblings(const struct doctor_facts *facts, struct finding *finding)
{
    int shown = (int)strlen(facts->siblings); /* whole groups, a line's worth of them */
    if (shown > SIBLINGS_SHOWN)
        for (shown = SIBLINGS_SHOWN; shown > 0 && facts->siblings[shown] != ' ';) shown--;
    if (facts->sibling_groups < 0) set(finding, DOCTOR_CAUTION, "cannot be seen: %s", strerror(-facts->sibling_groups));
    else if (!facts->sibling_groups) set(finding, DOCTOR_GOOD, "no two cpus share a core, as far as the system says");
    else set(finding, DOCTOR_CAUTION, "%d core%s with several cpus: %.*s%s", facts->sibling_groups,
             facts->sibling_groups == 1 ? "" : "s", shown, facts->siblings, facts->siblings[shown] ? " ..." : "");
    advise(finding, "Two workers on one core are no two cores: --placement spread uses every core before a second cpu "
                    "of any; expect a step where workers outnumber cores.");
}

/* Nothing where the cores are alike, or hwloc cannot tell. */
static void judge_kinds(const struct doctor_facts *facts, struct finding *finding)
{
    if (!facts->kinds[0]) return;
    set(finding, DOCTOR_CAUTION, "%.199s", facts->kinds);
    advise(finding, "Two cores of different kinds are not twice one: a run measures their speeds, and efficiency "
                    "is against the sum of them. Measure one kind alone with --placement kind:N; close and spread begin with the fast ones.");
}

static void judge_placement(const struct doctor_facts *facts, struct finding *finding)
{
    const struct probe_pair *worst = NULL;
    if (facts->placement_error) {
        set(finding, DOCTOR_CAUTION, "the probe failed: %s", strerror(-facts->placement_error));
        return;
    }
    for (size_t i = 0; i < facts->placement.count; i++) {
        const struct probe_pair *pair = &facts->placement.pair[i];
        if (!worst || pair->chains_speedup < worst->chains_speedup) worst = pair;
    }
    if (!worst) return;
    double slowest = fmin(worst->chain_speedup, worst->chains_speedup);
    set(finding,
        worst->chain_speedup < 1.6 ? DOCTOR_BAD
        : slowest < 1.85           ? DOCTOR_CAUTION
                                   : DOCTOR_GOOD,
        "cpus %u and %u: two workers do %.2f x (dependent chain) and %.2f x (independent chains) the work of one; a "
        "cache "
        "line goes there and back in %.0f ns",
        worst->cpu_a, worst->cpu_b, worst->chain_speedup, worst->chains_speedup, worst->round_trip_ns);
    advise(finding,
           "They share a core, a frequency or a busy host now, whatever the system says: no runner can be better "
           "than that here. It may change from minute to minute: each run's manifest holds this probe.");
}

static void judge_programs(const struct doctor_facts *facts, struct finding *finding)
{
    bool both = facts->gnuplot && facts->python3;
    set(finding, both ? DOCTOR_GOOD : DOCTOR_CAUTION, both ? "gnuplot and python3 are here" : "%s missing",
        facts->gnuplot   ? "python3 is"
        : facts->python3 ? "gnuplot is"
                         : "gnuplot and python3 are");
    if (!facts->gnuplot)
        advise(finding, "Without gnuplot there are no figures: install gnuplot-nox.%s",
               facts->python3 ? "" : " Without python3 its runner is left out.");
    else advise(finding, "Without python3 its runner is left out: install python3.");
}

/* Most machines need no MPI: that there is none is no fault. */
static void judge_mpi(const struct doctor_facts *facts, struct finding *finding)
{
    if (facts->mpi_error == -ENOENT) set(finding, DOCTOR_GOOD, "the runner mpi is left out: %.150s", facts->mpi_why.text);
    else if (facts->mpi_error) set(finding, DOCTOR_CAUTION, "ranks cannot be started: %.150s", facts->mpi_why.text);
    else
        set(finding, DOCTOR_GOOD, "%s; %s starts and ends two ranks in %.2g s", facts->mpi.library, facts->mpi.launcher,
            facts->mpi.took_s);
    advise(finding, "Runs with the runner mpi will fail so: see docs/ranks.md, or name another launcher (BREAKEVEN_LAUNCHER).");
}

size_t doctor_judge(const struct doctor_facts *facts, struct finding findings[DOCTOR_FINDINGS])
{
    static const struct {
        const char *topic;
        void (*judge)(const struct doctor_facts *, struct finding *); /* leaves `found` empty where nothing is known */
    } topics[] = {
        {"cpus", judge_cpus},
        {"load", judge_load},
        {"pressure", judge_pressure},
        {"governor", judge_governor},
        {"boost", judge_boost},
        {"quota", judge_quota},
        {"throttling", judge_throttling},
        {"steal", judge_steal},
        {"clock source", judge_clocksource},
        {"clock", judge_clock},
        {"noise", judge_noise},
        {"evenness", judge_evenness},
        {"sleep", judge_sleep},
        {"siblings", judge_siblings},
        {"kinds of cores", judge_kinds},
        {"two workers", judge_placement},
        {"programs", judge_programs},
        {"mpi", judge_mpi},
    };
    _Static_assert(sizeof topics / sizeof *topics <= DOCTOR_FINDINGS, "room for every topic");
    size_t count = 0;
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        findings[count] = (struct finding){.topic = topics[i].topic};
        topics[i].judge(facts, &findings[count]);
        count += findings[count].found[0] != '\0';
    }
    return count;
}
