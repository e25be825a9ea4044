/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/conduct.h"

#include "bench/base/clock.h"
#include "bench/base/interrupt.h"
#include "bench/base/isolate.h"
#include "bench/machine/speeds.h"
#include "bench/measure/experiment.h"
#include "bench/measure/manifest.h"
#include "bench/measure/rundir.h"
#include "kernels/reason.h"
#include "runners/child.h"
#include "runners/cpus/limits.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 65536, ANSWER_MS = 10000 };
enum { REPS = 10, SETTLE_REPS_MIN = 6, PRECISION_REPS_MIN = 10, PRECISION_REPS_MAX = 1000 };

/* What `program version --json` prints; NULL: nothing that is JSON within ten seconds. */
static json_t *build_of(const char *program)
{
    char text[ANSWER_MAX];
    int status;
    if (child_ask((const char *[]){program, "version", "--json", NULL}, ANSWER_MS, text, sizeof text, &status))
        return NULL;
    return json_loads(text, 0, NULL);
}

/* The program that a path means: itself, or DIR/breakeven or DIR/build/breakeven. It must be able to say its version.
 * 0, or -errno with one line in `why`. */
static int find_build(const char *path, char *program, size_t size, struct reason *why)
{
    static const char *const below[] = {"", "/breakeven", "/build/breakeven"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        char tried[4096];
        struct stat stat_;
        if (snprintf(tried, sizeof tried, "%s%s", path, below[i]) >= (int)sizeof tried) break;
        char *real = realpath(tried, NULL);
        bool fits = real && !stat(real, &stat_) && S_ISREG(stat_.st_mode) && !access(real, X_OK) && strlen(real) < size;
        if (fits) strcpy(program, real);
        free(real);
        if (!fits) continue;
        json_t *build = build_of(program);
        bool ours = json_is_string(json_object_get(build, "version"));
        json_decref(build);
        if (ours) return 0;
        return reason_give(why, -EINVAL, "%.200s does not say what build of breakeven it is", program);
    }
    return reason_give(why, -ENOENT, "%.200s is no program, and no folder with breakeven or build/breakeven in it",
                       path);
}

/* Three quarters of what is free of the machine, or of the job's share of it, in bytes; 0: unknown. */
static uint64_t usual_memory(void)
{
    unsigned long long kib = 0;
    char line[128];
    const char *source;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1) break;
    if (file) fclose(file);
    uint64_t machine = kib * 1024, job = limits_job_memory_bytes(&source);
    return (job && (!machine || job < machine) ? job : machine) / 4 * 3;
}

/* What a job is held to is said with where it is from. */
static void note_job(struct plan *plan)
{
    const char *source;
    uint64_t job = limits_job_memory_bytes(&source);
    if (job && plan->protocol.memory_bytes == job / 4 * 3)
        plan_note(plan, "each process may use %llu MiB, three quarters of what the job was given (%s); --memory takes another cap",
                  (unsigned long long)(plan->protocol.memory_bytes >> 20), source);
}

void conduct_protocol(const struct options *options, const struct protocol *defaults, struct protocol *protocol)
{
    static const struct protocol own = {
        .reps = REPS, .warmup = PLAN_WARMUP_AUTO, .spans = PLAN_SPANS_AUTO, .seed = 1, .task_seed = 1};
    struct protocol made = defaults ? *defaults : own;
    if (options_given(options, "seed")) made.seed = made.task_seed = options->seed;
    if (options_given(options, "precision")) {
        made.precision = options->precision;
        made.reps = PRECISION_REPS_MAX;
        made.reps_min = PRECISION_REPS_MIN;
    }
    if (options_given(options, "settle")) {
        made.settle = options->settle;
        if (!made.reps_min) made.reps_min = SETTLE_REPS_MIN;
    }
    if (options_given(options, "time-limit")) {
        made.time_limit_ns = options->time_limit_ns;
        if (made.precision <= 0 && made.settle <= 0 && !defaults) made.reps_min = 1;
    }
    if (options_given(options, "reps")) {
        made.reps = options->reps;
        if (made.reps_min > made.reps || (defaults && made.precision <= 0)) made.reps_min = made.reps;
    }
    if (!made.reps_min || made.reps_min > made.reps) made.reps_min = made.reps;
    if (options_given(options, "warmup")) made.warmup = (int)options->warmup;
    if (options_given(options, "spans")) made.spans = (int)options->spans;
    made.timeline = made.timeline || options->timeline;
    if (options_given(options, "deadline")) made.deadline_ns = options->deadline_ns;
    if (options_given(options, "memory")) made.memory_bytes = options->memory_bytes;
    if (!made.memory_bytes) made.memory_bytes = usual_memory();
    *protocol = made;
}

int conduct_open(struct conduct *conduct, const struct options *options, const struct protocol *defaults)
{
    struct protocol protocol;
    struct limits limits;
    struct reason why = {""};
    *conduct = (struct conduct){.options = options};
    int refused = options->resume ? 0 : rundir_check(options);
    if (refused) return refused;
    if (isolate_check(&why)) return options_complain(options, "%s", why.text);
    if (limits_read("", &limits, &why) || topology_load(NULL, &conduct->topology, &why))
        return options_complain(options, "%s", why.text);
    if (options->python) setenv("BREAKEVEN_PYTHON", options->python, 1);
    if (options->waiting) setenv("BREAKEVEN_WAITING", options->waiting, 1);
    if (options->launcher) setenv("BREAKEVEN_LAUNCHER", options->launcher, 1); /* read by repetitions, and recorded */
    if (options->versus && find_build(options->versus, conduct->program, sizeof conduct->program, &why))
        return options_complain(options, "--versus: %s", why.text);
    conduct_protocol(options, defaults, &protocol);
    if (options->share && plan_share(options->share, &protocol))
        return options_complain(options, "--share \"%.40s\" is not a part of a whole like 3/8", options->share);
    if (options->share && (!options->kernels.count || options->task_times_ns.count))
        return options_complain(options, "--share needs --kernel, and --size instead of --task-time: each job would "
                                         "calibrate sizes of its own, and the parts would not fit");
    plan_open(&conduct->plan, conduct->topology, limits.usable, &protocol);
    note_job(&conduct->plan);
    interrupt_watch();
    return 0;
}

void conduct_close(struct conduct *conduct)
{
    plan_free(&conduct->plan);
    if (conduct->lock > 0) close(conduct->lock);
    if (conduct->topology) hwloc_topology_destroy(conduct->topology);
}

/* Two paired runs live in two folders, base and new, and know of each other. */
static int make_pair(struct conduct *conduct, struct reason *why)
{
    char made[sizeof conduct->dir];
    memcpy(made, conduct->dir, sizeof made);
    if (snprintf(conduct->base_dir, sizeof conduct->base_dir, "%s/base", made) >= (int)sizeof conduct->base_dir ||
        snprintf(conduct->dir, sizeof conduct->dir, "%s/new", made) >= (int)sizeof conduct->dir)
        return -ENAMETOOLONG;
    int error = mkdir(conduct->base_dir, 0777) || mkdir(conduct->dir, 0777) ? -errno : 0;
    if (error) reason_set(why, "cannot make the folders base and new in %.200s: %s", made, strerror(-error));
    return error;
}

/* The folder and its manifest, before anything is measured. */
static json_t *begin_record(struct conduct *conduct, const char *name)
{
    const struct options *options = conduct->options;
    struct reason why = {""};
    if (conduct->before) {
        snprintf(conduct->dir, sizeof conduct->dir, "%s", conduct->before->dir);
        return json_deep_copy(conduct->before->manifest);
    }
    if (rundir_make(options->output, name, conduct->dir, &why) ||
        (*conduct->program && make_pair(conduct, &why))) {
        options_complain(options, "%s", why.text);
        return NULL;
    }
    conduct->lock = rundir_lock(conduct->dir, true, &why);
    if (conduct->lock == -EWOULDBLOCK) {
        options_complain(options, "--output %s", why.text);
        return NULL;
    }
    int error = speeds_settle(&conduct->plan, &clock_real);
    if (error) options_complain(options, "the speeds of the kinds of cores cannot be measured (%s): efficiency counts each as 1",
                                strerror(-error));
    json_t *manifest = manifest_make(&conduct->plan, name, options);
    if (*conduct->program) {
        char id[64];
        snprintf(id, sizeof id, "%lld-%ld", (long long)time(NULL), (long)getpid());
        json_object_set_new(manifest, "together", json_string(id));
    }
    if (!manifest_begin(conduct->dir, manifest, conduct->topology, &why)) return manifest;
    options_complain(options, "%s", why.text);
    json_decref(manifest);
    return NULL;
}

/* How the experiment ended, in words and as an exit status. */
static int report_end(const struct conduct *conduct, const struct experiment *experiment, int error, const char *why)
{
    const struct options *options = conduct->options;
    if (*experiment->left_out_text) options_complain(options, "%s", experiment->left_out_text);
    if (error == -EINTR) {
        char finish[RUNDIR_PATH + 64] = "";
        if (!*conduct->program) /* of two builds neither can be finished alone */
            snprintf(finish, sizeof finish, "; \"breakeven run --resume %s\" finishes it", conduct->dir);
        options_complain(options, "interrupted after %zu samples, which are kept%s", experiment->taken, finish);
        return STATUS_INTERRUPTED;
    }
    if (error) {
        options_complain(options, "%s", why);
        return STATUS_FAILED;
    }
    if (!strcmp(experiment->stopped, "not converged"))
        options_complain(options, "not converged: not every interval is within the precision after %llu repetitions",
                         (unsigned long long)experiment->blocks);
    return STATUS_GOOD;
}

/* Two builds that are taken together: so many repetitions that one cell among all can be told by the strictest of the usual
 * corrections, 2^-n <= 0.025 / cells. Where the user or a time limit chooses, `compare` says how many it would take. */
static void versus_repetitions(struct conduct *conduct)
{
    struct protocol *protocol = &conduct->plan.protocol;
    const struct options *options = conduct->options;
    if (!*conduct->program || protocol->time_limit_ns || protocol->precision > 0 || options_given(options, "reps")) return;
    uint64_t wanted = (uint64_t)ceil(log2(conduct->plan.cell_count / 0.025));
    if (wanted <= protocol->reps) return;
    protocol->reps = wanted;
    if (protocol->reps_min < wanted) protocol->reps_min = wanted;
    options_complain(options, "%llu repetitions, so that one of %u cells can be told to differ (--reps takes another number)",
                     (unsigned long long)wanted, conduct->plan.cell_count);
}

int conduct_measure(struct conduct *conduct, const char *name, bool draw)
{
    const struct options *options = conduct->options;
    struct reason why = {""};
    if (plan_close(&conduct->plan, &why)) return options_complain(options, "%s", why.text);
    if (interrupt_seen()) {
        options_complain(options, "interrupted before anything was measured");
        return STATUS_INTERRUPTED;
    }
    versus_repetitions(conduct);
    for (unsigned i = 0; i < conduct->plan.note_count; i++) options_complain(options, "%s", conduct->plan.notes[i]);
    json_t *manifest = begin_record(conduct, options_given(options, "name") ? options->name : name);
    if (!manifest) return STATUS_USAGE;
    struct experiment experiment = {
        .plan = &conduct->plan, .dir = conduct->dir, .manifest = manifest, .before = conduct->before};
    if (*conduct->program) {
        experiment.other = (struct experiment_other){conduct->program, conduct->base_dir, json_deep_copy(manifest)};
        json_object_set_new(experiment.other.manifest, "build", build_of(conduct->program));
    }
    int error = experiment_run(&experiment, &why);
    json_decref(manifest);
    json_decref(experiment.other.manifest);
    interrupt_unwatch();
    int status = report_end(conduct, &experiment, error, why.text);
    rundir_point(conduct->dir);
    struct shown shown;
    if (*conduct->base_dir && status != STATUS_FAILED && !show_open(options, conduct->base_dir, &shown)) {
        conduct->unwritten |= show_write(options, &shown, false) != STATUS_GOOD;
        show_close(&shown);
    }
    if (status != STATUS_FAILED && experiment.taken && !show_open(options, conduct->dir, &shown)) {
        conduct->unwritten |= show_write(options, &shown, draw && !status) != STATUS_GOOD;
        show_close(&shown);
    }
    return status;
}

int conduct_show(const struct conduct *conduct, bool draw)
{
    const struct options *options = conduct->options;
    struct shown shown;
    if (show_open(options, conduct->dir, &shown)) return STATUS_FAILED;
    int status = show_print(options, &shown);
    size_t failed = show_failures(options, &shown);
    int strict = show_strict(options, &shown);
    show_close(&shown);
    if (!options->json && !status) {
        char line[4300];
        snprintf(line, sizeof line,
                 draw && !conduct->unwritten ? "\nThe page: %s/report.html" : "\nThe run: %s (\"breakeven report\" draws it)", conduct->dir);
        status = options_print(options, line);
    }
    return status ? status : failed || conduct->unwritten ? STATUS_FAILED : strict;
}
