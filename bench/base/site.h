/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site.h: what whoever started this program left in it, and what of that is not obeyed: variables that describe another
 * machine to hwloc or bind OpenMP's threads, the affinity those bound us to, and how signals are treated.
 *
 *     site_begin();                          // first in main
 *     for (const char *const *entry = site_taken(); *entry; entry++) ... // "NAME=value", to be said and recorded
 *     if (!fork()) { site_return(); execvp(..); }  // another's command begins as if we were not there
 *
 * Not safe across threads.
 */
#ifndef BREAKEVEN_SITE_H
#define BREAKEVEN_SITE_H

#include <stdbool.h>
#include <stddef.h>

/* Gives back the affinity the process was started with, takes the variables out of the environment, and has SIGCHLD,
 * SIGPIPE and SIGXFSZ as this program needs them: children can be waited for, and a reader that leaves or a file too
 * large is an error to report. SIGINT, SIGTERM and SIGHUP can arrive again, ignored where they were (nohup). */
void site_begin(void);

/* Children that were there before this program (a shell that ends in exec) stay with this process, untouched, and the
 * program goes on in a child of it, which ends with it and whose status it takes over. Returns at once where there are
 * none. Likewise as process 1 of a container, which signals without a handler do not reach. To be called after site_begin, while nothing is open or allocated that must not be there twice. */
void site_leave_children(void);

/* Do children live in this process's pid namespace? Not after `unshare --pid` without --fork: the first of them is that
 * namespace's init, and once it is gone nothing can be started. */
bool site_can_have_children(void);

/* The variables that were taken out, with their values; ends with NULL. Of the process; never freed. */
const char *const *site_taken(void);

/* The names of those that OpenMP's runtimes read, or (openmp false) of the others, with blanks between; "" where there are
 * none. Returns how many. */
size_t site_names(bool openmp, char *names, size_t size);

/* Is this one ("NAME=value") for OpenMP's runtimes? */
bool site_is_openmp(const char *entry);

/* For the placement "env", in a process started with those variables (isolate.h): they are in the environment again.
 * Before OpenMP is first used. */
void site_obey_openmp(void);

/* In a child, before exec: variables and signals as they were found. Signal-safe but for putenv of what is ours. */
void site_return(void);

#endif
