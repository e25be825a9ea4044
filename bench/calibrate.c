/* calibrate, and _calibrate: the same in a process that the kernel may crash. */
#include "calibrate.h"

#include "answer.h"
#include "kernel_load.h"
#include "memory.h"
#include "options.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

enum { LOOKS = 3, ROUNDS = 24, TRIM_ROUNDS = 5 };
static const double LOOK_NS = 4e6, LONG_TASK_NS = 20e6, TOLERANCE = 0.02;

/* Runs tasks until the look is long enough or all of [0, tasks) were run once. Short tasks go in stretches that double,
 * so that the clock is read seldom; long ones go one by one, spread over the range. */
static double look(const struct calibration *calibration, const void *input, char *results, size_t result_size,
                   const struct clock *clock)
{
    uint64_t tasks = calibration->tasks, done = 0, at = 0, stretch = 1, stride = tasks / 64 ? tasks / 64 : 1;
    int64_t began_ns = clock_now_ns(clock), now_ns = began_ns;
    (void)result_size;
    while (done < tasks && (double)(now_ns - began_ns) < LOOK_NS) {
        if (stretch > tasks - at) stretch = tasks - at;
        calibration->kernel->run(input, at, at + stretch, results);
        int64_t later_ns = clock_now_ns(clock);
        done += stretch;
        at += stretch > stride ? stretch : stride;
        if (at >= tasks) at = done % stride; /* the next pass over the range, a little further on */
        if (later_ns - now_ns < 100000) stretch *= 2;
        now_ns = later_ns;
    }
    return (double)(now_ns - began_ns) / (double)done;
}

int calibrate_measure(const struct calibration *calibration, uint64_t size, const struct clock *clock, double *task_ns,
                      char *why, size_t why_size)
{
    const struct kernel *kernel = calibration->kernel;
    struct kernel_params params = {calibration->tasks, size, calibration->seed};
    size_t one = kernel_result_size(kernel, size), bytes;
    struct memory memory;
    void *input = NULL;
    if (__builtin_mul_overflow(one, params.tasks, &bytes)) bytes = SIZE_MAX;
    char *results = bytes == SIZE_MAX ? NULL : memory_map(bytes);
    memory_open(&memory);
    int error = results ? 0 : -ENOMEM;
    if (error) snprintf(why, why_size, "no memory for %zu results of %zu bytes", params.tasks, one);
    else if (kernel->prepare && (error = kernel->prepare(&params, &memory.arena, &input)))
        snprintf(why, why_size, "the kernel cannot prepare its input: %s", strerror(-error));
    if (!error) {
        double best = INFINITY;
        for (int i = 0; i < LOOKS; i++) best = fmin(best, look(calibration, input, results, one, clock));
        *task_ns = best;
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

int calibrate_find(const struct calibration *calibration, double goal_ns, const struct clock *clock, uint64_t *size,
                   double *task_ns, char *why, size_t why_size)
{
    if (!strcmp(calibration->kernel->size_unit, "ns")) {
        *size = (uint64_t)goal_ns;
        *task_ns = goal_ns;
        return 0;
    }
    double near_ns = fmin(goal_ns, LONG_TASK_NS), now_ns = 0;
    uint64_t now = 1;
    int error = 0;
    for (int round = 0; round < ROUNDS && !(error = calibrate_measure(calibration, now, clock, &now_ns, why, why_size));
         round++) { /* up, by at most 64 at once */
        if (now_ns >= near_ns * 0.5) break;
        now = scaled(now, fmin(64, fmax(2, near_ns / fmax(now_ns, 0.1))));
    }
    for (int round = 0; !error && round < TRIM_ROUNDS && fabs(now_ns / near_ns - 1) > TOLERANCE; round++) {
        uint64_t next = scaled(now, near_ns / now_ns);
        if (next == now) break;
        now = next;
        error = calibrate_measure(calibration, now, clock, &now_ns, why, why_size);
    }
    if (error) return error;
    *size = scaled(now, goal_ns > near_ns ? goal_ns / now_ns : 1);
    *task_ns = goal_ns > near_ns ? now_ns * (double)*size / (double)now : now_ns;
    return 0;
}

static int run(const struct options *options)
{
    json_t *question = answer_question();
    const char *name = json_string_value(json_object_get(question, "kernel"));
    if (!name) return options_complain(options, "the program uses this verb on itself; try \"breakeven run\"");
    struct calibration calibration = {
        .tasks = (uint64_t)json_integer_value(json_object_get(question, "tasks")),
        .seed = (uint64_t)json_integer_value(json_object_get(question, "seed"))};
    uint64_t size = (uint64_t)json_integer_value(json_object_get(question, "size"));
    double goal_ns = json_number_value(json_object_get(question, "goal_ns")), task_ns = 0;
    char why[400];
    int error = kernel_load(name, &calibration.kernel, why, sizeof why);
    if (!error && size) error = calibrate_measure(&calibration, size, &clock_real, &task_ns, why, sizeof why);
    else if (!error) error = calibrate_find(&calibration, goal_ns, &clock_real, &size, &task_ns, why, sizeof why);
    json_decref(question);
    if (error) return answer_write_json(json_pack("{ss}", "error", why));
    return answer_write_json(json_pack("{sI sf}", "size", (json_int_t)size, "task_ns", task_ns));
}

const struct verb verb_calibrate = {
    .name = "_calibrate",
    .summary = "the size that makes a kernel's task last as asked",
    .operands = "",
    .run = run,
};
