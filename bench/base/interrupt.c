/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/interrupt.h"

#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t seen;

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
enum { WATCHED = sizeof watched / sizeof *watched };
enum { TWICE_NS = 100000000 }; /* one request may come twice: timeout(1) signals the program and then its group */

static void note(int signal)
{
    (void)signal;
    seen = 1;
}

void interrupt_watch(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < WATCHED; i++) {
        struct sigaction old, action = {.sa_handler = note};
        if (!sigaction(watched[i], NULL, &old) && old.sa_handler == SIG_IGN) continue;
        sigaction(watched[i], &action, NULL);
        sigaddset(&set, watched[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void interrupt_unwatch(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < WATCHED; i++) {
        struct sigaction old;
        if (!sigaction(watched[i], NULL, &old) && old.sa_handler == note) sigaddset(&set, watched[i]);
    }
    while (sigtimedwait(&set, NULL, &(struct timespec){0}) > 0) seen = 1;
    if (seen) sigtimedwait(&set, NULL, &(struct timespec){.tv_nsec = TWICE_NS});
    for (size_t i = 0; i < WATCHED; i++)
        if (sigismember(&set, watched[i])) signal(watched[i], SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void interrupt_mask(sigset_t *mask)
{
    sigprocmask(SIG_BLOCK, NULL, mask);
    for (size_t i = 0; i < WATCHED; i++) sigdelset(mask, watched[i]);
}

bool interrupt_seen(void)
{
    sigset_t pending;
    if (seen || sigpending(&pending)) return seen;
    for (size_t i = 0; i < WATCHED; i++)
        if (sigismember(&pending, watched[i])) return true;
    return false;
}

bool interrupt_follows(int signal)
{
    bool watches = false;
    for (size_t i = 0; i < WATCHED; i++) watches |= signal == watched[i];
    for (int i = 0; watches && i < 100 && !interrupt_seen(); i++) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return watches && interrupt_seen();
}
