/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a task reaches: not beyond its own job, not into the spawn server, not to other workers' processes. */
#include "tests/forkpool/forkpool_board.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

static void open_patient(unsigned workers, unsigned deaths_most)
{
    open_pool(&(struct forkpool_config){.workers = workers, .restart_max = deaths_most});
}

/* 1 longjmp to where an earlier task of the same worker called setjmp: the job ends. By what the compiler kept in registers,
 * which return to what they were, its worker takes it for the earlier one (then it is lost) or goes on with the right one. */
static jmp_buf earlier;
static volatile int marked;
static long jump_back(long unused)
{
    (void)unused;
    if (marked) longjmp(earlier, 1);
    marked = 1;
    (void)setjmp(earlier);
    return 0;
}
START_TEST(longjmp_into_an_earlier_task)
{
    open_workers(1);
    ck_assert_int_eq(status_of(forkpool_async(pool, jump_back, 0)), 0);
    check_good(8); /* so that the next task has another slot */
    struct forkpool_job *job = forkpool_async(pool, jump_back, 0);
    ck_assert_int_eq(forkpool_wait(job, 10 * second_ns), 0);
    int status = forkpool_status(job);
    ck_assert_msg(status == FORKPOOL_LOST || status == 0, "status %d", status);
    forkpool_release(job);
    check_good(8);
}
END_TEST

/* 2 what the program asks for itself, cancels and limits, is no storm of crashes */
static int stay(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    atomic_fetch_add(&board->hits, 1);
    return stay_for_ever();
}
enum { ASKED = 12, DEATHS_MOST = 3 };
START_TEST(asked_for_deaths_are_no_storm)
{
    bool by_limit = _i;
    open_patient(2, DEATHS_MOST);
    struct forkpool_task task = {.run = stay, .limits.hard_ns = by_limit ? 1000000 : 0};
    for (int i = 0; i < ASKED; i++) {
        struct forkpool_job *job;
        ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
        if (!by_limit) {
            await(&board->hits, i + 1);
            forkpool_cancel(job, 1);
        }
        ck_assert_int_eq(status_of(job), by_limit ? FORKPOOL_LIMIT : FORKPOOL_CANCELLED);
    }
    ck_assert_str_eq(forkpool_reason(pool), "");
    check_good(8);
}
END_TEST
static int stay_but_first(void *context, const void *input, void *output)
{
    (void)context, (void)output;
    return *(const int *)input ? stay_for_ever() : 0;
}
static int stay_in_range(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker, (void)begin, (void)end;
    atomic_fetch_add(&board->hits, 1);
    return stay_for_ever();
}
START_TEST(early_ends_are_no_storm)
{
    static const int input[] = {0, 1, 2, 3};
    struct forkpool_map search = {.tasks = 4, .item = stay_but_first, .input = input, .input_stride = sizeof *input};
    open_patient(2, DEATHS_MOST);
    for (int i = 0; i < ASKED; i++) {
        struct forkpool_iterator *it;
        struct forkpool_job *job;
        size_t index;
        int status;
        ck_assert_int_eq(forkpool_imap(pool, &search, 1, &it), 0);
        ck_assert_int_eq(forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL), 1);
        ck_assert_int_eq(status, 0);
        forkpool_iterator_delete(it);
        ck_assert_int_eq(forkpool_map_async(pool, &(struct forkpool_map){.tasks = 1, .range = stay_in_range}, &job), 0);
        await(&board->hits, i + 1);
        ck_assert_int_eq(forkpool_cancel(job, 1), 0);
        ck_assert_int_eq(status_of(job), FORKPOOL_CANCELLED);
    }
    ck_assert_str_eq(forkpool_reason(pool), "");
    check_good(8);
}
END_TEST

/* 3 a task stops the spawn server: it goes on once the program looks */
static long stop_server(long unused) { (void)unused; return kill(getppid(), SIGSTOP); }
START_TEST(server_stopped)
{
    open_workers(2);
    struct forkpool_task task = {.run = stay, .limits.hard_ns = 1000000};
    struct forkpool_job *job;
    ck_assert_int_eq(status_of(forkpool_async(pool, stop_server, 0)), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, 10 * second_ns), 0); /* a limit needs the server */
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_LIMIT);
    forkpool_release(job);
    ck_assert_int_eq(status_of(forkpool_async(pool, stop_server, 0)), 0);
} /* deleting ends too: teardown */
END_TEST

/* 4 the end of one worker leaves alone what another's task has detached within its process group */
static int ask_helper(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    int ends[2];
    (void)argument, (void)argument_bytes, (void)result_bytes;
    if (pipe(ends)) return 1;
    if (fork() == 0) {
        if (fork()) _exit(0);
        atomic_store(&board->hits, 1);
        await(&board->gate, 1);
        _exit(write(ends[1], "yes", 4) != 4);
    }
    close(ends[1]);
    return read(ends[0], result, 4) != 4;
}
static long crash(long unused) { (void)unused; return kill(getpid(), SIGKILL); }
START_TEST(helpers_of_others_live)
{
    open_workers(2);
    struct forkpool_task task = {.run = ask_helper, .result_bytes = 4};
    struct forkpool_job *asking;
    char answer[4] = "";
    ck_assert_int_eq(forkpool_submit(pool, &task, &asking), 0);
    await(&board->hits, 1);
    usleep(20000); /* until its parent has left it */
    ck_assert_int_eq(status_of(forkpool_async(pool, crash, 0)), FORKPOOL_LOST);
    check_good(4);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_get(asking, answer, 4, 10 * second_ns), 0);
    ck_assert_str_eq(answer, "yes");
    forkpool_release(asking);
}
END_TEST

/* 5 who kills the program's process group leaves nothing behind: not the tasks' own children either */
static long leave_child(long unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    atomic_store(&board->pids[0], pid);
    return stay_for_ever();
}
START_TEST(group_killed)
{
    if (leftovers_skipped("group_killed", "orphans do not come to the test")) return;
    pid_t program = fork();
    if (program == 0) {
        setpgid(0, 0);
        pool = forkpool_open(1);
        forkpool_async(pool, leave_child, 0);
        await(&board->pids[0], 1);
        kill(0, SIGKILL);
    }
    await(&board->pids[0], 1);
    while (waitpid(-1, NULL, 0) > 0) {} /* the program, the server; orphans come to this process, ended ones alone */
    ck_assert_int_eq(kill(atomic_load(&board->pids[0]), 0), -1);
}
END_TEST

/* What a task has started ends with its worker, however it was detached: a pool of its own, a tree of sessions. */
static long open_own_and_die(long unused)
{
    struct forkpool *own = forkpool_open(2);
    (void)unused;
    forkpool_async(own, here, 0);
    await(&board->pids[0], 1);
    return kill(getpid(), SIGKILL);
}
START_TEST(pool_of_a_lost_worker)
{
    if (leftovers_skipped("pool_of_a_lost_worker", "orphans do not come to the server")) return;
    open_workers(2);
    ck_assert_int_eq(status_of(forkpool_async(pool, open_own_and_die, 0)), FORKPOOL_LOST);
    await_gone(atomic_load(&board->pids[0]));
    check_good(4);
}
END_TEST
enum { DEPTH = 5, TREE = (1 << (DEPTH + 1)) - 2 };
static void grow(int depth)
{
    for (int i = 0; depth && i < 2; i++) {
        if (fork()) continue;
        setsid();
        grow(depth - 1);
        atomic_store(&board->pids[atomic_fetch_add(&board->calls, 1)], getpid());
        atomic_fetch_add(&board->hits, 1);
        stay_for_ever();
    }
}
static long grow_and_die(long unused)
{
    (void)unused;
    grow(DEPTH);
    await(&board->hits, TREE);
    return kill(getpid(), SIGKILL);
}
START_TEST(tree_of_a_lost_worker)
{
    if (leftovers_skipped("tree_of_a_lost_worker", "orphans do not come to the server")) return;
    open_workers(2);
    ck_assert_int_eq(status_of(forkpool_async(pool, grow_and_die, 0)), FORKPOOL_LOST);
    for (int i = 0; i < TREE; i++) await_gone(atomic_load(&board->pids[i]));
    check_good(4);
}
END_TEST

/* 6 the program's pages are not what a worker has added */
START_TEST(large_program_recycles_nobody)
{
    size_t bytes = 96 << 20;
    char *large = malloc(bytes);
    memset(large, 1, bytes);
    open_pool(&(struct forkpool_config){.workers = 1, .recycle_rss_bytes = 48 << 20});
    struct forkpool_stats stats;
    usleep(200000); /* four looks */
    check_good(8);
    ck_assert_int_eq(forkpool_stats(pool, &stats), 0);
    ck_assert_uint_eq(stats.started, 1);
    ck_assert_int_eq(large[bytes / 2], 1);
    free(large);
}
END_TEST

/* 7 a program without standard descriptors: what it opens later in their place is its own */
START_TEST(standard_descriptors_closed)
{
    int kept[3];
    for (int i = 0; i < 3; i++) {
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        close(i);
    }
    int rc = forkpool_open_with(NULL, &pool, why, sizeof why);
    for (int i = 0; i < 3; i++) { /* as a program does that becomes a daemon */
        dup2(kept[i], i);
        close(kept[i]);
    }
    ck_assert_int_eq(rc, 0);
    check_good(20);
    ck_assert_int_eq(status_of(forkpool_async(pool, crash, 0)), FORKPOOL_LOST);
    check_good(20);
}
END_TEST

/* 8 nobody reads what tasks print: the next task runs */
static long print_much(long bytes)
{
    static char buffer[1 << 16];
    if (bytes > BUFSIZ) setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (long i = 0; i < bytes; i++) putchar('x');
    return 0;
}
/* The standard output becomes `fd`, full but for what was read out of it. */
static int output_begin(int fd)
{
    int kept = dup(STDOUT_FILENO);
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    return kept;
}
static void output_end(int kept, const int fds[2])
{
    forkpool_delete(pool);
    pool = NULL;
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(fds[0]);
    close(fds[1]);
}
static void fill_up(int fd, size_t bytes)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, why, bytes) > 0) {}
    fcntl(fd, F_SETFL, 0);
}
/* Prints, is about to sleep, and takes another task. */
static int print_and_go_on(long bytes)
{
    ck_assert_int_eq(status_of(forkpool_async(pool, print_much, bytes)), 0);
    usleep(10000); /* until it would sleep */
    struct forkpool_job *job = forkpool_async(pool, square, 3);
    int rc = forkpool_wait(job, 20 * second_ns);
    forkpool_release(job);
    return rc;
}
START_TEST(output_that_nobody_reads)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fill_up(ends[1], sizeof why);
    int kept = output_begin(ends[1]);
    open_workers(1);
    int rc = print_and_go_on(100);
    output_end(kept, ends);
    ck_assert_int_eq(rc, 0);
}
END_TEST
/* There is room, for less than the task's own large buffer holds: it stays there, and comes whole when it is read. */
START_TEST(output_larger_than_the_room)
{
    static char block[4096];
    enum { PRINTED = 20000 };
    int ends[2], got = 0;
    ck_assert_int_eq(pipe(ends), 0);
    fill_up(ends[1], sizeof block / 16);
    ck_assert_int_eq(read(ends[0], block, sizeof block), sizeof block);
    int kept = output_begin(ends[1]);
    open_workers(1);
    int rc = print_and_go_on(PRINTED);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], block, sizeof block) > 0) {}
    int again = print_and_go_on(0);
    for (int tries = 0; got < PRINTED && tries < 20000; tries++, usleep(1000))
        for (ssize_t bytes; (bytes = read(ends[0], block, sizeof block)) > 0;) got += (int)bytes;
    output_end(kept, ends);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(again, 0);
    ck_assert_int_eq(got, PRINTED);
}
END_TEST
/* Poll finds room, and the write waits all the same: the worker is replaced. */
START_TEST(output_that_takes_less_than_it_says)
{
    struct forkpool_stats stats;
    int ends[2], least = 1;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
    ck_assert_int_eq(write(ends[1], why, 1), 1);
    int kept = output_begin(ends[1]);
    open_workers(1);
    int rc = print_and_go_on(4096);
    for (int tries = 0; tries < 20000 && !forkpool_stats(pool, &stats) && !stats.recycled; tries++) usleep(1000);
    output_end(kept, ends);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_ge(stats.recycled, 1);
    ck_assert_uint_eq(stats.lost, 0);
}
END_TEST
/* Nobody reads what the program has printed before it opened the pool: opening does not wait, and it is written once. */
START_TEST(printed_before_opening)
{
    int ends[2], kept = dup(STDOUT_FILENO), filled = 0;
    char block[4096] = "", text[64];
    ck_assert_int_eq(pipe(ends), 0);
    setvbuf(stdout, NULL, _IOFBF, sizeof block);
    dup2(ends[1], STDOUT_FILENO);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, sizeof block) > 0) filled++;
    fcntl(ends[1], F_SETFL, 0);
    printf("once");
    open_workers(2);
    check_good(8);
    while (filled-- > 0) ck_assert_int_eq(read(ends[0], block, sizeof block), sizeof block);
    forkpool_delete(pool); /* workers write what they have, now that there is room */
    pool = NULL;
    fflush(stdout);
    ssize_t got = read(ends[0], text, sizeof text);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(ends[0]);
    close(ends[1]);
    ck_assert_int_eq(got, 4);
    ck_assert_mem_eq(text, "once", 4);
}
END_TEST

/* 9 a static map has shares of workers that a smaller pool does without: they run them first */
static int linger(void *context, unsigned worker, size_t begin, size_t end)
{
    usleep(2000);
    return count(context, worker, begin, end);
}
START_TEST(resized_in_a_static_map)
{
    open_workers(4);
    struct forkpool_map map = {.range = linger, .tasks = 80, .chunk = 1, .schedule = FORKPOOL_STATIC};
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    usleep(5000);
    ck_assert_int_eq(forkpool_resize(pool, 1), 0);
    ck_assert_int_eq(forkpool_wait(job, 10 * second_ns), 0);
    ck_assert_int_eq(forkpool_status(job), 0);
    forkpool_release(job);
    for (int i = 0; i < 80; i++) ck_assert_uint_eq(atomic_load(&board->counts[i]), 1);
    struct forkpool_stats stats = {.workers = 4};
    while (stats.workers > 1) forkpool_stats(pool, &stats), usleep(1000);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("reach");
    tcase_add_test(cases, longjmp_into_an_earlier_task);
    tcase_add_loop_test(cases, asked_for_deaths_are_no_storm, 0, 2);
    tcase_add_test(cases, early_ends_are_no_storm);
    tcase_add_test(cases, server_stopped);
    tcase_add_test(cases, helpers_of_others_live);
    tcase_add_test(cases, group_killed);
    tcase_add_test(cases, pool_of_a_lost_worker);
    tcase_add_test(cases, tree_of_a_lost_worker);
    tcase_add_test(cases, large_program_recycles_nobody);
    tcase_add_test(cases, standard_descriptors_closed);
    tcase_add_test(cases, output_that_nobody_reads);
    tcase_add_test(cases, output_larger_than_the_room);
    tcase_add_test(cases, output_that_takes_less_than_it_says);
    tcase_add_test(cases, printed_before_opening);
    tcase_add_test(cases, resized_in_a_static_map);
    return board_run("forkpool reach", cases);
}
