/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options.h: the command line, from one table; and what `breakeven VERB` does.
 *
 *     struct options options;
 *     int status = options_parse(&options, verbs, argc, argv);   // prints what is wrong, one line
 *     if (status < 0) status = options.verb->run(&options);
 *     options_free(&options);
 *
 * The table (options_table) is the only place that knows an option: the parser, `--help`, the man page and the shell
 * completions are made from it. A verb takes the options whose row names it; it is one file that ends in one literal,
 * `const struct verb verb_list = {.name = "list", .summary = "...", .run = run};`, plus one line in bench/verbs_list.h.
 */
#ifndef BREAKEVEN_OPTIONS_H
#define BREAKEVEN_OPTIONS_H

#include "bench/base/status.h"
#include "bench/base/values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_t;

struct options;

struct verb {
    const char *name;     /* a leading '_' marks a verb that the program uses on itself, hidden from help */
    const char *summary;  /* one line for `breakeven help` */
    const char *operands; /* for the usage line: "DIR", "[kernels|runners]"; NULL where it takes none */
    unsigned operands_min, operands_max;
    bool machine;                       /* does it look at this machine, or measure on it? */
    const char *details;                /* a paragraph for `breakeven VERB --help`, or NULL */
    int (*run)(const struct options *); /* prints its own errors with options_complain; returns the exit status */
};

/* The verb of a list that ends with NULL; NULL where there is none of this name. */
const struct verb *verb_find(const struct verb *const *verbs, const char *name);

enum { OPTIONS_MAX = 128 };

/* What the command line said. Fields that no option set are zero, unless the table gives a default. */
struct options {
    const struct verb *const *verbs; /* all there are, ends with NULL */
    const struct verb *verb;
    int argc; /* as main got them, for the record */
    char **argv;
    size_t operand_count;
    const char **operands;
    const char *texts[OPTIONS_MAX]; /* by row: what was given, as it was written; "" of a flag; NULL: not given */

    struct names kernels, runners, schedules, placements, studies, parameters, variables;
    struct numbers processes, threads, nodes, workers, tasks, sizes, task_times_ns, chunks;
    uint64_t reps, warmup, spans, seed, deadline_ns, time_limit_ns, patience_ns, memory_bytes, work_ns;
    double precision, settle, efficiency, margin, within; /* fractions */
    const char *output, *name, *launcher, *waiting, *python, *share, *resume, *topology, *format, *figure, *allow, *versus, *prepare,
        *minimise, *save, *config, *file, *export_json, *export_csv, *export_markdown;
    bool json, quick, force, strict, all, plot, help, timeline, warm, shell, shell_command, write_file, why, predict, page;
};

enum option_type {
    OPTION_FLAG,       /* bool; takes no value */
    OPTION_COUNT,      /* uint64_t, a whole number in [min, max] */
    OPTION_DURATION,   /* uint64_t ns */
    OPTION_SIZE,       /* uint64_t bytes */
    OPTION_PERCENT,    /* double, a fraction */
    OPTION_COUNTS,     /* struct numbers */
    OPTION_DURATIONS,  /* struct numbers, ns */
    OPTION_NAMES,      /* struct names, each one of `choice` */
    OPTION_TEXTS,      /* struct names, any text, one each time the option is given; values[count] is NULL */
    OPTION_PLACEMENTS, /* struct names, words of `choice` or lists of cpus */
    OPTION_WORD,       /* const char *, one of `choice` */
    OPTION_PATH        /* const char *, not empty */
};

enum option_scope {
    OPTION_OF_CALL, /* of this call alone: where it writes, how it prints */
    OPTION_OF_RUN,  /* of all that is measured: it stands in [global] of an experiment's file */
    OPTION_OF_GRID  /* what a grid is made of: it stands in a section too */
};

struct option_row {
    const char *name;     /* after "--"; NULL ends the table */
    char letter;          /* after "-", or 0 */
    const char *argument; /* the value's name in help: "LIST"; NULL for a flag */
    const char *verbs;    /* words: the verbs that take it */
    const char *help;     /* one line, or two divided by '\n' */
    enum option_type type;
    size_t offset;     /* of its field in struct options; two rows with one field are two names for one thing */
    uint64_t min, max; /* for numbers; 0, 0: 1 to 2^63-1 */
    const char *(*choice)(size_t i); /* the words it takes, NULL after the last; NULL: any */
    const char *what;                /* what a word of `choice` is, for messages: "kernel" */
    enum option_scope scope;
};
extern const struct option_row options_table[];

extern const char *const options_objectives[]; /* what tune can minimise: "time", "core-seconds", "memory", NULL */

/* Does this verb take this option? */
bool option_belongs(const struct option_row *, const struct verb *);

/* Reads the command line. Returns -1 where a verb is to be run, else the exit status: 0 after `--help`, 2 after one
 * line on stderr. Nothing has been run or written then. Always to be followed by options_free. */
int options_parse(struct options *, const struct verb *const *verbs, int argc, char **argv);
void options_free(struct options *);

/* Empty, with the defaults. */
void options_begin(struct options *, const struct verb *const *verbs, const struct verb *);

/* Takes one option as "--NAME=VALUE" would (NULL: no value). The value has to live as long as the options do. 0, or -EINVAL
 * with `why`. */
int options_set(struct options *, const char *name, const char *value, struct reason *why);

/* The row of a name of this length; NULL: none. */
const struct option_row *options_find(const char *name, size_t length);

bool options_given(const struct options *, const char *name); /* name: a row's */

/* Is this the path of a shared object rather than a built-in kernel's name? */
bool kernel_is_path(const char *name);

/* `breakeven: VERB: ...` on stderr, one line; returns STATUS_USAGE, so that a verb can end with it. */
__attribute__((format(printf, 2, 3))) int options_complain(const struct options *, const char *format, ...);

/* What `breakeven help TOPIC` tells beside the verbs; the manual has the same texts. Ends with a NULL name. (topics.c) */
struct topic {
    const char *name, *title, *text;
};
extern const struct topic topics[];

/* What this program was made of, for a run's record: {"schema", "version", "compiler", "flags", "commit", "hwloc", "gsl",
 * "jansson"}; NULL without memory. The caller drops it. (version.c) */
struct json_t *build_to_json(void);

void options_help_verb(FILE *, const struct verb *); /* one verb with its options */

/* Prints `text`, and a newline where it does not end with one, on stdout. STATUS_GOOD, or STATUS_USAGE where stdout does not take it. */
int options_print(const struct options *, const char *text);
int options_print_json(const struct options *, struct json_t *); /* the same; takes it over; NULL: no memory */
int options_flush(const struct options *);                       /* the same of what was printed before */

#endif
