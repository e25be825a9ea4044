/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/statistics/family.h"
#include "results/summary/compare_parts.h"
#include "results/summary/summary_json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const compare_figure_names[COMPARE_FIGURES] = {"wall", "start", "stop", "total"};
const char *const compare_verdict_names[COMPARE_VERDICTS] = {"unresolved", "same", "faster", "slower"};

/* The parts of a manifest that tell machines apart, by the names that --allow takes. A container's host name is new
 * each time and says nothing. */
static const struct {
    const char *allow, *key;
    double within; /* numbers that differ by less are the same */
} machine_fields[] = {
    {"model", "model", 0},     {"cpus", "packages", 0},         {"cpus", "cores", 0},    {"cpus", "cpus", 0},
    {"cpus", "quota_cpus", 0}, {"memory", "memory_bytes", 0.05}, {"kernel", "kernel", 0},
};

static bool field_differs(const json_t *x, const json_t *y, double within)
{
    if ((!x && !y) || (x && y && json_equal(x, y))) return false;
    double a = json_number_value(x), b = json_number_value(y);
    return !(within > 0 && a > 0 && b > 0 && fabs(a - b) <= within * fmax(a, b));
}

/* Every field that differs, those that `allow` holds aside: "model is ... in BASE, ... in NEW; kernel is ...". How many. */
static size_t machines_differ(const struct run *base, const struct run *new, const char *allow, bool of_allowed,
                              char *text, size_t size)
{
    const json_t *a = json_object_get(base->manifest, "host"), *b = json_object_get(new->manifest, "host");
    size_t found = 0;
    *text = '\0';
    for (size_t i = 0; i < sizeof machine_fields / sizeof *machine_fields; i++) {
        json_t *x = json_object_get(a, machine_fields[i].key), *y = json_object_get(b, machine_fields[i].key);
        if (text_has_word(allow, machine_fields[i].allow) != of_allowed || !field_differs(x, y, machine_fields[i].within))
            continue;
        char *was = x ? json_dumps(x, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        char *is = y ? json_dumps(y, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        text_add(text, size, "%s%s (%s) is %.60s in BASE, %.60s in NEW", found++ ? "; " : "", machine_fields[i].key,
                 machine_fields[i].allow, was ? was : "unknown", is ? is : "unknown");
        free(was);
        free(is);
    }
    return found;
}

static bool taken_together(const struct run *base, const struct run *new)
{
    const char *a = json_string_value(json_object_get(base->manifest, "together"));
    const char *b = json_string_value(json_object_get(new->manifest, "together"));
    return a && b && *a && !strcmp(a, b);
}

struct values {
    size_t count;
    double *ns;
    unsigned *block;
};

static void values_free(struct values *values)
{
    free(values->ns);
    free(values->block);
}

static int values_take(const struct run *run, unsigned cell, enum compare_figure figure, double work, struct values *values)
{
    *values = (struct values){0};
    size_t most = run->sample_count ? run->sample_count : 1;
    values->ns = malloc(most * sizeof *values->ns);
    values->block = malloc(most * sizeof *values->block);
    if (!values->ns || !values->block) return -ENOMEM;
    for (size_t i = 0; i < run->sample_count; i++) {
        double ns = run->samples[i].cell == cell ? compare_sample_ns(&run->samples[i], figure, work) : NAN;
        if (isnan(ns)) continue;
        values->ns[values->count] = ns;
        values->block[values->count++] = run->samples[i].block;
    }
    return 0;
}

/* Keeps what has a partner in the same block, in the same place of both; the k-th of a block pairs with its k-th. */
static void values_pair(struct values *a, struct values *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = kept; j < b->count; j++) {
            if (b->block[j] != a->block[i]) continue;
            double ns = b->ns[j];
            unsigned block = b->block[j];
            memmove(&b->ns[kept + 1], &b->ns[kept], (j - kept) * sizeof *b->ns);
            memmove(&b->block[kept + 1], &b->block[kept], (j - kept) * sizeof *b->block);
            b->ns[kept] = ns, b->block[kept] = block;
            a->ns[kept] = a->ns[i], a->block[kept] = a->block[i];
            kept++;
            break;
        }
    a->count = b->count = kept;
}

enum compare_verdict compare_verdict(struct quantity ratio, double margin)
{
    double above = 1 + margin, below = 1 / (1 + margin);
    if (isnan(ratio.low) || isnan(ratio.high)) return COMPARE_UNRESOLVED;
    if (ratio.low > above) return COMPARE_SLOWER;
    if (ratio.high < below) return COMPARE_FASTER;
    return ratio.low >= below && ratio.high <= above ? COMPARE_SAME : COMPARE_UNRESOLVED;
}

static bool was_stopped(const struct run *run, unsigned cell)
{
    for (size_t i = 0; i < run->sample_count; i++)
        if (run->samples[i].cell == cell && !strcmp(run->samples[i].status, "stopped")) return true;
    return false;
}

static int cell_compare(const struct run *base, const struct run *new, const struct comparison *whole,
                        struct compare_cell *cell)
{
    struct values a = {0}, b = {0};
    int status = values_take(base, cell->base->id, whole->figure, 1, &a);
    if (!status) status = values_take(new, cell->new->id, whole->figure, cell->work, &b);
    if (status) goto out;
    cell->base_ns = stats_median(a.ns, a.count);
    cell->new_ns = stats_median(b.ns, b.count);
    cell->base_stopped = !a.count && was_stopped(base, cell->base->id);
    cell->new_stopped = !b.count && was_stopped(new, cell->new->id);
    if (whole->paired) {
        values_pair(&a, &b);
        cell->ratio = stats_ratio(b.ns, a.ns, a.count);
    } else cell->ratio = stats_shift(a.ns, a.count, b.ns, b.count);
out:
    values_free(&a);
    values_free(&b);
    return status;
}

static void explain(struct compare_cell *cell, double margin)
{
    if (cell->verdict != COMPARE_UNRESOLVED || cell->why[0]) return;
    size_t size = sizeof cell->why;
    if (cell->base_stopped || cell->new_stopped)
        snprintf(cell->why, size, "tune stopped it in %s, too slow to be the best", cell->base_stopped ? "BASE" : "NEW");
    else if (!cell->base_ns.n || !cell->new_ns.n)
        snprintf(cell->why, size, "no good sample in %s", cell->base_ns.n ? "NEW" : "BASE");
    else if (isnan(cell->ratio.low))
        snprintf(cell->why, size, "%zu samples are too few for an interval: %d", cell->ratio.n, STATS_INTERVAL_MIN);
    else if (cell->ratio.high / cell->ratio.low > (1 + margin) * (1 + margin))
        snprintf(cell->why, size, "the interval is wider than the margin on both sides: take more repetitions");
    else snprintf(cell->why, size, "the interval reaches over the margin's edge: take more repetitions");
}

/* The verdict on an interval that its family's p bears out; else unresolved. */
static enum compare_verdict settle(struct quantity ratio, double margin, double slower_p, double faster_p)
{
    enum compare_verdict verdict = compare_verdict(ratio, margin);
    double p = verdict == COMPARE_SLOWER ? slower_p : verdict == COMPARE_FASTER ? faster_p : 0;
    return p <= FAMILY_ERROR / 2 ? verdict : COMPARE_UNRESOLVED;
}

static void cell_settle(struct compare_cell *cell, const struct comparison *made)
{
    enum compare_verdict alone = compare_verdict(cell->ratio, made->margin);
    cell->verdict = settle(cell->ratio, made->margin, cell->slower_p, cell->faster_p);
    if (cell->verdict != alone)
        snprintf(cell->why, sizeof cell->why, "%s taken alone, not among %zu cells: take more repetitions",
                 compare_verdict_names[alone], made->count);
}

/* How many repetitions could decide: at least what an interval and the family's smallest p ask for; where there were as
 * many, so many that the usual interval, which narrows with their square root, is as wide as the margin. */
static size_t repetitions_needed(const struct comparison *made)
{
    size_t n = STATS_INTERVAL_MIN, kept = 0;
    while (family_floor(made->paired, n, made->paired ? 0 : n) > FAMILY_ERROR / 2) n++;
    double *width = malloc((made->count + 1) * sizeof *width);
    for (size_t i = 0; width && i < made->count; i++)
        if (!isnan(made->cell[i].ratio.low)) width[kept++] = log(made->cell[i].ratio.high / made->cell[i].ratio.low);
    double usual = kept ? stats_median(width, kept).median / (2 * log1p(made->margin)) : 0;
    free(width);
    if (made->blocks < n || !(made->margin > 0)) return made->blocks < n ? n : 2 * made->blocks;
    double wanted = ceil((double)made->blocks * fmax(usual * usual, 1.5));
    return (size_t)fmin(wanted, 1e6);
}

/* What the families say of the cells, the kernels and the whole run. */
static void settle_all(struct comparison *made)
{
    made->whole.verdict = settle(made->whole.ratio, made->margin, made->whole.slower_p, made->whole.faster_p);
    bool decided = made->whole.verdict != COMPARE_UNRESOLVED;
    for (size_t i = 0; i < made->kernels; i++) {
        struct compare_group *kernel = &made->kernel[i];
        kernel->verdict = settle(kernel->ratio, made->margin, kernel->slower_p, kernel->faster_p);
        decided |= kernel->verdict != COMPARE_UNRESOLVED;
    }
    for (size_t i = 0; i < made->count; i++) {
        struct compare_cell *cell = &made->cell[i];
        cell_settle(cell, made);
        explain(cell, made->margin);
        made->verdicts[cell->verdict]++;
        bool good = cell->base_ns.n && cell->new_ns.n;
        made->stopped += cell->base_stopped;
        made->failed += !good && !cell->base_stopped;
        made->too_few += good && isnan(cell->ratio.low);
        decided |= cell->verdict != COMPARE_UNRESOLVED;
    }
    made->undecided = !decided;
    made->needed = decided ? 0 : repetitions_needed(made);
}

/* What may stand in the way: refused, or said in the warning where allowed. */
static int check_alike(const struct run *base, const struct run *new, const struct compare_options *options, bool *sizes,
                       struct comparison *comparison, struct reason *why)
{
    char plan[320], text[640];
    int plans = compare_plans_differ(base, new, plan, sizeof plan);
    if (plans && !options->force && !text_has_word(options->allow, "plan"))
        return reason_give(why, -EINVAL, "%s; --allow plan or --force compares anyway", plan);
    if (machines_differ(base, new, options->force ? NULL : options->allow, false, text, sizeof text) && !options->force)
        return reason_give(why, -EINVAL,
                           "the machines differ: %.400s; --allow with those names, or --force, compares anyway", text);
    *sizes = !plans;
    if (plans) text_add(comparison->warning, sizeof comparison->warning, "Forced: %s.", plan);
    if (*text || machines_differ(base, new, options->allow, true, text, sizeof text))
        text_add(comparison->warning, sizeof comparison->warning, "%sForced: the machines differ: %s.",
                 plans ? " " : "", text);
    return 0;
}

static const char *host_name(const struct run *run)
{
    const char *name = json_string_value(json_object_get(json_object_get(run->manifest, "host"), "hostname"));
    return name ? name : "";
}

static void tell_hosts(const struct run *base, const struct run *new, struct comparison *made)
{
    if (!strcmp(host_name(base), host_name(new))) return;
    text_add(made->warning, sizeof made->warning, "%sThe hosts are %.60s in BASE, %.60s in NEW.", *made->warning ? " " : "",
             host_name(base), host_name(new));
}

/* How much more or less work the calibrated cells of NEW did. */
static void tell_calibrated(struct comparison *made)
{
    size_t count = 0;
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < made->count; i++) {
        double work = 1 / made->cell[i].work;
        if (made->cell[i].work == 1) continue;
        low = fmin(low, work);
        high = fmax(high, work);
        count++;
    }
    if (!count) return;
    text_add(made->warning, sizeof made->warning,
             "%s%zu cell%s calibrated by each run for itself, with %.4g to %.4g times the work in NEW: times are compared for equal work.",
             *made->warning ? " " : "", count, count == 1 ? " was" : "s were", low, high);
}

int compare_runs(const struct run *base, const struct run *new, const struct compare_options *options,
                 struct comparison *out, struct reason *why)
{
    struct comparison made = {
        .paired = taken_together(base, new), .margin = options->margin, .figure = options->figure};
    bool sizes = true;
    int status = check_alike(base, new, options, &sizes, &made, why);
    if (status) return status;
    status = compare_pair_cells(base, new, sizes, &made);
    for (size_t i = 0; !status && i < made.count; i++) status = cell_compare(base, new, &made, &made.cell[i]);
    if (!status && made.count) status = compare_jointly(base, new, &made);
    if (status) reason_set(why, "no memory");
    if (!status && !made.count) status = reason_give(why, -EINVAL, "no cell of BASE is in NEW: nothing to compare");
    if (status) {
        comparison_free(&made);
        return status;
    }
    settle_all(&made);
    tell_hosts(base, new, &made);
    tell_calibrated(&made);
    compare_software(base, new, made.software, sizeof made.software);
    if (!made.paired)
        text_add(made.warning, sizeof made.warning,
                 "%sThe runs are independent: what the machine did between them is inside the ratios (run --versus "
                 "pairs two "
                 "builds block by block).",
                 *made.warning ? " " : "");
    *out = made;
    return 0;
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->cell);
    free(comparison->kernel);
    free(comparison->vanished);
    *comparison = (struct comparison){0};
}

static json_t *group_json(const struct compare_group *group)
{
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:s}", "kernel", group->kernel ? group->kernel : "", "cells",
                     (json_int_t)group->cells, "ratio", json_quantity(group->ratio), "slower_p",
                     json_number(group->slower_p), "faster_p", json_number(group->faster_p), "verdict",
                     compare_verdict_names[group->verdict]);
}

json_t *comparison_to_json(const struct comparison *comparison)
{
    json_t *cells = json_array(), *verdicts = json_object(), *kernels = json_array(), *vanished = json_array();
    for (size_t i = 0; i < comparison->kernels; i++) json_array_append_new(kernels, group_json(&comparison->kernel[i]));
    for (size_t i = 0; i < comparison->only_base; i++)
        json_array_append_new(vanished, cell_to_json(comparison->vanished[i]));
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_cell *cell = &comparison->cell[i];
        json_t *row = cell_to_json(cell->base);
        json_object_set_new(row, "new_id", json_integer(cell->new->id));
        json_object_set_new(row, "base_ns", json_quantity(cell->base_ns));
        json_object_set_new(row, "new_ns", json_quantity(cell->new_ns));
        json_object_set_new(row, "work", json_real(cell->work));
        json_object_set_new(row, "ratio", json_quantity(cell->ratio));
        json_object_set_new(row, "slower_p", json_number(cell->slower_p));
        json_object_set_new(row, "faster_p", json_number(cell->faster_p));
        json_object_set_new(row, "verdict", json_string(compare_verdict_names[cell->verdict]));
        json_object_set_new(row, "why", json_string(cell->why));
        json_array_append_new(cells, row);
    }
    for (int i = 0; i < COMPARE_VERDICTS; i++)
        json_object_set_new(verdicts, compare_verdict_names[i], json_integer((json_int_t)comparison->verdicts[i]));
    return json_pack("{s:i, s:b, s:f, s:s, s:o, s:I, s:I, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:b, s:I, s:o}",
                     "schema", RECORD_SCHEMA, "paired", comparison->paired, "margin", comparison->margin, "figure",
                     compare_figure_names[comparison->figure], "verdicts", verdicts, "failed",
                     (json_int_t)comparison->failed, "stopped", (json_int_t)comparison->stopped, "only_base",
                     (json_int_t)comparison->only_base, "only_new", (json_int_t)comparison->only_new, "warning", comparison->warning, "software", comparison->software,
                     "cells", cells, "whole", group_json(&comparison->whole), "kernels", kernels, "vanished", vanished,
                     "too_few", (json_int_t)comparison->too_few, "undecided", comparison->undecided,
                     "repetitions_needed", (json_int_t)comparison->needed, "smallest_p",
                     json_number(comparison->floor));
}
