/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever is stopped, cancelled, gone, huge or in the wrong place: the pool's waits end, and what it answers is right. Traced:
 * test_forkpool_traced.c. */
#include "tests/forkpool/forkpool_board.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static long crash(long unused) { (void)unused; return kill(getpid(), SIGKILL); }

/* 1 a thread that is cancelled while it waits takes no lock along */
static void *wait_for_gate(void *job)
{
    forkpool_wait(job, FORKPOOL_FOREVER);
    return NULL;
}
START_TEST(waiting_thread_cancelled)
{
#ifdef __SANITIZE_ADDRESS__
    printf("skipped: waiting_thread_cancelled: the sanitizer takes the stack of a cancelled thread for damaged\n");
    return;
#endif
    open_workers(1);
    struct forkpool_job *job = forkpool_async(pool, here, 0);
    pthread_t thread;
    void *end = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_gate, job), 0);
    usleep(60000); /* it sleeps, and looks at the server now and then */
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, &end), 0);
    ck_assert_ptr_eq(end, PTHREAD_CANCELED);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(job), 0);
    check_good(8);
}
END_TEST

/* 2 maps near 2^64: each task is in one call */
static _Atomic size_t *covered;
static int add_up(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    atomic_fetch_add(covered, end - begin);
    return begin >= end;
}
START_TEST(maps_as_long_as_can_be)
{
    static const size_t chunks[] = {0, SIZE_MAX / 3, SIZE_MAX, SIZE_MAX / 4 + 1};
    covered = (_Atomic size_t *)(void *)board->counts;
    open_workers(2);
    struct forkpool_map map = {.range = add_up, .tasks = SIZE_MAX, .chunk = chunks[_i], .schedule = FORKPOOL_STATIC};
    ck_assert_int_eq(forkpool_map(pool, &map), 0);
    ck_assert_uint_eq(atomic_load(covered), SIZE_MAX);
}
END_TEST

/* 3 what writes beyond its result is lost, and no task beside or behind it */
static const size_t declared[] = {8, 128, 200, 2048};
static int overrun(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes;
    await(&board->gate, 1);
    memset(result, 0x41, result_bytes + 5000);
    return 0;
}
static int fill(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes;
    memset(result, 7, result_bytes);
    return 0;
}
START_TEST(result_beyond_its_size)
{
    open_workers(1);
    struct forkpool_task task = {.run = overrun, .result_bytes = declared[_i]}, good = task;
    struct forkpool_job *writer, *behind[4], *call;
    struct forkpool_loss loss;
    good.run = fill;
    ck_assert_int_eq(forkpool_submit(pool, &task, &writer), 0);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(forkpool_submit(pool, &good, &behind[i]), 0);
    ck_assert_ptr_nonnull(call = forkpool_async(pool, square, 3));
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(writer), FORKPOOL_LOST);
    for (int i = 0; i < 4; i++) {
        unsigned char bytes[2048];
        ck_assert_int_eq(forkpool_get(behind[i], bytes, declared[_i], FORKPOOL_FOREVER), 0);
        for (size_t k = 0; k < declared[_i]; k++) ck_assert_uint_eq(bytes[k], 7);
        forkpool_release(behind[i]);
    }
    ck_assert_int_eq(forkpool_value(call), 9);
    ck_assert_str_eq(forkpool_reason(pool), "");
    ck_assert_uint_eq(forkpool_losses(pool, &loss, 1), 1);
    ck_assert_ptr_nonnull(strstr(loss.text, "beyond its argument or result"));
    forkpool_release(call);
}
END_TEST

/* 4 a deleted pool's memory is gone, though another pool's processes have it mapped */
static long peek(long address) { return *(const volatile char *)(uintptr_t)address; }
START_TEST(memory_of_a_deleted_pool)
{
    if (leftovers_skipped("memory_of_a_deleted_pool", "MADV_REMOVE removes nothing")) return;
    struct forkpool *first = forkpool_open(1);
    char *memory = forkpool_alloc(first, 1 << 20);
    memset(memory, 7, 1 << 20);
    open_workers(1);
    struct forkpool_job *job = forkpool_async(pool, peek, (long)(uintptr_t)memory);
    ck_assert_int_eq(forkpool_value(job), 7);
    forkpool_release(job);
    forkpool_delete(first);
    job = forkpool_async(pool, peek, (long)(uintptr_t)memory);
    ck_assert_int_eq(forkpool_value(job), 0);
    forkpool_release(job);
}
END_TEST

/* 5 a task moves its worker into another worker's process group: one death is one loss */
static long join_group(long unused)
{
    (void)unused;
    await(&board->pids[1], 1);
    int rc = setpgid(0, atomic_load(&board->pids[1]));
    atomic_store(&board->hits, 1);
    await(&board->gate, 1);
    return rc ? -1 : 5;
}
static long lead_and_die(long unused)
{
    (void)unused;
    atomic_store(&board->pids[1], getpid());
    await(&board->hits, 1);
    return kill(getpid(), SIGKILL);
}
START_TEST(worker_in_anothers_group)
{
    open_workers(2);
    struct forkpool_job *guest = forkpool_async(pool, join_group, 0);
    ck_assert_int_eq(status_of(forkpool_async(pool, lead_and_die, 0)), FORKPOOL_LOST);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_value(guest), 5);
    forkpool_release(guest);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 1);
}
END_TEST

/* 6 a chain of processes, each in a session of its own, ends with the worker that it came from */
enum { CHAIN = 4 };
static void make_chain(int length)
{
    pid_t pid = fork();
    if (pid) return;
    setsid();
    atomic_store(&board->pids[length], getpid());
    if (length > 1) make_chain(length - 1);
    stay_for_ever();
}
static long chain_and_die(long unused)
{
    make_chain(CHAIN);
    await(&board->pids[1], 1);
    return crash(unused);
}
START_TEST(chain_of_sessions)
{
    if (leftovers_skipped("chain_of_sessions", "orphans do not come to the server")) return;
    open_workers(2);
    ck_assert_int_eq(status_of(forkpool_async(pool, chain_and_die, 0)), FORKPOOL_LOST);
    for (int i = 1; i <= CHAIN; i++) await_gone(atomic_load(&board->pids[i]));
    check_good(4);
}
END_TEST

/* 7 an initializer or a finalizer that hangs is ended where the program says how long it may take */
static int initializer(void *hangs, unsigned worker, const char *cpus)
{
    (void)worker, (void)cpus;
    if (hangs) stay_for_ever();
    return 0;
}
static void finalizer(void *unused, unsigned worker)
{
    (void)unused, (void)worker;
    atomic_fetch_add(&board->finalised, 1);
    stay_for_ever();
}
START_TEST(initializer_hangs)
{
    struct forkpool_config config = {.workers = 2, .initializer = initializer, .context = board, .initializer_ns = 20000000};
    ck_assert_int_eq(forkpool_open_with(&config, &pool, why, sizeof why), -ETIMEDOUT);
    ck_assert_ptr_nonnull(strstr(why, "initializer of worker"));
}
END_TEST
/* Opening as a whole, too, has the bound that the program gives. */
START_TEST(opening_takes_too_long)
{
    struct forkpool_config config = {.workers = 2, .initializer = initializer, .context = board, .open_ns = 20000000};
    ck_assert_int_eq(forkpool_open_with(&config, &pool, why, sizeof why), -ETIMEDOUT);
    ck_assert_ptr_nonnull(strstr(why, "after 0.02 s"));
    config.context = NULL;
    config.open_ns = UINT64_MAX;
    open_pool(&config);
    check_good(4);
}
END_TEST
START_TEST(finalizer_hangs)
{
    open_pool(&(struct forkpool_config){.workers = 1, .initializer = initializer, .finalizer = finalizer, .recycle_tasks = 2,
                                        .initializer_ns = 1000000000}); /* the good initializer's too, on a slow machine */
    check_good(6);
    ck_assert_int_ge(atomic_load(&board->finalised), 2);
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, 20 * second_ns), 0);
}
END_TEST

/* 8 address space: most of what is allowed is left to the program; memory that it locks is not locked whole */
START_TEST(limited_address_space)
{
#ifdef __SANITIZE_ADDRESS__
    printf("skipped: limited_address_space: the sanitizer takes all of it\n");
#else
    const size_t limit = (size_t)1 << 31;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}), 0);
    open_workers(1);
    void *large = malloc(limit / 2);
    ck_assert_ptr_nonnull(large);
    free(large);
    struct forkpool_stats stats;
    ck_assert_int_eq(forkpool_stats(pool, &stats), 0);
    ck_assert_uint_le(stats.arena_bytes, limit / 4);
#endif
}
END_TEST
static long resident_shared_pages(void)
{
    long pages = -1;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm || fscanf(statm, "%*u %*u %ld", &pages) != 1) pages = -1;
    if (statm) fclose(statm);
    return pages;
}
START_TEST(locked_memory)
{
    const size_t arena = 64 << 20;
    if (mlockall(MCL_FUTURE)) {
        printf("skipped: locked_memory: mlockall is refused\n");
        return;
    }
    long pages = resident_shared_pages();
    int rc = forkpool_open_with(&(struct forkpool_config){.workers = 1, .arena_bytes = arena}, &pool, why, sizeof why);
    munlockall();
    if (rc == -EAGAIN || rc == -ENOMEM) {
        printf("skipped: locked_memory: too little may be locked\n");
        return;
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_int_lt(resident_shared_pages() - pages, (long)(arena / 2) / sysconf(_SC_PAGESIZE));
}
END_TEST

/* 11 a worker without its parent-death signal (a change of user takes it away) does not outlive program and server */
static long stay_alive(long unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, 0);
    atomic_store(&board->pids[0], getpid());
    return 0;
}
START_TEST(worker_that_lost_its_death_signal)
{
    pid_t program = fork();
    if (program == 0) {
        pool = forkpool_open(1);
        status_of(forkpool_async(pool, stay_alive, 0));
        struct forkpool_job *job = forkpool_async(pool, square, (long)getpid());
        forkpool_value(job);
        FILE *children = fopen("/proc/thread-self/children", "re");
        int server = 0;
        if (!children || fscanf(children, "%d", &server) != 1) _exit(1);
        kill(server, SIGSTOP); /* so that it does not see the program's end before its own */
        kill(server, SIGKILL);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    ck_assert_int_eq(status, 0);
    await_gone(atomic_load(&board->pids[0]));
    while (waitpid(-1, NULL, 0) > 0) {} /* the server */
}
END_TEST

/* 12 a lost worker's memory is its own, not the program's */
static long use_memory_and_die(long bytes)
{
    char *memory = malloc((size_t)bytes);
    memset(memory, 1, (size_t)bytes);
    return memory[bytes - 1] ? crash(0) : 0;
}
START_TEST(memory_of_a_lost_worker)
{
    const size_t large = 128 << 20, small = 24 << 20;
    if (leftovers_skipped("memory_of_a_lost_worker", "the emulator's memory counts too")) return;
    char *programs = malloc(large);
    memset(programs, 1, large);
    open_workers(1);
    ck_assert_int_eq(status_of(forkpool_async(pool, use_memory_and_die, (long)small)), FORKPOOL_LOST);
    int64_t most = last_loss().max_rss_bytes;
    ck_assert_int_ge(most, (int64_t)small * 3 / 4);
    ck_assert_int_lt(most, (int64_t)large);
    ck_assert_int_eq(programs[large - 1], 1);
    free(programs);
}
END_TEST

/* 13 the two signals that the C library keeps to itself do not reach the server */
START_TEST(signals_of_the_c_library)
{
    open_workers(1);
    FILE *children = fopen("/proc/thread-self/children", "re");
    int server = 0;
    ck_assert(children && fscanf(children, "%d", &server) == 1);
    fclose(children);
    for (int number = 32; number <= 33; number++) kill(server, number);
    ck_assert_int_eq(status_of(forkpool_async(pool, crash, 0)), FORKPOOL_LOST);
    check_good(4);
}
END_TEST

/* 14 a task leaves a thread that holds the standard output: the worker takes the next task, and ends */
static void *hold_output(void *unused)
{
    flockfile(stdout);
    atomic_store(&board->hits, 1);
    for (;;) pause();
    return unused;
}
static long leave_output_held(long unused)
{
    static char buffer[64];
    pthread_t thread;
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    putchar(' ');
    if (pthread_create(&thread, NULL, hold_output, NULL)) return -1;
    await(&board->hits, 1);
    return unused;
}
START_TEST(output_that_a_thread_holds)
{
    open_workers(1);
    struct forkpool_job *job = forkpool_async(pool, leave_output_held, 6);
    ck_assert_int_eq(forkpool_value(job), 6);
    forkpool_release(job);
    usleep(10000); /* until it would sleep */
    check_good(4);
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, 20 * second_ns), 0);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    TCase *cases = board_cases("bounds");
    tcase_add_test(cases, waiting_thread_cancelled);
    tcase_add_loop_test(cases, maps_as_long_as_can_be, 0, 4);
    tcase_add_loop_test(cases, result_beyond_its_size, 0, 4);
    tcase_add_test(cases, memory_of_a_deleted_pool);
    tcase_add_test(cases, worker_in_anothers_group);
    tcase_add_test(cases, chain_of_sessions);
    tcase_add_test(cases, initializer_hangs);
    tcase_add_test(cases, opening_takes_too_long);
    tcase_add_test(cases, finalizer_hangs);
    tcase_add_test(cases, limited_address_space);
    tcase_add_test(cases, locked_memory);
    tcase_add_test(cases, output_that_a_thread_holds);
    tcase_add_test(cases, worker_that_lost_its_death_signal);
    tcase_add_test(cases, memory_of_a_lost_worker);
    tcase_add_test(cases, signals_of_the_c_library);
    return board_run("forkpool bounds", cases);
}
