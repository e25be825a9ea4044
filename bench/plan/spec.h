/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spec.h: what the planner tells a repetition's process: the cell, and where its workers go. */
#ifndef BREAKEVEN_SPEC_H
#define BREAKEVEN_SPEC_H

#include "bench/plan/inject.h"
#include "kernels/reason.h"
#include "results/record/record.h"

#include <stdbool.h>

struct spec {
    struct cell cell;
    unsigned warmup;
    uint64_t warmup_tasks; /* 0: all */
    bool instrumented;
    char *timeline; /* file for each call of the kernel; NULL: none */
    bool has_inject;
    struct inject inject; /* with has_inject: for the self-test */
    char **cpus;          /* processes x threads lists of cpus; NULL: unbound. spec_to_json reads those of one node */
};

char *spec_to_json(const struct spec *); /* malloc'ed; NULL without memory */
/* 0 or -EINVAL with `why`; freed by spec_free, which accepts a zeroed struct. */
int spec_from_json(const struct json_t *, struct spec *, struct reason *why);
void spec_free(struct spec *);

#endif
