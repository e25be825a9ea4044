/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A task writes over every page that the pool shares with it, in ten ways. The program has control back in time, the pool works on or says that it is broken, and no signal goes to a process outside the pool.
 * In a process namespace of its own, where a signal that goes astray finds a guard process and nobody else. */
#include "tests/forkpool/forkpool_board.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

enum { PAGES_MOST = 4096, ARENA_PAGES = 4, TASKS = 8, INFLIGHT = 64, REFUSED = 77, TRIES = 3, CROWDED = 60 /* % */, SLOW = 3, LOST_GUARD = 4, WRONG = 5, HANGS = 6, HANGS_S = 30 };
static uintptr_t pages[PAGES_MOST];
static size_t page_count, page_bytes;
static double limit_s = 2;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* All shared pages that came with the pool; of the arena, which can be as large as the machine's memory, the first. */
static void find_pages(const char *arena)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx rw-s", &begin, &end) != 2 || !strstr(line, " rw-s ")) continue;
        if (begin <= (uintptr_t)board && end > (uintptr_t)board) continue;
        if (begin <= (uintptr_t)arena && end > (uintptr_t)arena) end = begin + ARENA_PAGES * page_bytes;
        for (; begin < end && page_count < PAGES_MOST; begin += page_bytes) pages[page_count++] = begin;
    }
    if (maps) fclose(maps);
}

enum pattern { ZEROS, ONES, LETTERS, RANDOM, EACH_BYTE_1, EACH_INT_1, SMALL_INTS, MOVED, ANOTHER_PAGE, ONE_WORD, PATTERNS };
struct fill {
    uintptr_t at, other; /* another page */
    size_t bytes;
    enum pattern pattern;
    unsigned seed;
};

/* What byte `at` is to be. */
static unsigned char filling(const struct fill *fill, const unsigned char *page, size_t at, unsigned random)
{
    size_t word = fill->seed % (fill->bytes / sizeof(uint64_t));
    switch (fill->pattern) {
    case ZEROS: return 0;
    case ONES: return 0xff;
    case LETTERS: return 0x41;
    case RANDOM: return (unsigned char)random;
    case EACH_BYTE_1: return 1;
    case EACH_INT_1: return at % sizeof(int) == 0;
    case SMALL_INTS: return at % sizeof(int) == 0 ? (unsigned char)random & 7 : 0;
    case MOVED: return page[(at + sizeof(uint64_t)) % fill->bytes];
    case ANOTHER_PAGE: return ((const unsigned char *)fill->other)[at];
    case ONE_WORD: return at / sizeof(uint64_t) == word ? (unsigned char)random : page[at];
    case PATTERNS: break;
    }
    return 0;
}

static void fill_page(const struct fill *fill)
{
    unsigned char *page = (unsigned char *)fill->at, *copy = malloc(fill->bytes);
    unsigned state = fill->seed * 2654435761u + 1;
    for (size_t i = 0; i < fill->bytes; i++) {
        state = state * 1664525u + 1013904223u;
        copy[i] = filling(fill, page, i, state >> 24);
    }
    memcpy(page, copy, fill->bytes);
}

static int fill_task(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    struct fill fill;
    (void)argument_bytes, (void)result, (void)result_bytes;
    memcpy(&fill, argument, sizeof fill);
    fill_page(&fill);
    return 0;
}

static int double_item(void *context, const void *input, void *output)
{
    (void)context;
    *(int *)output = 2 * *(const int *)input;
    return 0;
}

static const struct forkpool_config fillable = {.workers = 2, .max_inflight = INFLIGHT};

/* Before, with and after the page is filled: tasks, a map of items, one of ranges. */
static void use_pool(const struct fill *fill)
{
    int in[64] = {0}, out[64];
    struct forkpool_job *jobs[TASKS], *map = NULL, *filling = NULL;
    struct forkpool_task task = {.run = fill_task, .argument = fill, .argument_bytes = sizeof *fill};
    struct forkpool_map items = {.item = double_item, .tasks = 64, .input = in, .input_stride = sizeof *in, .output = out,
                                 .output_stride = sizeof *out};
    forkpool_map_async(pool, &items, &map);
    forkpool_submit(pool, &task, &filling);
    for (int i = 0; i < TASKS; i++) jobs[i] = forkpool_async(pool, square, i);
    if (filling) forkpool_wait(filling, FORKPOOL_FOREVER);
    if (map) forkpool_wait(map, FORKPOOL_FOREVER);
    for (int i = 0; i < TASKS; i++)
        if (jobs[i]) forkpool_wait(jobs[i], FORKPOOL_FOREVER);
    forkpool_map(pool, &(struct forkpool_map){.range = count, .tasks = 1000, .chunk = 10});
    forkpool_resize(pool, 1);
    forkpool_losses(pool, NULL, 0);
    struct forkpool_stats stats;
    forkpool_stats(pool, &stats);
    (void)strlen(forkpool_reason(pool));
}

/* The program in the namespace: one fresh pool, one page. */
static void one_page(size_t page, enum pattern pattern, unsigned seed)
{
    double start = now_s();
    if (forkpool_open_with(&fillable, &pool, NULL, 0)) _exit(WRONG);
    char *arena = forkpool_alloc(pool, 100);
    page_count = 0;
    find_pages(arena);
    if (page >= page_count) _exit(WRONG);
    struct fill fill = {pages[page], pages[(page + 1) % page_count], page_bytes, pattern, seed};
    use_pool(&fill);
    double delete = now_s();
    forkpool_delete(pool);
    double end = now_s();
    if (delete - start <= limit_s && end - delete <= limit_s) _exit(0);
    printf("control came back after %.2f s, deleting took %.2f s; %g s each are allowed\n", delete - start, end - delete, limit_s);
    _exit(SLOW);
}

static int wait_until(pid_t pid, double deadline)
{
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_s() > deadline) return -1;
        usleep(500);
    }
    return status;
}

/* Process 1 of the namespace, whose end ends everybody in it. */
static _Noreturn void warden(size_t page, enum pattern pattern, unsigned seed)
{
    pid_t guard = fork();
    if (guard == 0)
        for (;;) pause();
    pid_t program = fork();
    if (program == 0) one_page(page, pattern, seed);
    int status = wait_until(program, now_s() + HANGS_S);
    int gone;
    if (guard <= 0 || waitpid(guard, &gone, WNOHANG) != 0) _exit(LOST_GUARD);
    if (status == -1) _exit(HANGS);
    if (WIFSIGNALED(status)) printf("the program ended by signal %d\n", WTERMSIG(status));
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : WRONG);
}

static int in_namespace(size_t page, enum pattern pattern, unsigned seed)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID)) _exit(REFUSED);
        pid_t first = fork();
        if (first == 0) warden(page, pattern, seed);
        if (first < 0 || waitpid(first, &status, 0) != first) _exit(REFUSED);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : LOST_GUARD);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : LOST_GUARD;
}

static const char *const ends[] = {[SLOW] = "control did not come back in time", [LOST_GUARD] = "a process outside was signalled",
                                   [WRONG] = "the program itself died", [HANGS] = "control had not come back after 30 s"};

/* How much of the last ten seconds some process of the machine waited for a cpu, in %; NAN where the kernel does not say. */
static double pressure(void)
{
    double percent = NAN;
    FILE *file = fopen("/proc/pressure/cpu", "re");
    if (file && fscanf(file, "some avg10=%lf", &percent) != 1) percent = NAN;
    if (file) fclose(file);
    return percent;
}

/* Too slow on a crowded machine says nothing of the pool: then a further try decides, and each is told. Anything else is
 * the pool's at once. */
static int judged(size_t page, enum pattern pattern, unsigned seed)
{
    for (int try = 1;; try++) {
        int end = in_namespace(page, pattern, seed);
        if (!end || end == REFUSED) return end;
        double crowded = pressure();
        printf("page %zu of %zu, pattern %d, seed %u, try %d: %s; in the last 10 s some process waited for a cpu %.0f %% of the time\n",
               page, page_count, pattern, seed, try, end <= HANGS && ends[end] ? ends[end] : "it was lost", crowded);
        if (end != SLOW || try == TRIES || !(crowded > CROWDED)) return end;
    }
}

static size_t count_pages(void)
{
    open_pool(&fillable);
    find_pages(forkpool_alloc(pool, 100));
    forkpool_delete(pool);
    pool = NULL;
    return page_count;
}

START_TEST(fill)
{
    setvbuf(stdout, NULL, _IONBF, 0); /* nothing that a child would print again */
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const char *asked = getenv("FORKPOOL_FILL_RUNS");
    const char *from = getenv("FORKPOOL_FILL_FROM"); /* several may share the runs */
    unsigned runs = asked ? (unsigned)atoi(asked) : 1, first = from ? (unsigned)atoi(from) : 0;
    if (!asked) limit_s = 10; /* a machine full of other tests */
    size_t count = count_pages(), bad = 0, tried = 0;
    ck_assert_uint_gt(count, 20);
    for (unsigned run = first; run < first + runs; run++)
        for (size_t page = 0; page < count; page++)
            for (enum pattern pattern = 0; pattern < PATTERNS; pattern++) {
                if (!asked && pattern != page % PATTERNS) continue;
                int end = judged(page, pattern, run * 1000 + (unsigned)page);
                if (end == REFUSED) {
                    printf("skipped: fill: no process namespace here\n");
                    return;
                }
                tried++;
                bad += end != 0;
            }
    printf("fill: %zu pages filled, %zu ended badly\n", tried, bad);
    ck_assert_uint_eq(bad, 0);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("fill");
    tcase_set_timeout(cases, getenv("FORKPOOL_FILL_RUNS") ? 36000 : 120);
    tcase_add_test(cases, fill);
    return board_run("forkpool fill", cases);
}
