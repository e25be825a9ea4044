/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_grid.c: from one grid, as the command line gives it, to cells (plan_add). */
#include "bench/plan/plan.h"

#include "runners/cpus/limits.h"
#include "runners/runner.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double DEFAULT_WORK_NS = 100e6;
enum { WORKERS_MAX = 4096, CELLS_MAX = 100000, TASKS_MAX = 1 << 30, TASKS_A_WORKER = 4, TEAMS_MAX = 1 << 16 };

static const struct numbers only_one = {1, (uint64_t[]){1}};

struct team_size {
    unsigned processes, threads;
    unsigned nodes; /* that divide the processes */
};

/* One problem of the grid, being filled with cells. */
struct problem {
    struct plan *plan;
    const struct options *grid;
    unsigned info;
    struct cell cell; /* kernel, label, size, tasks, task_time_ns and the rest that all its cells share */
    double task_ns;
    unsigned made; /* cells that the grid asks for, found or added, beside the baseline */
    struct reason *why;
};

/* Finds the cell or adds it; its baseline is the problem's. */
static int put_cell(struct problem *problem, const struct cell *cell)
{
    unsigned id;
    int error = plan_put(problem->plan, cell, problem->info, problem->task_ns, &id);
    if (!error && problem->plan->cell_count > CELLS_MAX)
        error = reason_give(problem->why, -EINVAL, "more than %d cells: make the lists shorter", CELLS_MAX);
    return error;
}

static int put_baseline(struct problem *problem)
{
    struct cell *cell = &problem->cell;
    unsigned id;
    snprintf(cell->runner, sizeof cell->runner, "serial");
    cell->processes = cell->threads = 1;
    cell->chunk = 0;
    snprintf(cell->schedule, sizeof cell->schedule, "default");
    snprintf(cell->placement, sizeof cell->placement, "none");
    cell->baseline = PLAN_OWN;
    int error = plan_put(problem->plan, cell, problem->info, problem->task_ns, &id);
    cell->baseline = id;
    return error;
}

static size_t add_team(struct team_size *teams, size_t count, uint64_t processes, uint64_t threads)
{
    for (size_t i = 0; i < count; i++)
        if (teams[i].processes == processes && teams[i].threads == threads) return count;
    if (count < TEAMS_MAX) teams[count++] = (struct team_size){(unsigned)processes, (unsigned)threads, 1};
    return count;
}

static size_t add_splits(struct team_size *teams, size_t count, uint64_t workers)
{
    for (uint64_t processes = 1; processes <= workers; processes++)
        if (workers % processes == 0) count = add_team(teams, count, processes, workers / processes);
    return count;
}

/* The shapes of team that a runner gets. `teams` has room for TEAMS_MAX. */
static size_t list_teams(const struct plan *plan, const struct options *grid, unsigned axes, struct team_size *teams)
{
    const uint64_t cpus = plan->cpus;
    const struct numbers all = {1, (uint64_t *)&cpus};
    bool both = (axes & AXIS_PROCESSES) && (axes & AXIS_THREADS);
    const struct numbers *workers = grid->workers.count ? &grid->workers : &all;
    const struct numbers *processes = grid->processes.count ? &grid->processes : workers;
    const struct numbers *threads = grid->threads.count ? &grid->threads : workers;
    size_t count = 0;
    if (!(axes & AXIS_PROCESSES)) processes = &only_one;
    if (!(axes & AXIS_THREADS)) threads = &only_one;
    if (both && !grid->processes.count && !grid->threads.count) {
        for (size_t i = 0; i < workers->count; i++) count = add_splits(teams, count, workers->values[i]);
        return count;
    }
    for (size_t i = 0; i < processes->count; i++)
        for (size_t j = 0; j < threads->count; j++) {
            uint64_t p = processes->values[i], t = threads->values[j];
            if (both && !grid->processes.count) p = cpus / t ? cpus / t : 1; /* fill the machine */
            if (both && !grid->threads.count) t = cpus / p ? cpus / p : 1;
            count = add_team(teams, count, p, t);
        }
    return count;
}

/* Where a runner's processes can be spread over hosts: over how many. Numbers that do not divide them are left out. */
static const struct numbers *list_nodes(const struct options *grid, unsigned axes)
{
    return (axes & AXIS_NODES) && grid->nodes.count ? &grid->nodes : &only_one;
}

/* Over as many hosts as divide its processes, and as there are. */
static bool is_spread(struct plan *plan, const struct team_size *team)
{
    unsigned most = limits_job_nodes();
    bool fits = !most || team->nodes <= most;
    if (!fits) plan_note(plan, "--nodes %u is left out: the job has %u (SLURM_JOB_NUM_NODES)", team->nodes, most);
    return fits && team->processes % team->nodes == 0;
}

static bool takes_schedule(const struct runner *runner, const char *name)
{
    enum schedule schedule;
    if (schedule_find(name, &schedule)) return false;
    return schedule == SCHEDULE_DEFAULT || runner->schedules >> schedule & 1;
}

/* All chunks for one team, schedule and placement. Chunks above the number of tasks mean nothing and are left out. */
static int put_chunks(struct problem *problem, const struct runner *runner, struct cell *cell)
{
    const struct numbers *chunks = &problem->grid->chunks;
    bool has = runner->axes & AXIS_CHUNK;
    int error = 0;
    for (size_t i = 0; !error && i < (has && chunks->count ? chunks->count : 1); i++) {
        cell->chunk = has && chunks->count ? chunks->values[i] : 0;
        if (cell->chunk > cell->tasks) continue;
        error = put_cell(problem, cell);
        problem->made++;
    }
    return error;
}

/* Do the workers of two cells get the same cpus? */
static bool same_place(struct plan *plan, const struct cell *a, const struct cell *b)
{
    unsigned one, other;
    struct reason why = {""}; /* a placement that cannot be is told when the plan is closed */
    if (plan_place(plan, a, &one, &why) || plan_place(plan, b, &other, &why)) return false;
    const struct placement *left = &plan->placements[one].placement, *right = &plan->placements[other].placement;
    unsigned same = 0;
    if (!left->cpus || !right->cpus || left->workers != right->workers) return false;
    while (same < left->workers && !strcmp(left->cpus[same], right->cpus[same])) same++;
    return same == left->workers;
}

static bool is_policy(const char *name)
{
    const struct placement_policy *policy = placement_policy_find(name);
    return policy && policy->place;
}

/* Is the cell's policy one that stands before it in the list, by another name? Lists of cpus are taken as they are. */
static bool is_placed(struct problem *problem, const struct cell *cell, const struct names *placements, size_t position)
{
    struct cell other = *cell;
    for (size_t i = 0; is_policy(cell->placement) && i < position; i++) {
        if (!is_policy(placements->values[i])) continue;
        snprintf(other.placement, sizeof other.placement, "%s", placements->values[i]);
        if (!same_place(problem->plan, &other, cell)) continue;
        plan_note(problem->plan, "placement %s gives %u worker%s the cpus of %s, and is not measured twice", cell->placement,
                  cell->processes * cell->threads, cell->processes * cell->threads > 1 ? "s" : "", other.placement);
        return true;
    }
    return false;
}

static int put_team(struct problem *problem, const struct runner *runner, struct team_size team)
{
    static char *words[] = {(char *)"default", (char *)"none"};
    const struct names *schedules = &problem->grid->schedules, *placements = &problem->grid->placements;
    const struct names no_schedule = {1, words}, no_placement = {1, words + 1};
    if (!(runner->axes & AXIS_SCHEDULE) || !schedules->count) schedules = &no_schedule;
    if (!runner->axes || !placements->count) placements = &no_placement;
    if ((uint64_t)team.processes * team.threads > WORKERS_MAX)
        return reason_give(problem->why, -EINVAL, "%u processes x %u threads are more than %d workers", team.processes,
                           team.threads, WORKERS_MAX);
    struct cell cell = problem->cell;
    snprintf(cell.runner, sizeof cell.runner, "%s", runner->name);
    cell.processes = team.processes;
    cell.threads = team.threads;
    cell.nodes = team.nodes > 1 ? team.nodes : 0;
    int error = 0;
    for (size_t s = 0; s < schedules->count; s++) {
        if (!takes_schedule(runner, schedules->values[s])) continue;
        snprintf(cell.schedule, sizeof cell.schedule, "%s", schedules->values[s]);
        for (size_t p = 0; !error && p < placements->count; p++) {
            if (strlen(placements->values[p]) >= sizeof cell.placement)
                return reason_give(problem->why, -EINVAL, "--placement: \"%.40s...\" is longer than %zu characters",
                                   placements->values[p], sizeof cell.placement - 1);
            snprintf(cell.placement, sizeof cell.placement, "%s", placements->values[p]);
            if (!is_placed(problem, &cell, placements, p)) error = put_chunks(problem, runner, &cell);
        }
    }
    return error;
}

static int put_runner(struct problem *problem, const struct runner *runner)
{
    if (!runner->axes) { /* serial: the baseline is it */
        problem->made++;
        return 0;
    }
    struct team_size *teams = malloc(TEAMS_MAX * sizeof *teams);
    if (!teams) return reason_give(problem->why, -EINVAL, "no memory");
    size_t count = list_teams(problem->plan, problem->grid, runner->axes, teams);
    int error = 0;
    const struct numbers *nodes = list_nodes(problem->grid, runner->axes);
    for (size_t i = 0; !error && i < count; i++)
        for (size_t n = 0; !error && n < nodes->count; n++) {
            teams[i].nodes = (unsigned)nodes->values[n];
            if (is_spread(problem->plan, &teams[i])) error = put_team(problem, runner, teams[i]);
        }
    free(teams);
    return error;
}

static bool wanted(const struct options *grid, const struct runner *runner)
{
    for (size_t i = 0; i < grid->runners.count; i++)
        if (!strcmp(grid->runners.values[i], runner->name)) return true;
    return grid->runners.count == 0 && !runner->by_name;
}

static int put_runners(struct problem *problem)
{
    for (const struct runner *const *runner = runners; *runner; runner++) {
        struct reason reason = {"no reason given"};
        if (!wanted(problem->grid, *runner)) continue;
        if ((*runner)->available && (*runner)->available(&reason)) {
            plan_note(problem->plan, "runner %s is left out: %s", (*runner)->name, reason.text);
            continue;
        }
        int error = put_runner(problem, *runner);
        if (error) return error;
    }
    return 0;
}

/* Does all of it fit? */
static int check_memory(const struct problem *problem)
{
    const struct kernel_info *info = &problem->plan->infos[problem->info];
    uint64_t one = info->result_size ? info->result_size : problem->cell.size, bytes;
    uint64_t cap = problem->plan->protocol.memory_bytes;
    if (!__builtin_mul_overflow(one, problem->cell.tasks, &bytes) && (!cap || bytes <= cap)) return 0;
    return reason_give(problem->why, -EINVAL,
                       "%s: the results of %llu tasks, %llu bytes each, are more than the memory allowed (%.3g GiB)",
                       info->label, (unsigned long long)problem->cell.tasks, (unsigned long long)one,
                       (double)cap / (1 << 30));
}

static int put_problem(struct problem *problem, uint64_t size, uint64_t tasks, uint64_t task_time_ns, double task_ns)
{
    problem->cell.size = size;
    problem->cell.tasks = tasks;
    problem->cell.task_time_ns = task_time_ns;
    problem->task_ns = task_ns;
    int error = check_memory(problem);
    if (!error) error = put_baseline(problem);
    return error ? error : put_runners(problem);
}

/* Of the largest team among those wanted. */
static uint64_t most_workers(const struct problem *problem)
{
    struct team_size *teams = malloc(TEAMS_MAX * sizeof *teams);
    uint64_t most = 1;
    for (const struct runner *const *runner = runners; teams && *runner; runner++) {
        size_t count = wanted(problem->grid, *runner) ? list_teams(problem->plan, problem->grid, (*runner)->axes, teams) : 0;
        for (size_t i = 0; i < count; i++)
            if ((uint64_t)teams[i].processes * teams[i].threads > most) most = (uint64_t)teams[i].processes * teams[i].threads;
    }
    free(teams);
    return most;
}

/* With fewer than some a worker, what is lost is not overhead: there is nothing to hand out. */
static uint64_t tasks_for(const struct problem *problem, double task_ns)
{
    double work_ns = problem->grid->work_ns ? (double)problem->grid->work_ns : DEFAULT_WORK_NS;
    double tasks = fmax(round(work_ns / fmax(task_ns, 0.01)), TASKS_A_WORKER * (double)most_workers(problem));
    return tasks > TASKS_MAX ? TASKS_MAX : (uint64_t)tasks;
}

/* One task time with one number of tasks; tasks 0: from the work. */
static int put_task_time(struct problem *problem, uint64_t goal_ns, uint64_t tasks)
{
    struct plan *plan = problem->plan;
    const struct kernel_info *info = &plan->infos[problem->info];
    uint64_t count = tasks ? tasks : tasks_for(problem, (double)goal_ns);
    char asked[32], lasts[32];
    struct kernel_task task = {.tasks = count, .task_ns = (double)goal_ns};
    struct reason why = {""};
    int error = plan_calibrate(plan, problem->info, &task, &why);
    if (error && error != -EINVAL) return reason_give(problem->why, error, "%s", why.text); /* nothing can be started here */
    if (error) {
        plan_note(plan, "kernel %s: its task cannot be timed (%s); measured at its own size instead", info->label,
                  why.text);
        return put_problem(problem, info->default_size, tasks ? tasks : info->default_tasks, 0, 0);
    }
    if (task.size == 1 && task.task_ns > 1.5 * (double)goal_ns) {
        values_show_duration((double)goal_ns, asked, sizeof asked);
        values_show_duration(task.task_ns, lasts, sizeof lasts);
        plan_note(plan, "kernel %s: its smallest task lasts %s, longer than the %s asked for", info->label, lasts,
                  asked);
    }
    return put_problem(problem, task.size, tasks ? tasks : tasks_for(problem, task.task_ns), goal_ns, task.task_ns);
}

static int put_size(struct problem *problem, uint64_t size, uint64_t tasks)
{
    const struct plan *plan = problem->plan;
    struct kernel_task task = {.tasks = tasks, .seed = plan->protocol.task_seed, .size = size};
    struct reason why = {""}; /* a kernel that fails here fails in its repetitions, and is recorded there */
    bool failed = kernel_info_calibrate(&plan->infos[problem->info], plan_limits(plan), &task, &why);
    return put_problem(problem, size, tasks, 0, failed ? 0 : task.task_ns);
}

static int put_kernel(struct problem *problem)
{
    const struct options *grid = problem->grid;
    const struct kernel_info info = problem->plan->infos[problem->info];
    const struct numbers *times = &grid->task_times_ns, *sizes = &grid->sizes, *tasks = &grid->tasks;
    snprintf(problem->cell.kernel, sizeof problem->cell.kernel, "%s", info.name);
    snprintf(problem->cell.label, sizeof problem->cell.label, "%s", info.label);
    int error = 0;
    for (size_t n = 0; !error && n < (tasks->count ? tasks->count : 1); n++) {
        uint64_t count = tasks->count ? tasks->values[n] : 0;
        for (size_t i = 0; !error && i < times->count; i++) error = put_task_time(problem, times->values[i], count);
        for (size_t i = 0; !error && i < sizes->count; i++)
            error = put_size(problem, sizes->values[i], count ? count : info.default_tasks);
        if (!error && !times->count && !sizes->count)
            error = put_size(problem, info.default_size, count ? count : info.default_tasks);
    }
    return error;
}

/* What no kernel or runner can make sense of. */
static int check_grid(const struct options *grid, struct reason *why)
{
    if (!grid->kernels.count) return reason_give(why, -EINVAL, "no kernel given");
    if (grid->task_times_ns.count && grid->sizes.count)
        return reason_give(why, -EINVAL, "--task-time and --size both say how large a task is: give one of them");
    if (grid->workers.count && (grid->processes.count || grid->threads.count))
        return reason_give(why, -EINVAL, "--workers says what --processes and --threads say: give it alone");
    if (grid->work_ns && grid->tasks.count)
        return reason_give(why, -EINVAL, "--work and --tasks both say how many tasks there are: give one of them");
    if (grid->work_ns && !grid->task_times_ns.count)
        return reason_give(why, -EINVAL, "--work needs --task-time: the number of tasks follows from both");
    return 0;
}

static int check_chunks(const struct plan *plan, unsigned first_cell, const struct options *grid, struct reason *why)
{
    uint64_t most = 0;
    for (unsigned i = first_cell; i < plan->cell_count; i++)
        if (plan->cells[i].tasks > most) most = plan->cells[i].tasks;
    for (size_t i = 0; i < grid->chunks.count; i++)
        if (grid->chunks.values[i] > most)
            return reason_give(why, -EINVAL, "--chunk: %llu is above the number of tasks, %llu",
                               (unsigned long long)grid->chunks.values[i], (unsigned long long)most);
    return 0;
}

int plan_add(struct plan *plan, const char *study, const struct options *grid, struct reason *why)
{
    unsigned first_cell = plan->cell_count;
    struct problem problem = {.plan = plan, .grid = grid, .why = why};
    int error = check_grid(grid, why);
    snprintf(problem.cell.study, sizeof problem.cell.study, "%s", study);
    problem.cell.seed = plan->protocol.task_seed;
    for (size_t i = 0; !error && i < grid->kernels.count; i++) {
        struct reason reason = {""};
        error = plan_kernel(plan, grid->kernels.values[i], &problem.info, &reason);
        if (error) reason_give(why, -EINVAL, "kernel %.120s: %s", grid->kernels.values[i], reason.text);
        else {
            *why->text = '\0';
            error = put_kernel(&problem);
            if (error && !*why->text) reason_give(why, -EINVAL, "%s", strerror(-error));
        }
    }
    if (!error) error = check_chunks(plan, first_cell, grid, why);
    if (!error && !problem.made)
        error =
            reason_give(why, -EINVAL, "nothing is left to measure: %s",
                        plan->note_count ? plan->notes[plan->note_count - 1]
                                         : "no runner of these takes this schedule (\"breakeven list\" says which do)");
    return error;
}
