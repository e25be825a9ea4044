/* SPDX-License-Identifier: MIT */
/* main.c: forkpool-bench [ROUNDS] [DIR]: takes every measure once per round, each in a fresh process, writes the run,
 * prints the table. Exit status 0; 3 where a measure of our own failed. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS_MAX = 101, DEADLINE_S = 30 };

static const struct measure measures[] = {
    {"map", "ns/task", .take = ours_map}, {"bare_counter", "ns/task", .take = bare_counter}, {"bare_ranges", "ns/task", .take = bare_ranges},
    {"gomp_dynamic", "ns/task", .peer = "libgomp", .words = "loop"}, {"libomp_dynamic", "ns/task", .peer = "libomp", .words = "loop"},
    {"tbb_for", "ns/task", .peer = "oneTBB", .words = "loop"}, {"python_map", "ns/task", .peer = "Python", .words = "map"},
    {"map_metg", "ns", .take = ours_map_metg}, {"gomp_dynamic_metg", "ns", .peer = "libgomp", .words = "loop metg"},
    {"libomp_dynamic_metg", "ns", .peer = "libomp", .words = "loop metg"}, {"tbb_for_metg", "ns", .peer = "oneTBB", .words = "loop metg"},
    {"map_auto", "ns/task", .take = ours_map_auto}, {"gomp_guided", "ns/task", .peer = "libgomp", .words = "chunks"},
    {"libomp_guided", "ns/task", .peer = "libomp", .words = "chunks"}, {"tbb_for_auto", "ns/task", .peer = "oneTBB", .words = "chunks"},
    {"submit", "ns/task", .take = ours_submit}, {"bare_ring", "ns/task", .take = bare_ring}, {"gomp_tasks", "ns/task", .peer = "libgomp", .words = "tasks"},
    {"libomp_tasks", "ns/task", .peer = "libomp", .words = "tasks"}, {"tbb_tasks", "ns/task", .peer = "oneTBB", .words = "tasks"},
    {"python_submit", "ns/task", .peer = "Python", .words = "submit"}, {"mpi_tasks", "ns/task", .peer = "MPI", .words = ""},
    {"submit_many", "ns/task", .take = ours_submit_many}, {"batch", "ns/task", .take = ours_batch}, {"bare_fill", "ns/task", .take = bare_fill},
    {"submit_metg", "ns", .take = ours_submit_metg}, {"gomp_tasks_metg", "ns", .peer = "libgomp", .words = "tasks metg"},
    {"libomp_tasks_metg", "ns", .peer = "libomp", .words = "tasks metg"}, {"tbb_tasks_metg", "ns", .peer = "oneTBB", .words = "tasks metg"},
    {"call_hot", "ns", .take = ours_call_hot}, {"bare_ring_call", "ns", .take = bare_ring_call}, {"call_parked", "ns", .take = ours_call_parked},
    {"bare_handover", "ns", .take = bare_handover}, {"python_apply", "ns/task", .peer = "Python", .words = "apply"},
    {"start_stop", "us", .take = ours_start_stop}, {"bare_start_stop", "us", .take = bare_start_stop}, {"bare_chain", "us", .take = bare_chain},
    {"start_stop_many", "us", .take = ours_start_stop_many}, {"bare_start_stop_many", "us", .take = bare_start_stop_many},
    {"bare_chain_many", "us", .take = bare_chain_many},
    {"pss", "kB", .take = ours_pss}, {"bare_pss", "kB", .take = bare_pss}, {"sleeps", "ms", .take = ours_sleeps}, {"bare_sleeps", "ms", .take = bare_sleeps},
    {"map_crowded", "ns/task", .take = ours_map_crowded}, {"bare_crowd", "ns/task", .take = bare_crowd}, {"submit_crowded", "ns/task", .take = ours_submit_crowded},
    {"start_delay", "ticks", .take = ours_start_delay}, {"bare_start_delay", "ticks", .take = bare_start_delay},
    {"idle_cpu", "%", .take = ours_idle_cpu}, {"waiting_cpu", "%", .take = ours_waiting_cpu},
    {"large_result", "us", .take = ours_large_result}, {"copy_time", "us", .take = bare_copy_time},
    {"copied", "GB/s", .take = ours_copied}, {"bare_memcpy", "GB/s", .take = bare_memcpy}};
enum { MEASURES = sizeof measures / sizeof *measures };

/* A row: `ours` at most `most`, and at most `ratio` times `peer` (at least, where `higher`); 0: not asked. With neither
 * it only compares. Of several peers, in one string, the one that is cheapest in the round counts. */
struct row {
    const char *what, *ours, *peer;
    double most, ratio;
    bool higher;
    const char *floor; /* the measure of what is possible here without any pool; printed beside a figure that falls short */
};
static bool wanted(const struct row *row) { return row->most > 0 || row->ratio > 0; }
#define LOOPS "gomp_dynamic libomp_dynamic tbb_for"
#define TASKS "gomp_tasks libomp_tasks tbb_tasks"
#define METGS(openmp, tbb) "gomp_" openmp "_metg libomp_" openmp "_metg tbb_" tbb "_metg"
static const struct row rows[] = {
    {"map, chunk 1: cost per empty task <= 6 ns, <= 1 x any loop by one", "map", .peer = LOOPS, .most = 6, .ratio = 1, .floor = "bare_ranges"},
    {"map, chunk 1: cost <= 1.2 x the floor: ranges of two processes", "map", .peer = "bare_ranges", .ratio = 1.2},
    {"map, chunk 1: cost against libgomp dynamic,1", "map", .peer = "gomp_dynamic"},
    {"map, chunk 1: cost against libomp dynamic,1", "map", .peer = "libomp_dynamic"},
    {"map, chunk 1: cost against oneTBB parallel_for, simple, grain 1", "map", .peer = "tbb_for"},
    {"map, chunk 1: cost against two processes with one counter", "map", .peer = "bare_counter"},
    {"map, chunk 1: cost against Python Pool.map", "map", .peer = "python_map"},
    {"map, chunk 1: METG(50 %) <= 12 ns, <= 0.5 x any loop by one", "map_metg", .peer = METGS("dynamic", "for"), .most = 12, .ratio = 0.5},
    {"map, auto: cost against the best of guided and oneTBB's auto", "map_auto", .peer = "gomp_guided libomp_guided tbb_for_auto"},
    {"submit: cost <= 20 ns, <= 0.5 x the cheapest tasks", "submit", .peer = TASKS, .most = 20, .ratio = 0.5, .floor = "bare_ring"},
    {"submit_many of 1000: the call <= 8 ns a task", "submit_many", .peer = "bare_fill", .most = 8, .floor = "bare_fill"},
    {"submit_many of 1000, until all ended: cost against the cheapest tasks", "batch", .peer = TASKS},
    {"submit: cost against libgomp tasks", "submit", .peer = "gomp_tasks"},
    {"submit: cost against libomp tasks", "submit", .peer = "libomp_tasks"},
    {"submit: cost against oneTBB task_group", "submit", .peer = "tbb_tasks"},
    {"submit: METG(50 %) <= the best of these tasks", "submit_metg", .peer = METGS("tasks", "tasks"), .ratio = 1},
    {"submit: cost against two processes with a bare ring of slots", "submit", .peer = "bare_ring"},
    {"submit: cost against Python apply_async", "submit", .peer = "python_submit"},
    {"submit: cost against MPI, one in flight a worker", "submit", .peer = "mpi_tasks"},
    {"call and wait, worker just busy <= 500 ns", "call_hot", .most = 500, .floor = "bare_ring_call"},
    {"call and wait, against one slot between two spinning processes", "call_hot", .peer = "bare_ring_call"},
    {"call and wait, worker parked <= 1.3 x futex hand-over", "call_parked", .peer = "bare_handover", .ratio = 1.3},
    {"call and wait, against Python apply", "call_hot", .peer = "python_apply"},
    {"start and stop, 2 workers <= 1.5 x fork loop", "start_stop", .peer = "bare_start_stop", .ratio = 1.5, .floor = "bare_chain"},
    {"2 workers: a fork loop in a child against a fork loop: the floor", "bare_chain", .peer = "bare_start_stop"},
    {"start and stop, 64 workers <= 1.3 x fork loop", "start_stop_many", .peer = "bare_start_stop_many", .ratio = 1.3, .floor = "bare_chain_many"},
    {"64 workers: a fork loop in a child against a fork loop: the floor", "bare_chain_many", .peer = "bare_start_stop_many"},
    {"idle worker memory (PSS) <= 2 x forked child", "pss", .peer = "bare_pss", .ratio = 2},
    {"64 sleeps of 10 ms, cold, 64 workers <= 30 ms", "sleeps", .most = 30, .floor = "bare_sleeps"},
    {"32 x more workers than cpus: map <= 3 x", "map_crowded", .peer = "map", .ratio = 3, .floor = "bare_crowd"},
    {"32 x more workers than cpus: submit <= 3 x", "submit_crowded", .peer = "submit", .ratio = 3},
    {"workers 2 x cpus, half of them busy: start, p99.9 <= a tick", "start_delay", .peer = "bare_start_delay", .most = 1, .floor = "bare_start_delay"},
    {"idle pool <= 1 % of a cpu", "idle_cpu", .most = 1},
    {"waiting caller <= 1 % of a cpu", "waiting_cpu", .most = 1},
    {"16 MiB result without a copy: <= 0.1 x memcpy of 16 MiB", "large_result", .peer = "copy_time", .ratio = 0.1},
    {"copied 16 MiB result >= 0.8 x memcpy", "copied", .peer = "bare_memcpy", .ratio = 0.8, .higher = true}};
enum { ROWS = sizeof rows / sizeof *rows };

static double samples[MEASURES][ROUNDS_MAX];

/* ---- Programs of other runtimes, each of which prints one number; in the folder FORKPOOL_BENCH_PEERS ---- */

static const struct peer {
    const char *name, *file, *command, *missing;
} programs[] = {
    {"libgomp", "libgomp", "", "it was not built"},
    {"libomp", "libomp", "", "clang with libomp is not installed (make deps-bench)"},
    {"oneTBB", "tbb", "", "g++ with oneTBB is not installed (make deps-bench)"},
    {"Python", "python.py", "python3 ", "python3 is not installed (make deps-bench)"},
    {"MPI", "mpi", "mpirun --allow-run-as-root --oversubscribe -n 3 ", "mpicc is not installed (make deps-mpi)"}};
enum { PEERS = sizeof programs / sizeof *programs, ANSWER_S = 25 };

static bool path_of(const struct peer *peer, char *path, size_t size)
{
    const char *folder = getenv("FORKPOOL_BENCH_PEERS");
    snprintf(path, size, "%s/%s", folder ? folder : ".", peer->file);
    return folder && !access(path, R_OK);
}

/* What its program prints; NAN where it is not there. */
static double peer_ask(const char *name, const char *words)
{
    char path[2048], command[4096];
    double value = NAN;
    const struct peer *peer = programs;
    while (peer < programs + PEERS && strcmp(peer->name, name)) peer++;
    if (peer == programs + PEERS || !path_of(peer, path, sizeof path)) return NAN;
    snprintf(command, sizeof command, "exec timeout -k 1 %d %s'%s' %s 2>/dev/null", ANSWER_S, peer->command, path, words);
    FILE *output = popen(command, "re");
    if (output && fscanf(output, "%lf", &value) != 1) value = NAN;
    if (output) pclose(output);
    return value;
}

/* Says which are left out, and why. */
static void peers_missing(void)
{
    char path[2048];
    for (size_t i = 0; i < PEERS; i++)
        if (!path_of(&programs[i], path, sizeof path)) printf("%s: left out, %s\n", programs[i].name, programs[i].missing);
}

/* In a fresh process with a deadline. */
static double take(const struct measure *measure)
{
    int fds[2];
    double value = NAN;
    if (pipe(fds)) return NAN;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        alarm(DEADLINE_S); /* the pool's workers die with it */
        value = measure->take ? measure->take() : peer_ask(measure->peer, measure->words);
        _exit(write(fds[1], &value, sizeof value) != sizeof value);
    }
    close(fds[1]);
    if (child < 0 || read(fds[0], &value, sizeof value) != sizeof value) value = NAN;
    close(fds[0]);
    if (child > 0) waitpid(child, NULL, 0);
    return value;
}

struct figure {
    double median, low, high;
    size_t n;
};

/* Median with the interval between the ranks that enclose it with at least 95 % (binomial); n < 6: no interval. */
static struct figure figure_of(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];
    struct figure figure = {NAN, NAN, NAN, 0};
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i])) sorted[figure.n++] = values[i];
    if (!figure.n) return figure;
    size_t n = figure.n;
    qsort(sorted, n, sizeof *sorted, by_size);
    figure.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    double below = 0, one = pow(0.5, (double)n); /* P(fewer than `rank` of n below the median) */
    size_t rank = 0;
    while (below + one <= 0.025) below += one, one *= (double)(n - rank) / (double)(rank + 1), rank++;
    if (rank) figure.low = sorted[rank - 1], figure.high = sorted[n - rank];
    return figure;
}

static size_t find(const char *name, size_t length)
{
    for (size_t i = 0; i < MEASURES; i++)
        if (strlen(measures[i].name) == length && !memcmp(measures[i].name, name, length)) return i;
    abort();
}
static size_t index_of(const char *name) { return find(name, strlen(name)); }

/* The least of what `names` measured in this round; NAN: none did. */
static double least(const char *names, size_t round)
{
    double best = NAN;
    for (size_t length; *names; names += length + (names[length] == ' ')) {
        length = strcspn(names, " ");
        best = fmin(best, samples[find(names, length)][round]);
    }
    return best;
}

struct outcome {
    struct figure value, peer, ratio, floor;
    const char *verdict;
};

/* The whole interval on one side of the bound, or it is not known; the worst of several counts. */
enum verdict { HOLDS, UNRESOLVED, FALLS_SHORT };
static enum verdict against(struct figure figure, double bound, bool higher)
{
    if (!figure.n || isnan(figure.low)) return UNRESOLVED;
    if (higher ? figure.low >= bound : figure.high <= bound) return HOLDS;
    return (higher ? figure.high < bound : figure.low > bound) ? FALLS_SHORT : UNRESOLVED;
}

/* Ratios are made inside each round. */
static struct outcome judge(const struct row *row, size_t rounds)
{
    double ratios[ROUNDS_MAX], peers[ROUNDS_MAX];
    const double *ours = samples[index_of(row->ours)];
    struct outcome outcome = {.value = figure_of(ours, rounds), .peer = {NAN, NAN, NAN, 0}, .ratio = {NAN, NAN, NAN, 0}};
    if (row->peer) {
        for (size_t i = 0; i < rounds; i++) peers[i] = least(row->peer, i), ratios[i] = ours[i] / peers[i];
        outcome.peer = figure_of(peers, rounds);
        outcome.ratio = figure_of(ratios, rounds);
    }
    if (row->floor) outcome.floor = figure_of(samples[index_of(row->floor)], rounds);
    enum verdict verdict = row->most > 0 ? against(outcome.value, row->most, false) : HOLDS;
    enum verdict other = row->ratio > 0 ? against(outcome.ratio, row->ratio, row->higher) : HOLDS;
    if (other > verdict) verdict = other;
    static const char *const names[] = {"holds", "unresolved", "falls short"};
    outcome.verdict = wanted(row) && outcome.value.n ? names[verdict] : !wanted(row) && (!row->peer || outcome.peer.n) ? "-" : "skipped";
    return outcome;
}

static void print_figure(FILE *to, struct figure figure)
{
    char text[64] = "-";
    if (figure.n) snprintf(text, sizeof text, "%.3g [%.3g, %.3g]", figure.median, figure.low, figure.high);
    fprintf(to, " %-22s", text);
}

static void print_table(const struct outcome *outcomes)
{
    printf("%-66s %-22s %-8s %-22s %-22s %s\n", "wanted", "forkpool", "unit", "peer", "ratio in each round", "verdict");
    for (size_t i = 0; i < ROWS; i++) {
        printf("%-66s", rows[i].what);
        print_figure(stdout, outcomes[i].value);
        printf(" %-8s", measures[index_of(rows[i].ours)].unit);
        print_figure(stdout, outcomes[i].peer);
        print_figure(stdout, outcomes[i].ratio);
        printf(" %s", outcomes[i].verdict);
        struct figure floor = rows[i].floor ? outcomes[i].floor : (struct figure){.n = 0};
        if (floor.n && outcomes[i].value.n) printf("; %.3g x the floor of %.3g", outcomes[i].value.median / floor.median, floor.median);
        putchar('\n');
    }
}

/* JSON has no NaN. */
static void json_number(FILE *to, double value) { isfinite(value) ? fprintf(to, "%.9g", value) : fputs("null", to); }
static void json_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', to);
        if ((unsigned char)*text >= ' ') fputc(*text, to);
    }
    fputc('"', to);
}
static void json_figure(FILE *to, const char *name, struct figure figure)
{
    fprintf(to, "\"%s\": {\"median\": ", name);
    json_number(to, figure.median);
    fputs(", \"low\": ", to);
    json_number(to, figure.low);
    fputs(", \"high\": ", to);
    json_number(to, figure.high);
    fprintf(to, ", \"n\": %zu}", figure.n);
}

static FILE *create(const char *dir, const char *name)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return fopen(path, "we");
}

static void write_summary(const char *dir, const struct outcome *outcomes, size_t rounds)
{
    struct utsname host;
    uname(&host);
    FILE *json = create(dir, "summary.json"), *csv = create(dir, "summary.csv");
    if (!json || !csv) return;
    fprintf(json, "{\"schema\": 1, \"run\": \"bench-pool\", \"complete\": true, \"rounds\": %zu, \"host\": {\"kernel\": \"%s %s\", \"cpus\": %ld},\n\"rows\": [\n",
            rounds, host.sysname, host.release, sysconf(_SC_NPROCESSORS_ONLN));
    fprintf(csv, "wanted,measure,unit,median,low,high,peer,peer_median,peer_low,peer_high,ratio,ratio_low,ratio_high,n,verdict\n");
    for (size_t i = 0; i < ROWS; i++) {
        const struct outcome *o = &outcomes[i];
        fprintf(json, "{\"wanted\": \"%s\", \"measure\": \"%s\", \"unit\": \"%s\", \"peer\": \"%s\", ", rows[i].what, rows[i].ours,
                measures[index_of(rows[i].ours)].unit, rows[i].peer ? rows[i].peer : "");
        json_figure(json, "value", o->value);
        json_figure((fputs(", ", json), json), "peer_value", o->peer);
        json_figure((fputs(", ", json), json), "ratio", o->ratio);
        fprintf(json, ", \"verdict\": \"%s\"}%s\n", o->verdict, i + 1 < ROWS ? "," : "");
        fprintf(csv, "\"%s\",%s,%s,%.9g,%.9g,%.9g,%s,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%zu,%s\n", rows[i].what, rows[i].ours,
                measures[index_of(rows[i].ours)].unit, o->value.median, o->value.low, o->value.high, rows[i].peer ? rows[i].peer : "",
                o->peer.median, o->peer.low, o->peer.high, o->ratio.median, o->ratio.low, o->ratio.high, o->value.n, o->verdict);
    }
    fputs("]}\n", json);
    fclose(json);
    fclose(csv);
}

/* What was run, where and when: beside its samples. */
static void write_manifest(const char *dir, int argc, char **argv, size_t rounds, time_t start)
{
    struct utsname host;
    struct tm utc;
    char stamp[32], line[512] = "", *colon;
    uname(&host);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&start, &utc));
    FILE *json = create(dir, "manifest.json"), *cpus = fopen("/proc/cpuinfo", "re");
    while (cpus && fgets(line, sizeof line, cpus) && strncmp(line, "model name", 10)) line[0] = 0;
    if (cpus) fclose(cpus);
    line[strcspn(line, "\n")] = 0;
    if (!json) return;
    fprintf(json, "{\"schema\": 1, \"run\": \"bench-pool\", \"date\": \"%s\", \"seconds\": %ld, \"rounds\": %zu,\n\"command\": [", stamp,
            (long)(time(NULL) - start), rounds);
    for (int i = 0; i < argc; i++) json_text((fputs(i ? ", " : "", json), json), argv[i]);
    fputs("],\n\"host\": {\"name\": ", json);
    json_text(json, host.nodename);
    fprintf(json, ", \"kernel\": \"%s %s\", \"machine\": \"%s\", \"cpus\": %ld, \"cpu\": ", host.sysname, host.release, host.machine,
            sysconf(_SC_NPROCESSORS_ONLN));
    json_text(json, (colon = strchr(line, ':')) ? colon + 2 : "");
    fprintf(json, "},\n\"compiler\": ");
    json_text(json, __VERSION__);
    fputs("}\n", json);
    fclose(json);
}

static bool open_run(char *dir, size_t size, const char *asked, FILE **lines)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    if (asked) snprintf(dir, size, "%s", asked);
    else snprintf(dir, size, "results/runs/%s-bench-pool", stamp);
    if (!asked && ((mkdir("results", 0777) && errno != EEXIST) || (mkdir("results/runs", 0777) && errno != EEXIST))) return false;
    return (!mkdir(dir, 0777) || errno == EEXIST) && (*lines = create(dir, "samples.jsonl"));
}

int main(int argc, char **argv)
{
    time_t start = time(NULL);
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 11;
    const char *only = getenv("FORKPOOL_BENCH_ONLY"); /* names of measures, for work on one of them */
    char dir[4096];
    FILE *lines;
    if (!rounds || rounds > ROUNDS_MAX) return fprintf(stderr, "forkpool-bench: 1 to %d rounds\n", ROUNDS_MAX), 2;
    if (!open_run(dir, sizeof dir, argc > 2 ? argv[2] : NULL, &lines))
        return fprintf(stderr, "forkpool-bench: cannot make %s: %s\n", dir, strerror(errno)), 2;
    for (size_t round = 0; round < rounds; round++)
        for (size_t k = 0; k < MEASURES; k++) {
            size_t i = (k + round) % MEASURES; /* each starts a round in turn */
            samples[i][round] = only && !strstr(only, measures[i].name) ? NAN : take(&measures[i]);
            fprintf(lines, "{\"round\": %zu, \"order\": %zu, \"measure\": \"%s\", \"unit\": \"%s\", \"value\": ", round, k,
                    measures[i].name, measures[i].unit);
            json_number(lines, samples[i][round]);
            fputs("}\n", lines);
            fflush(lines);
        }
    fclose(lines);
    struct outcome outcomes[ROWS];
    bool failed = false;
    for (size_t i = 0; i < ROWS; i++) {
        outcomes[i] = judge(&rows[i], rounds);
        failed |= wanted(&rows[i]) && !outcomes[i].value.n && !only;
    }
    print_table(outcomes);
    write_summary(dir, outcomes, rounds);
    write_manifest(dir, argc, argv, rounds, start);
    peers_missing();
    printf("%zu rounds; median [95 %% interval from ranks]; recorded in %s\n", rounds, dir);
    return failed ? 3 : 0;
}
