/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings: each sentence says what its numbers say, and "cannot be told" where they do not. */
#include "results/models/summary.h"
#include "tests/fixtures/runs.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct summary summarise(const struct run *run)
{
    struct summary summary = runs_summary(run);
    for (size_t i = 0; i < summary.finding_count; i++) {
        const char *text = summary.findings[i].text;
        ck_assert(!i || summary.findings[i - 1].topic <= summary.findings[i].topic);
        ck_assert_msg(text[0] && text[strlen(text) - 1] == '.', "no sentence: %s", text);
        ck_assert_msg(!strstr(text, "nan") && !strstr(text, "inf ") && !strstr(text, "-nan"), "no number: %s", text);
    }
    return summary;
}

/* Is there a finding with both words? */
static const char *said(const struct summary *summary, const char *one, const char *other)
{
    for (size_t i = 0; i < summary->finding_count; i++)
        if (strstr(summary->findings[i].text, one) && strstr(summary->findings[i].text, other))
            return summary->findings[i].text;
    return NULL;
}

static void must_say(const struct summary *summary, const char *one, const char *other)
{
    if (said(summary, one, other)) return;
    for (size_t i = 0; i < summary->finding_count; i++)
        printf("- %s: %s\n", topic_kinds[summary->findings[i].topic].name, summary->findings[i].text);
    ck_abort_msg("nobody said '%s' with '%s'", one, other);
}

/* Block-wise noise of +-`percent` %, another for each cell, balanced over 11 blocks. */
static int64_t noisy(int64_t wall, unsigned cell, unsigned block, int percent)
{
    return wall + wall * percent / 100 * ((int)((cell * 7 + block * 5) % 11) - 5) / 5;
}

static void fill(struct run *run, const int64_t *walls, unsigned blocks, int percent)
{
    for (unsigned block = 0; block < blocks; block++)
        for (unsigned cell = 0; cell < run->cell_count; cell++) {
            struct observation *sample = runs_sample(run, cell, block, noisy(walls[cell], cell, block, percent));
            sample->start_ns = run->cells[cell].baseline == cell ? 0 : 10000;
            sample->stop_ns = 0;
        }
}

/* Tasks of 10, 20 and 40 us; at 10 us two threads are fast in most blocks and useless in `slow` of five. The median reaches
 * half of the ideal at the smallest size, and "less than 10 us" was said. */
static struct run uneven_run(unsigned slow)
{
    struct run run = runs_new();
    for (unsigned size = 10; size <= 40; size *= 2) {
        struct cell *cell = NULL;
        for (unsigned threads = 1; threads <= 2; threads++) {
            cell = runs_cell(&run, threads == 1 ? "serial" : "openmp", 1, threads);
            cell->size = cell->task_time_ns = 1000 * size;
            cell->tasks = 1000;
        }
        for (unsigned block = 0; block < 10; block++) {
            runs_sample(&run, cell->id - 1, block, 1000000 * size);
            runs_sample(&run, cell->id, block, size == 10 && block % 5 < slow ? 2000000 * size : 600000 * size);
        }
    }
    return run;
}

START_TEST(a_smallest_task_that_not_all_blocks_agree_on)
{
    struct run run = uneven_run(0);
    struct summary summary = summarise(&run);
    must_say(&summary, "hold this much work", "openmp less than 10 us");
    must_say(&summary, "already up", "(spin) less than 10 us");
    summary_free(&summary);
    run_free(&run);
    run = uneven_run(2);
    summary = summarise(&run);
    ck_assert(summary.metg_count == 1 && summary.metgs[0].bound);
    ck_assert_double_eq_tol(summary.metgs[0].work_ns.median, 10000, 1e-6);
    ck_assert_double_gt(summary.metgs[0].work_ns.high, 11000);
    must_say(&summary, "hold this much work", "openmp less than 1");
    ck_assert(!said(&summary, "hold this much work", "openmp less than 10 us"));
    ck_assert(!said(&summary, "already up", "(spin) less than 10 us"));
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(best_number_of_workers_and_where_it_ends)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    for (unsigned p = 2; p <= 16; p *= 2) runs_cell(&run, "openmp", 1, p);
    fill(&run, (int64_t[]){800000, 400000, 200000, 200500, 300000}, 11, 0);
    struct summary summary = summarise(&run);
    must_say(&summary, "spin (800 us serially): 4.00 times", "as fast with 4 threads of openmp");
    must_say(&summary, "More workers than these gain nothing that can be resolved; up to 16 were measured", "");
    must_say(&summary, "Too many workers cost speed: spin under openmp (2.67 times with 16 threads)", "");
    ck_assert_ptr_null(said(&summary, "fitted curve peaks", ""));
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* Equal in time and workers: threads of one process before a pool of processes, before both. */
START_TEST(of_equals_the_simplest_runner_is_recommended)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "python", 2, 1);
    runs_cell(&run, "hybrid", 1, 2);
    runs_cell(&run, "forkpool", 2, 1);
    runs_cell(&run, "openmp", 1, 2);
    fill(&run, (int64_t[]){800000, 400000, 399000, 400500, 401000}, 11, 0);
    struct summary summary = summarise(&run);
    ck_assert_str_eq(summary.advices[0].best->cell->runner, "openmp");
    ck_assert_str_eq(summary.advices[0].warm->cell->runner, "openmp");
    summary_free(&summary);
    run.cell_count = 4; /* without openmp */
    size_t kept = 0;
    for (size_t i = 0; i < run.sample_count; i++)
        if (run.samples[i].cell < 4) run.samples[kept++] = run.samples[i];
    run.sample_count = kept;
    summary = summarise(&run);
    ck_assert_str_eq(summary.advices[0].best->cell->runner, "forkpool");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

/* A part of a run with no cell of its own, and a run before its first repetition. */
START_TEST(a_runner_without_a_repetition_is_not_said_to_gain_nothing)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "openmp", 1, 2);
    struct summary summary = summarise(&run);
    ck_assert_uint_gt(summary.finding_count, 0);
    for (size_t i = 0; i < summary.finding_count; i++)
        ck_assert_ptr_null(strstr(summary.findings[i].text, "at no task size"));
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(no_gain_is_called_that)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "openmp", 1, 2);
    runs_cell(&run, "openmp", 1, 4);
    fill(&run, (int64_t[]){100000, 150000, 200000}, 11, 1);
    struct summary summary = summarise(&run);
    must_say(&summary, "spin (100 us serially). At no number of workers faster than serial: 0.6", "of openmp.");
    ck_assert_ptr_nonnull(strstr(summary.advices[0].sentence, "stay serial"));
    must_say(&summary, "beats serial, start and stop included, at no task size that is resolved. Never for tasks of",
             "");
    must_say(&summary, "No computing kernel is resolved to be faster than serial", "");
    summary_free(&summary);
    run_free(&run);
    run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "openmp", 1, 2);
    runs_cell(&run, "openmp", 1, 4);
    fill(&run, (int64_t[]){100000, 99000, 130000}, 11, 10);
    summary = summarise(&run);
    must_say(&summary, "spin (100 us serially). Not resolved: ", "of openmp.");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(runners_are_ranked_only_where_resolved)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    static const char *const names[] = {"openmp", "forkpool", "python"};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned p = 2; p <= 4; p *= 2) runs_cell(&run, names[i], p, 1);
    fill(&run, (int64_t[]){400000, 300000, 100000, 300000, 100300, 300000, 150000}, 11, 3);
    struct summary summary = summarise(&run);
    const char *text = said(&summary, "cannot be told", "apart");
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, "openmp and forkpool cannot be told apart on spin") && strstr(text, "python takes 1."),
                  "%s", text);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(placement_is_resolved_or_not)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    static const char *const names[] = {"none", "close", "spread"};
    for (unsigned i = 0; i < 3; i++) {
        struct cell *cell = runs_cell(&run, "openmp", 1, 4);
        strcpy(cell->study, "placement");
        strcpy(cell->placement, names[i]);
    }
    fill(&run, (int64_t[]){400000, 100100, 200000, 100000}, 11, 2);
    struct summary summary = summarise(&run);
    const char *text = said(&summary, "close takes 2.0", "is not resolved");
    ck_assert_ptr_nonnull(text);
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(chunks_and_splits)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    for (unsigned i = 0; i < 4; i++) {
        struct cell *cell = runs_cell(&run, "forkpool", 4, 1);
        strcpy(cell->study, "chunk");
        cell->chunk = 1u << (2 * i);
    }
    static const unsigned shapes[][2] = {{1, 4}, {2, 2}, {4, 1}, {2, 1}};
    for (unsigned i = 0; i < 4; i++) strcpy(runs_cell(&run, "hybrid", shapes[i][0], shapes[i][1])->study, "hybrid");
    fill(&run, (int64_t[]){400000, 150000, 101000, 100000, 300000, 140000, 110000, 112000, 200000}, 11, 0);
    struct summary summary = summarise(&run);
    must_say(&summary, "fastest with chunk 16. Chunks from 4 to 16 cannot be told from it.", "Chunk 64 takes 3.0");
    must_say(&summary, "fastest with chunk 16", "Chunk 1 takes 1.5");
    must_say(&summary, "4 workers are fastest as 2 x 2 (processes x threads)", "1 x 4 takes 1.27");
    must_say(&summary, "hybrid: 2 processes take 10 us to start", "");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(gaps_errors_and_suspicion_come_first)
{
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    runs_cell(&run, "openmp", 1, 2);
    runs_cell(&run, "openmp", 1, 4);
    run.complete = false;
    run.simulated = true;
    for (unsigned block = 0; block < 6; block++) {
        runs_sample(&run, 0, block, 1000);
        runs_sample(&run, 1, block, 600);
    }
    strcpy(run.samples[1].status, "timeout");
    run.samples[3].suspect = "throttled";
    struct summary summary = summarise(&run);
    ck_assert_ptr_nonnull(strstr(summary.findings[0].text, "simulated"));
    ck_assert_str_eq(summary.findings[1].text, "The run is incomplete: 1 of 3 cells have no repetition.");
    ck_assert_int_eq(summary.findings[1].topic, TOPIC_short);
    must_say(&summary, "1 of 12 repetitions failed", "timeout");
    must_say(&summary, "1 of 12 repetitions are suspect: throttled 1 time (a container's limit stopped the workers)",
             "");
    must_say(&summary, "1 of 12 repetitions failed. 8.3 % of 12 repetitions were disturbed.", "too few repetitions");
    must_say(&summary, "n = 5, no interval", "");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(duplicates_are_judged)
{
    for (int differs = 0; differs < 2; differs++) {
        struct run run = runs_new();
        runs_cell(&run, "serial", 1, 1);
        runs_cell(&run, "openmp", 1, 2);
        runs_cell(&run, "openmp", 1, 2)->duplicate = 1;
        fill(&run, (int64_t[]){100000, 50000, differs ? 60000 : 50000}, 11, 2);
        struct summary summary = summarise(&run);
        must_say(&summary, "A/A: openmp with 2 threads (spin)", differs ? "where there is none" : "as it must be");
        ck_assert_uint_eq(summary.crossover_count, 1); /* the duplicate is no cell of its own */
        summary_free(&summary);
        run_free(&run);
    }
}
END_TEST

/* Three pairs x 7 blocks of which one repetition takes three times as long: one pair alone would spoil the run. */
START_TEST(one_late_repetition_does_not_cost_the_trust_of_several_pairs)
{
    for (unsigned pairs = 1; pairs <= 3; pairs += 2) {
        struct run run = runs_new();
        runs_cell(&run, "serial", 1, 1);
        for (unsigned i = 0; i < pairs; i++) {
            static const char *const runners[] = {"openmp", "forkpool", "hybrid"};
            runs_cell(&run, runners[i], 1, 2);
            runs_cell(&run, runners[i], 1, 2)->duplicate = 1 + 2 * i;
        }
        for (unsigned block = 0; block < 7; block++)
            for (unsigned i = 0; i < run.cell_count; i++)
                runs_sample(&run, i, block, i == 2 && block == 3 ? 1500000 : 500000 + 1000 * ((block + i) % 4));
        struct summary summary = summarise(&run);
        ck_assert_str_eq(trust_names[summary.trust.verdict], pairs == 1 ? "not to be trusted" : "trusted");
        summary_free(&summary);
        run_free(&run);
    }
}
END_TEST

/* A hundred cells x 10 blocks of like times, of which `marked` repetitions carry a word: block by block, or all of one cell
 * after another; `apart`: how far the second of an A/A pair is from the first. */
static enum trust_verdict verdict_of(const char *word, unsigned marked, bool whole_cells, double apart)
{
    enum { CELLS = 100, BLOCKS = 10 };
    struct run run = runs_new();
    runs_cell(&run, "serial", 1, 1);
    for (unsigned i = 1; i < CELLS; i++) runs_cell(&run, "openmp", 1, 2)->chunk = i;
    run.cells[2].duplicate = 1;
    run.cells[2].chunk = 1;
    for (unsigned block = 0; block < BLOCKS; block++)
        for (unsigned i = 0; i < CELLS; i++) {
            unsigned place = whole_cells ? (CELLS - 1 - i) * BLOCKS + block : block * CELLS + i;
            struct observation *sample = runs_sample(&run, i, block, llround(1e6 * (i == 2 ? 1 + apart : 1)));
            if (place < marked) sample->suspect = word;
        }
    struct summary summary = summarise(&run);
    enum trust_verdict verdict = summary.trust.verdict;
    summary_free(&summary);
    run_free(&run);
    return verdict;
}

/* The last that is trusted, the first with care, the last with care, the first that is not to be trusted. */
START_TEST(trust_ends_at_its_limits)
{
    static const struct {
        const char *word;
        unsigned marked[4];
        bool whole_cells;
        double apart[4];
    } limits[] = {
        {"preempted", {200, 201, 500, 501}, false, {0, 0, 0, 0}}, /* a fifth, a half of the repetitions */
        {"drift", {100, 101, 500, 501}, false, {0, 0, 0, 0}},
        {"preempted", {20, 30, 250, 260}, true, {0, 0, 0, 0}}, /* 2 and 25 of 100 cells have no other repetition */
        {"", {0, 0, 0, 0}, false, {0.149, 0.151, 0.399, 0.401}},
        {"", {0, 0, 0, 0}, false, {-0.149, -0.151, -0.399, -0.401}},
    };
    static const enum trust_verdict wanted[] = {TRUST_GOOD, TRUST_CARE, TRUST_CARE, TRUST_NONE};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (size_t k = 0; k < 4; k++) {
            enum trust_verdict found =
                verdict_of(limits[i].word, limits[i].marked[k], limits[i].whole_cells, limits[i].apart[k]);
            ck_assert_msg(found == wanted[k], "limit %zu, case %zu: %s", i, k, trust_names[found]);
        }
}
END_TEST

START_TEST(of_fewer_than_twenty_repetitions_a_share_says_with_care_at_most)
{
    static const enum trust_verdict wanted[2][2] = {{TRUST_GOOD, TRUST_CARE}, {TRUST_CARE, TRUST_NONE}};
    for (unsigned blocks = 19; blocks <= 20; blocks++)
        for (unsigned marked = 9; marked <= 19; marked += 10) {
            struct run run = runs_new();
            runs_cell(&run, "serial", 1, 1);
            for (unsigned block = 0; block < blocks; block++)
                runs_sample(&run, 0, block, 1000000)->suspect = block < marked ? "preempted" : "";
            struct summary summary = summarise(&run);
            ck_assert_int_eq(summary.trust.verdict, wanted[blocks - 19][marked == 19]);
            summary_free(&summary);
            run_free(&run);
        }
}
END_TEST

/* A cell that was left out after its first repetition: n = 1, no interval. */
START_TEST(what_has_no_interval_is_said_where_many_are_counted)
{
    struct run run = runs_new();
    static const char *const kernels[] = {"spin", "primes", "nqueens", "triad"};
    for (unsigned c = 0; c < 12; c++) {
        struct cell *cell = runs_cell(&run, c % 3 ? "openmp" : "serial", 1, c % 3 ? 2 * (c % 3) : 1);
        strcpy(cell->label, kernels[c / 3]);
        strcpy(cell->kernel, kernels[c / 3]);
        cell->baseline = c / 3 * 3;
        for (unsigned block = 0; block < (c < 9 ? 6 : 1); block++) {
            runs_sample(&run, c, block, c % 3 ? 520000 : 1000000);
            run.samples[run.sample_count - 1].user_ns = 1000000;
        }
    }
    struct summary summary = summarise(&run);
    must_say(&summary, "All 4 computing kernels are faster than serial",
             "each with its best runner (1 of them without an interval)");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(two_problems_of_a_kernel_are_one_kernel)
{
    struct run run = runs_new();
    static const char *const kernels[] = {"spin", "primes", "nqueens", "triad", "spin"};
    for (unsigned c = 0; c < 15; c++) {
        struct cell *cell = runs_cell(&run, c % 3 ? "openmp" : "serial", 1, c % 3 ? 2 * (c % 3) : 1);
        strcpy(cell->label, kernels[c / 3]);
        strcpy(cell->kernel, kernels[c / 3]);
        cell->tasks = c < 12 ? 100 : 50;
        cell->baseline = c / 3 * 3;
        for (unsigned block = 0; block < 6; block++) {
            runs_sample(&run, c, block, !(c % 3) ? 1000000 : c < 12 ? 520000 : 900000);
            run.samples[run.sample_count - 1].user_ns = 1000000;
        }
    }
    struct summary summary = summarise(&run);
    must_say(&summary, "All 4 computing kernels are faster than serial", "1.92 times in the median, each with its best runner and problem");
    ck_assert_ptr_null(said(&summary, "All 4 computing kernels", "1.11 times"));
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(placements_without_an_interval_are_not_counted_as_compared)
{
    for (unsigned blocks = 1; blocks <= 6; blocks += 5) {
        struct run run = runs_new();
        runs_cell(&run, "serial", 1, 1);
        for (unsigned i = 0; i < 2; i++) strcpy(runs_cell(&run, "openmp", 1, 2)->placement, i ? "close" : "spread");
        for (unsigned c = 0; c < 3; c++) strcpy(run.cells[c].study, "placement");
        for (unsigned block = 0; block < blocks; block++)
            for (unsigned c = 0; c < 3; c++) runs_sample(&run, c, block, c ? 520000 + block : 1000000);
        struct summary summary = summarise(&run);
        bool said = false;
        for (size_t i = 0; i < summary.finding_count; i++)
            said |= strstr(summary.findings[i].text, "No placement") != NULL;
        ck_assert_msg(said == (blocks == 6), "%u blocks", blocks);
        summary_free(&summary);
        run_free(&run);
    }
}
END_TEST

START_TEST(in_short_tells_waiting_from_computing)
{
    struct run run = runs_new();
    static const char *const kernels[] = {"square", "spin", "primes"};
    for (unsigned i = 0; i < 3; i++) {
        unsigned base = run.cell_count;
        runs_cell(&run, "serial", 1, 1);
        runs_cell(&run, "openmp", 1, 4);
        runs_cell(&run, "openmp", 1, 8);
        for (unsigned c = base; c < base + 3; c++) {
            strcpy(run.cells[c].label, kernels[i]);
            strcpy(run.cells[c].kernel, kernels[i]);
            run.cells[c].baseline = base;
        }
    }
    fill(&run, (int64_t[]){800000, 200000, 100000, 800000, 500000, 400000, 800000, 900000, 795000}, 11, 5);
    for (size_t i = 0; i < run.sample_count; i++) {
        run.samples[i].user_ns = run.samples[i].cell < 3 ? 1000 : 800000;
        run.samples[i].system_ns = 0;
    }
    struct summary summary = summarise(&run);
    must_say(&summary, "The waiting kernel is faster than serial: square ", "with 8 threads of openmp");
    must_say(&summary, "1 of 2 computing kernels is faster than serial", "For the others no gain is resolved");
    must_say(&summary, "None of 99 repetitions was disturbed", "");
    summary_free(&summary);
    for (size_t i = 0; i < run.sample_count; i++) run.samples[i].unwatched = true;
    summary = summarise(&run);
    must_say(&summary, "Whether repetitions were disturbed cannot be seen", "");
    summary_free(&summary);
    run_free(&run);
}
END_TEST

START_TEST(disturbed_repetitions_are_weighed)
{
    for (int matters = 0; matters < 2; matters++) {
        struct run run = runs_new();
        runs_cell(&run, "serial", 1, 1);
        runs_cell(&run, "openmp", 1, 2);
        fill(&run, (int64_t[]){100000, 50000}, 11, 2);
        for (size_t i = 0; i < run.sample_count; i++) {
            struct observation *sample = &run.samples[i];
            if (sample->cell != 1 || sample->block >= (matters ? 9u : 3u)) continue;
            sample->suspect = "preempted";
            if (matters) sample->wall_ns *= 2;
        }
        struct summary summary = summarise(&run);
        must_say(&summary, "preempted ", "something else ran on a worker's cpu");
        must_say(&summary, "repetitions were disturbed",
                 matters ? "without the disturbed ones 1 of 1 medians leave" : "they need not worry you");
        summary_free(&summary);
        run_free(&run);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("findings");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_smallest_task_that_not_all_blocks_agree_on);
    tcase_add_test(all, best_number_of_workers_and_where_it_ends);
    tcase_add_test(all, of_equals_the_simplest_runner_is_recommended);
    tcase_add_test(all, a_runner_without_a_repetition_is_not_said_to_gain_nothing);
    tcase_add_test(all, no_gain_is_called_that);
    tcase_add_test(all, runners_are_ranked_only_where_resolved);
    tcase_add_test(all, placement_is_resolved_or_not);
    tcase_add_test(all, chunks_and_splits);
    tcase_add_test(all, gaps_errors_and_suspicion_come_first);
    tcase_add_test(all, what_has_no_interval_is_said_where_many_are_counted);
    tcase_add_test(all, two_problems_of_a_kernel_are_one_kernel);
    tcase_add_test(all, placements_without_an_interval_are_not_counted_as_compared);
    tcase_add_test(all, duplicates_are_judged);
    tcase_add_test(all, one_late_repetition_does_not_cost_the_trust_of_several_pairs);
    tcase_add_test(all, trust_ends_at_its_limits);
    tcase_add_test(all, of_fewer_than_twenty_repetitions_a_share_says_with_care_at_most);
    tcase_add_test(all, disturbed_repetitions_are_weighed);
    tcase_add_test(all, in_short_tells_waiting_from_computing);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
