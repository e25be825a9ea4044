/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task leaves behind and the spawn server cannot kill is waited for and left: joining and deleting the pool end. */
#include "tests/forkpool/forkpool_board.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum obstacle { NO_PROC, NO_DESCRIPTOR, ANOTHER_USER, OBSTACLES };
enum { CANNOT = 77, ANOTHER = 65534 };
static const char *const names[OBSTACLES] = {[NO_PROC] = "no /proc", [NO_DESCRIPTOR] = "no descriptor", [ANOTHER_USER] = "another user"};

/* The server lists its children in /proc; this program and what it starts see none. */
static bool hide_proc(void)
{
    return (!unshare(CLONE_NEWNS) || !unshare(CLONE_NEWUSER | CLONE_NEWNS)) &&
           !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) && !mount("none", "/proc", "tmpfs", 0, NULL);
}

/* As many as opening takes, so that the server has none to list its children. */
static bool take_descriptors(void)
{
    struct rlimit limit;
    int lowest = dup(0);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)lowest + 3;
    return !setrlimit(RLIMIT_NOFILE, &limit);
}

/* Root that may become another user, and may not signal one. */
static bool give_up_kill(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (geteuid() || syscall(SYS_capget, &header, data)) return false;
    data[0].effective &= ~(1u << CAP_KILL);
    data[0].permitted &= ~(1u << CAP_KILL);
    return !syscall(SYS_capset, &header, data);
}

static bool (*const put_up[OBSTACLES])(void) = {[NO_PROC] = hide_proc, [NO_DESCRIPTOR] = take_descriptors, [ANOTHER_USER] = give_up_kill};

/* In a session of its own, so not in its worker's group. */
static long leave_stray(long obstacle)
{
    pid_t pid = fork();
    if (pid) return pid < 0;
    setsid();
    bool other = obstacle == ANOTHER_USER && !setresuid(ANOTHER, ANOTHER, ANOTHER);
    atomic_store(&board->pids[0], obstacle == ANOTHER_USER && !other ? -1 : getpid());
    for (;;) pause();
}

static _Noreturn void program(enum obstacle obstacle, bool joins)
{
    if (!put_up[obstacle]() || !(pool = forkpool_open(1))) _exit(CANNOT);
    if (forkpool_value(forkpool_async(pool, leave_stray, obstacle))) _exit(1);
    while (!atomic_load(&board->pids[0])) usleep(1000);
    if (joins && (forkpool_close(pool) || forkpool_join(pool, INT64_C(20000000000)))) _exit(2);
    forkpool_delete(pool);
    _exit(0);
}

START_TEST(strays_that_cannot_be_killed)
{
    int status;
    if (leftovers_skipped("strays_that_cannot_be_killed", "orphans do not come to the test")) return;
    pid_t pid = fork();
    if (pid == 0) program((enum obstacle)(_i % OBSTACLES), _i < OBSTACLES);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    pid_t stray = atomic_load(&board->pids[0]);
    if (WEXITSTATUS(status) == CANNOT || stray < 0) {
        printf("skipped: strays_that_cannot_be_killed: %s: not to be had here\n", names[_i % OBSTACLES]);
        return;
    }
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(kill(stray, 0), 0); /* else it could be killed, and nothing is shown */
    kill(stray, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    TCase *cases = board_cases("strays");
    tcase_add_loop_test(cases, strays_that_cannot_be_killed, 0, 2 * OBSTACLES);
    return board_run("forkpool strays", cases);
}
