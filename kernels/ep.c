/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ep: the NAS Parallel Benchmarks' "embarrassingly parallel" kernel: Gaussian deviates by Marsaglia's polar method,
 * `size` pairs of uniform numbers a task, their sums and counts by square annulus (Bailey et al., RNR-94-007, 1994).
 * Each task jumps to its own place in the one sequence x -> 5^13 x mod 2^46. */
#include "kernels/params.h"

#include <inttypes.h>
#include <math.h>

#ifdef __clang__ /* as gcc's -std=c11 does */
#pragma STDC FP_CONTRACT OFF
#endif

#define MULTIPLIER 1220703125u /* 5^13 */
#define FIRST      271828183u
#define MASK       ((UINT64_C(1) << 46) - 1)
enum { ANNULI = 10 };

struct deviates {
    double sum_x, sum_y;
    uint64_t annulus[ANNULI]; /* pairs with annulus[k]: k <= max(|x|, |y|) < k + 1 */
};

/* Arithmetic modulo 2^46 needs no care about overflow: 2^46 divides 2^64. */
static uint64_t state_after(uint64_t steps)
{
    uint64_t x = FIRST;
    for (uint64_t power = MULTIPLIER; steps; steps >>= 1, power *= power)
        if (steps & 1) x *= power;
    return x & MASK;
}

static double next_unit(uint64_t *x)
{
    *x = *x * MULTIPLIER & MASK;
    return (double)*x * 0x1p-46;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    struct deviates *out = results;
    for (size_t i = begin; i < end; i++) {
        struct deviates sums = {0};
        uint64_t x = state_after(2 * i * params->size);
        for (uint64_t k = 0; k < params->size; k++) {
            double u = 2 * next_unit(&x) - 1, v = 2 * next_unit(&x) - 1, t = u * u + v * v;
            if (t > 1) continue;
            double factor = sqrt(-2 * log(t) / t), gx = u * factor, gy = v * factor;
            sums.sum_x += gx;
            sums.sum_y += gy;
            sums.annulus[(int)fmax(fabs(gx), fabs(gy))]++;
        }
        out[i] = sums;
    }
}

/* NPB's classes S, W, A, B, C: 2^log_pairs pairs their sums, and the pairs accepted. */
static const struct {
    int log_pairs;
    double sum_x, sum_y;
    uint64_t accepted;
} classes[] = {
    {24, -3.247834652034740e3, -6.958407078382297e3, 13176389},
    {25, -2.863319731645753e3, -6.320053679109499e3, 26354769},
    {28, -4.295875165629892e3, -1.580732573678431e4, 210832767},
    {30, 4.033815542441498e4, -2.660669192809235e4, 843345606},
    {32, 4.764367927995374e4, -8.084072988043731e4, 3373275903},
};

/* Any number of pairs: how many fall inside the circle, and how large the sums may be, six standard deviations wide.
 * The sequence is fixed, so the outcome is too; a wrong result in one task that is a good part of the whole is seen. */
static int verify_statistics(double pairs, double accepted, const struct deviates *total, char *why, size_t why_size)
{
    double share = acos(-1) / 4, off = fabs(accepted - pairs * share);
    double wide = 6 * sqrt(accepted + 1);
    if (off <= 6 * sqrt(pairs * share * (1 - share)) + 1 && fabs(total->sum_x) <= wide && fabs(total->sum_y) <= wide)
        return 0;
    return kernel_result_wrong(why, why_size, "%.0f of %.0f pairs accepted, sums %.9e and %.9e: no Gaussian deviates",
                               accepted, pairs, total->sum_x, total->sum_y);
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const struct deviates *out = results;
    struct deviates total = {0};
    uint64_t accepted = 0;
    for (size_t i = 0; i < params->tasks; i++) {
        total.sum_x += out[i].sum_x;
        total.sum_y += out[i].sum_y;
        for (int k = 0; k < ANNULI; k++) accepted += out[i].annulus[k];
    }
    double pairs = (double)params->tasks * (double)params->size;
    if (verify_statistics(pairs, (double)accepted, &total, why, why_size)) return -1;
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        if (pairs != ldexp(1, classes[k].log_pairs)) continue;
        if (fabs(total.sum_x / classes[k].sum_x - 1) <= 1e-8 && fabs(total.sum_y / classes[k].sum_y - 1) <= 1e-8 &&
            accepted == classes[k].accepted)
            return 1;
        return kernel_result_wrong(
            why, why_size, "sums %.15e and %.15e of %" PRIu64 " pairs, not %.15e and %.15e of %" PRIu64, total.sum_x,
            total.sum_y, accepted, classes[k].sum_x, classes[k].sum_y, classes[k].accepted);
    }
    return 0;
}

const struct kernel kernel_ep = {
    .version = KERNEL_VERSION,
    .name = "ep",
    .summary = "NAS EP: Gaussian deviates, floating point",
    .bottleneck = BOTTLENECK_COMPUTE,
    .default_tasks = 4096,
    .default_size = 4096,
    .size_unit = "pairs",
    .result_size = sizeof(struct deviates),
    .published = "NPB class S: sums -3.247834652034740e3 and -6.958407078382297e3, within 1e-8",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
