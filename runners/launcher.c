/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/launcher.h"

#include "runners/child.h"
#include "runners/cpus/limits.h"
#include "runners/scratch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 64, LINE_MAX_BYTES = 2048, OUTPUT_MAX = 16384, RANKS = 2, TRY_MS = 10000, GRACE_MS = 1000 };

/* Open MPI's words where its daemon on another host does not come up, or ends with the connection to it. */
#define DAEMON_GONE "unable to reliably start one or more daemons"

/* The launcher's command line with its numbers, in words that point into `line`. */
struct words {
    char line[LINE_MAX_BYTES];
    char *word[WORDS_MAX + 3]; /* the rank's program and argument follow, and NULL */
};

/* srun would bind each rank to one cpu; it does not take the job's -c from everywhere (srun(1), 22.05 and 23.11). mpirun's
 * "ppr" is Open MPI's; without it, in an allocation of several nodes, ranks beyond the first one's slots go on to the next. */
const char *launcher_template(unsigned nodes)
{
    const char *asked = getenv("BREAKEVEN_LAUNCHER");
    if (!asked || !*asked || !strcmp(asked, "mpirun"))
        return nodes > 1 || limits_job_nodes() > 1 ? "mpirun -n {processes} --map-by ppr:{per_node}:node:OVERSUBSCRIBE"
                                                 : "mpirun -n {processes}";
    if (!strcmp(asked, "srun"))
        return "srun -N {nodes} -n {processes} -c {threads} --ntasks-per-node={per_node} --cpu-bind=none --mpi=pmix";
    return asked;
}

/* `from` with what stands in braces replaced; false: too long. */
static bool fill(const struct launch *launch, const char *from, char *line)
{
    const struct {
        const char *name;
        unsigned number;
    } known[] = {{"{processes}", launch->processes},
                 {"{threads}", launch->threads},
                 {"{nodes}", launch->nodes},
                 {"{per_node}", launch->per_node}};
    size_t used = 0, i;
    while (*from && used + 12 < LINE_MAX_BYTES) {
        for (i = 0; i < sizeof known / sizeof *known; i++)
            if (!strncmp(from, known[i].name, strlen(known[i].name))) break;
        if (i < sizeof known / sizeof *known) {
            used += (size_t)sprintf(line + used, "%u", known[i].number);
            from += strlen(known[i].name);
        } else line[used++] = *from++;
    }
    line[used] = '\0';
    return !*from;
}

static int split(const struct launch *launch, struct words *words)
{
    char *rest = words->line;
    size_t count = 0;
    if (!fill(launch, launcher_template(launch->nodes), words->line)) return -E2BIG;
    for (char *word; (word = strtok_r(rest, " \t", &rest));) {
        if (count == WORDS_MAX) return -E2BIG;
        words->word[count++] = word;
    }
    if (!count) return -EINVAL;
    words->word[count] = (char *)launch->rank;
    words->word[count + 1] = (char *)launch->argument;
    words->word[count + 2] = NULL;
    return 0;
}

const char *launcher_name(void)
{
    static _Thread_local char name[PATH_MAX];
    const char *from = launcher_template(1);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(from, " \t"), from);
    return name;
}

bool launcher_find(const char *name, char *path, size_t size)
{
    const char *dirs = getenv("PATH");
    if (strchr(name, '/')) return snprintf(path, size, "%s", name) < (int)size && !access(path, X_OK);
    for (const char *dir = dirs ? dirs : "/usr/bin"; *dir;) {
        int length = (int)strcspn(dir, ":");
        if (snprintf(path, size, "%.*s/%s", length, dir, name) < (int)size && !access(path, X_OK)) return true;
        dir += length + (dir[length] == ':');
    }
    return false;
}

bool launcher_beside(const char *name, char *path, size_t size)
{
    static const char *const places[] = {"", "../", "../lib/breakeven/"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return false;
    self[length] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (snprintf(path, size, "%s/%s%s", self, places[i], name) < (int)size && !access(path, R_OK)) return true;
    return false;
}

int launcher_available(struct reason *why)
{
    char path[PATH_MAX];
    const char *name = launcher_name();
    if (launcher_find(name, path, sizeof path)) return 0;
    if (!strcmp(name, "mpirun"))
        reason_set(why, "no mpirun in PATH: install Debian's openmpi-bin and libopenmpi-dev (make deps-mpi)");
    else reason_set(why, "the launcher %.40s is not in PATH", name);
    return -ENOENT;
}

/* Whether ranks that wait spin or yield: what is asked for counts, then what the user has set of the engine's variables, and
 * else more threads than cpus yield. MPICH's variable is a number of polls, by default 1000; 0 is never. */
static void waiting_set(bool crowded)
{
    const char *asked = getenv("BREAKEVEN_WAITING");
    bool yields = asked && !strcmp(asked, "yield"), spins = asked && !strcmp(asked, "spin");
    if (yields || spins || crowded) setenv("OMPI_MCA_mpi_yield_when_idle", spins ? "0" : "1", yields || spins);
    if (yields || spins) setenv("MPIR_CVAR_POLLS_BEFORE_YIELD", spins ? "0" : "1", 1);
}

/* Is there what Open MPI's cm drives, a fabric with matching of its own? */
static bool fabric_is_here(void)
{
    static const char *const signs[] = {"/sys/class/infiniband", "/sys/class/cxi", "/dev/hfi1", "/dev/hfi1_0", "/dev/ipath", "/dev/kgni0"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (!access(signs[i], F_OK)) return true;
    return false;
}

/* By environment and not by options: Open MPI 4 and 5 and MPICH spell the options differently, and each ignores the
 * others' variables. No binding; more ranks than cores are allowed, and yield then; root may run. What the user has set
 * stands, but for the folders. */
static void environment_set(const struct launch *launch)
{
    static const char *const fixed[][2] = {
        {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
        {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
        {"PRTE_ALLOW_RUN_AS_ROOT", "1"},
        {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
        {"OMPI_MCA_hwloc_base_binding_policy", "none"},
        {"PRTE_MCA_hwloc_default_binding_policy", "none"},
        {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
        {"PRTE_MCA_rmaps_default_mapping_policy", ":OVERSUBSCRIBE"},
    };
    static const char *const folders[] = {"TMPDIR", "OMPI_MCA_btl_vader_backing_directory",
                                          "OMPI_MCA_btl_sm_backing_directory", "OMPI_MCA_osc_sm_backing_directory",
                                          "OMPI_MCA_osc_rdma_backing_directory"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) setenv(fixed[i][0], fixed[i][1], 0);
    /* On other hosts the ranks make the folder, for what is theirs; daemons are there before it. */
    for (size_t i = launch->nodes > 1; i < sizeof folders / sizeof *folders; i++) setenv(folders[i], launch->folder, 1);
    /* Ranks of one host talk through memory: the other layers would look for a fabric in libpsm2, libfabric and UCX,
     * and hwloc load X11, OpenCL and libxml2 in each process, to find none (a fifth of their cpu time). */
    if (launch->nodes == 1 && !fabric_is_here()) {
        setenv("OMPI_MCA_pml", "ob1", 0);
        setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 0);
    }
    waiting_set(launch->crowded);
}

_Noreturn static void become(const struct launch *launch, const struct words *words, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    int null = open("/dev/null", O_RDONLY);
    dup2(launch->output, 1);
    dup2(launch->output, 2);
    dup2(null, 0);
    syscall(SYS_close_range, 3u, ~0u, 4u); /* CLOSE_RANGE_CLOEXEC */
    environment_set(launch);
    execvp(words->word[0], words->word);
    _exit(127);
}

int launcher_output(void)
{
    int output = memfd_create("launcher", MFD_CLOEXEC);
    if (output >= 0) fcntl(output, F_SETFL, O_APPEND); /* who reads it moves the offset that all share */
    return output < 0 ? -errno : output;
}

FILE *launcher_reread(int output)
{
    int again = fcntl(output, F_DUPFD_CLOEXEC, 0);
    FILE *file = again >= 0 && !lseek(again, 0, SEEK_SET) ? fdopen(again, "r") : NULL;
    if (!file && again >= 0) close(again);
    return file;
}

pid_t launcher_start(const struct launch *launch)
{
    struct words words = {.line = ""};
    pid_t parent = getpid();
    int error = split(launch, &words);
    if (error) return error;
    pid_t pid = fork();
    if (!pid) become(launch, &words, parent);
    return pid < 0 ? -errno : pid;
}

/* Open MPI names the host behind what it calls its daemon there. */
static bool lost_host(const char *text, char *line, size_t size)
{
    char host[64];
    const char *at = strstr(text, "lost communication with a remote daemon"), *daemon = at ? strstr(at, "Remote daemon:") : NULL;
    const char *on = daemon ? strstr(daemon, " on node ") : NULL;
    if (!on || sscanf(on, " on node %63s", host) != 1) return false;
    snprintf(line, size, "the host %s was lost", host);
    return true;
}

/* What the launcher's words mean. `at_work`: all ranks were up when it ended. */
static const char *cause_of(const char *text, bool at_work)
{
    static const char *const known[][2] = {
        {"not enough slots", "not enough slots for so many ranks: more in --hosts or the allocation, or fewer ranks"},
        {"attempt to run as root", "it does not run as root: set OMPI_ALLOW_RUN_AS_ROOT and ..._CONFIRM to 1"},
        {"not built with SLURM's PMI", "this MPI does not speak srun's PMI: --mpi=pmix"},
        {"nable to find MPI plugin", "srun has no such plugin: `srun --mpi=list` names those it has"},
        {"Couldn't find the specified plugin", "srun has no such plugin: `srun --mpi=list` names those it has"},
        {"No network interfaces were found", "only the loopback is there: set OMPI_MCA_oob_tcp_if_include=lo"},
        {"Could not resolve hostname", "a host has no address"},
        {"Communication connection failure", "a node's slurmd does not answer"},
        {"Job violates accounting/QOS policy", "the cluster's limits refuse it"},
        {"OUT-OF-RESOURCE", "no room for MPI's own files in /dev/shm: 64 MiB are enough for 8 ranks"},
        {"More processors requested than permitted", "the allocation has fewer cpus than ranks x threads"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(text, known[i][0])) return known[i][1];
    if (strstr(text, DAEMON_GONE))
        return at_work ? "a host was lost" : "a host does not answer, or lets nobody in without a password";
    return NULL;
}

/* The first line of a rank, or that calls itself an error, or the first that is neither a rule nor a prefix of the engine's. */
static void first_line(const char *text, char *line, size_t size)
{
    *line = '\0';
    const char *ours = strstr(text, "breakeven-rank: rank"), *error = ours ? ours : strstr(text, "error: ");
    while (error && error > text && error[-1] != '\n') error--;
    if (error) text = error;
    while (*text) {
        int length = (int)strcspn(text, "\n");
        if (length > 3 && !strchr("-=*[", *text)) {
            snprintf(line, size, "%.*s", length, text);
            return;
        }
        text += length + (text[length] == '\n');
    }
}

/* Takes the zero bytes out of `length` bytes and ends them with one; text[length] must be there. */
static void zeros_drop(char *text, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i]) text[kept++] = text[i];
    text[kept] = '\0';
}

bool launcher_line(FILE *file, char **line, size_t *room)
{
    ssize_t length = getline(line, room, file);
    if (length < 0) return false;
    zeros_drop(*line, (size_t)length);
    return true;
}

bool launcher_explain(int output, bool at_work, char *line, size_t size)
{
    char text[OUTPUT_MAX];
    FILE *file = launcher_reread(output);
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    zeros_drop(text, got);
    bool lost = lost_host(text, line, size);
    const char *cause = cause_of(text, at_work);
    if (cause && !lost) snprintf(line, size, "%s", cause);
    else if (!lost) first_line(text, line, size);
    for (char *at = line; *at; at++)
        if (iscntrl((unsigned char)*at)) *at = ' ';
    return cause || lost;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The ranks end by themselves, a launcher that is killed or not (breakeven-rank --try). */
static void end(pid_t launcher)
{
    int status;
    kill(launcher, SIGTERM);
    if (child_wait(launcher, GRACE_MS, &status)) return;
    kill(launcher, SIGKILL);
    child_wait(launcher, GRACE_MS, &status);
}

static bool library_read(int output, char *library, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    FILE *file = launcher_reread(output);
    while (file && !found && launcher_line(file, &line, &room)) {
        const char *at = strstr(line, LAUNCHER_TRY_SAYS);
        if (!at) continue;
        at += strlen(LAUNCHER_TRY_SAYS);
        snprintf(library, size, "%.*s", (int)strcspn(at, "\n"), at);
        found = true;
    }
    free(line);
    if (file) fclose(file);
    return found;
}

static int try_in(const char *folder, int output, struct launcher_trial *trial, struct reason *why)
{
    char rank[PATH_MAX], line[160];
    if (!launcher_beside("breakeven-rank", rank, sizeof rank)) return reason_give(why, -ENOENT, "no breakeven-rank beside the program");
    struct launch launch = {.processes = RANKS, .threads = 1, .nodes = 1, .per_node = RANKS, .crowded = true,
                            .folder = folder, .output = output, .rank = rank, .argument = "--try"};
    double began_s = now_s();
    pid_t launcher = launcher_start(&launch);
    if (launcher < 0) return reason_give(why, launcher, "cannot start %s: %s", launcher_name(), strerror(-launcher));
    int status;
    bool ended = child_wait(launcher, TRY_MS, &status);
    trial->took_s = now_s() - began_s;
    if (!ended) {
        end(launcher);
        return reason_give(why, -ETIMEDOUT, "%s did not start and end two ranks within %d s", launcher_name(), TRY_MS / 1000);
    }
    if (!status && library_read(output, trial->library, sizeof trial->library)) return 0;
    launcher_explain(output, false, line, sizeof line);
    return reason_give(why, -ECHILD, "%s ended with %s %d%s%s", launcher_name(), WIFSIGNALED(status) ? "signal" : "code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), *line ? ": " : "", line);
}

static struct reason tried; /* why the last trial of this process failed; "": it did not */

bool launcher_failed(struct reason *why)
{
    if (tried.text[0]) *why = tried;
    return tried.text[0];
}

int launcher_try(struct launcher_trial *trial, struct reason *why)
{
    char folder[SCRATCH_PATH_MAX];
    *trial = (struct launcher_trial){.library = ""};
    const char *name = launcher_name(), *slash = strrchr(name, '/');
    snprintf(trial->launcher, sizeof trial->launcher, "%.63s", slash ? slash + 1 : name);
    int lock = scratch_make(folder);
    if (lock < 0) return reason_give(why, lock, "no folder in /dev/shm: %s", strerror(-lock));
    int output = launcher_output();
    int error = output < 0 ? reason_give(why, output, "no file in memory: %s", strerror(-output)) : try_in(folder, output, trial, why);
    if (output >= 0) close(output);
    scratch_remove(folder);
    close(lock);
    tried = error ? *why : (struct reason){""};
    return error;
}
