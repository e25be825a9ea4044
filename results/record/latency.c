/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/latency.h"

#include <math.h>

unsigned latency_bin(int64_t chunk_ns, uint64_t tasks)
{
    uint64_t ns = chunk_ns < 0 ? 0 : (uint64_t)chunk_ns;
    if (tasks > 1) { /* rounded to eighths of a nanosecond where that matters */
        double each = (double)ns / (double)tasks;
        if (each < 1024) {
            if (each <= 1) return 0;
            int exponent;
            double mantissa = frexp(each, &exponent); /* each = mantissa 2^exponent, mantissa in [1/2, 1) */
            return 8 * (unsigned)(exponent - 1) + (unsigned)((mantissa - 0.5) * 16);
        }
        ns = (uint64_t)each;
    }
    if (ns <= 1) return 0;
    unsigned octave = 63u - (unsigned)__builtin_clzll(ns);
    unsigned step = (unsigned)(octave >= 3 ? ns >> (octave - 3) : ns << (3 - octave)) & 7;
    unsigned bin = 8 * octave + step;
    return bin < LATENCY_BINS ? bin : LATENCY_BINS - 1;
}

double latency_low_ns(unsigned bin)
{
    return bin ? ldexp(1 + (bin % 8) / 8.0, (int)(bin / 8)) : 0;
}

double latency_quantile_ns(const struct sample_bin *bins, unsigned count, double q)
{
    double all = 0, below = 0;
    for (unsigned i = 0; i < count; i++) all += (double)bins[i].tasks;
    if (!(all * fmin(q, 1 - q) >= 1 - 1e-9)) return NAN;
    for (unsigned i = 0; i < count; i++) {
        double inside = (double)bins[i].tasks;
        if (below + inside >= q * all) {
            double low = fmax(latency_low_ns(bins[i].bin), 0.5), high = latency_low_ns(bins[i].bin + 1);
            return low * pow(high / low, (q * all - below) / inside);
        }
        below += inside;
    }
    return NAN;
}
