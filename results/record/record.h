/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.h: what a run is on disk: manifest.json with its cells, samples.jsonl with one line per repetition.
 *
 *     results/runs/<UTC time>-<name>/{manifest.json, topology.xml, samples.jsonl, summary.csv, summary.json,
 *                                     plots/, report.html}
 *
 * manifest.json is one object. What results/ reads of it: `schema` (RECORD_SCHEMA), `name`, `complete`, `simulated`
 * (absent: false), `cells` (record_fields.h), `efficiency` (the level asked of METG; absent: 0.5), and `host`, copied
 * into summary.json as it stands, of which it uses `cpus` and `cores` (what the run was allowed to use), `packages` and
 * `numa` (nodes among them). Everything else in it is documentation. A run's folder gets samples.jsonl
 * (record_open_samples) before its manifest, so that it is never half a run.
 *
 * The structs below are the record in memory; record_fields.h lists each field once, and writer and reader are
 * made from that list.
 */
#ifndef BREAKEVEN_RECORD_H
#define BREAKEVEN_RECORD_H

#include "kernels/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_SCHEMA 1

/* One configuration. Cells of equal kernel, size and tasks are one problem; its serial cell is their baseline. */
struct cell {
    unsigned id;        /* its index in the manifest's array */
    unsigned baseline;  /* id of the serial cell of the same problem in the same study; its own id for a serial cell */
    unsigned duplicate; /* id of the cell that this one repeats for A/A; its own id for all others */
    char study[24];     /* which question it belongs to: "scaling", "granularity", "breakeven",
                           "chunk", "hybrid", "placement"; "run" */
    char kernel[256];   /* name, or path of a user's shared object */
    char label[40];     /* the kernel's name, for figures */
    char runner[24];
    uint64_t size;
    uint64_t tasks;
    uint64_t task_time_ns; /* what --task-time asked for; 0: nothing */
    uint64_t seed;
    unsigned processes, threads;
    unsigned nodes; /* hosts that the processes are spread evenly over; 0: one */
    uint64_t chunk; /* 0: the runner's default */
    char schedule[16];
    char placement[64];
    uint64_t speeds_milli; /* what its workers' cores are worth together, in thousandths of the fastest kind; 0: each 1 */
};

/* Are two cells the same, in the parts that matter to who asks? (cells.c)
 *
 *     if (cells_same(a, b, CELLS_ALL & ~CELLS_CHUNK)) ... they differ in their chunk at most ...
 */
enum {
    CELLS_STUDY = 1,
    CELLS_KERNEL = 2,
    CELLS_SIZE = 4,
    CELLS_TASK_TIME = 8, /* what was asked for; the size follows from it, and may be asked for otherwise */
    CELLS_TASKS = 16,
    CELLS_SEED = 32,
    CELLS_RUNNER = 64,
    CELLS_SCHEDULE = 128,
    CELLS_PROCESSES = 256,
    CELLS_THREADS = 512,
    CELLS_NODES = 1024,
    CELLS_CHUNK = 2048,
    CELLS_PLACEMENT = 4096,
    CELLS_ALL = 8191,
    CELLS_POOL = CELLS_STUDY | CELLS_RUNNER | CELLS_SCHEDULE | CELLS_PLACEMENT, /* whose costs are the same */
    CELLS_PROBLEM = CELLS_KERNEL | CELLS_SIZE | CELLS_TASKS | CELLS_SEED,       /* what is computed */
};

bool cells_same(const struct cell *, const struct cell *, unsigned parts);

struct sample_worker {
    unsigned worker;
    char cpus[104];  /* read back */
    char host[64];   /* where it ran; "": where the run was started */
    char machine[176]; /* of the first worker of another host: its cpu, and its topology from the package down */
    int64_t late_ns; /* first task's start after the start of the run phase; -1 where not recorded */
    int64_t busy_ns; /* in kernel code; -1 where not recorded */
    int64_t end_ns;  /* end of its last task after the start of the run phase; -1 where not recorded */
    int64_t team_ns; /* its process at work with its whole team, not claiming and not waiting; the same for all workers
                        of a process; -1 where not recorded: only processes with teams are asked */
    int64_t waited_ns; /* ready to run in the passes and not running: somebody had its cpu; -1 where not known */
};

struct sample_bin { /* how many tasks took how long: see latency.h */
    unsigned bin;
    uint64_t tasks;
};

struct sample_lost { /* a lost worker */
    unsigned worker;
    int signal, code;
    char cause[64];
    int64_t max_rss_bytes, user_ns, system_ns;
};

/* One repetition of one cell. Durations in ns; -1 where not measured. */
struct sample {
    unsigned cell, block, order; /* order: position inside the block */
    char status[12];             /* "ok", "error", "timeout", "killed", or "stopped" by tune: it could no longer be the best */
    char cause[256];             /* "" where ok: one line, "signal 9 (Killed)", "wrong result: ..." */
    int64_t began_ns;            /* CLOCK_REALTIME at its start */
    int64_t setup_ns, start_ns, first_ns, wall_ns, stop_ns; /* first: the first warm-up pass, -1 without one */
    int64_t user_ns, system_ns;                             /* of the whole repetition, its workers included */
    int64_t voluntary_switches, involuntary_switches, minor_faults, major_faults;
    int64_t peak_rss_bytes; /* largest of its processes */
    int64_t steal_ns, throttled_ns;
    int64_t clock_ns;  /* cost of reading the clock once */
    int64_t gathered_ns; /* of the run phase: bringing the results from other hosts; -1: one host */
    int64_t clock_error_ns; /* by how much times of workers on other hosts may be off; -1: none were recorded */
    int64_t injected_ns; /* how long start, stop and the run phase's dispatches really waited where the self-test made
                            them wait, all workers together; -1 elsewhere */
    bool instrumented; /* taken with busy spans: never a headline time */
    char verified[20]; /* "serial+published", "serial", "published", "" */
    char hash[20];     /* of all result bytes, hexadecimal */
    char waiting[12];  /* what ranks do that wait for others: "spinning", "yielding"; "" where there are none, or not known */
    char suspect[96];  /* words of suspicions.h, separated by spaces: "steal throttled"; "" */
    unsigned worker_count;
    struct sample_worker *workers; /* owned by the sample */
    unsigned lost_count;
    struct sample_lost *lost; /* owned by the sample */
    unsigned latency_count;
    struct sample_bin *latency; /* where instrumented: the bins that are not empty, in rising order; owned */
};

/* The workers of one good repetition with busy spans, all together, ns. NAN: not recorded. */
struct span_sums {
    double busy, busy_max;              /* in kernel code; the three sums below are known where these are */
    double dispatch;                    /* from the start to their last task's end, not busy */
    double end_sum, end_max;            /* when they ended their last tasks */
    double gathered;                    /* results brought from other hosts, after the last task; 0: one host */
    double outside_sum, outside_max;    /* of the processes, not threads: outside the pool */
    double late_p50, late_max;          /* when those that got a task began their first */
    double latency_p50, latency_p95, latency_p99; /* of single tasks */
};

/* What the statistics need of one repetition, in a fifth of the bytes that its line has in samples.jsonl: reading a run
 * folds each sample into it and frees the rest. Of the spans of its workers the sums are kept, of the bins of its
 * tasks the quantiles; what is not here is read again from the file, one line (run_sample). Its text belongs to the
 * run, or is constant. */
struct observation {
    unsigned cell, block, order; /* order: position inside the block */
    char status[12];             /* as a sample's */
    bool instrumented;           /* taken with busy spans: never a headline time */
    bool timed;                  /* its first worker's start and end are known */
    bool located;                /* its first worker's cpus are known */
    bool unwatched;              /* how long its workers waited for a cpu is not known */
    unsigned worker_count;
    const char *suspect, *cause, *verified, *waiting; /* as in a sample; "" where there is none */
    struct span_sums *spans;                    /* where it is good and instrumented, else NULL; the run's */
    int64_t at;                             /* where its line begins in samples.jsonl; -1: in no file */
    int64_t began_ns;
    int64_t setup_ns, start_ns, first_ns, wall_ns, stop_ns; /* these and the rest: -1 where not measured */
    int64_t user_ns, system_ns;
    int64_t voluntary_switches, involuntary_switches, minor_faults;
    int64_t peak_rss_bytes;
    int64_t injected_ns;
};

/* Tasks of a cell by their duration, all of its good repetitions together. */
struct latency_bins {
    unsigned count;
    struct latency_bin {
        unsigned bin; /* in rising order */
        double tasks;
    } * bin; /* owned */
};

struct run {
    char dir[4096];
    char name[128];
    bool complete;
    bool simulated; /* made up by a simulator: everything that shows the run says so */
    unsigned cell_count;
    struct cell *cells;
    size_t sample_count, sample_room;
    struct observation *samples; /* in the order in which they were taken */
    struct latency_bins *latency; /* latency[cell]; NULL where no task of the run was timed */
    void *words;                  /* the text of its samples, each word once: run_word */
    struct json_t *manifest;
};

/* Is no earlier cell of the run the same in these parts? So a list of all there are has each once. */
bool cells_first(const struct run *, size_t at, unsigned parts);

/* What makes a repetition suspect. */
enum suspicion_id {
#define SUSPICION(word, rule, meaning) SUSPICION_##word,
#include "results/record/suspicions.h"
#undef SUSPICION
    SUSPICIONS
};
struct suspicion {
    const char *word;    /* in `suspect` */
    const char *rule;    /* when it is given */
    const char *meaning; /* what happened, in a few words */
};
extern const struct suspicion suspicions[SUSPICIONS];

void sample_suspect(struct sample *, enum suspicion_id);        /* adds the word, unless it is there */
int run_suspect(struct run *, size_t sample, enum suspicion_id); /* the same; 0 or -ENOMEM */
bool suspicion_in(const char *words, enum suspicion_id);
bool suspicion_word_in(const char *words, const char *word); /* whole words, with blanks between */
void suspicion_add(char *words, size_t size, const char *word); /* where it is not there and fits */

/* A sample of which nothing is measured yet: every measure is -1, the rest 0 or "". */
struct sample sample_unmeasured(void);

/* Reads a recorded run. Never crashes, hangs or takes unbounded memory on bad input: a damaged manifest is an error, a
 * damaged line of samples too; a last line without its newline was cut short (power loss, full disk) and is left out
 * with a note in `note`. A byte order mark in front and CRLF line ends are accepted: other programs add them. `note` is
 * "" or one line. Returns 0 or -errno with one line in `why` that names file, line and what is wrong (-EPROTO: of a
 * newer schema; -EINVAL: damaged). *run is written on success only; the caller frees it with run_free, which accepts a
 * zeroed struct. */
int run_read(const char *dir, struct run *, struct reason *note, struct reason *why);
void run_free(struct run *);

/* Every sample of a run that was read, whole and in order, from its file once more; `at`: where its line begins. `take`
 * returns 0, or what ends the reading and is returned. Errors as run_read's. */
typedef int run_take(const struct sample *, int64_t at, void *context);
int run_each(const struct run *, run_take *, void *context, struct reason *why);

/* One sample of the run, whole, from the file; the caller frees it with sample_free. 0, -ENOENT where the run was not
 * read from a file, or -errno. */
int run_sample(const struct run *, const struct observation *, struct sample *);

/* Folds one more sample, whose cell is one of the run's, into it: a copy, but for what an observation leaves out. `at`:
 * where its line begins in the file, -1 where there is none. 0 or -ENOMEM. run_samples_free gives back what it took. */
int run_add(struct run *, const struct sample *, int64_t at);
void run_samples_free(struct run *);

/* The run's own copy of a text, the same for equal ones; valid until run_free. NULL where memory is short. */
const char *run_word(struct run *, const char *text);

/* Sums over the workers of a sample of this cell. */
struct span_sums span_sums_of(const struct sample *, const struct cell *);

/* Was the machine another one in some blocks? Told by the serial cells, the sentinels of a run: its level in a block is
 * the median, over all problems and over the block and its two neighbours, of a serial run phase divided by the median
 * of that cell's run phases in the whole run. Where it is off 1 by more than 2 %, adds the word "drift" to `suspect` of
 * each sample in that block; fewer than five sentinels tell nothing: one alone may just have been disturbed. 0 or
 * -ENOMEM; done twice it does no harm. (drift.c) */
int drift_mark(struct run *);

/* A worker in the kernel without a gap of more than what was asked; times from the start of the run phase. */
struct trace_span {
    unsigned worker;
    double begin_ns, end_ns;
};

/* What a repetition's timeline file holds (docs/method.md, section 4): its spans in the order of workers and time, gaps
 * up to gap_ns closed; malloc'ed. -ENOENT: it has no timeline. -EINVAL: the file is none, or is beyond 256 MiB. Never
 * crashes on a damaged file. (trace.c) */
int trace_read(const char *dir, unsigned cell, unsigned block, double gap_ns, struct trace_span **, size_t *count);

/* One sample as one line of JSON without the newline, malloc'ed, and back. NULL / -EINVAL with `why`. */
char *sample_to_json(const struct sample *);
int sample_from_json(const char *line, size_t length, struct sample *, struct reason *why);
void sample_free(struct sample *);

/* Text of any bytes (a cause may quote what a program printed) as a JSON string: what is not UTF-8 becomes '?'. */
struct json_t *text_to_json(const char *);
struct json_t *cell_to_json(const struct cell *);
int cell_from_json(const struct json_t *, struct cell *, struct reason *why);

/* Writes bytes to dir/name through a temporary file, fsync and rename. 0 or -errno; on failure the old file stands. */
int record_write_file(const char *dir, const char *name, const void *bytes, size_t size);

/* Opens dir/samples.jsonl for appending, made where it is missing; a last line cut short is cut off first, as run_read
 * leaves it out. Returns a descriptor (close-on-exec) or -errno. */
int record_open_samples(const char *dir);

/* Appends one whole line and its newline to an open descriptor with a single write; on a short write the file is
 * truncated back to its old length. 0 or -errno. */
int record_append_line(int fd, const char *line);
int record_append_sample(int fd, const struct sample *);

#endif
