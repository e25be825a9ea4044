/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_checks: whether each lesson's prediction held, read from the summary alone. */
#include "bench/lessons/lessons.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading the summary ------------------------------------------------------------------------------------- */

/* Which cell is meant; what is zero or NULL may be anything. */
struct pick {
    const char *kernel, *runner, *schedule, *placement;
    unsigned workers, processes;
    uint64_t chunk, task_time_ns;
};

static bool matches(const struct cell_summary *row, const struct pick *pick)
{
    const struct cell *cell = row->cell;
    return row->samples && cell->duplicate == cell->id && (!pick->kernel || !strcmp(cell->label, pick->kernel)) &&
           (!pick->runner || !strcmp(cell->runner, pick->runner)) &&
           (!pick->schedule || !strcmp(cell->schedule, pick->schedule)) &&
           (!pick->placement || !strcmp(cell->placement, pick->placement)) &&
           (!pick->workers || row->workers == pick->workers) &&
           (!pick->processes || cell->processes == pick->processes) && (!pick->chunk || cell->chunk == pick->chunk) &&
           (!pick->task_time_ns || cell->task_time_ns == pick->task_time_ns);
}

static const struct cell_summary *find(const struct summary *summary, struct pick pick)
{
    for (size_t i = 0; i < summary->cell_count; i++)
        if (matches(&summary->cells[i], &pick)) return &summary->cells[i];
    return NULL;
}

/* The matching cell with the least median of one quantity. */
static const struct cell_summary *find_least(const struct summary *summary, struct pick pick, enum quantity_id id)
{
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (matches(row, &pick) && (!best || row->quantity[id].median < best->quantity[id].median)) best = row;
    }
    return best;
}

static double duration_of(const struct sample *sample, enum quantity_id id)
{
    if (id == QUANTITY_start_ns) return (double)sample->start_ns;
    if (id == QUANTITY_total_ns) return (double)(sample->start_ns + sample->wall_ns + sample->stop_ns);
    return (double)sample->wall_ns;
}

/* The ratio a/b of one duration (wall_ns, start_ns or total_ns), block by block. */
static struct quantity ratio(const struct summary *summary, const struct cell_summary *a, const struct cell_summary *b,
                             enum quantity_id id)
{
    const struct run *run = summary->run;
    double *left = calloc(run->sample_count + 1, sizeof *left), *right = calloc(run->sample_count + 1, sizeof *right);
    size_t n = 0;
    for (size_t i = 0; left && right && i < run->sample_count; i++) {
        const struct sample *one = &run->samples[i];
        if (one->cell != a->cell->id || strcmp(one->status, "ok") || one->instrumented) continue;
        for (size_t j = 0; j < run->sample_count; j++) {
            const struct sample *other = &run->samples[j];
            if (other->cell != b->cell->id || other->block != one->block || strcmp(other->status, "ok") ||
                other->instrumented)
                continue;
            left[n] = duration_of(one, id);
            right[n++] = duration_of(other, id);
            break;
        }
    }
    struct quantity result = stats_ratio(left, right, n);
    free(left);
    free(right);
    return result;
}

/* ---- saying the verdict --------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void conclude(struct lesson_result *result, enum lesson_verdict verdict,
                                                           const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->text, sizeof result->text, format, arguments);
    va_end(arguments);
    result->verdict = verdict;
}

static void conclude_missing(struct lesson_result *result, const char *what)
{
    conclude(result, LESSON_UNRESOLVED, "Not enough was measured: %s has no good repetition (the summary says why).",
             what);
}

/* Held where the whole interval is at least `bound`, not held where it is wholly below. */
static enum lesson_verdict at_least(struct quantity q, double bound)
{
    if (isnan(q.low)) return LESSON_UNRESOLVED;
    return q.low >= bound ? LESSON_HELD : q.high < bound ? LESSON_NOT_HELD : LESSON_UNRESOLVED;
}

static enum lesson_verdict at_most(struct quantity q, double bound)
{
    if (isnan(q.low)) return LESSON_UNRESOLVED;
    return q.high <= bound ? LESSON_HELD : q.low > bound ? LESSON_NOT_HELD : LESSON_UNRESOLVED;
}

static enum lesson_verdict both(enum lesson_verdict a, enum lesson_verdict b)
{
    if (a == LESSON_NOT_HELD || b == LESSON_NOT_HELD) return LESSON_NOT_HELD;
    return a == LESSON_HELD && b == LESSON_HELD ? LESSON_HELD : LESSON_UNRESOLVED;
}

/* "2.31 [2.20, 2.40]" in one of a few buffers. */
static const char *show(struct quantity q)
{
    static _Thread_local char buffers[8][64];
    static _Thread_local unsigned next;
    char *out = buffers[next++ % 8];
    if (isnan(q.low)) snprintf(out, sizeof buffers[0], "%.3g (n = %zu: no interval)", q.median, q.n);
    else snprintf(out, sizeof buffers[0], "%.3g [%.3g, %.3g]", q.median, q.low, q.high);
    return out;
}

static const char *show_time(double ns)
{
    static _Thread_local char buffers[8][32];
    static _Thread_local unsigned next;
    char *out = buffers[next++ % 8];
    if (ns < 1e3) snprintf(out, sizeof buffers[0], "%.3g ns", ns);
    else if (ns < 1e6) snprintf(out, sizeof buffers[0], "%.3g us", ns / 1e3);
    else if (ns < 1e9) snprintf(out, sizeof buffers[0], "%.3g ms", ns / 1e6);
    else snprintf(out, sizeof buffers[0], "%.3g s", ns / 1e9);
    return out;
}

static bool single_cpu(unsigned cpus, struct lesson_result *result)
{
    if (cpus > 1) return false;
    conclude(result, LESSON_LACKING, "This process may use one cpu only: nothing can run side by side here.");
    return true;
}

static double wall(const struct cell_summary *row)
{
    return row->quantity[QUANTITY_wall_ns].median;
}

/* ---- the checks ------------------------------------------------------------------------------------------------ */

void lesson_check_workers(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *at = find(summary, (struct pick){.runner = "forkpool", .workers = cpus});
    const struct cell_summary *twice = find(summary, (struct pick){.runner = "forkpool", .workers = 2 * cpus});
    if (!at || !twice) return conclude_missing(result, "a team of the cpus' size or of twice that");
    struct quantity speedup = at->quantity[QUANTITY_speedup], gain = ratio(summary, at, twice, QUANTITY_wall_ns);
    enum lesson_verdict verdict = both(at_least(speedup, 0.75 * cpus), at_most(gain, 1.10));
    conclude(
        result, verdict,
        "%u workers on %u cpus: speed-up %s, efficiency %.0f %%. Twice as many workers: %s times as fast. %s", cpus,
        cpus, show(speedup), 100 * speedup.median / cpus, show(gain),
        verdict == LESSON_NOT_HELD && gain.low > 1.10
            ? "More workers than cpus helped: with few large chunks per worker an uneven end costs more than switching."
        : verdict == LESSON_NOT_HELD
            ? "The cpus do not deliver their number: virtual cpus may share a core, or others use the machine "
              "(`breakeven doctor` looks)."
            : "Beyond the number of cpus there is nothing left to gain for work that computes.");
}

void lesson_check_slow_pool(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    const struct cell_summary *pool = find(summary, (struct pick){.runner = "forkpool", .workers = cpus});
    const struct cell_summary *python = find(summary, (struct pick){.runner = "python", .workers = cpus});
    if (!pool) return conclude_missing(result, "forkpool");
    struct quantity total = pool->quantity[QUANTITY_speedup_total], warm = pool->quantity[QUANTITY_speedup];
    char other[200] = "python3 is missing, so Python's Pool was not measured.";
    enum lesson_verdict verdict = at_most(total, 1);
    if (python) {
        struct quantity slow = python->quantity[QUANTITY_speedup_total];
        snprintf(other, sizeof other, "Python's Pool takes %s in all: %s times the loop's speed.",
                 show_time(python->quantity[QUANTITY_total_ns].median), show(slow));
        verdict = both(verdict, at_most(slow, 1));
    }
    conclude(
        result, verdict,
        "The loop takes %s. A forked pool takes %s to start, %s for the work and %s to stop: %s times the loop's speed "
        "in all, %s once it is open. %s",
        show_time(pool->quantity[QUANTITY_serial_ns].median), show_time(pool->quantity[QUANTITY_start_ns].median),
        show_time(wall(pool)), show_time(pool->quantity[QUANTITY_stop_ns].median), show(total), show(warm), other);
}

void lesson_check_slow_openmp(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *tasks = find(summary, (struct pick){.schedule = "tasks", .workers = cpus});
    const struct cell_summary *fixed = find(summary, (struct pick){.schedule = "static", .workers = cpus});
    if (!tasks || !fixed) return conclude_missing(result, "schedule tasks or static");
    struct quantity slow = tasks->quantity[QUANTITY_speedup], fast = fixed->quantity[QUANTITY_speedup];
    conclude(
        result, both(at_most(slow, 1), at_least(fast, 1)),
        "Tasks of %s, %u threads. One explicit task each: %s times the loop's speed, %s of overhead a task. The same "
        "loop divided once (static): %s times.",
        show_time(tasks->quantity[QUANTITY_task_ns].median), cpus, show(slow),
        show_time(tasks->quantity[QUANTITY_overhead_per_task_ns].median), show(fast));
}

void lesson_check_chunk(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct pick any = {.runner = "forkpool", .workers = cpus};
    const struct cell_summary *best = find_least(summary, any, QUANTITY_wall_ns), *largest = NULL;
    for (size_t i = 0; i < summary->cell_count; i++)
        if (matches(&summary->cells[i], &any) && (!largest || summary->cells[i].cell->chunk > largest->cell->chunk))
            largest = &summary->cells[i];
    const struct cell_summary *one = find(summary, (struct pick){.runner = "python", .workers = cpus, .chunk = 1});
    const struct cell_summary *middle =
        find_least(summary, (struct pick){.runner = "python", .workers = cpus}, QUANTITY_wall_ns);
    if (!best || !largest) return conclude_missing(result, "forkpool at some chunk");
    struct quantity tail = ratio(summary, largest, best, QUANTITY_wall_ns);
    enum lesson_verdict verdict = largest == best ? LESSON_NOT_HELD : at_least(tail, 1.05);
    char python[240] = "python3 is missing, so the costly side of small chunks was not measured.";
    if (one && middle) {
        struct quantity small = ratio(summary, one, middle, QUANTITY_wall_ns);
        snprintf(python, sizeof python, "Python's Pool with chunk 1 takes %s times as long as with chunk %llu.",
                 show(small), (unsigned long long)middle->cell->chunk);
        verdict = both(verdict, one == middle ? LESSON_NOT_HELD : at_least(small, 1.5));
    }
    conclude(result, verdict, "Uneven tasks in forkpool: best with chunk %llu; chunk %llu takes %s times as long. %s",
             (unsigned long long)best->cell->chunk, (unsigned long long)largest->cell->chunk, show(tail), python);
}

void lesson_check_schedule(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *fixed = find(summary, (struct pick){.schedule = "static", .workers = cpus});
    const struct cell_summary *dynamic = find(summary, (struct pick){.schedule = "dynamic", .workers = cpus});
    const struct cell_summary *guided = find(summary, (struct pick){.schedule = "guided", .workers = cpus});
    if (!fixed || !dynamic || !guided) return conclude_missing(result, "one of the schedules");
    struct quantity gain = ratio(summary, fixed, dynamic, QUANTITY_wall_ns);
    conclude(result, at_least(gain, 1.05),
             "static: %s; dynamic: %s; guided: %s. static takes %s times as long "
             "as dynamic.",
             show_time(wall(fixed)), show_time(wall(dynamic)), show_time(wall(guided)), show(gain));
}

void lesson_check_pinning(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *none = find(summary, (struct pick){.placement = "none", .workers = cpus});
    const struct cell_summary *spread = find(summary, (struct pick){.placement = "spread", .workers = cpus});
    if (!none || !spread) return conclude_missing(result, "one of the placements");
    struct quantity effect = ratio(summary, none, spread, QUANTITY_wall_ns);
    bool small = effect.low > 0.95 && effect.high < 1.05;
    bool apart = effect.low >= 1.05 || effect.high <= 0.95;
    conclude(
        result,
        isnan(effect.low) || (!small && !apart) ? LESSON_UNRESOLVED
        : small                                 ? LESSON_HELD
                                                : LESSON_NOT_HELD,
        "As many workers as cpus: left alone they take %s times as long as when each is bound to a core of its own "
        "(%s against %s). %s",
        show(effect), show_time(wall(none)), show_time(wall(spread)),
        small   ? "Within 5 %: on an otherwise idle machine the scheduler finds the same places."
        : apart ? "More than 5 %: the scheduler moves workers or lets two share a cpu for a while."
                : "The interval reaches across 5 %: nothing can be said.");
}

void lesson_check_quota(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *one = find(summary, (struct pick){.runner = "forkpool", .workers = 1});
    const struct cell_summary *all = find(summary, (struct pick){.runner = "forkpool", .workers = cpus});
    if (!one || !all) return conclude_missing(result, "forkpool");
    struct quantity gain = ratio(summary, one, all, QUANTITY_wall_ns);
    conclude(result, at_most(gain, 1.25),
             "Under a quota of one cpu, %u workers are %s times as fast as one, though %u cpus are visible. The kernel "
             "stops them all for the rest of each period once the quota is used up; the samples are marked \"%s\".",
             cpus, show(gain), cpus, *all->suspect ? all->suspect : "not throttled");
}

void lesson_check_false_sharing(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    struct quantity slow[2];
    static const char *const runner[2] = {"openmp", "forkpool"};
    for (int i = 0; i < 2; i++) {
        const struct cell_summary *packed =
            find(summary, (struct pick){.kernel = "falseshare", .runner = runner[i], .workers = cpus});
        const struct cell_summary *padded =
            find(summary, (struct pick){.kernel = "padded", .runner = runner[i], .workers = cpus});
        if (!packed || !padded) return conclude_missing(result, runner[i]);
        slow[i] = ratio(summary, packed, padded, QUANTITY_wall_ns);
    }
    conclude(result, both(at_least(slow[0], 1.5), at_least(slow[1], 1.5)),
             "Counters in one cache line take %s times as long as padded ones between threads, and %s times between "
             "processes: the line does not know whose page it is in.",
             show(slow[0]), show(slow[1]));
}

void lesson_check_bandwidth(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *triad = find(summary, (struct pick){.kernel = "triad", .workers = cpus});
    const struct cell_summary *spin = find(summary, (struct pick){.kernel = "spin", .workers = cpus});
    if (!triad || !spin) return conclude_missing(result, "triad or spin");
    struct quantity a = triad->quantity[QUANTITY_speedup], b = spin->quantity[QUANTITY_speedup];
    enum lesson_verdict verdict = isnan(a.low) || isnan(b.low)             ? LESSON_UNRESOLVED
                                  : a.high < b.low                         ? LESSON_HELD
                                  : a.low > b.high || (a.low > 0.9 * cpus) ? LESSON_NOT_HELD
                                                                           : LESSON_UNRESOLVED;
    conclude(result, verdict, "%u workers: triad speeds up by %s, spin by %s. %s", cpus, show(a), show(b),
             verdict == LESSON_HELD ? "One worker already uses a good part of the memory's bandwidth."
             : verdict == LESSON_NOT_HELD
                 ? "One worker is far from using up this machine's memory bandwidth, so a few more "
                   "still help; more cores would show the limit."
                 : "The intervals overlap.");
}

void lesson_check_split(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *forked =
        find(summary, (struct pick){.runner = "hybrid", .workers = cpus, .processes = cpus});
    const struct cell_summary *threaded =
        find(summary, (struct pick){.runner = "hybrid", .workers = cpus, .processes = 1});
    if (!forked || !threaded) return conclude_missing(result, "a split of the hybrid runner");
    struct quantity warm = ratio(summary, forked, threaded, QUANTITY_wall_ns);
    struct quantity start = ratio(summary, forked, threaded, QUANTITY_start_ns);
    bool same = warm.low > 0.9 && warm.high < 1.1, apart = warm.low >= 1.1 || warm.high <= 0.9;
    conclude(result,
             same    ? LESSON_HELD
             : apart ? LESSON_NOT_HELD
                     : LESSON_UNRESOLVED,
             "%u processes of one thread take %s times as long as one process of %u threads for the work (%s against "
             "%s), and "
             "%s times as long to start (%s against %s).",
             cpus, show(warm), cpus, show_time(wall(forked)), show_time(wall(threaded)), show(start),
             show_time(forked->quantity[QUANTITY_start_ns].median),
             show_time(threaded->quantity[QUANTITY_start_ns].median));
}

void lesson_check_waiting(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    unsigned many = 8 * cpus;
    const struct cell_summary *sleeping = find(summary, (struct pick){.kernel = "square", .workers = many});
    const struct cell_summary *spinning = find(summary, (struct pick){.kernel = "spin", .workers = many});
    if (!sleeping || !spinning) return conclude_missing(result, "the team of eight times the cpus");
    struct quantity a = sleeping->quantity[QUANTITY_speedup], b = spinning->quantity[QUANTITY_speedup];
    double cpu_a = sleeping->quantity[QUANTITY_user_ns].median + sleeping->quantity[QUANTITY_system_ns].median;
    double cpu_b = spinning->quantity[QUANTITY_user_ns].median + spinning->quantity[QUANTITY_system_ns].median;
    conclude(result, both(at_least(a, 0.8 * many), at_most(b, 1.2 * cpus)),
             "%u workers on %u cpus: tasks that sleep speed up by %s, tasks that compute by %s. Wall %s against %s; "
             "cpu time "
             "%s against %s.",
             many, cpus, show(a), show(b), show_time(wall(sleeping)), show_time(wall(spinning)), show_time(cpu_a),
             show_time(cpu_b));
}

void lesson_check_start(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    (void)cpus;
    const struct cell_summary *small = NULL, *large = NULL, *many = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (!row->samples || strcmp(row->cell->runner, "forkpool")) continue;
        if (!small || row->cell->size < small->cell->size ||
            (row->cell->size == small->cell->size && row->workers < small->workers))
            small = row;
        if (!large || row->cell->size > large->cell->size ||
            (row->cell->size == large->cell->size && row->workers < large->workers))
            large = row;
        if (!many || (row->cell->size <= many->cell->size && row->workers >= many->workers)) many = row;
    }
    if (!small || small == large) return conclude_missing(result, "a small or a large parent");
    struct quantity a = small->quantity[QUANTITY_start_ns], b = large->quantity[QUANTITY_start_ns];
    struct quantity growth = ratio(summary, large, small, QUANTITY_start_ns);
    double each = (many->quantity[QUANTITY_start_ns].median - a.median) / (many->workers > 1 ? many->workers - 1 : 1);
    conclude(
        result, at_least(growth, 1.5),
        "A first worker of a small parent starts in %s, each further one in about %s. With %llu MiB of the parent's "
        "memory in use the same start takes %s: %s times as long, because fork copies the page tables.",
        show_time(a.median), show_time(each), (unsigned long long)(large->cell->size >> 20), show_time(b.median),
        show(growth));
}

/* ---- what a simulated machine shows ---------------------------------------------------------------------------- */

static double gain_at(const struct summary *summary, const char *kernel, const char *placement, unsigned workers)
{
    const struct cell_summary *row =
        find(summary, (struct pick){.kernel = kernel, .runner = "openmp", .placement = placement, .workers = workers});
    return row ? row->quantity[QUANTITY_speedup].median : NAN;
}

void lesson_tell_workers(const struct summary *summary, char *text, size_t size)
{
    unsigned cores = ELSEWHERE_MACHINE_CORES;
    snprintf(text, size,
             "%u workers on as many cores are %.3g times as fast as one; %u workers, two on each core, %.3g.", cores,
             gain_at(summary, "spin", "spread", cores), 2 * cores, gain_at(summary, "spin", "spread", 2 * cores));
}

void lesson_tell_threads(const struct summary *summary, char *text, size_t size)
{
    unsigned few = ELSEWHERE_MACHINE_CORES / 2;
    double apart = gain_at(summary, "spin", "spread", few), packed = gain_at(summary, "spin", ELSEWHERE_PACKED, few);
    snprintf(
        text, size,
        "%u workers on a core each (spread) are %.3g times as fast as one; the same %u on both threads of %u cores "
        "(--placement " ELSEWHERE_PACKED ") only %.3g. With both threads of all %u cores at work it is %.3g: a second thread adds something, "
        "but it is no core. Fill cores first.",
        few, apart, few, few / 2, packed, (unsigned)ELSEWHERE_MACHINE_CORES,
        gain_at(summary, "spin", "spread", ELSEWHERE_WORKERS));
}

void lesson_tell_bandwidth(const struct summary *summary, char *text, size_t size)
{
    snprintf(
        text, size,
        "With 4, 8, 16, 32 and 64 workers triad is %.3g, %.3g, %.3g, %.3g and %.3g times as fast as with one, spin "
        "%.3g, %.3g, %.3g, %.3g and %.3g times: the curves part where the memory is used up, long before the cores "
        "are.",
        gain_at(summary, "triad", "spread", 4), gain_at(summary, "triad", "spread", 8),
        gain_at(summary, "triad", "spread", 16), gain_at(summary, "triad", "spread", 32),
        gain_at(summary, "triad", "spread", 64), gain_at(summary, "spin", "spread", 4),
        gain_at(summary, "spin", "spread", 8), gain_at(summary, "spin", "spread", 16),
        gain_at(summary, "spin", "spread", 32), gain_at(summary, "spin", "spread", 64));
}
