/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forkpool_records.h: what a random program of the pool has started, and what each must come to. */
#ifndef FORKPOOL_RECORDS_H
#define FORKPOOL_RECORDS_H

#include "forkpool/forkpool.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

enum { STEPS = 60, RECORDS = 512, ITEMS = 2000, BYTES = 3000, PATIENCE_S = 30 };
#define PATIENCE_NS (INT64_C(1000000000) * PATIENCE_S)
#define MS UINT64_C(1000000)

/* ---- chance ---- */
static struct forkpool *program_pool;
static unsigned long program_seed;
static uint64_t chance;
static int step;

static uint64_t draw(void) /* splitmix64 */
{
    uint64_t z = chance += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}
static unsigned below(unsigned bound) { return (unsigned)(draw() % bound); }
static bool one_in(unsigned n) { return below(n) == 0; }

/* The first thing that is not as it must be ends the program. */
__attribute__((format(printf, 2, 3), noreturn)) static void wrong(int line, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("seed %lu, step %d, line %d: ", program_seed, step, line);
    vprintf(format, list);
    printf("%s%s\n", program_pool && *forkpool_reason(program_pool) ? "; broken: " : "", program_pool ? forkpool_reason(program_pool) : "");
    fflush(stdout);
    va_end(list);
    _exit(1);
}
#define must(condition, ...) ((condition) ? (void)0 : wrong(__LINE__, __VA_ARGS__))

/* ---- tasks ---- */
enum kind { GOOD, FAILS, CRASHES, ENDLESS, POLITE, CLOSES, FORKS, NAPS, STOPS, KINDS };
struct argument {
    enum kind kind;
    unsigned number, seed; /* of its record */
    unsigned char bytes[BYTES];
};
static struct table {
    _Atomic unsigned runs[RECORDS]; /* of tasks */
    _Atomic unsigned items[RECORDS][ITEMS];
} *table;

static void die(unsigned how)
{
    switch (how % 6) {
    case 0: abort();
    case 1: raise(SIGSEGV); break;
    case 2: exit(3);
    case 3: _exit(0);
    case 4: kill(getpid(), SIGKILL); break;
    default: execl("/bin/true", "true", (char *)NULL);
    }
    pause();
}

static void nap(unsigned us) { nanosleep(&(struct timespec){0, (long)us * 1000}, NULL); }

static int run_task(const void *given, size_t bytes, void *result, size_t result_bytes)
{
    struct argument argument;
    memcpy(&argument, given, bytes);
    atomic_fetch_add(&table->runs[argument.number], 1);
    switch (argument.kind) {
    case FAILS: return (int)(1 + argument.seed % 100);
    case CRASHES: die(argument.seed); break;
    case ENDLESS: for (;;) pause();
    case POLITE: for (int i = 0; i < 60 && !forkpool_stopping(); i++) nap(1000); break;
    case CLOSES: for (int fd = 0; fd < 40; fd++) close(fd); break;
    case FORKS: if (!fork()) for (;;) pause(); break;
    case NAPS: nap(argument.seed % 3000); break;
    case STOPS: raise(SIGSTOP); break; /* the pool lets it go on */
    default: break;
    }
    for (size_t i = 0; i < result_bytes; i++) ((unsigned char *)result)[i] = argument.bytes[i] ^ (unsigned char)argument.seed;
    return 0;
}

static long cube(long x) { return x * x * x; }

/* An item: three times its input; some fail, some kill their worker. */
struct map_context { unsigned number, deaths, failures; };
static bool item_in(unsigned one_of, uint32_t i) { return one_of && i * UINT32_C(2654435761) % one_of == 0; }
static int run_item(void *given, const void *input, void *output)
{
    const struct map_context *context = given;
    uint32_t i;
    memcpy(&i, input, sizeof i);
    atomic_fetch_add(&table->items[context->number][i], 1);
    if (item_in(context->deaths, i)) die(i);
    memcpy(output, &(uint32_t){3 * i}, sizeof i);
    return item_in(context->failures, i) ? 7 : 0;
}
static int run_range(void *given, unsigned worker, size_t begin, size_t end)
{
    const struct map_context *context = given;
    (void)worker;
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&table->items[context->number][i], 1);
    return 0;
}

/* ---- what was started, and what may have come over it ---- */
enum form { CALL, TASK, ITEM_MAP, RANGE_MAP };
struct record {
    struct forkpool_job *job;
    enum form form;
    struct argument *argument;
    struct map_context context;
    size_t result_bytes, tasks;
    unsigned retries;
    long x;
    uint32_t *input, *output;
    int *status;
    bool may_lose, may_cancel, fail_fast, has_callbacks, shared; /* shared: the arrays are the pool's memory */
    int callbacks;
};
static struct record records[RECORDS];
static unsigned record_count;

static void callback(struct forkpool_job *job, int status, void *user)
{
    struct record *record = user;
    must(forkpool_status(job) == status, "a callback gets %d, the job has %d", status, forkpool_status(job));
    record->callbacks++;
    if (one_in(4)) forkpool_poll(program_pool);
}

static struct record *record_new_at(unsigned number, enum form form)
{
    struct record *record = &records[number];
    *record = (struct record){.form = form, .has_callbacks = form != CALL && one_in(3)};
    record->context.number = number;
    return record;
}
static struct record *record_new(enum form form) { return record_new_at(record_count, form); }

/* Did the pool take it? Only a full one that does not block may say no. */
static bool program_would_block;
static bool taken(int rc)
{
    must(rc == 0 || (rc == -EAGAIN && program_would_block), "submitted: %s", forkpool_strerror(rc));
    record_count += !rc;
    return !rc;
}

static void disturb(bool lose, bool cancel)
{
    for (unsigned i = 0; i < record_count; i++)
        if (records[i].job) records[i].may_lose |= lose, records[i].may_cancel |= cancel;
}

/* ---- what each must come to ---- */
static void check_call(const struct record *record, int status)
{
    if (!status) must(forkpool_value(record->job) == cube(record->x), "a call's value");
    else must(status == FORKPOOL_LOST ? record->may_lose : status == FORKPOOL_CANCELLED && record->may_cancel, "a call: %s", forkpool_strerror(status));
}

static int task_wanted(enum kind kind)
{
    return kind == FAILS ? FORKPOOL_FAILED : kind == CRASHES ? FORKPOOL_LOST : kind == ENDLESS ? FORKPOOL_LIMIT : 0;
}

static void check_task(const struct record *record, int status)
{
    const struct argument *argument = record->argument;
    unsigned runs = atomic_load(&table->runs[argument->number]);
    int wanted = task_wanted(argument->kind);
    must(status == wanted || (status == FORKPOOL_LOST && record->may_lose) || (status == FORKPOOL_CANCELLED && record->may_cancel),
         "a task of kind %d: %s", argument->kind, forkpool_strerror(status));
    must(runs <= 1 + record->retries, "a task ran %u times", runs);
    must(runs || status == FORKPOOL_CANCELLED || status == FORKPOOL_LIMIT /* it came late to its first line */ || (status == FORKPOOL_LOST && record->may_lose), "ended without a run: %s", forkpool_strerror(status));
    if (status == FORKPOOL_FAILED) must(forkpool_task_status(record->job) == (int)(1 + argument->seed % 100), "what a task returned");
    if (status) return;
    size_t bytes = 0;
    const unsigned char *result = forkpool_result(record->job, &bytes);
    must(bytes == record->result_bytes, "%zu bytes of %zu", bytes, record->result_bytes);
    for (size_t i = 0; i < bytes; i++) must(result[i] == (argument->bytes[i] ^ (unsigned char)argument->seed), "byte %zu of a result", i);
}

static void check_item(const struct record *record, size_t i, int status, const uint32_t *output)
{
    unsigned runs = atomic_load(&table->items[record->context.number][i]);
    bool dies = item_in(record->context.deaths, (uint32_t)i), fails = item_in(record->context.failures, (uint32_t)i);
    bool cancelled = status == FORKPOOL_CANCELLED && (record->may_cancel || record->fail_fast);
    bool lost = status == FORKPOOL_LOST && record->may_lose;
    must(status == (dies ? FORKPOOL_LOST : fails ? 7 : 0) || cancelled || lost, "item %zu: %d", i, status);
    must(runs <= 1 + record->retries, "item %zu ran %u times", i, runs);
    must(runs || cancelled || lost, "item %zu ended, %d, without a run", i, status);
    if (!status) must(*output == 3 * (uint32_t)i, "item %zu is %u", i, *output);
}

static void check_map(const struct record *record, int status)
{
    bool any_lost = record->may_lose || record->context.deaths;
    must(!status || (status == FORKPOOL_LOST && any_lost) || (status == FORKPOOL_FAILED && record->context.failures) ||
             (status == FORKPOOL_CANCELLED && record->may_cancel), "a map: %s", forkpool_strerror(status));
    for (size_t i = 0; i < record->tasks; i++) {
        unsigned runs = atomic_load(&table->items[record->context.number][i]);
        if (record->form == RANGE_MAP) must(runs <= 1 + record->retries && (runs == 1 || status || record->retries), "task %zu ran %u times", i, runs);
        else check_item(record, i, record->status[i], &record->output[i]);
    }
}

static void array_free(const struct record *record, void *array)
{
    if (record->shared) forkpool_free(program_pool, array);
    else free(array);
}

/* It has ended: looks, and gives everything back. */
static void record_end(struct record *record)
{
    int status = forkpool_status(record->job);
    must(status != -EINPROGRESS, "waited for, and not ended");
    if (record->form == CALL) check_call(record, status);
    else if (record->form == TASK) check_task(record, status);
    else check_map(record, status);
    if (record->has_callbacks) {
        forkpool_poll(program_pool);
        must(record->callbacks == 1, "%d callbacks", record->callbacks);
    }
    forkpool_release(record->job);
    record->job = NULL;
    array_free(record, record->input), array_free(record, record->output);
    free(record->argument), free(record->status);
}

static struct record *any_record(void)
{
    for (unsigned tries = 0; record_count && tries < 20; tries++) {
        struct record *record = &records[below(record_count)];
        if (record->job) return record;
    }
    return NULL;
}

#endif
