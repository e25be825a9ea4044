/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/tune_watch.h"

#include <math.h>

/* Between looks: at least this long, and so many times as long as a look takes: they are a twentieth of the time. */
static const double PAUSE_S = 0.04, PAUSE_SHARE = 20;
static const double NAP_S = 0.05;

void tune_watch_open(struct tune_watch *watch, const struct tune_watch_eyes *eyes, double patience_s)
{
    *watch = (struct tune_watch){.eyes = *eyes, .patience_s = patience_s};
}

static double now_s(const struct tune_watch *watch)
{
    return watch->eyes.now_s(watch->eyes.context);
}

static void note(struct tune_watch_seen *seen, double cores)
{
    seen->least = seen->looks ? fmin(seen->least, cores) : cores;
    seen->sum += cores;
    seen->looks++;
}

/* Is it low? Who cannot look sees nothing amiss. */
static bool look(struct tune_watch *watch)
{
    double cores, began_s = now_s(watch);
    watch->blind = watch->eyes.look(watch->eyes.context, &cores) != 0;
    if (watch->blind) return false;
    watch->looks++;
    watch->last_s = now_s(watch);
    watch->took_s = watch->last_s - began_s;
    bool low = cores < TUNE_WATCH_LOW * watch->eyes.expected;
    if (low) note(&watch->low, cores);
    if (!low || watch->gave_up) note(&watch->measured, cores);
    return low && !watch->gave_up;
}

static bool is_due(const struct tune_watch *watch)
{
    if (watch->patience_s <= 0 || watch->eyes.expected <= 1 || watch->blind) return false;
    return !watch->looks || now_s(watch) - watch->last_s >= fmax(PAUSE_S, PAUSE_SHARE * watch->took_s);
}

/* Until it is no longer low, or patience is spent. */
static int wait_for_it(struct tune_watch *watch)
{
    int error = 0;
    watch->gave_up = watch->waited_s >= watch->patience_s;
    for (bool low = true; !error && low && !watch->gave_up;) {
        double began_s = now_s(watch);
        error = watch->eyes.nap(watch->eyes.context, NAP_S);
        low = !error && look(watch);
        watch->waited_s += now_s(watch) - began_s;
        watch->gave_up = low && watch->waited_s >= watch->patience_s;
    }
    return error;
}

int tune_watch_begin(struct tune_watch *watch)
{
    int error = is_due(watch) && look(watch) ? wait_for_it(watch) : 0;
    if (watch->patience_s > 0) watch->began_s = now_s(watch);
    return error;
}

int tune_watch_check(struct tune_watch *watch, bool *again)
{
    *again = false;
    if (!is_due(watch)) return 0;
    double block_s = now_s(watch) - watch->began_s;
    if (!look(watch)) return 0;
    int error = wait_for_it(watch);
    if (error || watch->gave_up || watch->waited_s + block_s > watch->patience_s) return error;
    watch->waited_s += block_s;
    watch->dropped++;
    *again = true;
    return 0;
}

double tune_watch_mean(const struct tune_watch_seen *seen)
{
    return seen->looks ? seen->sum / seen->looks : NAN;
}
