/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every kernel against the contract in kernels/kernel.h: the published answer, whoever computes it and in whatever
 * pieces; a wrong result is seen; nothing to do, and no memory to do it in. The example of a user's kernel goes
 * through the same. */
#include "kernels/kernel.h"
#include "tests/suite.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernels/example/divisors.c"
#define EXAMPLE (&breakeven_kernel)

enum { DEADLINE_S = 60 };

/* An arena of shared mappings that fails after `left` more allocations. */
struct mappings {
    struct arena arena;
    size_t left;
    bool refused; /* has failed one */
};

static void *map_shared(size_t bytes)
{
    void *map = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    return map;
}

static void *mappings_alloc(struct arena *arena, size_t bytes, size_t align)
{
    struct mappings *mappings = (struct mappings *)arena;
    ck_assert_msg(align && !(align & (align - 1)) && align <= 4096, "alignment %zu", align);
    if (mappings->left) return mappings->left--, map_shared(bytes);
    mappings->refused = true;
    return NULL;
}

/* One kernel prepared, with room for its results. */
struct bench {
    const struct kernel *kernel;
    struct kernel_params params;
    void *input;
    unsigned char *results;
    size_t result_size, bytes;
};

static const struct kernel *kernel_at(int index)
{
    return kernels[index] ? kernels[index] : EXAMPLE;
}

static int kernel_count(void)
{
    int count = 0;
    while (kernels[count]) count++;
    return count + 1;
}

static struct bench bench_make(const struct kernel *kernel, size_t tasks, uint64_t size)
{
    struct mappings mappings = {{mappings_alloc}, SIZE_MAX, false};
    struct bench bench = {.kernel = kernel, .params = {tasks, size, 7}};
    bench.result_size = kernel_result_size(kernel, size);
    bench.bytes = tasks * bench.result_size;
    bench.results = map_shared(bench.bytes);
    if (kernel->prepare) ck_assert_int_eq(kernel->prepare(&bench.params, &mappings.arena, &bench.input), 0);
    return bench;
}

static void bench_free(struct bench *bench)
{
    if (bench->kernel->release) bench->kernel->release(bench->input);
    munmap(bench->results, bench->bytes ? bench->bytes : 1);
}

static void bench_run(const struct bench *bench, size_t begin, size_t end)
{
    bench->kernel->run(bench->input, begin, end, bench->results);
}

static int bench_verify(const struct bench *bench, char why[256])
{
    why[0] = 0;
    return bench->kernel->verify(bench->input, &bench->params, bench->results, why, 256);
}

START_TEST(a_kernel_describes_itself)
{
    const struct kernel *kernel = kernel_at(_i);
    ck_assert_uint_eq(kernel->version, KERNEL_VERSION);
    for (const char *c = kernel->name; *c; c++) ck_assert_msg(islower((unsigned char)*c), "name %s", kernel->name);
    ck_assert_ptr_nonnull(kernel->summary);
    ck_assert_ptr_nonnull(kernel->size_unit);
    ck_assert_uint_lt(kernel->bottleneck, BOTTLENECKS);
    ck_assert_str_ne(bottleneck_name(kernel->bottleneck), "unknown");
    ck_assert_uint_gt(kernel->default_tasks, 0);
    ck_assert_uint_gt(kernel->default_size, 0);
    ck_assert_ptr_nonnull(kernel->run);
    ck_assert_ptr_nonnull(kernel->verify);
    if (kernel != EXAMPLE) ck_assert_ptr_eq(kernel_find(kernel->name), kernel); /* so no name comes twice */
}
END_TEST

/* The default problem is the published one, and verify is no rubber stamp. */
START_TEST(the_default_problem_has_the_known_answer)
{
    const struct kernel *kernel = kernel_at(_i);
    struct bench bench = bench_make(kernel, kernel->default_tasks, kernel->default_size);
    char why[256];
    bench_run(&bench, 0, bench.params.tasks);
    ck_assert_msg(bench_verify(&bench, why) == 1, "%s: %s", kernel->name, why);
    const size_t places[] = {0, bench.params.tasks / 2, bench.params.tasks - 1};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        unsigned char *result = bench.results + places[k] * bench.result_size;
        result[bench.result_size / 2] ^= 0x11;
        ck_assert_msg(bench_verify(&bench, why) == -1, "%s: a flipped byte in task %zu passed", kernel->name,
                      places[k]);
        ck_assert_msg(why[0] && !strchr(why, '\n'), "%s says why: '%s'", kernel->name, why);
        result[bench.result_size / 2] ^= 0x11;
        for (size_t byte = 0; byte < bench.result_size; byte++) result[byte] = (unsigned char)~result[byte];
        ck_assert_msg(bench_verify(&bench, why) == -1, "%s: wrong task %zu passed", kernel->name, places[k]);
        for (size_t byte = 0; byte < bench.result_size; byte++) result[byte] = (unsigned char)~result[byte];
    }
    ck_assert_int_eq(bench_verify(&bench, why), 1);
    bench_free(&bench);
}
END_TEST

/* What verify says at other sizes: 1 where an answer is known, 0 where none is. */
static const struct {
    const char *name;
    size_t tasks;
    uint64_t size;
    int verified;
} rows[] = {
    {"square", 5, 1, 1},       {"spin", 3, 123457, 1},    {"primes", 10, 1, 1},        {"primes", 1, 1, 1},
    {"primes", 33, 1001, 1},   {"primes", 1000, 1000, 1}, {"primes", 1, 1000000, 1},   {"collatz", 10, 1, 1},
    {"collatz", 1, 20, 1},     {"collatz", 100, 10, 1},   {"collatz", 7, 12345, 1},    {"nqueens", 14, 38416, 1},
    {"nqueens", 100, 1, 0},    {"nqueens", 5, 1000, 0},   {"mandelbrot", 100, 10, 0},  {"mandelbrot", 2000, 20, 0},
    {"ep", 64, 64, 0},         {"ep", 1, 1, 0},           {"triad", 65536, 1, 1},      {"triad", 3, 131073, 1},
    {"triad", 1000, 777, 1},   {"matmul", 100, 10, 0},    {"matmul", 1000, 1100, 1},   {"uts", 100, 1, 0},
    {"uts", 5, 3, 0},          {"lognormal", 1000, 1, 1}, {"lognormal", 10, 10000, 1}, {"alloc", 7, 12345, 1},
    {"falseshare", 1, 1, 1},   {"padded", 300, 3, 1},     {"lock", 300, 3, 1},         {"atomic", 300, 3, 1},
    {"reduction", 300, 3, 1},  {"payload", 9, 1, 1},      {"payload", 9, 7, 1},        {"payload", 3, 4097, 1},
    {"payload", 2, 1 << 24, 1}};

START_TEST(other_sizes_are_checked_where_they_can_be)
{
    struct bench bench = bench_make(kernel_find(rows[_i].name), rows[_i].tasks, rows[_i].size);
    char why[256];
    bench_run(&bench, 0, bench.params.tasks);
    int verified = bench_verify(&bench, why);
    ck_assert_msg(verified == rows[_i].verified, "%s %zu x %llu: %d, %s", rows[_i].name, rows[_i].tasks,
                  (unsigned long long)rows[_i].size, verified, why);
    bench_free(&bench);
}
END_TEST

START_TEST(square_of_5_is_25)
{
    struct bench bench = bench_make(kernel_find("square"), 10, 1);
    const uint64_t *squares = (const uint64_t *)(const void *)bench.results;
    bench_run(&bench, 0, 10);
    ck_assert_uint_eq(squares[4], 25);
    ck_assert_uint_eq(squares[9], 100);
    bench_free(&bench);
}
END_TEST

/* Ways to run all tasks. */
static void run_in_pieces(const struct bench *bench, size_t piece)
{
    for (size_t begin = 0; begin < bench->params.tasks; begin += piece)
        bench_run(bench, begin, begin + piece < bench->params.tasks ? begin + piece : bench->params.tasks);
}

static void run_by_ones(const struct bench *bench)
{
    run_in_pieces(bench, 1);
}

static void run_by_sevens(const struct bench *bench)
{
    run_in_pieces(bench, 7);
}

static void run_backwards(const struct bench *bench)
{
    for (size_t i = bench->params.tasks; i-- > 0;) bench_run(bench, i, i + 1);
}

/* Pieces of three in turn: worker 0 or 1 takes each second one. */
static void run_half(const struct bench *bench, size_t worker)
{
    for (size_t begin = 3 * worker; begin < bench->params.tasks; begin += 6)
        bench_run(bench, begin, begin + 3 < bench->params.tasks ? begin + 3 : bench->params.tasks);
}

static void run_in_processes(const struct bench *bench)
{
    pid_t pids[2];
    for (size_t k = 0; k < 2; k++) {
        pids[k] = fork();
        ck_assert_int_ge(pids[k], 0);
        if (pids[k]) continue;
        alarm(DEADLINE_S);
        run_half(bench, k);
        _exit(0);
    }
    for (size_t k = 0; k < 2; k++) {
        int status;
        ck_assert_int_eq(waitpid(pids[k], &status, 0), pids[k]);
        ck_assert_int_eq(status, 0);
    }
}

static void *run_second_half(void *bench)
{
    run_half(bench, 1);
    return NULL;
}

static void run_in_threads(const struct bench *bench)
{
    pthread_t thread;
    struct bench copy = *bench;
    ck_assert_int_eq(pthread_create(&thread, NULL, run_second_half, &copy), 0);
    run_half(bench, 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static const struct {
    const char *name;
    void (*run)(const struct bench *);
} ways[] = {{"one by one", run_by_ones},
            {"by sevens", run_by_sevens},
            {"backwards", run_backwards},
            {"by two processes", run_in_processes},
            {"by two threads", run_in_threads}};

/* Results are filled with 00 or ff beforehand, by turns: every byte must be written. */
START_TEST(results_do_not_depend_on_who_computes_them)
{
    const struct kernel *kernel = kernel_at(_i);
    const uint64_t sizes[] = {1, 3, kernel->default_size / 100 + 1};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct bench bench = bench_make(kernel, 101, sizes[s]);
        unsigned char *want = malloc(bench.bytes);
        char why[256];
        bench_run(&bench, 0, bench.params.tasks);
        memcpy(want, bench.results, bench.bytes);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
            memset(bench.results, k % 2 ? 0 : 0xff, bench.bytes);
            ways[k].run(&bench);
            ck_assert_msg(!memcmp(bench.results, want, bench.bytes), "%s, size %llu, run %s", kernel->name,
                          (unsigned long long)sizes[s], ways[k].name);
            ck_assert_msg(bench_verify(&bench, why) != -1, "%s run %s: %s", kernel->name, ways[k].name, why);
        }
        free(want);
        bench_free(&bench);
    }
}
END_TEST

START_TEST(the_seed_decides_and_nothing_else)
{
    const char *const names[] = {"spin", "lognormal", "matmul", "payload"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct mappings mappings = {{mappings_alloc}, SIZE_MAX, false};
        struct bench bench = bench_make(kernel_find(names[k]), 10, 16), same = bench_make(bench.kernel, 10, 16);
        struct bench other = {.kernel = bench.kernel, .params = {10, 16, 8}, .results = map_shared(bench.bytes)};
        ck_assert_int_eq(other.kernel->prepare(&other.params, &mappings.arena, &other.input), 0);
        bench_run(&bench, 0, 10);
        bench_run(&same, 0, 10);
        bench_run(&other, 0, 10);
        ck_assert_msg(!memcmp(bench.results, same.results, bench.bytes), "%s", names[k]);
        ck_assert_msg(memcmp(bench.results, other.results, bench.bytes), "%s", names[k]);
        for (size_t i = 1; i < 10; i++) /* neighbours draw different numbers */
            ck_assert_msg(memcmp(bench.results, bench.results + i * bench.result_size, bench.result_size), "%s",
                          names[k]);
    }
}
END_TEST

/* Tasks long enough to meet: half a second's work for two processes. */
START_TEST(what_workers_share_loses_nothing)
{
    const char *const names[] = {"falseshare", "padded", "lock", "atomic", "reduction"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct bench bench = bench_make(kernel_find(names[k]), 300, 10000);
        char why[256];
        run_in_processes(&bench);
        ck_assert_msg(bench_verify(&bench, why) == 1, "%s by processes: %s", names[k], why);
        run_in_threads(&bench);
        ck_assert_msg(bench_verify(&bench, why) == 1, "%s by threads: %s", names[k], why);
        bench_free(&bench);
    }
}
END_TEST

START_TEST(no_task_and_one_small_task_work)
{
    for (size_t tasks = 0; tasks <= 1; tasks++) {
        struct bench bench = bench_make(kernel_at(_i), tasks, 1);
        char why[256];
        bench_run(&bench, 0, 0);
        bench_run(&bench, 0, tasks);
        ck_assert_msg(bench_verify(&bench, why) >= 0, "%s, %zu tasks: %s", bench.kernel->name, tasks, why);
        bench_free(&bench);
    }
}
END_TEST

/* Fails the first allocation, then the second, ... until prepare succeeds. */
START_TEST(without_memory_prepare_fails_cleanly)
{
    const struct kernel *kernel = kernel_at(_i);
    const struct kernel_params params = {10, 1, 7};
    if (!kernel->prepare) return;
    for (size_t granted = 0;; granted++) {
        struct mappings mappings = {{mappings_alloc}, granted, false};
        void *input = &mappings;
        int error = kernel->prepare(&params, &mappings.arena, &input);
        if (!error) {
            ck_assert_msg(!mappings.refused, "%s says that it is ready, without the memory it asked for", kernel->name);
            if (kernel->release) kernel->release(input);
            return;
        }
        ck_assert_int_eq(error, -ENOMEM);
        ck_assert_ptr_eq(input, &mappings);
    }
}
END_TEST

static long faults_so_far(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* matmul makes only those rows of A that its tasks read: results are the same, and a small problem does not pay for 4 MiB. */
START_TEST(matmul_makes_what_its_tasks_read)
{
    const uint64_t row_of_tiles = 16 * 1024, sizes[] = {1, row_of_tiles, row_of_tiles + 1, 3 * row_of_tiles - 1, 1024 * 1024 - 1};
    const struct kernel *matmul = kernel_find("matmul");
    long before = faults_so_far();
    struct bench whole = bench_make(matmul, 2, 1024 * 1024);
    long of_whole = faults_so_far() - before;
    bench_free(&whole);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        whole = bench_make(matmul, 1 + 1024 * 1024 / sizes[i], sizes[i]);
        before = faults_so_far();
        struct bench part = bench_make(matmul, 1, sizes[i]);
        long of_part = faults_so_far() - before;
        bench_run(&whole, 0, 1);
        bench_run(&part, 0, 1);
        ck_assert_mem_eq(part.results, whole.results, part.result_size);
        if (sizes[i] <= row_of_tiles) ck_assert_int_lt(of_part, of_whole * 3 / 4);
        bench_free(&part);
        bench_free(&whole);
    }
}
END_TEST

/* A worker killed at any moment, perhaps with the lock in its hands, must not stop the others. */
START_TEST(a_lock_outlives_its_owner)
{
    struct bench bench = bench_make(kernel_find("lock"), 1000000, 1000);
    for (int round = 0; round < 20; round++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (!pid) {
            alarm(DEADLINE_S);
            bench_run(&bench, 0, bench.params.tasks);
            _exit(0);
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000 + 37000 * round}, NULL);
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        bench_run(&bench, 0, 10);
        ck_assert_uint_eq(((const uint64_t *)(const void *)bench.results)[9], 1000);
    }
    bench_free(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tests = tcase_create("kernels");
    int count = kernel_count();
    tcase_add_loop_test(tests, a_kernel_describes_itself, 0, count);
    tcase_add_loop_test(tests, the_default_problem_has_the_known_answer, 0, count);
    tcase_add_loop_test(tests, other_sizes_are_checked_where_they_can_be, 0, (int)(sizeof rows / sizeof *rows));
    tcase_add_test(tests, square_of_5_is_25);
    tcase_add_loop_test(tests, results_do_not_depend_on_who_computes_them, 0, count);
    tcase_add_test(tests, the_seed_decides_and_nothing_else);
    tcase_add_test(tests, what_workers_share_loses_nothing);
    tcase_add_loop_test(tests, no_task_and_one_small_task_work, 0, count);
    tcase_add_loop_test(tests, without_memory_prepare_fails_cleanly, 0, count);
    tcase_add_test(tests, matmul_makes_what_its_tasks_read);
    tcase_add_test(tests, a_lock_outlives_its_owner);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
