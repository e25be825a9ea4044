/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No wake-up is lost: one worker spins or is about to sleep, the others sleep; then tasks that need each other are
 * submitted back to back. One that nobody is woken for leaves the others in vain. FORKPOOL_BURST_PAIRS: how many (make
 * burst); without it, as many as showed a lost one on two cpus. And one task comes while the only worker falls asleep.
 * The pool looks after who sleeps beside work only after a second: until then who was not woken is seen asleep, and who was, but
 * has no cpu, to be ready for one: that is the machine's doing. */
#include "tests/forkpool/forkpool_board.h"

#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Some 0.15 s of looks. */
enum { PAIRS = 3000, ASLEEP_US = 100, LONELY_US = 100, LOOKS = 1000, STARVED_LOOKS = 200 * LOOKS, BOTH = 2 };

/* What all processes of this program are at: R had no cpu, S in a futex was not woken. */
static void tell_processes(void)
{
    fflush(stdout);
    int status =
        system("for f in /proc/[0-9]*; do grep -sq '^Name:.*test_forkpool_b' $f/status && "
               "echo \"$(grep -sE '^(Pid|PPid|State):' $f/status | tr '\\n\\t' '  ') $(cat $f/wchan) cpu $(cut -d' ' -f39 $f/stat)\"; done");
    if (status < 0) perror("sh");
}

/* The other worker has the same parent, the pool's server. '?': there is none. */
static char state_of_other_worker(void)
{
    char state = '?', found;
    glob_t all;
    if (glob("/proc/[0-9]*/stat", GLOB_NOSORT, NULL, &all)) return state;
    for (size_t i = 0; i < all.gl_pathc; i++) {
        FILE *stat = fopen(all.gl_pathv[i], "r");
        int pid, parent;
        if (stat && fscanf(stat, "%d (%*[^)]) %c %d", &pid, &found, &parent) == 3 && parent == getppid() && pid != getpid()) state = found;
        if (stat) fclose(stat);
    }
    globfree(&all);
    return state;
}

/* It was woken and has no cpu: that is the machine's doing, told and waited for. */
static bool waits_for_cpu(int times)
{
    char state = state_of_other_worker();
    printf("the other worker is %c beside a task, %d times\n", state, times);
    return state == 'R' && times < 100;
}

static long meet(long me)
{
    atomic_store(&board->pids[me], 1);
    int times = 0;
    for (long looks = 0; !atomic_load(&board->pids[!me]); looks++) {
        if (!atomic_load(&board->pids[BOTH])) looks = 0; /* the program has not come to submit the other */
        if (looks == LOOKS && !waits_for_cpu(++times)) break;
        if (looks == LOOKS) looks = 0;
        usleep(LONELY_US);
    }
    long met = atomic_load(&board->pids[!me]);
    if (!met) tell_processes();
    atomic_fetch_add(&board->hits, 1);
    return met;
}

static void turn(unsigned turns) { for (volatile unsigned i = 0; i < turns; i++) {} }

/* The two are submitted some ns to some us after the call: in its worker's glances, while it spins, or parks. */
static void pair(unsigned *seed, long number)
{
    struct forkpool_job *jobs[2];
    usleep(ASLEEP_US + (unsigned)rand_r(seed) % 50);
    status_of(forkpool_async(pool, square, 1));
    atomic_store(&board->hits, 0);
    atomic_store(&board->pids[0], 0);
    atomic_store(&board->pids[1], 0);
    atomic_store(&board->pids[BOTH], 0);
    turn((unsigned)rand_r(seed) % (number % 16 ? 200 : 100000));
    for (long i = 0; i < 2; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, meet, i));
    atomic_store(&board->pids[BOTH], 1);
    while (atomic_load(&board->hits) < 2) usleep(20); /* not in the pool, which looks after workers that sleep beside work */
    for (long i = 0; i < 2; i++) ck_assert_msg(forkpool_value(jobs[i]) == 1, "pair %ld: task %ld waited for the other in vain", number, i);
    for (long i = 0; i < 2; i++) forkpool_release(jobs[i]);
}

START_TEST(no_wake_up_is_lost_between_tasks_submitted_back_to_back)
{
    const char *asked = getenv("FORKPOOL_BURST_PAIRS");
    long pairs = asked ? atol(asked) : PAIRS;
    unsigned seed = 1;
    open_workers(2);
    for (long i = 0; i < pairs; i++) {
        pair(&seed, i);
        if (asked && (i + 1) % 100000 == 0) printf("%ld pairs, none left alone\n", i + 1), fflush(stdout);
    }
}
END_TEST

static long own_pid(long unused) { (void)unused; return getpid(); }
static char state_of(long pid)
{
    char path[64], state = '?';
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *stat = fopen(path, "r");
    if (stat && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) state = '?';
    if (stat) fclose(stat);
    return state;
}

static void spin_ns(long ns)
{
    struct timespec now, from;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < ns);
}

static long sign(long number)
{
    atomic_store(&board->calls, (int)number);
    return number;
}

/* Not in the pool, which wakes who sleeps beside work. */
static void await_call(int number, long worker)
{
    for (int looks = 1; atomic_load(&board->calls) != number; looks++) {
        usleep(looks < LOOKS ? LONELY_US / 10 : LONELY_US);
        if (looks % LOOKS) continue;
        char state = state_of(worker);
        if (atomic_load(&board->calls) == number) return;
        ck_assert_msg(state == 'R' && looks < STARVED_LOOKS, "the worker is %c beside call %d", state, number);
    }
}

/* The task comes while the worker is about to fall asleep, or just asleep. */
enum { CALLS = 6000 };
static void calls_at_the_edge(void)
{
    open_workers(1);
    struct forkpool_job *first = forkpool_async(pool, own_pid, 0);
    status_of(first);
    long worker = forkpool_value(first);
    for (int i = 1; i <= CALLS; i++) {
        spin_ns(30000 + i % 64 * 1000);
        struct forkpool_job *job = forkpool_async(pool, sign, i);
        await_call(i, worker);
        ck_assert_int_eq(status_of(job), 0);
    }
}

/* Of one thread: its submissions need no fence. */
START_TEST(no_wake_up_is_lost_where_the_worker_falls_asleep) { calls_at_the_edge(); }
END_TEST

static void *stay(void *unused) { while (!pause() || true) {} return unused; }
START_TEST(no_wake_up_is_lost_there_by_a_program_with_threads)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, stay, NULL), 0);
    calls_at_the_edge();
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("burst");
    if (getenv("FORKPOOL_BURST_PAIRS")) tcase_set_timeout(cases, 86400);
    tcase_add_test(cases, no_wake_up_is_lost_between_tasks_submitted_back_to_back);
    if (!getenv("FORKPOOL_BURST_PAIRS")) {
        tcase_add_test(cases, no_wake_up_is_lost_where_the_worker_falls_asleep);
        tcase_add_test(cases, no_wake_up_is_lost_there_by_a_program_with_threads);
    }
    return board_run("forkpool burst", cases);
}
