/* tune_sentinel.h: did the machine change while something was measured? The same short work on every usable cpu at
 * once, over and over between the measurements: independent floating-point chains, which fill a core's units and so
 * feel a busy neighbour on the same core, which a chain of dependent steps does not. Part of tune.
 *
 *     struct tune_sentinel sentinel;
 *     if (!tune_sentinel_open(&sentinel)) {
 *         ... tune_sentinel_look(&sentinel, phase); ...                 // often: most calls return at once
 *         unsteady = tune_sentinel_swing(&sentinel) > TUNE_UNSTEADY;
 *     }
 *     tune_sentinel_close(&sentinel);
 */
#ifndef BREAKEVEN_TUNE_SENTINEL_H
#define BREAKEVEN_TUNE_SENTINEL_H

#include <stddef.h>
#include <stdint.h>

#define TUNE_UNSTEADY 1.25 /* beyond this swing the machine has changed; chosen without regard to any regret */

struct tune_sentinel {
    unsigned *cpus; /* that this process may use */
    size_t cpu_count, look_count, capacity;
    uint64_t steps;   /* of the work */
    double *walls_ns; /* of each look, each cpu: [look * cpu_count + i] */
    unsigned *phases; /* of each look */
    int64_t last_ns, took_ns;
};

int tune_sentinel_open(struct tune_sentinel *); /* 0 or -errno; closed in either case */
void tune_sentinel_close(struct tune_sentinel *);
void tune_sentinel_forget(struct tune_sentinel *); /* all looks so far */

/* Takes a look, unless the last one was a moment ago: they take about a twentieth of the time. 0 or -errno. */
int tune_sentinel_look(struct tune_sentinel *, unsigned phase);

/* Notes a look that was taken elsewhere: what each cpu took. 0 or -ENOMEM. */
int tune_sentinel_note(struct tune_sentinel *, unsigned phase, const double *walls_ns);

/* The largest over all cpus and phases of: a phase's 90th percentile over the cpu's 10th percentile in all phases. So
 * it is enough that one cpu was slower during a tenth of one phase; a rare spike is not. NAN without a look. */
double tune_sentinel_swing(const struct tune_sentinel *);

#endif
