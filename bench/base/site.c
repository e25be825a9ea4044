/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/site.h"

#include "runners/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* hwloc: "Environment variables" in its manual; OpenMP 5.2, 21.2; libgomp and libomp have their own beside. */
static const char *const names[] = {"HWLOC_XMLFILE",    "HWLOC_SYNTHETIC", "HWLOC_FSROOT", "HWLOC_COMPONENTS",
                                    "HWLOC_CPUID_PATH", "HWLOC_THISSYSTEM", "OMP_PLACES",   "OMP_PROC_BIND",
                                    "GOMP_CPU_AFFINITY", "KMP_AFFINITY",    "KMP_HW_SUBSET"};
enum { NAMES = sizeof names / sizeof *names };

static const int changed[] = {SIGCHLD, SIGPIPE, SIGXFSZ};
enum { CHANGED = sizeof changed / sizeof *changed };

static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { PASSED = sizeof passed / sizeof *passed };

static char *taken[NAMES + 1];
static struct sigaction found[CHANGED];
static sigset_t found_mask;

static char *entry_of(const char *name)
{
    size_t length = strlen(name);
    for (char **entry = environ; *entry; entry++)
        if (!strncmp(*entry, name, length) && (*entry)[length] == '=') return *entry;
    return NULL;
}

static void take_variables(void)
{
    size_t count = 0;
    for (size_t i = 0; i < NAMES; i++) {
        char *entry = entry_of(names[i]);
        if (!entry) continue;
        taken[count++] = entry; /* the text stays where it is */
        unsetenv(names[i]);
    }
}

static void take_signals(void)
{
    sigset_t needed;
    sigemptyset(&needed);
    for (size_t i = 0; i < CHANGED; i++) {
        struct sigaction action = {.sa_handler = changed[i] == SIGCHLD ? SIG_DFL : SIG_IGN};
        sigaction(changed[i], &action, &found[i]);
        sigaddset(&needed, changed[i]);
    }
    sigaddset(&needed, SIGINT);
    sigaddset(&needed, SIGTERM);
    sigaddset(&needed, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &needed, &found_mask);
}

void site_begin(void)
{
    worker_unbind_openmp();
    take_variables();
    take_signals();
}

static pid_t program; /* for the handler */

static void pass_on(int signal)
{
    kill(program, signal);
}

/* The program is the child; this process waits for it, hands signals on and ends as it did. */
__attribute__((noreturn)) static void stand_by(const sigset_t *before)
{
    int status;
    struct sigaction action = {.sa_handler = pass_on}, old;
    for (size_t i = 0; i < PASSED; i++)
        if (!sigaction(passed[i], NULL, &old) && old.sa_handler != SIG_IGN) sigaction(passed[i], &action, NULL);
    sigprocmask(SIG_SETMASK, before, NULL);
    while (waitpid(program, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
}

void site_leave_children(void)
{
    siginfo_t info;
    sigset_t all, before;
    pid_t parent = getpid();
    if (parent != 1 && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && errno == ECHILD) return;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before); /* none is lost before there is somebody to hand it to */
    program = fork();
    if (program > 0) stand_by(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (program < 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
}

bool site_can_have_children(void)
{
    char own[64] = "", theirs[64] = "";
    if (readlink("/proc/thread-self/ns/pid", own, sizeof own - 1) < 0) return true; /* cannot be seen */
    return readlink("/proc/thread-self/ns/pid_for_children", theirs, sizeof theirs - 1) > 0 && !strcmp(own, theirs);
}

const char *const *site_taken(void)
{
    return (const char *const *)taken;
}

bool site_is_openmp(const char *entry)
{
    return strncmp(entry, "HWLOC_", 6) != 0;
}

size_t site_names(bool openmp, char *text, size_t size)
{
    size_t count = 0;
    *text = '\0';
    for (char **entry = taken; *entry; entry++) {
        if (site_is_openmp(*entry) != openmp) continue;
        text_add(text, size, "%s%.*s", count ? " " : "", (int)strcspn(*entry, "="), *entry);
        count++;
    }
    return count;
}

void site_obey_openmp(void)
{
    for (char **entry = taken; *entry; entry++)
        if (site_is_openmp(*entry)) putenv(*entry);
}

void site_return(void)
{
    for (char **entry = taken; *entry; entry++) putenv(*entry);
    for (size_t i = 0; i < CHANGED; i++) sigaction(changed[i], &found[i], NULL);
    sigprocmask(SIG_SETMASK, &found_mask, NULL);
}
