/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_grain.c: sentences on task size: METG, crossovers, and what starting workers costs. */
#include "results/findings/findings.h"

#include <math.h>
#include <string.h>

enum { SAME_FIELD = CELLS_KERNEL | CELLS_STUDY | CELLS_RUNNER | CELLS_SCHEDULE };

bool findings_metg_goes_with(const struct summary *summary, const struct metg *metg, const struct metg *head)
{
    if (!cells_same(metg->cell, head->cell, CELLS_KERNEL | CELLS_STUDY)) return false;
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *other = &summary->metgs[i];
        if (cells_same(other->cell, metg->cell, SAME_FIELD) && parts_workers(other->cell) > parts_workers(metg->cell))
            return false;
    }
    return true;
}

/* What one kernel and study's METGs share: 0 workers, or a chunk of UINT64_MAX, where they differ. */
struct shared {
    unsigned workers;
    uint64_t chunk;
};

static struct shared shared_of(const struct summary *summary, const struct metg *head)
{
    struct shared shared = {0};
    bool first = true;
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        if (!findings_metg_goes_with(summary, metg, head)) continue;
        unsigned workers = parts_workers(metg->cell);
        if (first) shared = (struct shared){workers, metg->cell->chunk};
        else if (workers != shared.workers) shared.workers = 0;
        if (metg->cell->chunk != shared.chunk) shared.chunk = UINT64_MAX;
        first = false;
    }
    return shared;
}

static void add_chunk(struct sentence *sentence, uint64_t chunk)
{
    if (chunk && chunk != UINT64_MAX) sentence_add(sentence, ", chunk %llu", (unsigned long long)chunk);
}

static void add_metg(struct sentence *sentence, const struct metg *metg, struct shared shared)
{
    char from[PARTS_TEXT], to[PARTS_TEXT];
    findings_add_runner(sentence, metg->cell);
    if (!shared.workers || shared.chunk == UINT64_MAX) {
        sentence_add(sentence, " (%u workers", parts_workers(metg->cell));
        add_chunk(sentence, metg->cell->chunk);
        sentence_add(sentence, ")");
    }
    if (!metg->reached)
        sentence_add(sentence, " with tasks of %s to %s (best %.0f %%)", parts_duration(from, metg->smallest_ns),
                     parts_duration(to, metg->largest_ns), 100 * metg->best_efficiency);
    else {
        sentence_add(sentence, " ");
        sentence_add_work(sentence, metg->work_ns, metg->bound);
    }
}

/* For all runners that were measured with one kernel and study: what they need, and who did not get there. */
static int metgs(struct summary *summary)
{
    int status = 0;
    for (size_t first = 0; !status && first < summary->metg_count; first++) {
        const struct metg *head = &summary->metgs[first];
        struct shared shared = shared_of(summary, head);
        struct sentence sentence = {0}, reached = {0}, not_reached = {0};
        size_t earlier = 0;
        while (!cells_same(summary->metgs[earlier].cell, head->cell, CELLS_KERNEL | CELLS_STUDY)) earlier++;
        if (earlier < first) continue;
        for (size_t i = first; i < summary->metg_count; i++) {
            const struct metg *metg = &summary->metgs[i];
            struct sentence *list = metg->reached ? &reached : &not_reached;
            if (!findings_metg_goes_with(summary, metg, head)) continue;
            if (list->used) sentence_add(list, ", ");
            add_metg(list, metg, shared);
        }
        sentence_add(&sentence, "For %.0f %% of the ideal speed-up", 100 * head->efficiency);
        if (shared.workers) sentence_add(&sentence, " with %u workers", shared.workers);
        if (shared.workers) add_chunk(&sentence, shared.chunk);
        sentence_add(&sentence, " a task (%s) must hold this much work: %s.", head->cell->label,
                     reached.used ? reached.text : "no size measured was enough");
        if (not_reached.used) sentence_add(&sentence, " Not reached: %s.", not_reached.text);
        status = sentence_end(summary, TOPIC_grain, &sentence);
    }
    return status;
}

double findings_task_ns(const struct crossover *c)
{
    return c->cell->task_time_ns ? (double)c->cell->task_time_ns : c->task_ns;
}

bool findings_pays(const struct crossover *c)
{
    return isfinite(c->tasks.median) && !isinf(c->tasks.high);
}

enum outcome { OUTCOME_PAYS, OUTCOME_OPEN, OUTCOME_NEVER, OUTCOMES };

static enum outcome outcome_of(const struct crossover *c)
{
    if (findings_pays(c)) return OUTCOME_PAYS;
    return isinf(c->tasks.median) && !(c->tasks.low < INFINITY) ? OUTCOME_NEVER : OUTCOME_OPEN;
}

/* `workers`: what all crossovers of the runner have; 0: they differ. */
static void add_outcome(struct sentence *sentence, const struct crossover *c, unsigned workers)
{
    char size[PARTS_TEXT];
    bool first = !sentence->used;
    parts_duration(size, findings_task_ns(c));
    switch (outcome_of(c)) {
    case OUTCOME_PAYS:
        sentence_add(sentence, "%s%.0f%s", first ? "" : ", ", c->tasks.median, first ? " tasks" : "");
        if (isnan(c->tasks.low)) sentence_add(sentence, " (n = %zu, no interval)", c->tasks.n);
        else sentence_add(sentence, " [%.0f, %.0f]", c->tasks.low, c->tasks.high);
        sentence_add(sentence, " of %s", size);
        if (!workers) sentence_add(sentence, " with %u workers", parts_workers(c->cell));
        break;
    case OUTCOME_OPEN:
        sentence_add(sentence, "%s%s", first ? " Not resolved for tasks of " : ", ", size);
        if (c->tasks.low < INFINITY) sentence_add(sentence, " (perhaps from %.0f tasks)", c->tasks.low);
        break;
    default:
        sentence_add(sentence, "%s%s", first ? " Never for tasks of " : ", ", size);
    }
}

/* Of one runner the crossover at the next larger task size, each size once; NULL: none. Where the serial loop failed no
 * task has a time (NAN), and none is next. */
static const struct crossover *next_larger(const struct summary *summary, const struct crossover *head,
                                           const struct crossover *before)
{
    const struct crossover *next = NULL;
    for (size_t i = 0; i < summary->crossover_count; i++) {
        const struct crossover *c = &summary->crossovers[i];
        if (!cells_same(c->cell, head->cell, SAME_FIELD) || !c->earliest) continue;
        if (!(findings_task_ns(c) > (before ? findings_task_ns(before) : 0))) continue;
        if (!next || findings_task_ns(c) < findings_task_ns(next)) next = c;
    }
    return next;
}

/* For each runner: from how many tasks of which size its start and stop pay, and where they do not. */
static int crossovers_by_runner(struct summary *summary)
{
    int status = 0;
    for (size_t first = 0; !status && first < summary->crossover_count; first++) {
        const struct crossover *head = &summary->crossovers[first];
        struct sentence sentence = {0}, part[OUTCOMES] = {0};
        unsigned workers = 0;
        size_t earlier = 0;
        bool one_team = true;
        while (!cells_same(summary->crossovers[earlier].cell, head->cell, SAME_FIELD)) earlier++;
        if (earlier < first) continue;
        bool known = false;
        for (const struct crossover *c = NULL; (c = next_larger(summary, head, c));) {
            known |= !isnan(c->tasks.median);
            one_team &= !workers || parts_workers(c->cell) == workers;
            workers = parts_workers(c->cell);
        }
        if (!known) continue; /* nothing was measured: nothing is said */
        if (!one_team) workers = 0;
        for (const struct crossover *c = NULL; (c = next_larger(summary, head, c));)
            add_outcome(&part[outcome_of(c)], c, workers);
        findings_add_runner(&sentence, head->cell);
        sentence_add(&sentence, " (%s", head->cell->label);
        if (workers) sentence_add(&sentence, ", %u workers", workers);
        sentence_add(&sentence, ") beats serial, start and stop included, %s",
                     part[OUTCOME_PAYS].used ? "from " : "at no task size that is resolved.");
        for (size_t i = 0; i < OUTCOMES; i++)
            if (part[i].used) sentence_add(&sentence, "%s.", part[i].text);
        status = sentence_end(summary, TOPIC_pays, &sentence);
    }
    return status;
}

/* The team of this crossover's runner with the smallest task that pays once workers are up; NULL where none is known,
 * and where an earlier crossover has told it. */
static const struct crossover *smallest_warm(const struct summary *summary, size_t at)
{
    const struct crossover *c = &summary->crossovers[at], *best = c;
    for (size_t j = 0; j < summary->crossover_count; j++) {
        const struct crossover *other = &summary->crossovers[j];
        if (!cells_same(other->cell, c->cell, SAME_FIELD & ~CELLS_STUDY)) continue;
        if (j < at) return NULL;
        if (other->warm_task_ns.median < best->warm_task_ns.median || isnan(best->warm_task_ns.median)) best = other;
    }
    return isnan(best->warm_task_ns.median) ? NULL : best;
}

static int crossovers_warm(struct summary *summary)
{
    struct sentence sentence = {0};
    for (size_t i = 0; i < summary->crossover_count; i++) {
        const struct crossover *best = smallest_warm(summary, i);
        if (!best) continue;
        sentence_add(&sentence, sentence.used ? ", " : "With workers already up a task pays from this much work on: ");
        findings_add_runner(&sentence, best->cell);
        sentence_add(&sentence, " with %u workers (%s) ", parts_workers(best->cell), best->cell->label);
        sentence_add_work(&sentence, best->warm_task_ns, best->warm_bound);
    }
    if (sentence.used) sentence_add(&sentence, ".");
    return sentence_end(summary, TOPIC_grain, &sentence);
}

enum { SAME_TEAM = SAME_FIELD | CELLS_WORKERS | CELLS_CHUNK | CELLS_PLACEMENT };

/* How far apart prediction and measurement are, as a factor of at least 1; NAN where one of them is not known. */
static double apart(double predicted, struct quantity measured, bool bound)
{
    if (bound || isinf(measured.high) || !isfinite(predicted) || !(predicted > 0) || !isfinite(measured.median))
        return NAN;
    return fmax(predicted / measured.median, measured.median / predicted);
}

static const double PREDICTED_WITHIN = 1.15;

/* Is the measured one known better than a prediction is asked to be? Else the two cannot be held against each other. */
static bool is_sharp(struct quantity measured)
{
    return measured.low >= measured.median / PREDICTED_WITHIN && measured.high <= measured.median * PREDICTED_WITHIN;
}

/* Does calibration foretell where other kernels pay? Task sizes, with workers up and with start and stop. */
static int crossovers_predicted(struct summary *summary)
{
    struct sentence sentence = {0};
    size_t known = 0, near = 0, rough = 0;
    double worst = 1;
    const struct crossover *far = NULL;
    char factor[PARTS_TEXT];
    for (size_t i = 0; i < summary->crossover_count; i++) {
        const struct crossover *c = &summary->crossovers[i];
        bool told = !*c->calibration;
        for (size_t j = 0; j < i && !told; j++) told = cells_same(summary->crossovers[j].cell, c->cell, SAME_TEAM);
        double both[] = {apart(c->predicted_warm_task_ns, c->warm_task_ns, c->warm_bound),
                         apart(c->predicted_cold_task_ns, c->cold_task_ns, c->cold_bound)};
        bool sharp[] = {is_sharp(c->warm_task_ns), is_sharp(c->cold_task_ns)};
        for (size_t k = 0; k < 2 && !told; k++) {
            if (isnan(both[k])) continue;
            rough += !sharp[k];
            if (!sharp[k]) continue;
            known++;
            near += both[k] <= PREDICTED_WITHIN;
            if (both[k] > worst) worst = both[k], far = c;
        }
    }
    if (!known) return 0;
    sentence_add(
        &sentence,
        "From the runners' costs with another kernel, %zu of %zu task sizes that pay are predicted within 15 %%",
        near, known);
    if (rough) sentence_add(&sentence, " (%zu more were measured too roughly to tell)", rough);
    sentence_add(&sentence, ".");
    if (far)
        sentence_add(&sentence, " The farthest off is %s under %s with %u workers, by a factor of %s.",
                     far->cell->label, far->cell->runner, parts_workers(far->cell), parts_number(factor, worst));
    return sentence_end(summary, TOPIC_pays, &sentence);
}

/* Of one runner, the measured cell with the fewest workers above one, or with the most. */
static const struct cell_summary *extreme(const struct summary *summary, const char *runner, bool most)
{
    const struct cell_summary *found = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (strcmp(row->cell->runner, runner) || row->workers < 2 || isnan(row->quantity[QUANTITY_start_ns].median))
            continue;
        if (!found || (most ? row->workers > found->workers : row->workers < found->workers)) found = row;
    }
    return found;
}

static void add_startup(struct sentence *sentence, const struct cell_summary *row)
{
    char team[PARTS_TEXT], start[PARTS_TEXT], stop[PARTS_TEXT];
    sentence_add(sentence, "%s take %s to start and %s to stop", parts_team(team, row->cell),
                 parts_duration(start, row->quantity[QUANTITY_start_ns].median),
                 parts_duration(stop, row->quantity[QUANTITY_stop_ns].median));
}

static int startups(struct summary *summary)
{
    int status = 0;
    for (size_t i = 0; !status && i < summary->cell_count; i++) {
        const char *runner = summary->cells[i].cell->runner;
        const struct cell_summary *few = extreme(summary, runner, false), *many = extreme(summary, runner, true);
        struct sentence sentence = {0};
        char setup[PARTS_TEXT];
        if (few != &summary->cells[i]) continue; /* so that each runner is told once */
        sentence_add(&sentence, "%s: ", runner);
        add_startup(&sentence, few);
        if (many->workers > few->workers) {
            sentence_add(&sentence, ", ");
            add_startup(&sentence, many);
        }
        sentence_add(&sentence, ".");
        if (few->quantity[QUANTITY_setup_ns].median > 1e6)
            sentence_add(&sentence, " Before that it needs %s to come up itself (interpreter or launcher), counted apart.",
                         parts_duration(setup, few->quantity[QUANTITY_setup_ns].median));
        status = sentence_end(summary, TOPIC_startup, &sentence);
    }
    return status;
}

int findings_grain(struct summary *summary)
{
    int status = metgs(summary);
    if (!status) status = crossovers_by_runner(summary);
    if (!status) status = crossovers_warm(summary);
    if (!status) status = crossovers_predicted(summary);
    return status ? status : startups(summary);
}
