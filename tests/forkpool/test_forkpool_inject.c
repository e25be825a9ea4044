/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls of the system that fail: fork, mmap, madvise, socketpair, signalfd, pidfd_open, prctl, poll and read
 * interrupted, futex interrupted or returning early. This program defines the functions itself, so the pool's calls
 * come here first. */
#include "forkpool/forkpool.h"
#include "tests/suite.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

enum fault { FAULT_NONE, FAULT_FORK, FAULT_MMAP, FAULT_MADVISE, FAULT_SOCKETPAIR, FAULT_SIGNALFD, FAULT_PIDFD, FAULT_PPOLL, FAULT_READ,
             FAULT_FUTEX, FAULT_SEND, FAULT_WAITID, FAULT_SUBREAPER, FAULTS };

static struct plan { /* shared: the server and the workers follow it too */
    _Atomic int fault, error;
    _Atomic long after, count; /* calls that still succeed; then how many fail */
    _Atomic long failed;
    _Atomic int deaths;
} *plan;

static bool fails(enum fault fault)
{
    if (!plan || atomic_load(&plan->fault) != (int)fault) return false;
    if (atomic_fetch_sub(&plan->after, 1) > 0 || atomic_fetch_sub(&plan->count, 1) <= 0) return false;
    atomic_fetch_add(&plan->failed, 1);
    errno = atomic_load(&plan->error);
    return true;
}
static void arm(enum fault fault, int error, long after, long count)
{
    atomic_store(&plan->fault, FAULT_NONE);
    atomic_store(&plan->error, error);
    atomic_store(&plan->after, after);
    atomic_store(&plan->count, count);
    atomic_store(&plan->failed, 0);
    atomic_store(&plan->fault, (int)fault);
}

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
pid_t fork(void) { return fails(FAULT_FORK) ? -1 : REAL(pid_t (*)(void), "fork")(); }
void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (fails(FAULT_MMAP)) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}
int madvise(void *at, size_t bytes, int advice)
{
    if (fails(FAULT_MADVISE)) return plan->error ? -1 : 0; /* 0: accepted and not done */
    return REAL(int (*)(void *, size_t, int), "madvise")(at, bytes, advice);
}
int socketpair(int domain, int type, int protocol, int fds[2])
{
    return fails(FAULT_SOCKETPAIR) ? -1 : REAL(int (*)(int, int, int, int *), "socketpair")(domain, type, protocol, fds);
}
int signalfd(int fd, const sigset_t *mask, int flags)
{
    return fails(FAULT_SIGNALFD) ? -1 : REAL(int (*)(int, const sigset_t *, int), "signalfd")(fd, mask, flags);
}
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    if (fails(FAULT_PPOLL)) return -1;
    return REAL(int (*)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *), "ppoll")(fds, count, timeout, mask);
}
ssize_t read(int fd, void *bytes, size_t size)
{
    return fails(FAULT_READ) ? -1 : REAL(ssize_t (*)(int, void *, size_t), "read")(fd, bytes, size);
}
ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return fails(FAULT_SEND) ? -1 : REAL(ssize_t (*)(int, const void *, size_t, int), "send")(fd, bytes, size, flags);
}
int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    return fails(FAULT_WAITID) ? -1 : REAL(int (*)(idtype_t, id_t, siginfo_t *, int), "waitid")(type, id, info, options);
}
int prctl(int option, ...)
{
    va_list list;
    unsigned long a[4];
    va_start(list, option);
    for (int i = 0; i < 4; i++) a[i] = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_CHILD_SUBREAPER && fails(FAULT_SUBREAPER)) return -1;
    return REAL(int (*)(int, ...), "prctl")(option, a[0], a[1], a[2], a[3]);
}
long syscall(long number, ...)
{
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex && a[1] == 0 && fails(FAULT_FUTEX)) return atomic_load(&plan->error) ? -1 : 0;
    if (number == SYS_pidfd_open && fails(FAULT_PIDFD)) return -1;
    return REAL(long (*)(long, ...), "syscall")(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static struct leftovers before;
static struct forkpool *pool;
static char why[256];

static void setup(void)
{
    before = leftovers_begin();
    plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(plan, MAP_FAILED);
}
static void teardown(void)
{
    atomic_store(&plan->fault, FAULT_NONE);
    forkpool_delete(pool);
    munmap(plan, sizeof *plan);
    plan = NULL;
    leftovers_check(before);
}

static long square(long x) { return x * x; }
static long die(long x) { return kill(getpid(), SIGKILL) + x; }
static int nothing(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker, (void)begin, (void)end;
    return 0;
}

static void use(void)
{
    struct forkpool_job *jobs[40];
    for (long i = 0; i < 40; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, square, i));
    for (long i = 0; i < 40; i++) {
        ck_assert_int_eq(forkpool_value(jobs[i]), i * i);
        forkpool_release(jobs[i]);
    }
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.tasks = 500, .range = nothing, .schedule = FORKPOOL_DYNAMIC}), 0);
}

/* Each call that opening makes fails once, the first, the second ... until opening succeeds without coming to it. */
static const struct { enum fault fault; int error; } opening[] = {
    {FAULT_FORK, EAGAIN}, {FAULT_FORK, ENOMEM}, {FAULT_MMAP, ENOMEM}, {FAULT_MADVISE, EINVAL}, {FAULT_SOCKETPAIR, EMFILE},
    {FAULT_SIGNALFD, EMFILE}, {FAULT_PIDFD, EMFILE}};
/* Where there is no such call (Linux before 5.3, valgrind 3.19) the server looks by itself whether the program lives; its end
 * of the socket may be open in a child of the program's. */
START_TEST(no_pidfds)
{
    int fds[2];
    pid_t holder = 0;
    if (leftovers_skipped("no_pidfds", "orphans do not come to the test")) return;
    arm(FAULT_PIDFD, ENOSYS, 0, 1000);
    ck_assert_int_eq(pipe(fds), 0);
    pid_t program = fork();
    if (program == 0) {
        if (!(pool = forkpool_open(2)) || forkpool_value(forkpool_async(pool, square, 3)) != 9) _exit(1);
        if (!(holder = fork()))
            for (;;) pause();
        if (write(fds[1], &holder, sizeof holder) < 0) _exit(1);
        for (;;) pause();
    }
    close(fds[1]);
    ck_assert_int_eq(read(fds[0], &holder, sizeof holder), sizeof holder);
    close(fds[0]);
    kill(program, SIGKILL);
    ck_assert_int_eq(waitpid(program, NULL, 0), program);
    ck_assert_int_ne(waitpid(-1, NULL, 0), holder); /* the server, once its workers have ended */
    kill(holder, SIGKILL);
    ck_assert_int_eq(waitpid(-1, NULL, 0), holder);
}
END_TEST

START_TEST(refused_call_is_named)
{
    arm(FAULT_PIDFD, EPERM, 0, 1); /* as in a sandbox */
    ck_assert_ptr_null(forkpool_open(2));
    atomic_store(&plan->fault, FAULT_NONE);
    ck_assert_ptr_nonnull(strstr(forkpool_reason(NULL), "pidfd_open: Operation not permitted"));
    ck_assert_ptr_nonnull(pool = forkpool_open(2));
    ck_assert_str_eq(forkpool_reason(NULL), "");
}
END_TEST

/* In a sandbox that lets nobody be the parent of orphans a pool works, and replaces the dead, as without it. */
START_TEST(no_subreaper)
{
    arm(FAULT_SUBREAPER, EPERM, 0, 1000);
    ck_assert_msg(!forkpool_open_with(&(struct forkpool_config){.workers = 3}, &pool, why, sizeof why), "%s", why);
    ck_assert_int_eq(plan->failed, 1);
    use();
    ck_assert_int_eq(forkpool_wait(forkpool_async(pool, die, 1), 10000000000), 0);
    use();
}
END_TEST

START_TEST(opening_fails)
{
    int failures = 0;
    for (long after = 0; after < 20; after++) {
        arm(opening[_i].fault, opening[_i].error, after, 1);
        int rc = forkpool_open_with(&(struct forkpool_config){.workers = 3}, &pool, why, sizeof why);
        long failed = plan->failed;
        atomic_store(&plan->fault, FAULT_NONE);
        if (rc) {
            ck_assert_int_eq(rc, -opening[_i].error);
            ck_assert_msg(*why, "no reason given");
            ck_assert_ptr_null(pool);
            failures++;
            leftovers_check((struct leftovers){before.fds, before.mappings + 1});
            continue;
        }
        use();
        forkpool_delete(pool);
        pool = NULL;
        if (!failed) break;
    }
    ck_assert_int_gt(failures, 0);
}
END_TEST

/* Interrupted and early returns while the pool works: nobody may notice. */
static const struct { enum fault fault; int error; } nuisances[] = {
    {FAULT_PPOLL, EINTR}, {FAULT_READ, EINTR}, {FAULT_FUTEX, EINTR}, {FAULT_FUTEX, EAGAIN}, {FAULT_FUTEX, 0}, {FAULT_WAITID, EINTR}};
START_TEST(interrupted_calls)
{
    arm(nuisances[_i].fault, nuisances[_i].error, 0, 200);
    ck_assert_int_eq(forkpool_open_with(&(struct forkpool_config){.workers = 3}, &pool, why, sizeof why), 0);
    for (int round = 0; round < 5; round++) {
        use();
        usleep(2000);
        struct forkpool_job *job = forkpool_async(pool, die, 0);
        ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
        ck_assert_int_eq(forkpool_status(job), FORKPOOL_LOST);
        forkpool_release(job);
    }
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_gt(plan->failed, 0);
}
END_TEST

/* 12 fork fails at a replacement: for a while, then for good with another worker alive, then with none. */
START_TEST(replacement_fails_for_a_while)
{
    ck_assert_int_eq(forkpool_open_with(&(struct forkpool_config){.workers = 1}, &pool, why, sizeof why), 0);
    arm(FAULT_FORK, EAGAIN, 0, 3);
    struct forkpool_job *job = forkpool_async(pool, die, 0);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    use();
    ck_assert_int_eq(plan->failed, 3);
}
END_TEST

START_TEST(replacement_fails_for_good)
{
    unsigned workers = _i ? 2 : 1;
    ck_assert_int_eq(forkpool_open_with(&(struct forkpool_config){.workers = workers}, &pool, why, sizeof why), 0);
    arm(FAULT_FORK, ENOMEM, 0, 1000000);
    struct forkpool_job *job = forkpool_async(pool, die, 0), *behind;
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    if (_i) {
        use(); /* the other worker does it all */
        atomic_store(&plan->fault, FAULT_NONE);
        return;
    }
    behind = forkpool_async(pool, square, 3);
    ck_assert_int_eq(forkpool_wait(behind, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(forkpool_status(behind), FORKPOOL_BROKEN);
    ck_assert_ptr_nonnull(strstr(forkpool_reason(pool), "no worker left, and fork"));
}
END_TEST

/* Marks that are not wiped, whatever madvise says: a child of the program and one of a task are told all the same. */
static long forks(long x)
{
    pid_t child = fork();
    if (!child) return -1; /* it comes back from the task as its parent does */
    return waitpid(child, NULL, 0) == child ? x : -2;
}
START_TEST(marks_not_wiped)
{
    int status;
    arm(FAULT_MADVISE, 0, 0, 1000);
    ck_assert_int_eq(forkpool_open_with(&(struct forkpool_config){.workers = 1}, &pool, why, sizeof why), 0);
    ck_assert_int_gt(plan->failed, 0);
    for (long i = 0; i < 5; i++) {
        struct forkpool_job *job = forkpool_async(pool, forks, i);
        ck_assert_int_eq(forkpool_value(job), i);
        forkpool_release(job);
    }
    pid_t child = fork();
    if (!child) _exit(forkpool_close(pool) != FORKPOOL_FORKED);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    use();
}
END_TEST

/* A worker dies while it starts, and no other can be forked in its place: opening fails. */
static int die_once(void *context, unsigned worker, const char *cpus)
{
    _Atomic int *deaths = context;
    (void)cpus;
    if (worker == 0 && !atomic_exchange(deaths, 1)) kill(getpid(), SIGKILL);
    return 0;
}
START_TEST(start_fails_for_good)
{
    arm(FAULT_FORK, EAGAIN, 3, 1000000); /* the server and two workers are forked */
    struct forkpool_config config = {.workers = 2, .initializer = die_once, .context = &plan->deaths};
    ck_assert_int_eq(forkpool_open_with(&config, &pool, why, sizeof why), -EAGAIN);
    ck_assert_ptr_nonnull(strstr(why, "fork for worker 0"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forkpool inject");
    TCase *cases = tcase_create("inject");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, refused_call_is_named);
    tcase_add_test(cases, no_pidfds);
    tcase_add_test(cases, no_subreaper);
    tcase_add_loop_test(cases, opening_fails, 0, (int)(sizeof opening / sizeof *opening));
    tcase_add_loop_test(cases, interrupted_calls, 0, (int)(sizeof nuisances / sizeof *nuisances));
    tcase_add_test(cases, marks_not_wiped);
    tcase_add_test(cases, replacement_fails_for_a_while);
    tcase_add_loop_test(cases, replacement_fails_for_good, 0, 2);
    tcase_add_test(cases, start_fails_for_good);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
