/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/judge/simulated.h"

#include "bench/tune/tune_watch.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

enum { CPUS_MAX = 1024, CHUNKS_MAX = 40, GRID_REPETITIONS = 15, STEPS_MIN = 100 };
static const double OVERHEAD_S = 0.005, LOOK_S = 0.003; /* of a measurement; of a look of the watch */
static const double COMPARED = 3;                       /* the comparison takes so many times as long as the search */

static double between(gsl_rng *rng, double low, double high) /* uniform in the logarithm */
{
    return low * pow(high / low, gsl_rng_uniform(rng));
}

static bool one_in(gsl_rng *rng, unsigned n)
{
    return gsl_rng_uniform_int(rng, n) == 0;
}

static void draw_machine(gsl_rng *rng, unsigned cpus, struct simulated_machine *machine)
{
    bool threads = cpus > 2 && one_in(rng, 2);
    *machine = (struct simulated_machine){
        .cpus = cpus,
        .cores = threads ? cpus / 2 : cpus,
        .thread_gain = threads ? 0.05 + 0.35 * gsl_rng_uniform(rng) : 0,
        .bandwidth_workers = between(rng, 2, cpus),
    };
}

static void draw_workload(gsl_rng *rng, unsigned cpus, struct simulated_workload *workload)
{
    double task_ns, tasks, peak = between(rng, 2, 4 * cpus);
    do {
        task_ns = between(rng, 100, 1e7);
        tasks = floor(between(rng, 32, 3e5));
    } while (task_ns * tasks < 2e4 || task_ns * tasks > 6e10);
    double chunk_ns = between(rng, 20, 2e4), serialised = one_in(rng, 2) ? 0.02 : 0.5 * gsl_rng_uniform(rng);
    *workload = (struct simulated_workload){
        .tasks = tasks,
        .pool = {.start_ns = between(rng, 1e4, 2e6),
                 .start_per_worker_ns = between(rng, 2e3, 3e5),
                 .chunk_serial_ns = serialised * chunk_ns,
                 .chunk_worker_ns = (1 - serialised) * chunk_ns,
                 .task_ns = task_ns,
                 .task_sd_ns = task_ns * between(rng, 0.01, 3)},
        .memory = one_in(rng, 3) ? gsl_rng_uniform(rng) : 0,
        .sigma = one_in(rng, 2) ? between(rng, 1e-4, 0.1) : 0,
        .kappa = one_in(rng, 2) ? 1 / (peak * peak) : 0,
        .noise = between(rng, 0.01, 0.05),
        .spikes = 0.05 * gsl_rng_uniform(rng),
        .spike_size = between(rng, 1.2, 4),
        .drift = 0.01,
    };
}

/* A machine with so many cpus and a workload; the same seed gives the same. */
static void simulated_draw(unsigned cpus, uint64_t seed, struct simulated_machine *machine,
                    struct simulated_workload *workload)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, (unsigned long)(seed * 4099 + cpus));
    draw_machine(rng, cpus, machine);
    draw_workload(rng, cpus, workload);
    gsl_rng_free(rng);
}

/* How much longer a task takes with so many workers beside it. */
static double dilation(const struct simulated_machine *machine, const struct simulated_workload *workload,
                       double workers)
{
    double cores = fmin(workers, machine->cores);
    double speed = cores + machine->thread_gain * (fmin(workers, machine->cpus) - cores);
    double cpu = workers / speed, bus = fmax(cpu, workers / machine->bandwidth_workers);
    return ((1 - workload->memory) * cpu + workload->memory * bus) *
           (1 + workload->sigma * (workers - 1) + workload->kappa * workers * (workers - 1));
}

double simulated_time(const struct simulated_machine *machine, const struct simulated_workload *workload,
                      enum simulated_schedule schedule, double workers, double chunk)
{
    double n = workload->tasks;
    struct pool_model pool = workload->pool;
    if (workers < 1) return n * pool.task_ns;
    double slow = dilation(machine, workload, workers), chunk_ns = pool.chunk_serial_ns + pool.chunk_worker_ns;
    pool.task_ns *= slow, pool.task_sd_ns *= slow;
    if (schedule == SIMULATED_STATIC) chunk = ceil(n / workers);
    chunk = fmin(fmax(chunk, 1), ceil(n / workers));
    if (schedule == SIMULATED_GUIDED) { /* each chunk 1/2p of what is left */
        double first = fmax(chunk, n / (2 * workers)), chunks = 2 * workers * (1 + log(first / chunk));
        double start = pool.start_ns + pool.start_per_worker_ns * workers;
        double work = n / workers * pool.task_ns + chunks / workers * chunk_ns;
        double tail =
            pool.task_sd_ns * fmax(sqrt(2 * chunk * log(workers)), sqrt(2 * first * log(workers)) - 0.5 * n / workers);
        return start + fmax(chunks * pool.chunk_serial_ns, work) + tail;
    }
    double rounds = ceil(ceil(n / chunk) / workers) * (chunk * pool.task_ns + chunk_ns);
    return fmax(models_pool_time(&pool, n, workers, chunk),
                pool.start_ns + pool.start_per_worker_ns * workers + rounds);
}

/* The fake runner */

/* A neighbour who comes and goes, and whom he slows: one cpu, all of them, or all that work at once since they share
 * fewer cores. */
enum whom { ONE, ALL, TOGETHER, WHOM };
struct neighbour {
    double slow; /* the factor by which he does; 0: there is none */
    enum whom whom;
    double here_s, away_s;  /* mean times */
    double now_s, change_s; /* this machine's time, and when he comes or goes */
    bool here;
    struct tune_watch watch;
};

struct fake {
    struct neighbour neighbour;
    struct simulated_machine machine;
    struct simulated_workload workload;
    double workers[CPUS_MAX], chunks[CHUNKS_MAX];
    double drift;
    gsl_rng *rng;
};

enum { AXIS_SCHEDULE_OF, AXIS_WORKERS_OF, AXIS_CHUNK_OF };

static double truth(const struct fake *fake, const struct search_point *point)
{
    if (point->serial) return simulated_time(&fake->machine, &fake->workload, SIMULATED_DYNAMIC, 0, 0);
    return simulated_time(&fake->machine, &fake->workload, (enum simulated_schedule)point->level[AXIS_SCHEDULE_OF],
                          fake->workers[point->level[AXIS_WORKERS_OF]], fake->chunks[point->level[AXIS_CHUNK_OF]]);
}

static bool valid(void *context, const struct search_point *point)
{
    const struct fake *fake = context;
    if (point->level[AXIS_SCHEDULE_OF] == SIMULATED_STATIC) return point->level[AXIS_CHUNK_OF] == 0;
    return fake->chunks[point->level[AXIS_CHUNK_OF]] <=
           ceil(fake->workload.tasks / fake->workers[point->level[AXIS_WORKERS_OF]]);
}

static double seed_chunk(void *context, const struct search_point *point, size_t axis)
{
    const struct fake *fake = context;
    if (axis != AXIS_CHUNK_OF || point->level[AXIS_SCHEDULE_OF] == SIMULATED_STATIC) return 0;
    if (point->level[AXIS_SCHEDULE_OF] == SIMULATED_GUIDED) return 1;
    return search_seed_chunk(fake->workload.tasks, fake->workers[point->level[AXIS_WORKERS_OF]]);
}

/* How much longer a point takes while the neighbour is there. Who has fewer workers than there are cpus is hit by
 * chance: on the mean. Handing out makes up for a slow worker, equal shares do not. */
static double slowdown(const struct fake *fake, const struct search_point *point)
{
    const struct neighbour *neighbour = &fake->neighbour;
    double workers = point->serial ? 1 : fake->workers[point->level[AXIS_WORKERS_OF]], slow = neighbour->slow;
    double cpus = fake->machine.cpus, hit = workers / cpus; /* workers on the one cpu */
    if (neighbour->whom == ALL || (neighbour->whom == ONE && workers <= hit)) return slow;
    if (neighbour->whom == TOGETHER) return fmax(1, fmin(workers, cpus) * slow / cpus);
    bool equal = !point->serial && point->level[AXIS_SCHEDULE_OF] == SIMULATED_STATIC;
    if (point->serial || equal) return 1 + fmin(1, hit) * (slow - 1);
    return workers / (workers - hit + hit / slow);
}

/* Lets time pass; the share of it during which the neighbour was there. */
static double pass(struct fake *fake, double seconds)
{
    struct neighbour *neighbour = &fake->neighbour;
    double until_s = neighbour->now_s + seconds, here_s = 0;
    while (neighbour->now_s < until_s) {
        double next_s = fmin(until_s, neighbour->change_s);
        if (neighbour->here) here_s += next_s - neighbour->now_s;
        neighbour->now_s = next_s;
        if (next_s < neighbour->change_s) continue;
        neighbour->here = !neighbour->here;
        neighbour->change_s += gsl_ran_exponential(fake->rng, neighbour->here ? neighbour->here_s : neighbour->away_s);
    }
    return seconds > 0 ? here_s / seconds : 0;
}

/* The watch's eyes: what tune_capacity_look would find. One slow cpu is as slow alone. */
static int look(void *context, double *cores)
{
    struct fake *fake = context;
    const struct neighbour *neighbour = &fake->neighbour;
    double share = pass(fake, LOOK_S), all = fake->machine.cores;
    double then = neighbour->whom == ONE        ? all - 1 + 1 / neighbour->slow
                  : neighbour->whom == TOGETHER ? all / neighbour->slow
                                                : all;
    *cores = (share * then + (1 - share) * all) * exp(gsl_ran_gaussian(fake->rng, 0.05));
    return 0;
}

static double now_s(void *context)
{
    return ((struct fake *)context)->neighbour.now_s;
}

static int nap(void *context, double seconds)
{
    pass(context, seconds);
    return 0;
}

static void watch_open(struct fake *fake, double patience_s)
{
    const struct tune_watch_eyes eyes = {look, now_s, nap, fake, fake->machine.cores};
    tune_watch_open(&fake->neighbour.watch, &eyes, patience_s);
}

static void measure_one(struct fake *fake, const struct search_point *point, double limit,
                        struct search_outcome *outcome)
{
    double cost = truth(fake, point) * exp(gsl_ran_gaussian(fake->rng, fake->workload.noise) + fake->drift);
    if (gsl_rng_uniform(fake->rng) < fake->workload.spikes)
        cost *= 1 + (fake->workload.spike_size - 1) * gsl_rng_uniform(fake->rng);
    if (fake->neighbour.slow > 0) {
        double share = pass(fake, cost * 1e-9);
        pass(fake, OVERHEAD_S);
        cost *= 1 + share * (slowdown(fake, point) - 1);
    }
    *outcome = (struct search_outcome){
        .cost = fmin(cost, limit), .spent_s = fmin(cost, limit) * 1e-9, .limited = cost > limit};
}

static int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct fake *fake = context;
    struct tune_watch *watch = &fake->neighbour.watch;
    bool again = true;
    int error = 0;
    fake->drift += gsl_ran_gaussian(fake->rng, fake->workload.drift);
    while (!error && again) {
        error = tune_watch_begin(watch);
        again = false;
        for (size_t i = 0; !error && !again && i < count; i++) {
            measure_one(fake, &points[i], limit, &outcomes[i]);
            error = tune_watch_check(watch, &again);
        }
    }
    return error;
}

static void make_space(struct fake *fake, struct search_space *space)
{
    size_t chunks = 0;
    for (unsigned p = 1; p <= fake->machine.cpus; p++) fake->workers[p - 1] = p;
    for (double c = 1; c < 2 * fake->workload.tasks && chunks < CHUNKS_MAX; c *= 2) fake->chunks[chunks++] = c;
    *space = (struct search_space){
        .axis_count = 3,
        .axis = {[AXIS_SCHEDULE_OF] = {.name = "schedule", .levels = SIMULATED_SCHEDULES},
                 [AXIS_WORKERS_OF] = {.name = "workers",
                                      .levels = fake->machine.cpus,
                                      .values = fake->workers,
                                      .workers = true,
                                      .start = fake->machine.cpus - 1},
                 [AXIS_CHUNK_OF] = {.name = "chunk", .levels = chunks, .values = fake->chunks}},
        .serial = true,
        .limits = true,
        .valid = valid,
        .seed = seed_chunk,
        .measure = measure,
        .context = fake,
    };
}

/* What a point takes on the mean while the neighbour is there for a share of the time. */
static double truth_beside(const struct fake *fake, const struct search_point *point, double share)
{
    return truth(fake, point) * (share > 0 ? 1 + share * (slowdown(fake, point) - 1) : 1);
}

static struct simulated_score score(const struct fake *fake, const struct search_point *point, double share,
                                    double optimum_ns)
{
    return (struct simulated_score){
        .regret = truth_beside(fake, point, share) / optimum_ns - 1,
        .serial = point->serial,
        .workers = point->serial ? 0 : fake->workers[point->level[AXIS_WORKERS_OF]],
        .chunk = point->serial ? 0 : fake->chunks[point->level[AXIS_CHUNK_OF]],
        .schedule = (enum simulated_schedule)point->level[AXIS_SCHEDULE_OF],
    };
}

/* The whole grid: its true optimum and what measuring it takes. */
static double exhaust(struct fake *fake, const struct search_space *space, double share, struct simulated_trial *trial)
{
    struct search_point best = {.serial = true};
    double best_ns = truth_beside(fake, &best, share), sum_ns = best_ns;
    trial->points = 1;
    for (unsigned s = 0; s < space->axis[0].levels; s++)
        for (unsigned p = 0; p < space->axis[1].levels; p++)
            for (unsigned c = 0; c < space->axis[2].levels; c++) {
                struct search_point point = {.level = {s, p, c}};
                if (!valid(fake, &point)) continue;
                double ns = truth_beside(fake, &point, share);
                sum_ns += ns;
                trial->points++;
                if (ns < best_ns) best_ns = ns, best = point;
            }
    trial->optimum = score(fake, &best, share, best_ns);
    trial->once = sum_ns * 1e-9;
    return best_ns;
}

static struct simulated_score rule(const struct fake *fake, enum simulated_schedule schedule, double chunk,
                                   double best_ns)
{
    double workers = fake->machine.cpus;
    double ns = simulated_time(&fake->machine, &fake->workload, schedule, workers, chunk);
    return (struct simulated_score){
        .regret = ns / best_ns - 1, .workers = workers, .chunk = chunk, .schedule = schedule};
}

static void fake_free(struct fake *fake)
{
    if (!fake) return;
    if (fake->rng) gsl_rng_free(fake->rng);
    free(fake);
}

static struct fake *fake_new(unsigned cpus, uint64_t seed)
{
    struct fake *fake = calloc(1, sizeof *fake);
    if (fake) fake->rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (!fake || !fake->rng) {
        fake_free(fake);
        return NULL;
    }
    gsl_rng_set(fake->rng, (unsigned long)(seed + 1));
    simulated_draw(cpus, seed, &fake->machine, &fake->workload);
    return fake;
}

/* The comparison after a search that took so long, through the watch. Returns the share of the time compared during
 * which the neighbour was there. */
static double compare(struct fake *fake, double search_s, struct simulated_trial *trial)
{
    struct tune_watch *watch = &fake->neighbour.watch;
    double before = tune_watch_mean(&watch->measured), share = 0;
    unsigned steps = STEPS_MIN;
    watch_open(fake, watch->patience_s);
    watch->gave_up = trial->gave_up; /* as in tune_trial.c */
    for (unsigned i = 0; i < steps; i++) {
        tune_watch_begin(watch);
        share += pass(fake, COMPARED * search_s / steps) / steps;
    }
    double changed = tune_watch_mean(&watch->measured) / before;
    trial->unsteady = changed < TUNE_WATCH_LOW || changed > 1 / TUNE_WATCH_LOW;
    return share;
}

/* One search, and the comparison of what it recommends with everything. */
static int try_once(struct fake *fake, const struct search_options *options, double patience_s,
                    struct simulated_trial *trial)
{
    struct search_space space;
    struct search_result result;
    struct neighbour *neighbour = &fake->neighbour;
    double began_s = neighbour->now_s, n = fake->workload.tasks, cpus = fake->machine.cpus, share = 0;
    make_space(fake, &space);
    watch_open(fake, patience_s);
    *trial = (struct simulated_trial){.cpus = fake->machine.cpus, .attempts = trial->attempts + 1};
    int error = search_run(&space, options, &result);
    trial->together = neighbour->slow > 0 && neighbour->whom == TOGETHER;
    trial->waited_s = neighbour->watch.waited_s;
    trial->gave_up = neighbour->watch.gave_up;
    if (!error && neighbour->slow > 0) share = compare(fake, neighbour->now_s - began_s - trial->waited_s, trial);
    if (!error) {
        double best_ns = exhaust(fake, &space, share, trial);
        trial->tuned = score(fake, &result.entries[result.recommended].point, share, best_ns);
        trial->python = rule(fake, SIMULATED_DYNAMIC, ceil(n / (4 * cpus)), best_ns);
        trial->even = rule(fake, SIMULATED_STATIC, 0, best_ns);
        trial->guided = rule(fake, SIMULATED_GUIDED, 1, best_ns);
        trial->measurements = result.measurements;
        trial->cost = result.spent_s / (trial->once * GRID_REPETITIONS);
        trial->once = result.spent_s / trial->once;
    }
    search_free(&result);
    return error;
}

int simulated_try(unsigned cpus, uint64_t seed, const struct search_options *options, struct simulated_trial *trial)
{
    if (cpus < 1 || cpus > CPUS_MAX) return -EINVAL;
    struct fake *fake = fake_new(cpus, seed);
    if (!fake) return -ENOMEM;
    *trial = (struct simulated_trial){0};
    int error = try_once(fake, options, 0, trial);
    fake_free(fake);
    return error;
}

static void draw_neighbour(struct fake *fake)
{
    struct neighbour *neighbour = &fake->neighbour;
    *neighbour = (struct neighbour){.slow = 1.3 + 0.7 * gsl_rng_uniform(fake->rng),
                                    .whom = (enum whom)gsl_rng_uniform_int(fake->rng, WHOM),
                                    .here_s = between(fake->rng, 0.02, 10)};
    neighbour->away_s = neighbour->here_s * between(fake->rng, 1, 5);
    neighbour->here = one_in(fake->rng, 3);
    neighbour->change_s = gsl_ran_exponential(fake->rng, neighbour->here ? neighbour->here_s : neighbour->away_s);
}

int simulated_restless(unsigned cpus, uint64_t seed, const struct search_options *options, struct simulated_watch watch,
                       struct simulated_trial *first, struct simulated_trial *last)
{
    if (cpus < 1 || cpus > CPUS_MAX) return -EINVAL;
    struct fake *fake = fake_new(cpus, seed);
    if (!fake) return -ENOMEM;
    draw_neighbour(fake);
    *last = (struct simulated_trial){0};
    int error = 0;
    for (unsigned i = 0; !error && i < watch.attempts && (!i || last->unsteady); i++) {
        error = try_once(fake, options, watch.patience_s, last);
        if (!i) *first = *last;
    }
    fake_free(fake);
    return error;
}
