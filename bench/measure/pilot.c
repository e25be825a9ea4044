/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/pilot.h"

#include "bench/base/clock.h"
#include "bench/measure/measure.h"
#include "kernels/reason.h"

#include <math.h>

enum { PILOTS = 12 };

double pilot_slowness(const struct plan *plan)
{
    struct measure measure;
    struct reason why = {""};
    double expected_ns = 0;
    if (measure_open(&measure, plan, &why)) return 1;
    int64_t began_ns = clock_now_ns(&clock_real);
    for (unsigned i = 0; i < PILOTS && i < plan->cell_count; i++) {
        unsigned cell = (unsigned)((uint64_t)i * plan->cell_count / PILOTS);
        struct sample sample;
        if (plan_expected_ns(plan, cell) > 300e6) continue; /* too dear for a look */
        if (measure_cell(&measure, &(struct turn){.cell = cell}, &sample, &why)) break;
        expected_ns += plan_expected_ns(plan, cell);
        sample_free(&sample);
    }
    int64_t took_ns = clock_now_ns(&clock_real) - began_ns;
    measure_close(&measure);
    return expected_ns > 0 ? fmax(1, (double)took_ns / expected_ns) : 1;
}
