/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/plan.h"

#include "bench/base/site.h"

#include "kernels/reason.h"
#include "results/models/summary_parts.h"
#include "runners/runner.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LONG_PASS_NS = 100e6; /* no warm-up beyond, but where memory is what counts */
static const double WARM_NS = 2e6;
/* An interpreter takes 0.1 s of cpu time to start, and on a crowded machine has a fifth of a cpu. */
static const double DEADLINE_BASE_NS = 10e9, DEADLINE_WORKER_NS = 0.5e9, DEADLINE_UNKNOWN_NS = 60e9, DEADLINE_FACTOR = 20;
static const double PROCESS_NS = 8e6, WORKER_NS = 0.4e6, INTERPRETER_NS = 90e6, LAUNCHER_NS = 350e6,
                    UNKNOWN_PASS_NS = 50e6; /* guesses */
enum { PAGE_BYTES = 4096 };
enum { CELLS_A_TWIN = 40, TWINS_MAX = 3 }; /* an A/A pair for each so many cells begun; most */

void plan_open(struct plan *plan, hwloc_topology_t topology, unsigned cpus, const struct protocol *protocol)
{
    *plan = (struct plan){.topology = topology, .cpus = cpus, .protocol = *protocol};
}

void plan_free(struct plan *plan)
{
    for (unsigned i = 0; i < plan->placement_count; i++) placement_free(&plan->placements[i].placement);
    for (unsigned i = 0; i < plan->note_count; i++) free(plan->notes[i]);
    free(plan->cells);
    free(plan->extra);
    free(plan->infos);
    free(plan->calibrations);
    free(plan->placements);
    free(plan->notes);
    *plan = (struct plan){0};
}

/* Room for one more entry of `size` bytes behind `count`; grows at powers of two. */
static int grow(void **entries, unsigned count, size_t size)
{
    if (count & (count - 1)) return 0;
    void *grown = realloc(*entries, (count ? 2 * (size_t)count : 1) * size);
    if (!grown) return -ENOMEM;
    *entries = grown;
    return 0;
}
#define GROW(entries, count) grow((void **)&(entries), (count), sizeof *(entries))

void plan_note(struct plan *plan, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (unsigned i = 0; i < plan->note_count; i++)
        if (!strcmp(plan->notes[i], line)) return;
    if (GROW(plan->notes, plan->note_count)) return;
    if ((plan->notes[plan->note_count] = strdup(line))) plan->note_count++;
}

struct kernel_info_limits plan_limits(const struct plan *plan)
{
    return (struct kernel_info_limits){plan->protocol.deadline_ns, plan->protocol.memory_bytes};
}

static bool is_known(const struct plan *plan, const char *name, unsigned *info)
{
    for (unsigned i = 0; i < plan->info_count; i++)
        if (!strcmp(plan->infos[i].name, name)) {
            *info = i;
            return true;
        }
    return false;
}

int plan_kernel(struct plan *plan, const char *name, unsigned *info, struct reason *why)
{
    struct kernel_info found;
    if (is_known(plan, name, info)) return 0;
    int error = kernel_info_get(name, plan_limits(plan), &found, why);
    if (error || is_known(plan, found.name, info)) return error; /* ./a.so and its absolute path */
    if (GROW(plan->infos, plan->info_count)) return reason_give(why, -ENOMEM, "no memory");
    plan->infos[plan->info_count] = found;
    *info = plan->info_count++;
    return 0;
}

int plan_calibrate(struct plan *plan, unsigned info, struct kernel_task *task, struct reason *why)
{
    struct plan_calibration made = {.info = info, .goal_ns = task->task_ns};
    for (unsigned i = 0; i < plan->calibration_count; i++) {
        const struct plan_calibration *known = &plan->calibrations[i];
        if (known->info != info || known->goal_ns != made.goal_ns || known->found.tasks != task->tasks) continue;
        *task = known->found;
        return 0;
    }
    task->seed = plan->protocol.task_seed;
    int error = kernel_info_calibrate(&plan->infos[info], plan_limits(plan), task, why);
    if (error) return error;
    made.found = *task;
    if (!GROW(plan->calibrations, plan->calibration_count)) plan->calibrations[plan->calibration_count++] = made;
    return 0;
}

static int append(struct plan *plan, const struct cell *cell, unsigned info, double task_ns, unsigned *id)
{
    if (GROW(plan->cells, plan->cell_count) || GROW(plan->extra, plan->cell_count)) return -ENOMEM;
    struct cell *new = &plan->cells[plan->cell_count];
    *new = *cell;
    new->id = new->duplicate = plan->cell_count;
    if (new->baseline == PLAN_OWN) new->baseline = new->id;
    plan->extra[plan->cell_count] = (struct plan_cell){.info = info, .task_ns = task_ns};
    *id = plan->cell_count++;
    return 0;
}

int plan_put(struct plan *plan, const struct cell *cell, unsigned info, double task_ns, unsigned *id)
{
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (cells_same(&plan->cells[i], cell, CELLS_ALL & ~CELLS_TASK_TIME)) {
            *id = i;
            return 0;
        }
    return append(plan, cell, info, task_ns, id);
}

int plan_adopt(struct plan *plan, const struct cell *cells, unsigned count, const double *task_ns, struct reason *why)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned info, id, duplicate = cells[i].duplicate;
        struct reason reason = {""};
        if (plan_kernel(plan, cells[i].kernel, &info, &reason))
            return reason_give(why, -EINVAL, "kernel %.120s: %.300s", cells[i].kernel, reason.text);
        if (!runner_find(cells[i].runner))
            return reason_give(why, -EINVAL, "no runner \"%s\" in this program", cells[i].runner);
        if (append(plan, &cells[i], info, task_ns[i], &id)) return reason_give(why, -ENOMEM, "no memory");
        plan->cells[id].duplicate = duplicate;
    }
    return 0;
}

static bool runner_is_twice(const struct plan *plan, const char *runner)
{
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].duplicate != i && !strcmp(plan->cells[i].runner, runner)) return true;
    return false;
}

/* The best cell to measure twice in each block: in the middle of things, that is parallel, computing, as early in the plan as
 * there is one, and of a runner that has none yet. plan->cell_count: none. */
static unsigned best_twin(const struct plan *plan)
{
    unsigned best = plan->cell_count, best_rank = 0;
    for (unsigned i = 0; i < plan->cell_count; i++) {
        const struct cell *cell = &plan->cells[i];
        unsigned workers = parts_workers(cell);
        unsigned rank = 1u + (cell->baseline != i) + 2u * (workers > 1 && workers <= plan->cpus) +
                        (plan->infos[plan->extra[i].info].bottleneck == BOTTLENECK_COMPUTE);
        if (rank <= best_rank || runner_is_twice(plan, cell->runner)) continue;
        best = i;
        best_rank = rank;
    }
    return best;
}

/* The A/A pairs: the same configuration must give the same time. One, and where the plan is large one for each of its first
 * runners, so that a single repetition that something else delayed does not decide what the run is worth. */
static int add_duplicates(struct plan *plan)
{
    unsigned wanted = 1 + plan->cell_count / CELLS_A_TWIN, id;
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].duplicate != i) return 0; /* adopted */
    if (plan->protocol.reps < PLAN_DUPLICATE_MIN) return 0;
    for (unsigned added = 0; added < wanted && added < TWINS_MAX; added++) {
        unsigned best = best_twin(plan);
        if (best == plan->cell_count || (added && runner_find(plan->cells[best].runner)->no_spans))
            return 0; /* a dear one */
        struct cell copy = plan->cells[best];
        if (append(plan, &copy, plan->extra[best].info, plan->extra[best].task_ns, &id)) return -ENOMEM;
        plan->cells[id].duplicate = best;
    }
    return 0;
}

/* How many of its workers make progress at once. */
static unsigned effective_workers(const struct plan *plan, unsigned cell)
{
    unsigned workers = parts_workers(&plan->cells[cell]);
    bool waits = plan->infos[plan->extra[cell].info].bottleneck == BOTTLENECK_LATENCY;
    return waits || workers < plan->cpus ? workers : plan->cpus;
}

static double pass_ns(const struct plan *plan, unsigned cell)
{
    return plan->extra[cell].task_ns * (double)plan->cells[cell].tasks / effective_workers(plan, cell);
}

double plan_expected_ns(const struct plan *plan, unsigned id)
{
    const struct cell *cell = &plan->cells[id];
    double pass = plan->extra[id].task_ns > 0 ? pass_ns(plan, id) : UNKNOWN_PASS_NS;
    double begin = PROCESS_NS + WORKER_NS * parts_workers(cell);
    if (!strncmp(cell->runner, "python", 6)) begin += INTERPRETER_NS;
    if (!strcmp(cell->runner, "mpi")) begin += LAUNCHER_NS;
    double part = plan->extra[id].warmup_tasks ? (double)plan->extra[id].warmup_tasks / (double)cell->tasks : 1;
    return begin + pass * (1 + plan->extra[id].warmup * part);
}

/* A warm-up pass is for what a first pass alone pays for: pages, the runtime's first use, and that the system spreads workers
 * over cpus, which takes it milliseconds (forkpool with two, 12 ms of work: 3 % slower behind a pass of 2 ms than of 6). So one
 * worker whose tasks only compute, with all results in one page, need not run all. A user's kernel may keep memory. 0: all. */
static uint64_t warmup_tasks(const struct plan *plan, unsigned id)
{
    const struct cell *cell = &plan->cells[id];
    const struct kernel_info *info = &plan->infos[plan->extra[id].info];
    bool computes = info->bottleneck == BOTTLENECK_COMPUTE || info->bottleneck == BOTTLENECK_IRREGULAR;
    uint64_t one = info->result_size ? info->result_size : cell->size;
    bool small = parts_workers(cell) == 1 && one <= PAGE_BYTES / cell->tasks && !strchr(info->name, '/');
    double wanted = ceil(WARM_NS / plan->extra[id].task_ns);
    return computes && small && wanted < (double)cell->tasks ? (uint64_t)wanted : 0; /* inf where a task's time is not known */
}

static void settle_cell(struct plan *plan, unsigned id)
{
    struct plan_cell *extra = &plan->extra[id];
    const struct protocol *protocol = &plan->protocol;
    enum bottleneck bottleneck = plan->infos[extra->info].bottleneck;
    bool waits = bottleneck == BOTTLENECK_LATENCY, fits = pass_ns(plan, id) <= LONG_PASS_NS;
    if (protocol->warmup != PLAN_WARMUP_AUTO) extra->warmup = (unsigned)protocol->warmup;
    else extra->warmup = !waits && (fits || bottleneck == BOTTLENECK_BANDWIDTH); /* pages are touched before */
    extra->warmup_tasks = protocol->warmup == PLAN_WARMUP_AUTO && extra->warmup ? warmup_tasks(plan, id) : 0;
    double serial_ns = extra->task_ns * (double)plan->cells[id].tasks;
    double deadline_ns = DEADLINE_WORKER_NS * parts_workers(&plan->cells[id]);
    deadline_ns += serial_ns > 0 ? DEADLINE_BASE_NS + DEADLINE_FACTOR * serial_ns * (1 + extra->warmup) : DEADLINE_UNKNOWN_NS;
    extra->deadline_ns = protocol->deadline_ns ? protocol->deadline_ns : (uint64_t)fmin(deadline_ns, 1e18);
}

unsigned plan_processes_here(const struct cell *cell)
{
    return cell->nodes > 1 ? cell->processes / cell->nodes : cell->processes;
}

int plan_place(struct plan *plan, const struct cell *cell, unsigned *placement, struct reason *why)
{
    unsigned processes = plan_processes_here(cell);
    for (unsigned i = 0; i < plan->placement_count; i++) {
        const struct plan_placement *known = &plan->placements[i];
        if (!strcmp(known->policy, cell->placement) && known->processes == processes &&
            known->threads == cell->threads) {
            *placement = i;
            return 0;
        }
    }
    struct plan_placement made = {.processes = processes, .threads = cell->threads};
    struct reason reason = {""};
    snprintf(made.policy, sizeof made.policy, "%s", cell->placement);
    if (GROW(plan->placements, plan->placement_count)) return reason_give(why, -ENOMEM, "no memory");
    char names[256];
    if (!strcmp(made.policy, "env") && !site_names(true, names, sizeof names))
        plan_note(plan, "placement env: OMP_PROC_BIND, OMP_PLACES and the like are not set, so it is the same as none");
    int error = placement_compute(made.policy, plan->topology, made.processes, made.threads, &made.placement, &reason);
    if (error) return reason_give(why, error, "--placement: %s", reason.text);
    *placement = plan->placement_count;
    plan->placements[plan->placement_count++] = made;
    return 0;
}

/* The end of a path, from the first folder or file on that another lacks. */
static const char *end_apart(const char *path, const char *other)
{
    const char *end = path + strlen(path), *others = other + strlen(other);
    while (end > path && others > other && end[-1] == others[-1]) end--, others--;
    while (end > path && end[-1] != '/') end--;
    return end;
}

/* Tables, figures and sentences name a kernel by its label: where shared objects have one name, their paths tell them
 * apart, or their order where that is too long. */
static void tell_apart(const struct plan *plan, struct cell *cell, const struct kernel_info *own)
{
    const char *end = NULL;
    unsigned order = 1;
    for (const struct kernel_info *other = plan->infos; other < plan->infos + plan->info_count; other++) {
        if (other == own || strcmp(other->label, own->label)) continue;
        const char *apart = end_apart(own->name, other->name);
        if (!end || apart < end) end = apart;
        order += other < own;
    }
    if (!end || !kernel_is_path(own->name) || strcmp(cell->label, own->label)) return; /* known apart, or told already */
    if (strlen(own->label) + strlen(end) + 3 < sizeof cell->label) text_add(cell->label, sizeof cell->label, " (%s)", end);
    else text_add(cell->label, sizeof cell->label, " #%u", order);
}

int plan_close(struct plan *plan, struct reason *why)
{
    for (unsigned i = 0; i < plan->cell_count; i++) tell_apart(plan, &plan->cells[i], &plan->infos[plan->extra[i].info]);
    if (add_duplicates(plan)) return reason_give(why, -ENOMEM, "no memory");
    if (plan->protocol.spans == PLAN_SPANS_AUTO)
        plan->protocol.spans = plan->protocol.reps >= PLAN_DUPLICATE_MIN || plan->protocol.timeline;
    for (unsigned i = 0; i < plan->cell_count; i++) {
        settle_cell(plan, i);
        int error = plan_place(plan, &plan->cells[i], &plan->extra[i].placement, why);
        if (error) return error;
    }
    return 0;
}
