/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forkpool_programs.h: random programs of the pool, each told by a seed: steps, drawn one by one, and an end. */
#ifndef FORKPOOL_PROGRAMS_H
#define FORKPOOL_PROGRAMS_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "tests/forkpool/forkpool_records.h"

/* ---- steps that start something ---- */
static void step_call(void)
{
    struct record *record = record_new(CALL);
    record->x = (long)below(1000);
    record->job = forkpool_async(program_pool, cube, record->x);
    taken(record->job ? 0 : -errno);
}

static struct forkpool_task task_of(struct record *record, unsigned number)
{
    struct argument *argument = record->argument = malloc(sizeof *argument);
    must(argument, "no memory");
    *argument = (struct argument){.kind = one_in(2) ? GOOD : below(KINDS), .number = number, .seed = (unsigned)draw()};
    record->result_bytes = one_in(2) ? below(100) : below(BYTES);
    for (size_t i = 0; i < record->result_bytes; i++) argument->bytes[i] = (unsigned char)draw();
    record->retries = one_in(4) ? 1 + below(2) : 0;
    struct forkpool_task task = {.run = run_task, .argument = argument, .argument_bytes = offsetof(struct argument, bytes) + record->result_bytes,
        .result_bytes = record->result_bytes, .limits.retries = record->retries, .user = record, .urgent = one_in(3)};
    if (argument->kind == ENDLESS) task.limits.hard_ns = 5 * MS;
    else if (one_in(8)) task.limits.hard_ns = task.limits.cpu_ns = INT64_MAX;
    if (argument->kind == POLITE && one_in(2)) task.limits.soft_ns = 2 * MS;
    if (record->has_callbacks) task.done = task.failed = callback;
    return task;
}

static void step_task(void)
{
    struct record *record = record_new(TASK);
    struct forkpool_task task = task_of(record, record_count);
    if (!taken(forkpool_submit(program_pool, &task, &record->job))) free(record->argument);
}

/* A batch: what a full pool does not take is its end, and what came before it runs. */
static void step_many(void)
{
    enum { BATCH = 40 };
    struct forkpool_task tasks[BATCH] = {{0}};
    struct forkpool_job *jobs[BATCH];
    unsigned count = below(BATCH), first = record_count, taken_of_them = 0;
    if (first + count > RECORDS - STEPS) return;
    for (unsigned i = 0; i < count; i++) tasks[i] = task_of(record_new_at(first + i, TASK), first + i);
    int rc = forkpool_submit_many(program_pool, tasks, count, jobs);
    must(rc == 0 || (rc == -EAGAIN && program_would_block), "submit_many: %s", forkpool_strerror(rc));
    while (taken_of_them < count && jobs[taken_of_them]) records[first + taken_of_them].job = jobs[taken_of_them], taken_of_them++;
    must(rc ? taken_of_them < count : taken_of_them == count, "%u of %u were taken: %s", taken_of_them, count, forkpool_strerror(rc));
    record_count += taken_of_them;
    for (unsigned i = taken_of_them; i < count; i++) {
        must(!jobs[i], "task %u has a job behind one that was not taken", i);
        free(records[first + i].argument);
    }
}

static void *array_new(const struct record *record, size_t bytes)
{
    return record->shared ? forkpool_alloc(program_pool, bytes) : calloc(1, bytes ? bytes : 1);
}

/* Of an item map: every item its own number. */
static struct forkpool_map items_of(struct record *record)
{
    record->tasks = one_in(3) ? below(8) : below(ITEMS);
    record->shared = record->tasks && one_in(2);
    record->input = array_new(record, record->tasks * sizeof *record->input);
    record->output = array_new(record, record->tasks * sizeof *record->output);
    record->status = calloc(record->tasks + 1, sizeof *record->status);
    must(record->input && record->output && record->status, "no memory");
    for (size_t i = 0; i < record->tasks; i++) record->input[i] = (uint32_t)i;
    record->context.deaths = one_in(4) ? 300 : 0;
    record->context.failures = one_in(4) ? 200 : 0;
    return (struct forkpool_map){.tasks = record->tasks, .item = run_item, .input = record->input, .input_stride = sizeof *record->input,
        .output = record->output, .output_stride = sizeof *record->output, .status = record->status};
}

static void choose(struct record *record, struct forkpool_map *map)
{
    record->fail_fast = one_in(5);
    map->context = &record->context;
    map->context_bytes = sizeof record->context;
    map->schedule = (enum forkpool_schedule)below(4);
    map->chunk = one_in(2) ? 0 : 1 + below(100);
    map->flags = record->fail_fast ? FORKPOOL_FAIL_FAST : 0;
}

static void step_map(void)
{
    struct record *record = record_new(one_in(2) ? ITEM_MAP : RANGE_MAP);
    struct forkpool_map map = {.tasks = record->tasks = below(ITEMS), .range = run_range};
    if (record->form == ITEM_MAP) map = items_of(record);
    choose(record, &map);
    map.user = record;
    if (record->has_callbacks) map.done = map.failed = callback;
    if (record->fail_fast && (record->context.deaths || record->context.failures)) record->may_cancel = true;
    taken(forkpool_map_async(program_pool, &map, &record->job));
}

/* All of it, or left early. Kills from outside come only between steps. */
static void step_iterate(void)
{
    struct record *record = record_new(ITEM_MAP);
    struct forkpool_map map = items_of(record);
    struct forkpool_iterator *iterator;
    bool ordered = one_in(2), early = one_in(4);
    size_t seen = 0, index;
    int rc, status;
    void *output;
    map.status = NULL;
    choose(record, &map);
    record_count++;
    rc = forkpool_imap(program_pool, &map, ordered, &iterator);
    must(rc == 0, "imap: %s", forkpool_strerror(rc));
    while (!(early && seen == record->tasks / 2) && (rc = forkpool_next(iterator, PATIENCE_NS, &index, &status, &output)) == 1) {
        must(index < record->tasks && (!ordered || index == seen), "item %zu came at %zu", index, seen);
        must(record->status[index]++ == 0, "item %zu came twice", index);
        check_item(record, index, status, output);
        seen++;
    }
    must(early || (rc == 0 && seen == record->tasks), "%zu of %zu items came: %s", seen, record->tasks, forkpool_strerror(rc));
    forkpool_iterator_delete(iterator);
    array_free(record, record->input), array_free(record, record->output);
    free(record->status);
}

/* ---- steps that look ---- */
static void step_wait(void)
{
    struct record *record = any_record();
    if (!record) return;
    int rc = forkpool_wait(record->job, one_in(3) ? (int64_t)below(3000000) : PATIENCE_NS);
    must(rc == 0 || rc == -ETIMEDOUT, "wait: %s", forkpool_strerror(rc));
    if (!rc) record_end(record);
}

static void step_wait_any(void)
{
    struct forkpool_job *jobs[16];
    struct record *of[16];
    size_t count = 0, index;
    for (unsigned i = below(RECORDS); count < 16 && i < record_count; i++)
        if (records[i].job) of[count] = &records[i], jobs[count++] = records[i].job;
    if (!count) return;
    int rc = forkpool_wait_any(jobs, count, PATIENCE_NS, &index);
    must(rc == 0 && index < count, "wait_any: %s", forkpool_strerror(rc));
    record_end(of[index]);
}

static void step_poll(void)
{
    int rc = one_in(2) ? forkpool_poll(program_pool) : forkpool_poll_wait(program_pool, (int64_t)below(2000000));
    must(rc >= 0 || rc == -ETIMEDOUT, "poll: %s", forkpool_strerror(rc));
}

static void step_stats(void)
{
    struct forkpool_stats stats;
    struct forkpool_loss losses[8];
    must(!forkpool_stats(program_pool, &stats), "stats");
    must(!stats.error && !*forkpool_reason(program_pool), "broken: %s", forkpool_reason(program_pool));
    must(stats.submitted >= stats.ended, "%lu submitted, %lu ended", (unsigned long)stats.submitted, (unsigned long)stats.ended);
    forkpool_losses(program_pool, losses, 8);
}

/* ---- steps that disturb ---- */
static void step_cancel(void)
{
    struct record *record = any_record();
    if (!record) return;
    record->may_cancel = true;
    int rc = forkpool_cancel(record->job, (int)below(2));
    must(rc == 0 || rc == -EALREADY, "cancel: %s", forkpool_strerror(rc));
    rc = forkpool_started(record->job);
    must(rc == 0 || rc == 1 || rc == -EALREADY, "started: %s", forkpool_strerror(rc));
}

static void step_cancel_all(void)
{
    if (!one_in(8)) return;
    disturb(false, true);
    must(forkpool_cancel_all(program_pool, (int)below(2)) >= 0, "cancel_all");
}

static void step_kill(void)
{
    static const int signals[] = {SIGKILL, SIGKILL, SIGTERM, SIGSEGV, SIGINT, SIGCONT, SIGALRM};
    struct forkpool_worker_stats stats;
    if (!one_in(3) || forkpool_worker_stats(program_pool, below(4), &stats) || stats.pid <= 1) return;
    int signal = signals[below(sizeof signals / sizeof *signals)];
    disturb(true, false);
    kill(stats.pid, signal);
    /* What starts from now on is to find it gone. */
    for (int waited_us = 0; signal != SIGCONT && !kill(stats.pid, 0) && waited_us < 1000000; waited_us += 200) nap(200);
}

static void step_resize(void)
{
    int rc = forkpool_resize(program_pool, 1 + below(8));
    must(rc == 0, "resize: %s", forkpool_strerror(rc));
}

static void step_nap(void) { nap(below(4000)); }

/* ---- a whole program ---- */
static void on_alarm(int signal) { (void)signal; }

/* Signals of the program's own that interrupt its calls, now and then. */
static void interrupt_often(bool on)
{
    struct itimerval timer = {{0, on ? 1700 : 0}, {0, on ? 1700 : 0}};
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void program_open(void)
{
    char why[256] = "";
    program_would_block = one_in(3);
    struct forkpool_config config = {.workers = 1 + below(4), .workers_max = 8, .max_inflight = one_in(2) ? 0 : 16 + below(100),
        .would_block = program_would_block, .recycle_tasks = one_in(4) ? 1 + below(20) : 0, .idle_ns = one_in(4) ? 3 * MS : 0,
        .grace_ns = 20 * MS, .restart_max = 1000000, .restart_window_ns = 1000 * MS};
    int rc = forkpool_open_with(&config, &program_pool, why, sizeof why);
    must(rc == 0, "open: %s", why);
}

static void drain(void)
{
    for (unsigned i = 0; i < record_count; i++) {
        if (!records[i].job) continue;
        int rc = forkpool_wait(records[i].job, PATIENCE_NS);
        must(rc == 0, "a job that never ends: form %d, kind %d: %s", records[i].form, records[i].argument ? (int)records[i].argument->kind : -1,
             forkpool_strerror(rc));
        record_end(&records[i]);
    }
}

enum ending { CLOSE, TERMINATE, INTERRUPT, DELETE, ENDINGS };
static void program_end(enum ending ending)
{
    if (ending == CLOSE) forkpool_close(program_pool);
    if (ending == TERMINATE) forkpool_terminate(program_pool);
    if (ending == INTERRUPT) forkpool_interrupt(program_pool);
    if (ending != CLOSE) disturb(false, true);
    if (ending != DELETE) {
        must(!forkpool_async(program_pool, cube, 1), "taken after the end");
        drain();
        if (ending == INTERRUPT) forkpool_terminate(program_pool);
        int rc = forkpool_join(program_pool, PATIENCE_NS);
        must(rc == 0, "join: %s", forkpool_strerror(rc));
    }
    forkpool_delete(program_pool);
}

/* 0; where something is wrong it says so on standard output and ends the process. */
static int program_run(unsigned long seed)
{
    static void (*const steps[])(void) = {step_call, step_call, step_task, step_task, step_task, step_many, step_map, step_iterate, step_wait, step_wait,
        step_wait_any, step_poll, step_stats, step_cancel, step_cancel_all, step_kill, step_resize, step_nap};
    struct leftovers before = leftovers_begin();
    program_seed = chance = seed;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(table != MAP_FAILED, "no memory");
    program_open();
    interrupt_often(one_in(3));
    unsigned count = 5 + below(STEPS);
    for (step = 0; step < (int)count; step++) steps[below(sizeof steps / sizeof *steps)]();
    if (one_in(2)) drain();
    interrupt_often(false);
    program_end((enum ending)below(ENDINGS));
    munmap(table, sizeof *table);
    must(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a process is left");
    must(leftovers_fds() == before.fds && leftovers_mappings() == before.mappings, "descriptors or mappings are left");
    return 0;
}

#endif
