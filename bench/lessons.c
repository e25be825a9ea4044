#include "lessons.h"

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
    conclude(result, LESSON_UNRESOLVED, "Not enough was measured: %s has no good repetition (the summary says why).", what);
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

static void check_workers(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *at = find(summary, (struct pick){.runner = "forkpool", .workers = cpus});
    const struct cell_summary *twice = find(summary, (struct pick){.runner = "forkpool", .workers = 2 * cpus});
    if (!at || !twice) return conclude_missing(result, "a team of the cpus' size or of twice that");
    struct quantity speedup = at->quantity[QUANTITY_speedup], gain = ratio(summary, at, twice, QUANTITY_wall_ns);
    enum lesson_verdict verdict = both(at_least(speedup, 0.75 * cpus), at_most(gain, 1.10));
    conclude(result, verdict,
             "%u workers on %u cpus: speed-up %s, efficiency %.0f %%. Twice as many workers: %s times as fast. %s", cpus,
             cpus, show(speedup), 100 * speedup.median / cpus, show(gain),
             verdict == LESSON_NOT_HELD && gain.low > 1.10
                 ? "More workers than cpus helped: with few large chunks per worker an uneven end costs more than switching."
             : verdict == LESSON_NOT_HELD
                 ? "The cpus do not deliver their number: virtual cpus may share a core, or others use the machine "
                   "(`breakeven doctor` looks)."
                 : "Beyond the number of cpus there is nothing left to gain for work that computes.");
}

static void check_slow_pool(const struct summary *summary, unsigned cpus, struct lesson_result *result)
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
    conclude(result, verdict,
             "The loop takes %s. A forked pool takes %s to start, %s for the work and %s to stop: %s times the loop's speed "
             "in all, %s once it is open. %s",
             show_time(pool->quantity[QUANTITY_serial_ns].median), show_time(pool->quantity[QUANTITY_start_ns].median),
             show_time(wall(pool)), show_time(pool->quantity[QUANTITY_stop_ns].median), show(total), show(warm), other);
}

static void check_slow_openmp(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *tasks = find(summary, (struct pick){.schedule = "tasks", .workers = cpus});
    const struct cell_summary *fixed = find(summary, (struct pick){.schedule = "static", .workers = cpus});
    if (!tasks || !fixed) return conclude_missing(result, "schedule tasks or static");
    struct quantity slow = tasks->quantity[QUANTITY_speedup], fast = fixed->quantity[QUANTITY_speedup];
    conclude(result, both(at_most(slow, 1), at_least(fast, 1)),
             "Tasks of %s, %u threads. One explicit task each: %s times the loop's speed, %s of overhead a task. The same "
             "loop divided once (static): %s times.",
             show_time(tasks->quantity[QUANTITY_task_ns].median), cpus, show(slow),
             show_time(tasks->quantity[QUANTITY_overhead_per_task_ns].median), show(fast));
}

static void check_chunk(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct pick any = {.runner = "forkpool", .workers = cpus};
    const struct cell_summary *best = find_least(summary, any, QUANTITY_wall_ns), *largest = NULL;
    for (size_t i = 0; i < summary->cell_count; i++)
        if (matches(&summary->cells[i], &any) && (!largest || summary->cells[i].cell->chunk > largest->cell->chunk))
            largest = &summary->cells[i];
    const struct cell_summary *one = find(summary, (struct pick){.runner = "python", .workers = cpus, .chunk = 1});
    const struct cell_summary *middle = find_least(summary, (struct pick){.runner = "python", .workers = cpus},
                                                   QUANTITY_wall_ns);
    if (!best || !largest) return conclude_missing(result, "forkpool at some chunk");
    struct quantity tail = ratio(summary, largest, best, QUANTITY_wall_ns);
    enum lesson_verdict verdict = largest == best ? LESSON_NOT_HELD : at_least(tail, 1.05);
    char python[240] = "python3 is missing, so the costly side of small chunks was not measured.";
    if (one && middle) {
        struct quantity small = ratio(summary, one, middle, QUANTITY_wall_ns);
        snprintf(python, sizeof python, "Python's Pool with chunk 1 takes %s times as long as with chunk %llu.", show(small),
                 (unsigned long long)middle->cell->chunk);
        verdict = both(verdict, one == middle ? LESSON_NOT_HELD : at_least(small, 1.5));
    }
    conclude(result, verdict, "Uneven tasks in forkpool: best with chunk %llu; chunk %llu takes %s times as long. %s",
             (unsigned long long)best->cell->chunk, (unsigned long long)largest->cell->chunk, show(tail), python);
}

static void check_schedule(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *fixed = find(summary, (struct pick){.schedule = "static", .workers = cpus});
    const struct cell_summary *dynamic = find(summary, (struct pick){.schedule = "dynamic", .workers = cpus});
    const struct cell_summary *guided = find(summary, (struct pick){.schedule = "guided", .workers = cpus});
    if (!fixed || !dynamic || !guided) return conclude_missing(result, "one of the schedules");
    struct quantity gain = ratio(summary, fixed, dynamic, QUANTITY_wall_ns);
    conclude(result, at_least(gain, 1.05),
             "Later ranges of the prime count cost more. static: %s; dynamic: %s; guided: %s. static takes %s times as long "
             "as dynamic.",
             show_time(wall(fixed)), show_time(wall(dynamic)), show_time(wall(guided)), show(gain));
}

static void check_pinning(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *none = find(summary, (struct pick){.placement = "none", .workers = cpus});
    const struct cell_summary *spread = find(summary, (struct pick){.placement = "spread", .workers = cpus});
    if (!none || !spread) return conclude_missing(result, "one of the placements");
    struct quantity effect = ratio(summary, none, spread, QUANTITY_wall_ns);
    bool small = effect.low > 0.95 && effect.high < 1.05;
    bool apart = effect.low >= 1.05 || effect.high <= 0.95;
    conclude(result, isnan(effect.low) || (!small && !apart) ? LESSON_UNRESOLVED : small ? LESSON_HELD : LESSON_NOT_HELD,
             "As many workers as cpus: left alone they take %s times as long as when each is bound to a core of its own "
             "(%s against %s). %s",
             show(effect), show_time(wall(none)), show_time(wall(spread)),
             small   ? "Within 5 %: on an otherwise idle machine the scheduler finds the same places."
             : apart ? "More than 5 %: the scheduler moves workers or lets two share a cpu for a while."
                     : "The interval reaches across 5 %: nothing can be said.");
}

static void check_quota(const struct summary *summary, unsigned cpus, struct lesson_result *result)
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

static void check_false_sharing(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    struct quantity slow[2];
    static const char *const runner[2] = {"openmp", "forkpool"};
    for (int i = 0; i < 2; i++) {
        const struct cell_summary *packed = find(summary, (struct pick){.kernel = "falseshare", .runner = runner[i], .workers = cpus});
        const struct cell_summary *padded = find(summary, (struct pick){.kernel = "padded", .runner = runner[i], .workers = cpus});
        if (!packed || !padded) return conclude_missing(result, runner[i]);
        slow[i] = ratio(summary, packed, padded, QUANTITY_wall_ns);
    }
    conclude(result, both(at_least(slow[0], 1.5), at_least(slow[1], 1.5)),
             "Counters in one cache line take %s times as long as padded ones between threads, and %s times between "
             "processes: the line does not know whose page it is in.",
             show(slow[0]), show(slow[1]));
}

static void check_bandwidth(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *triad = find(summary, (struct pick){.kernel = "triad", .workers = cpus});
    const struct cell_summary *spin = find(summary, (struct pick){.kernel = "spin", .workers = cpus});
    if (!triad || !spin) return conclude_missing(result, "triad or spin");
    struct quantity a = triad->quantity[QUANTITY_speedup], b = spin->quantity[QUANTITY_speedup];
    enum lesson_verdict verdict = isnan(a.low) || isnan(b.low) ? LESSON_UNRESOLVED
                                  : a.high < b.low             ? LESSON_HELD
                                  : a.low > b.high || (a.low > 0.9 * cpus) ? LESSON_NOT_HELD
                                                                           : LESSON_UNRESOLVED;
    conclude(result, verdict, "%u workers: triad speeds up by %s, spin by %s. %s", cpus, show(a), show(b),
             verdict == LESSON_HELD       ? "One worker already uses a good part of the memory's bandwidth."
             : verdict == LESSON_NOT_HELD ? "One worker is far from using up this machine's memory bandwidth, so a few more "
                                            "still help; more cores would show the limit."
                                          : "The intervals overlap.");
}

static void check_split(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    if (single_cpu(cpus, result)) return;
    const struct cell_summary *processes = find(summary, (struct pick){.runner = "hybrid", .workers = cpus, .processes = cpus});
    const struct cell_summary *threads = find(summary, (struct pick){.runner = "hybrid", .workers = cpus, .processes = 1});
    if (!processes || !threads) return conclude_missing(result, "a split of the hybrid runner");
    struct quantity warm = ratio(summary, processes, threads, QUANTITY_wall_ns);
    struct quantity start = ratio(summary, processes, threads, QUANTITY_start_ns);
    bool same = warm.low > 0.9 && warm.high < 1.1, apart = warm.low >= 1.1 || warm.high <= 0.9;
    conclude(result, same ? LESSON_HELD : apart ? LESSON_NOT_HELD : LESSON_UNRESOLVED,
             "%u processes of one thread take %s times as long as one process of %u threads for the work (%s against %s), and "
             "%s times as long to start (%s against %s).",
             cpus, show(warm), cpus, show_time(wall(processes)), show_time(wall(threads)), show(start),
             show_time(processes->quantity[QUANTITY_start_ns].median), show_time(threads->quantity[QUANTITY_start_ns].median));
}

static void check_waiting(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    unsigned many = 8 * cpus;
    const struct cell_summary *sleeping = find(summary, (struct pick){.kernel = "square", .workers = many});
    const struct cell_summary *spinning = find(summary, (struct pick){.kernel = "spin", .workers = many});
    if (!sleeping || !spinning) return conclude_missing(result, "the team of eight times the cpus");
    struct quantity a = sleeping->quantity[QUANTITY_speedup], b = spinning->quantity[QUANTITY_speedup];
    double cpu_a = sleeping->quantity[QUANTITY_user_ns].median + sleeping->quantity[QUANTITY_system_ns].median;
    double cpu_b = spinning->quantity[QUANTITY_user_ns].median + spinning->quantity[QUANTITY_system_ns].median;
    conclude(result, both(at_least(a, 0.8 * many), at_most(b, 1.2 * cpus)),
             "%u workers on %u cpus: tasks that sleep speed up by %s, tasks that compute by %s. Wall %s against %s; cpu time "
             "%s against %s.",
             many, cpus, show(a), show(b), show_time(wall(sleeping)), show_time(wall(spinning)), show_time(cpu_a),
             show_time(cpu_b));
}

static void check_start(const struct summary *summary, unsigned cpus, struct lesson_result *result)
{
    (void)cpus;
    const struct cell_summary *few = find(summary, (struct pick){.kernel = "ballast", .task_time_ns = 0, .workers = 1});
    const struct cell_summary *small = NULL, *large = NULL, *many = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (!row->samples || strcmp(row->cell->runner, "forkpool")) continue;
        if (!small || row->cell->size < small->cell->size || (row->cell->size == small->cell->size && row->workers < small->workers))
            small = row;
        if (!large || row->cell->size > large->cell->size || (row->cell->size == large->cell->size && row->workers < large->workers))
            large = row;
        if (!many || (row->cell->size <= many->cell->size && row->workers >= many->workers)) many = row;
    }
    if (!few || !small || !large || small == large) return conclude_missing(result, "a small or a large parent");
    struct quantity a = small->quantity[QUANTITY_start_ns], b = large->quantity[QUANTITY_start_ns];
    struct quantity growth = ratio(summary, large, small, QUANTITY_start_ns);
    double each = (many->quantity[QUANTITY_start_ns].median - a.median) / (many->workers > 1 ? many->workers - 1 : 1);
    conclude(result, at_least(growth, 1.5),
             "A first worker of a small parent starts in %s, each further one in about %s. With %llu MiB of the parent's "
             "memory in use the same start takes %s: %s times as long, because fork copies the page tables.",
             show_time(a.median), show_time(each), (unsigned long long)(large->cell->size >> 20), show_time(b.median),
             show(growth));
}

/* ---- the lessons ------------------------------------------------------------------------------------------------ */

const struct lesson lessons[] = {
    {
        .name = "workers",
        .question = "How many workers?",
        .prediction = "Work that computes gets faster until there is one worker for each usable cpu, and no further.",
        .command = "--kernel spin --task-time 100us --tasks 400 --runner forkpool --processes 1..{2c} --reps 12",
        .figure = "speedup",
        .explanation = "A worker that computes needs a cpu for itself. Up to the number of cpus each further worker takes a share of "
                       "the tasks; beyond it the workers take turns, which adds switching and nothing else. The number that counts "
                       "is that of the cpus this process may use: its affinity, its container's limit, not the machine's total.",
        .exercise = "Run it again with --task-time 1us. At which number of workers does the curve bend now, and why earlier?",
        .check = check_workers,
    },
    {
        .name = "slow-pool",
        .question = "Why is my pool slower than a loop?",
        .prediction = "A millisecond of work, divided into 1000 tasks, takes longer over a pool that is opened for it than in a loop.",
        .command = "--kernel spin --task-time 1us --tasks 1000 --runner forkpool,python --processes {c} --reps 15",
        .figure = "overhead",
        .explanation = "A pool costs three times: starting its workers, handing out each task, ending the workers. A loop pays none of "
                       "that. The pool pays off when what it saves, the work times (1 - 1/p), is more than what it costs: open it "
                       "once for many batches, and give it tasks that are long against the cost of handing one out.",
        .exercise = "Raise --tasks until forkpool's total beats the loop. Compare with the crossover that the report predicts.",
        .check = check_slow_pool,
    },
    {
        .name = "slow-openmp",
        .question = "Why is OpenMP slower than serial?",
        .prediction = "Tasks of 50 ns are slower as one explicit OpenMP task each than in a serial loop; the same loop under "
                      "schedule(static) is faster.",
        .command = "--kernel spin --task-time 50ns --tasks 100000 --runner openmp --threads {c} --schedule static,tasks --reps 12",
        .figure = "overhead",
        .explanation = "An explicit task is an allocation, a queue and a lock for every 50 ns of work: more than the work itself, however "
                       "many threads share it. A static loop is divided once, by arithmetic, before it starts.",
        .exercise = "At which --task-time do tasks break even? `breakeven metg --runner openmp --schedule tasks` finds it.",
        .check = check_slow_openmp,
    },
    {
        .name = "chunk",
        .question = "What chunk size?",
        .prediction = "With uneven tasks, one chunk per worker is slower than many smaller ones; where handing out a task is dear, "
                      "as in Python's Pool, chunk 1 is slower too. The best lies between.",
        .command = "--kernel lognormal --task-time 5us --tasks 2000 --runner forkpool,python --processes {c} "
                   "--chunk 1,8,32,128,1000 --reps 12",
        .figure = "chunk",
        .explanation = "A chunk pays the cost of dispatch once for all its tasks, so large chunks are cheap. But the last chunk to end "
                       "decides when all is done, and with large chunks the others wait for it. The best chunk grows with the cost of "
                       "dispatch and shrinks with the unevenness of the tasks.",
        .exercise = "Do the same with --kernel spin, whose tasks are even. Which side of the curve disappears?",
        .check = check_chunk,
    },
    {
        .name = "schedule",
        .question = "static, dynamic or guided?",
        .prediction = "Where later tasks cost more than earlier ones, static is at least 5 % slower than dynamic.",
        .command = "--kernel primes --task-time 100us --tasks 200 --runner openmp --threads {c} --schedule static,dynamic,guided "
                   "--reps 15",
        .figure = "time",
        .explanation = "static gives each thread one fixed range: free of charge, and right when all tasks cost the same. Counting "
                       "primes costs more in higher ranges, so the thread with the last range is still at it when the others wait. "
                       "dynamic hands out tasks as threads become free; guided does so in shrinking chunks.",
        .exercise = "Use --kernel spin, whose tasks are all alike. Does static win, and by how much at --task-time 1us?",
        .check = check_schedule,
    },
    {
        .name = "pinning",
        .question = "Physical or logical cpus, pinned or not?",
        .prediction = "On an otherwise idle machine, binding as many workers as there are cpus changes their time by less than 5 %.",
        .command = "--kernel spin --task-time 100us --tasks 400 --runner forkpool --processes {c} --placement none,spread --reps 20",
        .figure = "placement",
        .explanation = "The scheduler spreads runnable workers over idle cpus by itself. Binding matters when something else runs, when "
                       "two hardware threads share a core, or when memory belongs to one socket: then a worker that moves loses its "
                       "caches, and two workers on one core get much less than two cores would give. Use cores before hardware "
                       "threads; `breakeven topo` shows both.",
        .exercise = "Start a busy loop beside it (`yes > /dev/null &`) and run it again. Which placement suffers more?",
        .check = check_pinning,
    },
    {
        .name = "quota",
        .question = "What does a container's limit do?",
        .prediction = "Under a quota of one cpu, a worker for each visible cpu is no more than 25 % faster than one worker.",
        .command = "--kernel spin --task-time 1ms --tasks 200 --runner forkpool --processes 1,{c} --reps 8 --spans 0",
        .figure = "speedup",
        .quota_cpus = 1,
        .explanation = "A container's cpu limit is a quota: so many milliseconds of cpu time in each period, usually 100 ms. All cpus stay "
                       "visible, so programs that count cpus start too many workers; those use the quota up early in each period and "
                       "are then all stopped until the next. Count the quota, not the cpus: forkpool and `breakeven tune` do.",
        .exercise = "In a container with --cpus=1.5, compare `nproc` with what `breakeven topo` says.",
        .check = check_quota,
    },
    {
        .name = "false-sharing",
        .question = "What is false sharing, between threads and between processes?",
        .prediction = "Counters of different workers in one cache line are at least 1.5 times as slow as padded ones, for threads and "
                      "for processes that share memory alike.",
        .command = "--kernel falseshare,padded --task-time 20us --tasks 1000 --runner openmp,forkpool --threads {c} --processes {c} "
                   "--reps 12",
        .figure = "time",
        .explanation = "Caches move lines of 64 bytes, not variables. Two workers that write different counters in one line take it from "
                       "each other at every write, though they share nothing. Processes are no protection: shared memory is the same "
                       "line at two addresses. Padding each worker's data to a line of its own ends it.",
        .exercise = "Compare the overhead per task of falseshare at 2 workers with the cache-line round trip of `breakeven doctor`.",
        .check = check_false_sharing,
    },
    {
        .name = "bandwidth",
        .question = "Why does scaling stop early: memory bandwidth against computing?",
        .prediction = "With all cpus at work, a kernel that streams memory speeds up less than one that computes.",
        .command = "--kernel triad,spin --task-time 100us --tasks 400 --runner openmp --threads {c} --reps 15",
        .figure = "speedup",
        .explanation = "Cores are many, the way to memory is one. A few cores already use all of it; further ones wait in the same queue. "
                       "Work that stays in registers and caches does not meet that limit.",
        .exercise = "`breakeven topo` shows the caches. Choose a --size for triad that fits into them. What changes?",
        .check = check_bandwidth,
    },
    {
        .name = "split",
        .question = "Processes, threads, or which split of both?",
        .prediction = "For the same number of workers, processes and threads need the same time for the work itself, within 10 %.",
        .command = "--kernel spin --task-time 100us --tasks 400 --runner hybrid --processes 1,{c} --threads 1,{c} --reps 15",
        .figure = "hybrid",
        .explanation = "Once they run, a process and a thread are the same thing to the scheduler. They differ in what it costs to start "
                       "them, in what they share, and in what a crash takes along: a process dies alone.",
        .exercise = "Give both a kernel that crashes (docs/kernels.md shows how to write one). What is left of the run in each case?",
        .check = check_split,
    },
    {
        .name = "waiting",
        .question = "Does waiting scale: sleep against spin, wall against cpu time?",
        .prediction = "With eight workers a cpu, tasks that sleep still speed up by at least 80 % of the workers; tasks that compute "
                      "stop at the number of cpus.",
        .command = "--kernel square,spin --task-time 5ms --tasks 128 --runner forkpool --processes {c},{8c} --reps 8 --spans 0",
        .figure = "speedup",
        .explanation = "A sleeping task needs no cpu, so any number of them can wait at the same time; that is what Python's classic example "
                       "with time.sleep shows. It says nothing about work that computes. The cpu time tells the two apart: waiting "
                       "costs next to none.",
        .exercise = "How many workers does a task need that sleeps 9 ms and computes 1 ms?",
        .check = check_waiting,
    },
    {
        .name = "starting",
        .question = "What does starting a process cost, and how does the parent's memory change it?",
        .prediction = "A parent with 256 MiB of memory in use takes at least 1.5 times as long to start a worker as a small one.",
        .command = "--kernel ballast --size 65536,268435456 --tasks 64 --runner forkpool --processes 1,{c},{8c} --reps 10 --spans 0",
        .figure = "overhead",
        .explanation = "fork copies no memory, but it copies the page tables that describe it: 2 MiB of tables for each GiB in use, and "
                       "every page written afterwards is copied once. Open pools early, while the parent is small.",
        .exercise = "How long would your own program's parent take? `ps -o rss= -p PID` tells how much memory it has in use.",
        .check = check_start,
    },
    {0},
};

const struct lesson *lesson_find(const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    for (size_t i = 0; lessons[i].name; i++)
        if (!strcmp(lessons[i].name, name) || (end != name && !*end && number == i + 1)) return &lessons[i];
    return NULL;
}
