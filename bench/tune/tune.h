/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune.h: `breakeven tune`: what to run something with, found by a search. One subject (a kernel, a command) says what
 * the points of the search mean and measures them; the rest is common.
 */
#ifndef BREAKEVEN_TUNE_H
#define BREAKEVEN_TUNE_H

#include "runners/cpus/limits.h"
#include "bench/plan/plan.h"
#include "bench/tune/search/search.h"
#include "bench/tune/tune_watch.h"

#include <jansson.h>

enum tune_objective { TUNE_TIME, TUNE_CORE_SECONDS, TUNE_MEMORY };

struct tune;

/* What is tuned. */
struct tune_subject {
    const char *unit; /* "command" or "kernel", for the record and JSON */
    /* "4 processes, chunk 64, spread" */
    void (*name)(const struct tune *, const struct search_point *, char *text, size_t size);
    /* The point's settings as an object: {"workers": 4, "chunk": 64}. A new reference; NULL without memory. */
    json_t *(*settings)(const struct tune *, const struct search_point *);
    /* Lines for a shell to eval. */
    void (*shell)(const struct tune *, const struct search_point *, FILE *);
};

struct tune_failure {
    struct search_point point;
    char cause[256];
    char *output; /* what it printed, beginning and end; NULL */
};

struct tune {
    const struct options *options;
    const struct tune_subject *subject;
    void *context; /* the subject's */
    struct limits limits;
    char kinds[800]; /* of cores, the fast first, and their measured speeds; "" where they are alike */
    struct tune_capacity capacity;
    struct tune_watch watch;
    struct search_space space;
    struct search_options search;
    struct search_result result;
    enum tune_objective objective;
    char what[256];       /* "python3 job.py --jobs {workers}", "mandelbrot, 1000 tasks of 10us" */
    size_t failure_count; /* points that failed, the first time each did */
    struct tune_failure *failures;
    size_t left_runs, left; /* measurements that left processes running, and how many in all; they were killed */
    int64_t left_ns;        /* cpu time of those */
    double serial_s;       /* what the serial loop took before the search; it is in no other figure */
    size_t suspects;       /* measurements that the machine disturbed: steal time, throttling */
    char suspect[96];      /* the words of the last of them */
    char dir[4096]; /* of the recorded run; "" */
};

/* What the options say about every subject: objective, limits of the search. 0 or an exit status after one line. */
int tune_open(struct tune *, const struct options *);
void tune_close(struct tune *);

/* Lets tune->watch see this machine; its patience is the options'. 0 or -errno. */
int tune_watch_machine(struct tune *, hwloc_topology_t);
double tune_patience_s(const struct options *);
double tune_limit_s(const struct options *); /* --time-limit; INFINITY without */

/* Notes why a point failed, once. */
void tune_fail(struct tune *, const struct search_point *, const char *cause, const char *output);

/* What the sentence and the tables share (tune_text.c). */

const struct search_entry *tune_entry(const struct tune *, size_t id); /* NULL where there is none */
struct tune_words { /* text by value: it lives to the end of the full expression */
    char text[160];
};
struct tune_words tune_name(const struct tune *, const struct search_entry *);

/* The best entry of each number of workers, of a kind (the settings that have no order; NULL: of any), malloc'ed; their
 * number in *count. NULL without memory. */
const struct search_entry **tune_curve(const struct tune *, const struct search_entry *kind, size_t *count);

/* The figure that is minimised as text: "1.23 s", "4.5 core-s", "12.3 MiB". */
struct tune_words tune_show_cost(const struct tune *, double cost);

/* The recommendation in one sentence with its reason; what it costs with its interval is part of it. */
void tune_sentence(const struct tune *, struct reason *sentence);

/* Who the recommendation is compared with: the serial point, else the default; NULL where neither was measured. */
const struct search_entry *tune_reference(const struct tune *);

/* Workers at the peak of the Universal Scalability Law fitted to the best times of each number of workers tried with
 * the recommendation's discrete settings; NAN where no peak was seen. */
struct tune_peak {
    double workers, low, high;
};
struct tune_peak tune_peak(const struct tune *);

/* What the watch waited for, in a sentence; "" where it saw nothing amiss. */
void tune_show_waiting(const struct tune *, char *text, size_t size);

void tune_print(const struct tune *);      /* all of it as text on stdout */
json_t *tune_to_json(const struct tune *); /* a new reference; NULL without memory */

/* Prints what was found as the options ask (text, --json, --shell), writes --save. `error`: how the search ended, with
 * `why` where that is neither 0 nor -EINTR. Returns the exit status. */
int tune_report(const struct tune *, int error, const char *why);

/* A tuning as a recorded run: cells are added as the search comes to them, samples appended as they are taken. */
struct tune_record {
    const struct options *options;
    char dir[4096];
    json_t *manifest;
    struct cell *cells;
    unsigned cell_count;
    struct sample *held; /* of the block that is being taken */
    size_t held_count;
    int fd; /* samples.jsonl */
    int64_t began_ns;
    int lock; /* on the folder; 0: none */
};

/* Makes the folder and its manifest, with the host and protocol of the plan and without cells. 0 or an exit status
 * after one line. */
int tune_record_open(struct tune_record *, const struct options *, const struct plan *);

/* The id of this configuration in the record, added where it is new (its id, baseline and duplicate are set here; the
 * baseline is the first cell of its problem). -errno: cannot be written; one line was said. */
int tune_record_cell(struct tune_record *, const struct cell *, const struct plan_cell *);

/* The same for all cells of a plan at once, which are new: the id of its cell i is what comes back + i. */
int tune_record_cells(struct tune_record *, const struct plan *);

/* Takes a sample over, until its block has been taken. 0 or -ENOMEM: it is lost then. */
int tune_record_hold(struct tune_record *, struct sample *);

/* Appends what is held; a block that is dropped is suspect. 0, or -errno after one line. */
int tune_record_settle(struct tune_record *, bool dropped);

/* Appends a sample. 0, or -errno after one line. */
int tune_record_sample(struct tune_record *, const struct sample *);

/* Writes how it ended and the summary. `tuning` (a reference is taken over, may be NULL) goes into the manifest. */
void tune_record_close(struct tune_record *, json_t *tuning, int error);

/* The subjects: measure everything and report. Return the exit status. */
int tune_command(const struct options *);
int tune_kernel(const struct options *);

#endif
