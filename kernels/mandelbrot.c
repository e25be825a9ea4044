/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mandelbrot: counts iterations of z -> z^2 + c until |z| > 2, at most LIMIT, for `size` pixels in row order of a
 * picture of the whole set. Neighbouring tasks cost alike, tasks in the middle rows a hundred times those at the
 * edge. */
#include "kernels/params.h"

#include <inttypes.h>
#include <math.h>

#ifdef __clang__ /* the same counts with and without fused multiply-add; gcc's -std=c11 has contraction off */
#pragma STDC FP_CONTRACT OFF
#endif

enum { WIDTH = 1024, HEIGHT = 1024, LIMIT = 1024 };
#define PIXELS ((uint64_t)WIDTH * HEIGHT)
#define LEFT   (-2.0)
#define TOP    (-1.25)
#define SIDE   2.5 /* of the picture; the set lies inside */

struct counts {
    uint64_t iterations;
    uint64_t inside; /* pixels that reach LIMIT */
};

static unsigned iterations_at(double cx, double cy)
{
    double x = 0, y = 0;
    unsigned n = 0;
    for (; n < LIMIT; n++) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4) break;
        y = 2 * x * y + cy;
        x = xx - yy + cx;
    }
    return n;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    struct counts *out = results;
    for (size_t i = begin; i < end; i++) {
        struct counts counts = {0};
        struct domain_part part = domain_part(PIXELS, i, params->tasks);
        for (uint64_t k = 0; k < params->size; k++) {
            uint64_t pixel = domain_take(&part);
            double cx = LEFT + SIDE * ((double)(pixel % WIDTH) + 0.5) / WIDTH;
            double cy = TOP + SIDE * ((double)(pixel / WIDTH) + 0.5) / HEIGHT;
            unsigned n = iterations_at(cx, cy);
            counts.iterations += n;
            counts.inside += n == LIMIT;
        }
        out[i] = counts;
    }
}

/* The area from the pixels inside, with an allowance of five standard deviations as if each task's pixels were one draw
 * at random (they do better), and 1 % for the grid and the iteration limit. */
static int verify_area(double tasks, double pixels, double inside, char *why, size_t why_size)
{
    const double published = 1.5065918849; /* +- 0.0000000028, Foerstemann 2012 */
    double share = published / (SIDE * SIDE), area = inside / pixels * SIDE * SIDE;
    double allowed = 0.01 * published + 5 * sqrt(share * (1 - share) / tasks) * SIDE * SIDE;
    if (fabs(area - published) <= allowed) return 0;
    return kernel_result_wrong(why, why_size, "the set's area comes out as %.4f, not as %.4f +- %.4f", area, published,
                               allowed);
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t serial_iterations = 265736092, serial_inside = 253344; /* counted once, serially */
    const struct counts *out = results;
    struct counts total = {0};
    for (size_t i = 0; i < params->tasks; i++) {
        if (out[i].inside > params->size || out[i].iterations < out[i].inside * LIMIT ||
            out[i].iterations - out[i].inside * LIMIT > (params->size - out[i].inside) * (LIMIT - 1))
            return kernel_result_wrong(why, why_size,
                                       "task %zu: %" PRIu64 " iterations do not fit %" PRIu64 " pixels inside", i,
                                       out[i].iterations, out[i].inside);
        total.iterations += out[i].iterations;
        total.inside += out[i].inside;
    }
    uint64_t laps = domain_laps(PIXELS, params);
    if (laps && total.iterations == laps * serial_iterations && total.inside == laps * serial_inside) return 1;
    if (laps)
        return kernel_result_wrong(why, why_size,
                                   "%" PRIu64 " iterations, %" PRIu64 " pixels inside, not %" PRIu64 " and %" PRIu64,
                                   total.iterations, total.inside, laps * serial_iterations, laps * serial_inside);
    double pixels = (double)params->tasks * (double)params->size;
    return params->tasks ? verify_area((double)params->tasks, pixels, (double)total.inside, why, why_size) : 0;
}

const struct kernel kernel_mandelbrot = {
    .version = KERNEL_VERSION,
    .name = "mandelbrot",
    .summary = "iteration counts of the Mandelbrot set: cost skewed in space",
    .bottleneck = BOTTLENECK_IRREGULAR,
    .default_tasks = 4096,
    .default_size = 256,
    .size_unit = "pixels",
    .result_size = sizeof(struct counts),
    .published = "the set's area is 1.5065918849 (Foerstemann 2012): the whole picture gives 1.5100",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
