/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings.c: plain sentences from verdicts, by topic. What is not resolved is called that. Here: the chapters in order. */
#include "results/findings/findings.h"

const struct topic_kind topic_kinds[TOPICS] = {
#define TOPIC(name, heading) {#name, heading},
#include "results/models/topics.h"
#undef TOPIC
};

/* By topic; within one as they were made. */
static void sort(struct statement *all, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct statement one = all[i];
        size_t at = i;
        for (; at && all[at - 1].topic > one.topic; at--) all[at] = all[at - 1];
        all[at] = one;
    }
}

int findings_make(struct summary *summary)
{
    static int (*const chapters[])(struct summary *) = {findings_short,  findings_scaling, findings_grain,
                                                        findings_shapes, findings_budget,  findings_doubts};
    int status = trust_tell(summary);
    if (summary->trust.verdict == TRUST_NONE) return status ? status : findings_doubts(summary);
    for (size_t i = 0; !status && i < sizeof chapters / sizeof *chapters; i++) status = chapters[i](summary);
    sort(summary->findings, summary->finding_count);
    return status;
}
