/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the planner asks of a kernel in a process that it may crash. _inspect: what a user's kernel is; loads it and
 * prepares its smallest input once. _calibrate: how long a task lasts, and which size makes it last as long as asked.
 * Tasks spread evenly over [0, tasks) are run serially for a millisecond, several times; the least mean counts, since
 * what disturbs a measurement only ever adds. Memory has been touched before. */
#include "bench/base/answer.h"
#include "bench/base/clock.h"
#include "bench/base/memory.h"
#include "bench/cli/options.h"
#include "bench/plan/kernel_info.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* ---- _inspect ---- */

/* One task of size 1: what fails here fails at every size. */
static int try_prepare(const struct kernel *kernel, struct reason *why)
{
    struct memory memory;
    struct kernel_params params = {1, 1, 1};
    void *input = NULL;
    memory_open(&memory);
    int error = kernel->prepare ? kernel->prepare(&params, &memory.arena, &input) : 0;
    if (error) reason_set(why, "its prepare fails: %s", strerror(error < 0 ? -error : EINVAL));
    else if (kernel->release) kernel->release(input);
    memory_close(&memory);
    return error;
}

static int inspect(const struct options *options)
{
    json_t *question = answer_question();
    const char *path = json_string_value(json_object_get(question, "kernel"));
    if (!path) return options_complain(options, "the program uses this verb on itself; try \"breakeven list\"");
    const struct kernel *kernel;
    struct reason why = {""};
    int status;
    if (kernel_load(path, &kernel, &why) || try_prepare(kernel, &why))
        status = answer_write_json(json_pack("{ss}", "error", why.text));
    else
        status = answer_write_json(json_pack("{ss si sI sI ss sI}", "name", kernel->name, "bottleneck",
                                             (int)kernel->bottleneck, "tasks", (json_int_t)kernel->default_tasks,
                                             "size", (json_int_t)kernel->default_size, "size_unit", kernel->size_unit,
                                             "result_size", (json_int_t)kernel->result_size));
    json_decref(question);
    return status;
}

const struct verb verb_inspect = {
    .name = "_inspect",
    .summary = "what a user's kernel is",
    .run = inspect,
};

/* ---- _calibrate ---- */

enum { LOOKS = 7, SEGMENTS = 16, ROUNDS = 24, TRIM_ROUNDS = 6 };
static const double LOOK_NS = 1e6, LONG_TASK_NS = 2e6, TOLERANCE = 0.02;

struct calibration {
    const struct kernel *kernel;
    uint64_t tasks, seed;
};

/* Which tasks a look runs: `segments` stretches of `length` tasks, spread evenly, `times` over. Always the same ones,
 * so that only the first look pays for touching memory. */
struct sample_of {
    uint64_t segments, length, times;
};

static double look(const struct calibration *calibration, const void *input, void *results, struct sample_of sample)
{
    int64_t began_ns = clock_now_ns(&clock_real);
    for (uint64_t i = 0; i < sample.times; i++)
        for (uint64_t s = 0; s < sample.segments; s++) {
            uint64_t begin = calibration->tasks / sample.segments * s;
            calibration->kernel->run(input, begin, begin + sample.length, results);
        }
    return (double)(clock_now_ns(&clock_real) - began_ns);
}

/* Grows the sample until a look at it is long enough: more segments, then longer ones, then again and again. */
static struct sample_of choose(const struct calibration *calibration, const void *input, void *results)
{
    struct sample_of sample = {1, 1, 1};
    look(calibration, input, results, sample);
    while (look(calibration, input, results, sample) < LOOK_NS) {
        if (sample.segments < SEGMENTS && 2 * sample.segments <= calibration->tasks) sample.segments *= 2;
        else if (2 * sample.length <= calibration->tasks / sample.segments) sample.length *= 2;
        else sample.times *= 2;
    }
    return sample;
}

/* Mean duration of a task of this size. 0, or -errno with `why`. */
static int calibrate_measure(const struct calibration *calibration, uint64_t size, double *task_ns, struct reason *why)
{
    const struct kernel *kernel = calibration->kernel;
    struct kernel_params params = {calibration->tasks, size, calibration->seed};
    size_t one = kernel_result_size(kernel, size), bytes;
    struct memory memory;
    void *input = NULL;
    if (__builtin_mul_overflow(one, params.tasks, &bytes)) bytes = SIZE_MAX;
    void *results = bytes == SIZE_MAX ? NULL : memory_map(bytes);
    memory_open(&memory);
    int error = results ? 0 : -ENOMEM;
    if (error) reason_set(why, "no memory for %zu results of %zu bytes", params.tasks, one);
    else if (kernel->prepare && (error = kernel->prepare(&params, &memory.arena, &input)))
        reason_set(why, "the kernel cannot prepare its input: %s", strerror(-error));
    if (!error) {
        struct sample_of sample = choose(calibration, input, results);
        double best = INFINITY;
        for (int i = 0; i < LOOKS; i++) best = fmin(best, look(calibration, input, results, sample));
        *task_ns = best / (double)(sample.segments * sample.length * sample.times);
        if (kernel->release) kernel->release(input);
    }
    memory_close(&memory);
    memory_unmap(results, bytes);
    return error;
}

static uint64_t scaled(uint64_t size, double factor)
{
    double next = round((double)size * factor);
    return next < 1 ? 1 : next > 9e18 ? UINT64_C(9000000000000000000) : (uint64_t)next;
}

/* The size whose tasks last about goal_ns, and how long they do (beyond 2 ms: extrapolated, as a task's duration grows
 * linearly with its size). Where a task of size 1 lasts longer already, that is what comes back. A kernel whose size
 * counts ns is not asked (kernel_info.c). */
static int calibrate_find(const struct calibration *calibration, double goal_ns, uint64_t *size, double *task_ns,
                          struct reason *why)
{
    double near_ns = fmin(goal_ns, LONG_TASK_NS), now_ns = 0;
    uint64_t now = 1;
    int error = 0;
    for (int round = 0; round < ROUNDS && !(error = calibrate_measure(calibration, now, &now_ns, why));
         round++) { /* up, by at most 64 at once */
        if (now_ns >= near_ns * 0.5) break;
        now = scaled(now, fmin(64, fmax(2, near_ns / fmax(now_ns, 0.1))));
    }
    uint64_t best = now;
    double best_ns = now_ns;
    for (int round = 0; !error && round < TRIM_ROUNDS && fabs(log(best_ns / near_ns)) > TOLERANCE; round++) {
        uint64_t next = scaled(now, near_ns / now_ns);
        if (next == now) break;
        now = next;
        error = calibrate_measure(calibration, now, &now_ns, why);
        if (fabs(log(now_ns / near_ns)) >= fabs(log(best_ns / near_ns))) continue;
        best = now;
        best_ns = now_ns;
    }
    if (error) return error;
    *size = scaled(best, goal_ns > near_ns ? goal_ns / best_ns : 1);
    *task_ns = goal_ns > near_ns ? best_ns * (double)*size / (double)best : best_ns;
    return 0;
}

static int calibrate(const struct options *options)
{
    json_t *question = answer_question();
    const char *name = json_string_value(json_object_get(question, "kernel"));
    if (!name) return options_complain(options, "the program uses this verb on itself; try \"breakeven run\"");
    struct calibration calibration = {.tasks = (uint64_t)json_integer_value(json_object_get(question, "tasks")),
                                      .seed = (uint64_t)json_integer_value(json_object_get(question, "seed"))};
    uint64_t size = (uint64_t)json_integer_value(json_object_get(question, "size"));
    double goal_ns = json_number_value(json_object_get(question, "goal_ns")), task_ns = 0;
    struct reason why = {""};
    int error = kernel_load(name, &calibration.kernel, &why);
    if (!error && size) error = calibrate_measure(&calibration, size, &task_ns, &why);
    else if (!error) error = calibrate_find(&calibration, goal_ns, &size, &task_ns, &why);
    json_decref(question);
    if (error) return answer_write_json(json_pack("{ss}", "error", why.text));
    return answer_write_json(json_pack("{sI sf}", "size", (json_int_t)size, "task_ns", task_ns));
}

const struct verb verb_calibrate = {
    .name = "_calibrate",
    .summary = "the size that makes a kernel's task last as asked",
    .run = calibrate,
};
