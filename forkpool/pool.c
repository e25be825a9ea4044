/* SPDX-License-Identifier: MIT */
/* pool.c: opening and ending a pool, on the program's side. */
#include "pool.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "machine/machine.h"
#include "park.h"
#include "server/server.h"

__attribute__((format(printf, 4, 5)))
static int explain(char *why, size_t why_size, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (why && why_size) vsnprintf(why, why_size, format, arguments);
    va_end(arguments);
    return error;
}

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }
static size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

/* Where everything lies, from `mapping` on: two pages that a fork leaves zeroed, of which the workers' mark has one of its own
 * since that process writes there; a private page; then, all of one shared object, what the protocol needs, a page for each
 * worker's small arguments and results with a gap on either side, and what the server keeps, which workers do not have. Few
 * mappings, as each costs time at every fork. */
struct layout {
    size_t page, shared, workers, ring, lines, slots, boards, scratch, hands, bytes;
    uint32_t slot_count;
};
static struct layout layout_of(const struct forkpool_config *config)
{
    struct layout at = {.page = page_bytes(), .slot_count = 1};
    while (at.slot_count < config->max_inflight) at.slot_count *= 2;
    size_t line_count = MAPS * (size_t)config->workers_max + LINE_INDEX_MAX;
    at.shared = 3 * at.page;
    at.workers = at.shared + round_up(sizeof(struct shared) - FIXED_BYTES, 128);
    at.ring = at.workers + config->workers_max * sizeof(struct worker);
    at.lines = at.ring + round_up(QUEUES * 2 * at.slot_count * sizeof(uint64_t), 128);
    at.slots = round_up(at.lines + line_count * sizeof(struct line), at.page);
    at.boards = at.slots + at.slot_count * sizeof(struct slot);
    at.scratch = round_up(at.boards + config->workers_max * sizeof(struct board), at.page);
    at.hands = at.scratch + (2 * (size_t)config->workers_max + 1) * at.page;
    at.bytes = at.hands + round_up(config->workers_max * sizeof(struct hand), at.page);
    return at;
}

static bool map_over(char *base, const struct layout *at)
{
    int wanted = PROT_READ | PROT_WRITE, kind = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
    return mmap(base + at->shared, at->bytes - at->shared, wanted, kind, -1, 0) != MAP_FAILED &&
           !madvise(base, 2 * at->page, MADV_WIPEONFORK);
}

static int shared_open(struct forkpool *pool, const struct forkpool_config *config, unsigned cpus)
{
    struct layout at = layout_of(config);
    char *base = mmap(NULL, at.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return -errno;
    if (!map_over(base, &at)) {
        int error = errno;
        munmap(base, at.bytes);
        return -error;
    }
    struct shared *shared = (struct shared *)(base + at.shared - FIXED_BYTES);
    shared->mapping = base;
    shared->bytes = at.bytes;
    shared->hands_bytes = at.bytes - at.hands;
    shared->capacity = config->workers_max;
    shared->slot_count = at.slot_count;
    shared->cpus = cpus;
    shared->config = *config;
    shared->workers = (struct worker *)(base + at.workers);
    shared->slots = (struct slot *)(base + at.slots);
    shared->rings = (_Atomic uint64_t *)(base + at.ring);
    shared->lines = (struct line *)(base + at.lines);
    shared->boards = (struct board *)(base + at.boards);
    shared->scratch = base + at.scratch;
    shared->page = at.page;
    atomic_store(&shared->wanted, config->workers);
    shared->mark = shared->mark_set = ~(uint64_t)(uintptr_t)base ^ (uint64_t)now_ns() << 20;
    shared->expedited = park_expedited_offered();
    atomic_store(&shared->tick_ns, UINT64_MAX / 2);
    pool->shared = shared;
    pool->owner = (unsigned char *)base;
    pool->guard = (unsigned char *)base + at.page;
    pool->hands = (struct hand *)(base + at.hands);
    *pool->owner = MARK_MINE;
    return 0;
}

static int config_complete(const struct forkpool_config *asked, struct forkpool_config *config, char *why, size_t why_size)
{
    *config = asked ? *asked : (struct forkpool_config){0};
    if (!config->workers) config->workers = forkpool_default_workers();
    if (!config->workers_max) {
        config->workers_max = config->workers > FORKPOOL_WORKERS_MAX / 4 ? FORKPOOL_WORKERS_MAX : config->workers * 4;
        if (config->workers_max < config->workers) config->workers_max = config->workers;
    }
    if (config->workers > FORKPOOL_WORKERS_MAX || config->workers_max > FORKPOOL_WORKERS_MAX ||
        config->workers > config->workers_max)
        return explain(why, why_size, -EINVAL, "%u workers of at most %u: ask for 1 to %u", config->workers,
                       config->workers_max, FORKPOOL_WORKERS_MAX);
    if (!config->max_inflight) config->max_inflight = 1024;
    if (config->max_inflight > 1u << 24) return explain(why, why_size, -EINVAL, "max_inflight is above 2^24");
    if (!config->grace_ns) config->grace_ns = 100000000;
    if (!config->restart_max) config->restart_max = 100 + 10 * config->workers_max;
    if (!config->restart_window_ns) config->restart_window_ns = 1000000000;
    struct cpus cpus;
    for (unsigned i = 0; config->cpus && i < config->workers; i++)
        if (!config->cpus[i] || cpus_parse(config->cpus[i], &cpus))
            return explain(why, why_size, -EINVAL, "cpus of worker %u: \"%s\" is no list like 0-3,8", i,
                           config->cpus[i] ? config->cpus[i] : "(null)");
    return 0;
}

/* The caller's strings may go; the workers need them as long as the pool lives. */
static int cpus_copy(struct forkpool *pool, struct forkpool_config *config)
{
    size_t bytes = config->workers * sizeof *pool->cpus_copy;
    if (!config->cpus) return 0;
    for (unsigned i = 0; i < config->workers; i++) bytes += strlen(config->cpus[i]) + 1;
    if (!(pool->cpus_copy = malloc(bytes))) return -ENOMEM;
    char *text = (char *)(pool->cpus_copy + config->workers);
    for (unsigned i = 0; i < config->workers; i++) {
        pool->cpus_copy[i] = text;
        text = stpcpy(text, config->cpus[i]) + 1;
    }
    config->cpus = pool->cpus_copy;
    return 0;
}

static void pool_free(struct forkpool *pool)
{
    notifier_close(pool);
    if (pool->control_fd >= 0) close(pool->control_fd);
    for (struct job_block *next, *block = pool->blocks; block; block = next) {
        next = block->next;
        for (unsigned i = 0; i < JOBS_IN_BLOCK; i++)
            if (block->jobs[i].kind == JOB_MAP && block->jobs[i].map) map_free(&block->jobs[i]);
        free(block);
    }
    arena_close(&pool->arena);
    if (pool->shared) munmap(pool->shared->mapping, pool->shared->bytes);
    pthread_mutex_destroy(&pool->lock);
    free(pool->slot_jobs);
    free(pool->free_slots);
    free(pool->cpus_copy);
    free(pool);
}

/* That program and workers have together: who counts the program's alone would yield to workers that are elsewhere. A
 * cgroup's quota counts for the default size only: reading it takes longer than a fork. */
static unsigned cpus_together(const struct forkpool_config *config)
{
    struct cpus all, one;
    if (cpus_get(&all)) return 1;
    for (unsigned i = 0; config->cpus && i < config->workers; i++)
        if (!cpus_parse(config->cpus[i], &one))
            for (size_t word = 0; word < sizeof all.bits / sizeof *all.bits; word++) all.bits[word] |= one.bits[word];
    return cpus_count(&all);
}

static int memory_open(struct forkpool *pool, struct forkpool_config *config, char *why, size_t why_size)
{
    int rc = cpus_copy(pool, config);
    if (rc) return explain(why, why_size, rc, "no memory for the pool");
    rc = shared_open(pool, config, cpus_together(config));
    if (rc) return explain(why, why_size, rc, "no memory to share with workers: %s", strerror(-rc));
    rc = arena_open(&pool->arena, config->arena_bytes);
    if (rc)
        return explain(why, why_size, rc, "no address space for an arena of %zu bytes: %s; ask for less in arena_bytes",
                       config->arena_bytes, strerror(-rc));
    pool->wanted = config->workers;
    pool->shared->arena = pool->arena.base;
    pool->shared->arena_bytes = pool->arena.bytes;
    uint32_t slots = pool->shared->slot_count;
    pool->slot_jobs = calloc(slots, sizeof(struct forkpool_job *));
    pool->free_slots = calloc(slots, sizeof *pool->free_slots);
    if (!pool->slot_jobs || !pool->free_slots) return explain(why, why_size, -ENOMEM, "no memory for the pool");
    for (uint32_t i = 0; i < config->max_inflight; i++) pool->free_slots[pool->free_count++] = config->max_inflight - 1 - i;
    return 0;
}

struct fork_plan {
    struct forkpool *pool;
    int fds[2];
    int error;
    sigset_t mask;
};

static void *fork_server(void *argument)
{
    struct fork_plan *plan = argument;
    struct forkpool *pool = plan->pool;
    pid_t pid = fork();
    if (pid == 0) {
        close(plan->fds[0]);
        pool->shared->unwiped = *pool->owner != MARK_WIPED;
        atomic_store(&pool->shared->unwiped_too, pool->shared->unwiped);
        server_main(pool->shared, pool->program, plan->fds[1], pool->guard, pool->hands);
    }
    plan->error = pid < 0 ? errno : 0;
    pool->server = pid;
    return NULL;
}

/* libgomp keeps its threads in a variable of the thread that made them, and a copy of it, in a child without these
 * threads, would wait for them for ever. A fresh thread has none; the server is forked from such a one. */
static int server_fork(struct fork_plan *plan)
{
    pthread_t thread;
    if (single_threaded() || !openmp_loaded()) {
        fork_server(plan);
        return -plan->error;
    }
    int rc = pthread_create(&thread, NULL, fork_server, plan);
    if (rc) return -rc;
    pthread_join(thread, NULL);
    return -plan->error;
}

static int server_open(struct forkpool *pool, char *why, size_t why_size)
{
    struct fork_plan plan = {.pool = pool};
    sigset_t all;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plan.fds))
        return explain(why, why_size, -errno, "no descriptors for the spawn server: %m");
    for (int i = 0; i < 2; i++)
        if ((plan.fds[i] = fd_above_standard(plan.fds[i])) < 0) {
            int error = errno;
            close(plan.fds[!i]);
            return explain(why, why_size, -error, "no descriptors for the spawn server: %s", strerror(error));
        }
    /* What the program has printed and not written yet comes before what tasks print, where that takes no waiting. The server
     * forgets the rest, or each worker would write it again. */
    if (output_ready(stdout, 0)) output_write(stdout);
    if (output_ready(stderr, 0)) output_write(stderr);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &plan.mask); /* no handler of the program runs in the server */
    int rc = server_fork(&plan);
    pthread_sigmask(SIG_SETMASK, &plan.mask, NULL);
    close(plan.fds[1]);
    pool->control_fd = plan.fds[0];
    if (pool->shared->expedited && park_expedited_register()) pool->shared->expedited = false;
    if (rc) return explain(why, why_size, rc, "fork of the spawn server failed: %s", strerror(-rc));
    return 0;
}

/* All forked; and past what may fail in them before their first task. A worker that has already left because it had
 * nothing to do was ready, and does not come back without work. */
static int workers_there(struct forkpool *pool, void *unused, bool sleeping)
{
    struct shared *shared = pool->shared;
    (void)unused, (void)sleeping;
    if (atomic_load(&shared->error) || atomic_load(&shared->server) == SERVER_OPENING) return pool_gone(pool);
    for (unsigned i = 0; start_may_fail(&shared->config) && i < shared->config.workers; i++) {
        const struct worker *worker = &shared->workers[i];
        if (atomic_load(&worker->life) < LIFE_READY && atomic_load(&worker->leave) != LEAVE_IDLE) return pool_gone(pool);
    }
    return 1;
}

static int too_late(struct forkpool *pool, char *why, size_t why_size)
{
    const struct shared *shared = pool->shared;
    double allowed_s = (double)shared->config.open_ns / 1e9;
    for (unsigned i = 0; i < shared->config.workers; i++)
        if (atomic_load(&shared->workers[i].life) == LIFE_STARTING)
            return explain(why, why_size, -ETIMEDOUT, "after %.3g s worker %u was not ready yet%s", allowed_s, i,
                           shared->config.initializer ? ": it is in its initializer" : "");
    return explain(why, why_size, -ETIMEDOUT, "after %.3g s not all workers were forked", allowed_s);
}

static int pool_start(struct forkpool *pool, char *why, size_t why_size)
{
    int rc = server_open(pool, why, why_size);
    if (rc) return rc;
    uint64_t most = pool->shared->config.open_ns;
    int late = wait_long(pool, workers_there, NULL, most && most <= INT64_MAX ? (int64_t)most : FORKPOOL_FOREVER);
    if (atomic_load(&pool->shared->unwiped_too)) *pool->owner = MARK_BY_NUMBER;
    rc = atomic_load(&pool->shared->error);
    if (!rc && late >= 0) return 0;
    if (rc) explain(why, why_size, rc, "%.*s", REASON - 1, pool->shared->reason);
    else rc = too_late(pool, why, why_size);
    forkpool_terminate(pool);
    forkpool_join(pool, FORKPOOL_FOREVER);
    return rc;
}

int forkpool_open_with(const struct forkpool_config *asked, struct forkpool **result, char *why, size_t why_size)
{
    NOT_CANCELLED;
    struct forkpool_config config;
    if (why && why_size) why[0] = 0;
    if (openmp_in_region())
        return explain(why, why_size, FORKPOOL_NESTED, "opened inside an OpenMP parallel region: open the pool outside");
    int rc = config_complete(asked, &config, why, why_size);
    if (rc) return rc;
    struct forkpool *pool = calloc(1, sizeof *pool);
    if (!pool) return explain(why, why_size, -ENOMEM, "no memory for the pool");
    pool->control_fd = -1;
    pool->program = getpid();
    pool->done_last = &pool->done_first;
    pool->actions[JOB_TASK] = &task_actions;
    pool->actions[JOB_MAP] = &map_actions;
    pthread_mutex_init(&pool->lock, NULL);
    rc = memory_open(pool, &config, why, why_size);
    if (!rc) rc = pool_start(pool, why, why_size);
    if (rc) pool_free(pool);
    else *result = pool;
    return rc;
}

struct forkpool *forkpool_open(unsigned workers)
{
    struct forkpool_config config = {.workers = workers};
    struct forkpool *pool = NULL;
    int rc = forkpool_open_with(&config, &pool, pool_why_not, sizeof pool_why_not);
    if (rc) errno = rc > -4096 ? -rc : ECANCELED;
    return pool;
}

int forkpool_close(struct forkpool *pool)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    pool_lock(pool);
    pool->closed = true;
    pool_drain_if_due(pool);
    pool_unlock(pool);
    return 0;
}

int forkpool_terminate(struct forkpool *pool)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    pool_lock(pool);
    pool->closed = pool->terminated = true;
    pool_tell_end(pool);
    pool_unlock(pool);
    return 0;
}

int forkpool_interrupt(struct forkpool *pool)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    int saved = errno;
    uint32_t count = atomic_fetch_add(&pool->shared->interrupts, 1) + 1;
    pool_poke(pool);
    errno = saved;
    return (int)count;
}

/* The server is gone; or nothing but its end is still to come, and it may take as long as it takes. In a callback the others
 * wait for it to return. */
static int joined(struct forkpool *pool, void *for_ever, bool sleeping)
{
    (void)sleeping;
    jobs_settle(pool);
    pool_drain_if_due(pool);
    bool over = *(const bool *)for_ever && pool->submitted == pool->ended && relaxed(&pool->shared->drain);
    if (pool_gone(pool)) {
        jobs_settle(pool);
        over = true;
    }
    return over && (!pool->done_first || callback_runs(pool));
}

int forkpool_join(struct forkpool *pool, int64_t timeout_ns)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    if (!pool->closed && !atomic_load(&pool->shared->interrupts)) return -EINVAL;
    bool for_ever = timeout_ns < 0;
    int rc = wait_long(pool, joined, &for_ever, timeout_ns);
    if (rc < 0) return rc;
    pool_reap(pool);
    return 0;
}

void forkpool_delete(struct forkpool *pool)
{
    NOT_CANCELLED;
    if (!pool) return;
    if (!pool_foreign(pool)) {
        pool->callbacks = 0;
        pool->done_first = NULL;
        for (struct job_block *block = pool->blocks; block; block = block->next)
            for (unsigned i = 0; i < JOBS_IN_BLOCK; i++) block->jobs[i].calls_back = false;
        forkpool_terminate(pool);
        forkpool_join(pool, FORKPOOL_FOREVER);
    } else arena_disown(&pool->arena);
    pool_free(pool);
}

int forkpool_resize(struct forkpool *pool, unsigned workers)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    if (!workers || workers > pool->shared->capacity) return -EINVAL;
    pool_lock(pool);
    pool->wanted = workers;
    atomic_store(&pool->shared->wanted, workers);
    pool_unlock(pool);
    pool_recall(pool);
    return 0;
}

void *forkpool_alloc(struct forkpool *pool, size_t bytes)
{
    if (pool_foreign(pool)) {
        errno = EPERM;
        return NULL;
    }
    pool_lock(pool);
    void *memory = arena_take(&pool->arena, bytes);
    pool_unlock(pool);
    if (!memory) errno = ENOMEM;
    return memory;
}

void forkpool_free(struct forkpool *pool, void *memory)
{
    if (pool_foreign(pool)) return;
    pool_lock(pool);
    arena_give(&pool->arena, memory);
    pool_unlock(pool);
}
