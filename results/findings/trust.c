/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trust.c: may this run be believed? From what was disturbed, what the same thing measured twice differs by, drift, and
 * the cells that have no undisturbed repetition. The worst of the four is the verdict. */
#include "results/findings/findings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From here on: with care; not to be trusted. Shares of repetitions and of cells; the A/A interval's farther end from 1. */
static const double DISTURBED[] = {0.2, 0.5}, DRIFT[] = {0.1, 0.5}, WITHOUT[] = {0.02, 0.25}, TWICE[] = {0.15, 0.4};
enum { SAMPLES_MIN = 20 }; /* fewer repetitions: with care from the second limit on, and no worse */

const char *const trust_names[] = {"trusted", "with care", "not to be trusted"};

/* The farther end of the A/A pairs' interval from 1; 0 without one. */
static double twice_apart(const struct summary *summary)
{
    struct quantity ratio = parts_twice(summary);
    return isnan(ratio.low) ? 0 : fmax(fabs(ratio.low - 1), fabs(ratio.high - 1));
}

static size_t drifted(const struct run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->sample_count; i++) count += suspicion_in(run->samples[i].suspect, SUSPICION_drift);
    return count;
}

__attribute__((format(printf, 4, 5))) static void weigh(struct trust *trust, double value, const double *limits,
                                                        const char *format, ...)
{
    va_list arguments;
    enum trust_verdict verdict = (value > limits[0]) + (value > limits[1]);
    if (trust->few && verdict) verdict--;
    if (verdict == TRUST_GOOD) return;
    if (verdict > trust->verdict) trust->verdict = verdict;
    text_add(trust->reasons, sizeof trust->reasons, "%s", *trust->reasons ? "; " : "");
    size_t used = strlen(trust->reasons);
    va_start(arguments, format);
    vsnprintf(trust->reasons + used, sizeof trust->reasons - used, format, arguments);
    va_end(arguments);
}

void trust_make(struct summary *summary)
{
    const struct run *run = summary->run;
    struct trust *trust = &summary->trust;
    if (run->simulated || !run->sample_count) return;
    trust->few = run->sample_count < SAMPLES_MIN;
    struct disturbance found = findings_disturbance(summary);
    double samples = (double)run->sample_count, cells = (double)summary->cell_count;
    double suspects = (double)found.suspects / samples, drift = (double)drifted(run) / samples,
           twice = twice_apart(summary);
    weigh(trust, suspects, DISTURBED, "%.0f %% of %zu repetitions were disturbed", 100 * suspects, run->sample_count);
    weigh(trust, (double)found.without / cells, WITHOUT, "%zu of %zu configurations have no undisturbed repetition",
          found.without, summary->cell_count);
    weigh(trust, drift, DRIFT, "the machine's speed changed in %.0f %% of the repetitions", 100 * drift);
    weigh(trust, twice, TWICE, "the same configuration measured twice may differ by %.0f %%", 100 * twice);
}

int trust_tell(struct summary *summary)
{
    const struct trust *trust = &summary->trust;
    struct sentence sentence = {0};
    if (trust->verdict == TRUST_GOOD) return 0;
    sentence_add(&sentence, "This run is %s: %s.",
                 trust->verdict == TRUST_NONE ? "not to be trusted" : "to be read with care", trust->reasons);
    if (trust->verdict == TRUST_NONE)
        sentence_add(&sentence,
                     " Nothing is recommended: what to use, what is faster and what a worker costs could not be "
                     "seen. Measure again when nothing else runs; \"breakeven doctor\" says what disturbs.");
    return sentence_end(summary, TOPIC_short, &sentence);
}
