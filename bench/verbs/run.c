/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run: measures a grid of cells, or the default experiment, or finishes an interrupted run. */
#include "bench/machine/doctor.h"
#include "bench/measure/conduct.h"
#include "bench/measure/manifest.h"
#include "bench/measure/measure.h"
#include "bench/measure/rundir.h"
#include "bench/plan/plan_config.h"
#include "bench/plan/studies.h"
#include "bench/verbs/compare.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double SCALE_MIN = 0.2; /* shorter work would be lost among start-ups */

static int measure_and_show(struct conduct *conduct, const char *name, bool draw)
{
    int status = conduct_measure(conduct, name, draw);
    if (status) return status;
    if (*conduct->base_dir) return compare_print(conduct->options, conduct->base_dir, conduct->dir);
    return conduct_show(conduct, draw);
}

/* The first option given that shapes a grid; NULL: none. */
static const char *given_grid_option(const struct options *options)
{
    for (const struct option_row *row = options_table; row->name; row++)
        if (row->scope == OPTION_OF_GRID && options->texts[row - options_table]) return row->name;
    return NULL;
}

static int run_grid(const struct options *options)
{
    struct conduct conduct;
    struct reason why = {""};
    if (options->studies.count || options->quick)
        return options_complain(
            options, "--%s belongs to the default experiment, which has kernels of its own: leave --kernel out",
            options->quick ? "quick" : "study");
    int status = conduct_open(&conduct, options, NULL);
    if (!status && plan_add(&conduct.plan, "run", options, &why))
        status = options_complain(options, "%s", why.text);
    if (!status) status = measure_and_show(&conduct, "run", false);
    conduct_close(&conduct);
    return status;
}

static int plan_scaled(struct conduct *conduct, const struct studies *studies, double scale)
{
    struct reason why = {""};
    if (studies_add(studies, &conduct->plan, conduct->options, scale, &why) || plan_close(&conduct->plan, &why))
        return options_complain(conduct->options, "%s", why.text);
    return 0;
}

/* Plans all studies; again with less work where the machine, as busy as it is now, would not be done in time. */
static int plan_studies(struct conduct *conduct, const struct studies *studies)
{
    struct plan *plan = &conduct->plan;
    int status = plan_scaled(conduct, studies, 1);
    if (status || plan->protocol.time_limit_ns == 0) return status;
    double builds = conduct->options->versus ? 2 : 1;
    double needed = builds * studies_expected_ns(plan) * measure_slowness(plan) / (double)plan->protocol.time_limit_ns;
    if (needed <= 1) return 0;
    struct protocol protocol = plan->protocol;
    unsigned cpus = plan->cpus;
    plan_free(plan);
    plan_open(plan, conduct->topology, cpus, &protocol);
    status = plan_scaled(conduct, studies, fmax(1 / needed, SCALE_MIN));
    if (status || !options_given(conduct->options, "time-limit")) return status;
    if (builds * studies_expected_ns(plan) > (double)protocol.time_limit_ns)
        plan_note(plan, "the time limit is too short for %llu repetitions of each cell: some will be left out",
                  (unsigned long long)protocol.reps_min);
    return 0;
}

/* experiments/scaling.ini: "scaling". */
static void name_of_file(const struct options *options, char *name, size_t size)
{
    const char *path = options->file ? options->file : options->quick ? "quick" : "default";
    const char *base = strrchr(path, '/');
    snprintf(name, size, "%s", base ? base + 1 : path);
    name[strcspn(name, ".")] = '\0';
    if (!*name) snprintf(name, size, "run");
}

static int measure_studies(const struct options *options, const struct studies *studies)
{
    struct protocol protocol;
    struct conduct conduct;
    char name[64];
    studies_protocol(studies, &protocol);
    if (options->versus && !options_given(options, "time-limit")) protocol.time_limit_ns *= 2; /* it was meant for one build */
    name_of_file(options, name, sizeof name);
    if (!options->quick && !options->file && !options_given(options, "study")) doctor_warn(options);
    int status = conduct_open(&conduct, options, &protocol);
    if (!status) status = plan_studies(&conduct, studies);
    if (!status) status = measure_and_show(&conduct, name, true);
    conduct_close(&conduct);
    return status;
}

static int run_studies(const struct options *options)
{
    struct studies studies;
    struct reason why = {""};
    struct options merged = *options;
    const char *grid = given_grid_option(options);
    if (grid && options->file) return options_complain(options, "--file says what to measure: leave --%s out", grid);
    if (grid) return options_complain(options, "--%s needs --kernel: what is to be computed?", grid);
    if (options->file && options->quick)
        return options_complain(options, "--quick is the short default experiment: leave --file out");
    if (studies_open(options->file, options->quick, options, &studies, &why))
        return options_complain(options, "%s", why.text);
    if (!merged.launcher) merged.launcher = studies.global.launcher;
    int status = measure_studies(&merged, &studies);
    studies_close(&studies);
    return status;
}

/* What would be measured, as a file. */
static int write_file(const struct options *options)
{
    char *text = NULL;
    size_t size = 0;
    struct reason why = {""};
    if (options->config || options->resume)
        return options_complain(options, "--write-file takes a command line: leave --config and --resume out");
    FILE *out = open_memstream(&text, &size);
    int error = out ? studies_write(options, out, &why) : reason_give(&why, -ENOMEM, "no memory");
    if (out) fclose(out);
    int status = error ? options_complain(options, "%s", why.text) : options_print(options, text);
    free(text);
    return status;
}

static int resume_run(struct conduct *conduct, const struct run *run)
{
    const struct options *options = conduct->options;
    struct reason why = {""};
    double *task_ns = NULL;
    struct protocol protocol;
    int status = STATUS_GOOD;
    struct reason different = {""}, allowed = {""};
    if (manifest_check(run, conduct->topology, options->allow, &allowed, &different))
        return options_complain(options, "--resume %s: it would mix two experiments: %s; undo that, begin a new run, or --allow the word "
                                         "that stands first", options->resume, different.text);
    if (*allowed.text) {
        struct reason note = {""};
        reason_set(&note, "resumed although not all was as before: %s", allowed.text);
        json_array_append_new(json_object_get(run->manifest, "notes"), json_string(note.text));
        options_complain(options, "%s", note.text);
    }
    if (manifest_protocol(run->manifest, run->cell_count, &protocol, &task_ns, &why))
        return options_complain(options, "--resume %s: %s", options->resume, why.text);
    conduct->plan.protocol = protocol;
    if (plan_adopt(&conduct->plan, run->cells, run->cell_count, task_ns, &why))
        status = options_complain(options, "--resume %s: %s", options->resume, why.text);
    free(task_ns);
    conduct->before = run;
    bool whole = false; /* runs of the default experiment are drawn */
    for (unsigned i = 0; i < run->cell_count; i++) whole = whole || strcmp(run->cells[i].study, "run");
    return status ? status : measure_and_show(conduct, run->name, whole);
}

static int resume(const struct options *options)
{
    struct conduct conduct;
    struct run run;
    struct reason note = {""};
    struct reason why = {""};
    static const char *const allowed[] = {"resume", "json", "allow"};
    for (const struct option_row *row = options_table; row->name; row++) {
        bool fits = false;
        for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) fits = fits || !strcmp(allowed[i], row->name);
        if (!fits && options_given(options, row->name))
            return options_complain(options, "--resume finishes a run by its own plan: leave --%s out", row->name);
    }
    int lock = rundir_lock(options->resume, false, &why);
    if (lock == -EWOULDBLOCK) return options_complain(options, "--resume %s", why.text);
    if (run_read(options->resume, &run, &note, &why))
        return options_complain(options, "--resume: %s", why.text);
    if (*note.text) options_complain(options, "%s", note.text);
    int status = run.complete ? options_complain(options, "--resume %s: this run is complete", options->resume) : 0;
    if (!status && run.simulated)
        status = options_complain(options, "--resume %s: this run is simulated", options->resume);
    if (!status && json_object_get(run.manifest, "together"))
        status = options_complain(options, "--resume %s: a run that is paired with another (--versus) cannot be finished alone",
                                  options->resume);
    if (!status) {
        status = conduct_open(&conduct, options, NULL);
        conduct.lock = lock;
        lock = -1; /* conduct's from here on */
        if (!status) status = resume_run(&conduct, &run);
        conduct_close(&conduct);
    }
    run_free(&run);
    return status;
}

/* A grid of one cell, or of what the command line says otherwise. */
static int run_config(const struct options *options)
{
    struct tune_config config = {0};
    struct options merged;
    struct reason why = {""};
    if (options->studies.count || options->quick)
        return options_complain(options, "--config says what to run: leave --study and --quick out");
    if (tune_config_read(options->config, &config, &why))
        return options_complain(options, "--config %.200s: %s", options->config, why.text);
    tune_config_apply(&config, options, &merged);
    return run_grid(&merged);
}

static int run(const struct options *options)
{
    static const char *const of_versus[] = {"margin", "figure"};
    for (size_t i = 0; i < sizeof of_versus / sizeof *of_versus; i++)
        if (options_given(options, of_versus[i]) && !options->versus)
            return options_complain(options, "--%s needs --versus: what is to be compared?", of_versus[i]);
    if (options->allow && !options->resume) return options_complain(options, "--allow says what of a run to --resume may differ");
    if (options->write_file) return write_file(options);
    if (options->config && !options->resume) return run_config(options);
    if (options->resume) return resume(options);
    return options->kernels.count && !options->file ? run_grid(options) : run_studies(options);
}

const struct verb verb_run = {
    .name = "run",
    .summary = "measure: a grid of kernels, runners and workers, or (without --kernel) this machine as a whole",
    .details =
        "Without --kernel it runs the default experiment: how kernels speed up with workers, how efficiency falls\n"
        "as tasks shrink, when a pool beats serial, what chunks, processes x threads and placement do. It asks the\n"
        "doctor first, takes one to two minutes and says what it left out for that, draws every figure and writes\n"
        "report.html. With --kernel it measures that grid; each problem's serial time is measured beside it. An\n"
        "experiment is a file too: --write-file prints that of a command line or of the default experiment, --file\n"
        "measures one.",
    .machine = true,
    .run = run,
};
