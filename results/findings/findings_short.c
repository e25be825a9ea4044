/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_short.c: the run in a few sentences, made from verdicts alone. */
#include "results/findings/findings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which kernels a sentence is about, and what was best at each. */
struct field {
    const struct cell_summary **rows; /* the cell with the largest gain of each kernel, any runner's */
    size_t count, gaining;            /* those that gain stand first, the largest gain first of all */
    bool several;                     /* problems of one kernel */
};

static int largest_gain_first(const void *left, const void *right)
{
    struct quantity a = (*(const struct cell_summary *const *)left)->quantity[QUANTITY_speedup],
                    b = (*(const struct cell_summary *const *)right)->quantity[QUANTITY_speedup];
    bool gains = findings_gains(a);
    if (gains != findings_gains(b)) return gains ? -1 : 1;
    return (a.median < b.median) - (a.median > b.median);
}

/* Of each kernel the first row stays. */
static void field_thin(struct field *field)
{
    size_t kept = 0;
    for (size_t i = 0; i < field->count; i++) {
        size_t known = 0;
        while (known < kept && strcmp(field->rows[known]->cell->kernel, field->rows[i]->cell->kernel)) known++;
        if (known == kept) field->rows[kept++] = field->rows[i];
    }
    field->several = kept < field->count;
    field->count = kept;
    for (size_t i = 0; i < kept; i++) field->gaining += findings_gains(field->rows[i]->quantity[QUANTITY_speedup]);
}

static void field_fill(const struct summary *summary, bool waiting, struct field *field)
{
    field->count = field->gaining = 0;
    for (unsigned base = 0; base < summary->cell_count; base++) {
        const struct cell_summary *best = findings_fastest(summary, base, NULL);
        if (!best || parts_waits(summary, best->cell) != waiting) continue;
        field->rows[field->count++] = best;
    }
    qsort(field->rows, field->count, sizeof *field->rows, largest_gain_first);
    field_thin(field);
}

static void add_one(struct sentence *sentence, const struct summary *summary, const struct cell_summary *row)
{
    char team[PARTS_TEXT];
    findings_add_problem(sentence, summary, row);
    sentence_add(sentence, " ");
    sentence_add_times(sentence, row->quantity[QUANTITY_speedup]);
    sentence_add(sentence, " with %s of %s", parts_team(team, row->cell), row->cell->runner);
}

static void add_machine(struct sentence *sentence, const struct summary *summary)
{
    unsigned cpus = parts_host(summary->run, "cpus"), online = parts_host(summary->run, "cpus_online");
    if (online > cpus) sentence_add(sentence, " on the %u of this machine's %u cpus that could be used", cpus, online);
    else if (cpus) sentence_add(sentence, " on this machine's %u cpu%s", cpus, cpus == 1 ? "" : "s");
}

/* Many gains as their range; a few by name. */
static void add_gains(struct sentence *sentence, const struct summary *summary, const struct field *field)
{
    size_t n = field->gaining, unsure = 0;
    char number[PARTS_TEXT];
    for (size_t i = 0; i < n; i++) unsure += isnan(field->rows[i]->quantity[QUANTITY_speedup].low) ? 1 : 0;
    for (size_t i = 0; i < n && n <= 3; i++) {
        sentence_add(sentence, "%s", i ? ", " : "");
        add_one(sentence, summary, field->rows[i]);
    }
    if (n <= 3) return;
    double middle = (field->rows[(n - 1) / 2]->quantity[QUANTITY_speedup].median +
                     field->rows[n / 2]->quantity[QUANTITY_speedup].median) /
                    2;
    sentence_add(sentence, "%s times in the median, each with its best runner%s", parts_number(number, middle),
                 field->several ? " and problem" : "");
    if (unsure) sentence_add(sentence, " (%zu of them without an interval)", unsure);
    sentence_add(sentence, ". Most: ");
    add_one(sentence, summary, field->rows[0]);
    sentence_add(sentence, ". Least: ");
    add_one(sentence, summary, field->rows[n - 1]);
}

static int about_gains(struct summary *summary, const struct field *field, bool waiting)
{
    struct sentence sentence = {0};
    char low[PARTS_TEXT], high[PARTS_TEXT];
    if (!field->count) return 0;
    const char *kind = waiting ? "waiting" : "computing";
    if (field->gaining) {
        if (field->count == 1) sentence_add(&sentence, "The %s kernel is", kind);
        else if (field->gaining == field->count) sentence_add(&sentence, "All %zu %s kernels are", field->count, kind);
        else
            sentence_add(&sentence, "%zu of %zu %s kernels %s", field->gaining, field->count, kind,
                         field->gaining == 1 ? "is" : "are");
        sentence_add(&sentence, " faster than serial");
        if (!waiting) add_machine(&sentence, summary);
        sentence_add(&sentence, ": ");
        add_gains(&sentence, summary, field);
        if (field->gaining < field->count) sentence_add(&sentence, ". For the others no gain is resolved");
    } else {
        sentence_add(&sentence, "No %s kernel is resolved to be faster than serial", kind);
        if (!waiting) add_machine(&sentence, summary);
        if (findings_suspects(summary) * 20 > summary->run->sample_count)
            sentence_add(&sentence, ", disturbed as it was");
        sentence_add(&sentence, ". At best medians are %s to %s times the speed of serial",
                     parts_number(low, field->rows[field->count - 1]->quantity[QUANTITY_speedup].median),
                     parts_number(high, field->rows[0]->quantity[QUANTITY_speedup].median));
    }
    sentence_add(&sentence, ".");
    return sentence_end(summary, TOPIC_short, &sentence);
}

/* The smallest tasks worth handing out, each runner with its largest team, on the first kernel that was searched. */
static int about_grain(struct summary *summary)
{
    const struct metg *head = summary->metgs;
    struct sentence sentence = {0}, open = {0};
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        if (!findings_metg_goes_with(summary, metg, head)) continue;
        bool known = metg->reached && !isinf(metg->work_ns.high) && !isinf(metg->granularity_ns.high);
        struct sentence *list = known ? &sentence : &open;
        if (list->used) sentence_add(list, ", ");
        else if (known)
            sentence_add(list, "For %.0f %% of the ideal speed-up a task (%s) must hold this much work: ",
                         100 * head->efficiency, head->cell->label);
        findings_add_runner(list, metg->cell);
        if (!known) continue;
        sentence_add(list, " ");
        sentence_add_work(list, metg->work_ns, metg->bound);
    }
    if (sentence.used && open.used) sentence_add(&sentence, ". Not reached or not resolved: %s", open.text);
    else if (open.used)
        sentence_add(&sentence, "No task size is resolved to give %.0f %% of the ideal speed-up (%s): %s",
                     100 * head->efficiency, head->cell->label, open.text);
    if (sentence.used) sentence_add(&sentence, ".");
    return sentence_end(summary, TOPIC_short, &sentence);
}

/* Of this runner the smallest tasks from which on, at every larger size too, some number of them is resolved to pay for
 * start and stop: one lucky size among unresolved ones is no threshold. NULL: none. */
static const struct crossover *smallest_paying(const struct summary *summary, const char *runner)
{
    const struct crossover *found = NULL;
    double open = -1; /* the largest size that does not pay */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < summary->crossover_count; i++) {
            const struct crossover *c = &summary->crossovers[i];
            if (strcmp(c->cell->runner, runner) || !cells_same(c->cell, summary->crossovers[0].cell, CELLS_KERNEL) ||
                !c->earliest)
                continue;
            if (!pass && !findings_pays(c)) open = fmax(open, findings_task_ns(c));
            if (pass && findings_task_ns(c) > open && (!found || findings_task_ns(c) < findings_task_ns(found)))
                found = c;
        }
    return found;
}

/* Is anything known of where the runner pays? Not where all its repetitions, or the serial ones, are missing. */
static bool was_measured(const struct summary *summary, const char *runner)
{
    for (size_t i = 0; i < summary->crossover_count; i++)
        if (!strcmp(summary->crossovers[i].cell->runner, runner) && !isnan(summary->crossovers[i].tasks.median)) return true;
    return false;
}

static int about_crossing(struct summary *summary)
{
    struct sentence sentence = {0}, open = {0};
    for (size_t i = 0; i < summary->crossover_count; i++) {
        const char *runner = summary->crossovers[i].cell->runner;
        char size[PARTS_TEXT];
        size_t first = 0;
        while (strcmp(summary->crossovers[first].cell->runner, runner)) first++;
        if (first < i || !was_measured(summary, runner)) continue;
        const struct crossover *c = smallest_paying(summary, runner);
        if (!c) {
            sentence_add(&open, "%s%s", open.used ? ", " : "", runner);
            continue;
        }
        sentence_add(&sentence, sentence.used ? ", " : "Starting workers pays for one job of this much work: ");
        sentence_add(&sentence, "%s %s (", runner, parts_duration(size, c->tasks.median * findings_task_ns(c)));
        sentence_add(&sentence, "%.0f tasks", c->tasks.median);
        if (!isnan(c->tasks.low)) sentence_add(&sentence, " [%.0f, %.0f]", c->tasks.low, c->tasks.high);
        sentence_add(&sentence, " of %s)", parts_duration(size, findings_task_ns(c)));
    }
    if (sentence.used && open.used) sentence_add(&sentence, ". At no task size resolved: %s", open.text);
    else if (open.used)
        sentence_add(&sentence, "Starting workers for one job is resolved to pay at no task size (%s)",
                     open.text);
    if (sentence.used) sentence_add(&sentence, ".");
    return sentence_end(summary, TOPIC_short, &sentence);
}

static const struct cell *choice(const struct advice *advice, bool warm)
{
    return (warm ? advice->warm : advice->best)->cell;
}

/* How many of the first kernel. */
static size_t choices(const struct summary *summary)
{
    size_t count = 0;
    while (count < summary->advice_count && !strcmp(summary->advices[count].kernel, summary->advices[0].kernel)) count++;
    return count;
}

/* Are they of one number of tasks? */
static bool tasks_alike(const struct summary *summary)
{
    size_t i = 0, count = choices(summary);
    while (i < count && summary->advices[i].tasks == summary->advices[0].tasks) i++;
    return i == count;
}

static bool choice_goes_on(const struct advice *from, const struct advice *next, bool warm)
{
    return from->tasks == next->tasks && cells_same(choice(from, warm), choice(next, warm), CELLS_RUNNER | CELLS_WORKERS);
}

/* "the serial loop for tasks of 1 us to 100 us, openmp with 2 threads for tasks of 1 ms": runs of equal choices; where jobs differ in
 * their number of tasks, "for 32 tasks of ..". */
static void add_choices(struct sentence *sentence, const struct summary *summary, bool warm)
{
    size_t count = choices(summary), last = 0;
    for (size_t i = 0; i < count; i = last + 1) {
        const struct advice *advice = &summary->advices[i];
        char name[2 * PARTS_TEXT], from[PARTS_TEXT], to[PARTS_TEXT], tasks[32] = "";
        for (last = i; last + 1 < count && choice_goes_on(advice, &summary->advices[last + 1], warm);) last++;
        if (!tasks_alike(summary)) snprintf(tasks, sizeof tasks, "%llu ", (unsigned long long)advice->tasks);
        sentence_add(sentence, "%s%s for %stasks of %s", i ? ", " : "", findings_choice(name, choice(advice, warm)), tasks,
                     parts_duration(from, parts_task_ns(advice->best)));
        if (last > i) sentence_add(sentence, " to %s", parts_duration(to, parts_task_ns(summary->advices[last].best)));
    }
}

static int about_choice(struct summary *summary)
{
    struct sentence sentence = {0}, warm = {0};
    if (!summary->advice_count) return 0;
    struct sentence cold = {0};
    add_choices(&cold, summary, false);
    add_choices(&warm, summary, true);
    sentence_add(&sentence, "For one job ");
    if (tasks_alike(summary)) sentence_add(&sentence, "of %llu tasks ", (unsigned long long)summary->advices[0].tasks);
    sentence_add(&sentence, "(%s), start and stop included, use %s.", summary->advices[0].kernel, cold.text);
    if (!strcmp(cold.text, warm.text)) sentence_add(&sentence, " With workers already up the same holds.");
    else sentence_add(&sentence, " With workers already up use %s.", warm.text);
    return sentence_end(summary, TOPIC_short, &sentence);
}

/* What must be known before any number: made up, with gaps. */
static int about_kind(struct summary *summary)
{
    struct sentence sentence = {0};
    size_t empty = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        empty += !row->samples && !row->errors && !row->stopped;
    }
    if (summary->run->simulated)
        sentence_add(&sentence, "This run is simulated: its numbers come from a model, not from a machine.");
    int status = sentence_end(summary, TOPIC_short, &sentence);
    if (!status && (!summary->run->complete || empty)) {
        sentence_add(&sentence, "The run is %s: %zu of %zu cells have no repetition.",
                     summary->run->complete ? "marked complete, yet has gaps" : "incomplete", empty,
                     summary->cell_count);
        status = sentence_end(summary, TOPIC_short, &sentence);
    }
    return status;
}

static void add_twice(struct sentence *sentence, const struct summary *summary)
{
    struct quantity ratio = parts_twice(summary);
    if (isnan(ratio.low)) return;
    sentence_add(sentence, " The same configuration measured twice differs by %+.1f %% [%+.1f, %+.1f]%s.",
                 100 * (ratio.median - 1), 100 * (ratio.low - 1), 100 * (ratio.high - 1),
                 stats_verdict(ratio) == VERDICT_UNRESOLVED ? "" : ", where there is no difference");
}

static bool all_unwatched(const struct run *run)
{
    for (size_t i = 0; i < run->sample_count; i++)
        if (!run->samples[i].unwatched) return false;
    return true;
}

/* How far the numbers carry: failed and disturbed repetitions, what those change, and the same thing measured twice. */
static int about_trust(struct summary *summary)
{
    const struct run *run = summary->run;
    struct disturbance found = findings_disturbance(summary);
    struct sentence sentence = {0};
    size_t errors = 0;
    for (size_t i = 0; i < summary->cell_count; i++) errors += summary->cells[i].errors;
    if (!run->sample_count) return 0;
    double share = 100.0 * (double)found.suspects / (double)run->sample_count;
    if (errors) sentence_add(&sentence, "%zu of %zu repetitions failed. ", errors, run->sample_count);
    if (!found.suspects && all_unwatched(run))
        sentence_add(&sentence, "Whether repetitions were disturbed cannot be seen: how long workers waited for a cpu is not known here.");
    else if (!found.suspects) sentence_add(&sentence, "None of %zu repetitions was disturbed.", run->sample_count);
    else {
        sentence_add(&sentence, "%.*f %% of %zu repetitions were disturbed. ", share < 10 ? 1 : 0, share,
                     run->sample_count);
        findings_add_disturbance(&sentence, &found);
    }
    add_twice(&sentence, summary);
    return sentence_end(summary, TOPIC_short, &sentence);
}

int findings_short(struct summary *summary)
{
    struct field field = {.rows = calloc(summary->cell_count + 1, sizeof *field.rows)};
    if (!field.rows) return -ENOMEM;
    int status = about_kind(summary);
    if (!status) status = about_choice(summary);
    for (int waiting = 1; waiting >= 0 && !status; waiting--) {
        field_fill(summary, waiting, &field);
        status = about_gains(summary, &field, waiting);
    }
    free(field.rows);
    if (!status) status = about_grain(summary);
    if (!status) status = about_crossing(summary);
    return status ? status : about_trust(summary);
}
