/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a damaged file can make of the library. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGXCPU};

static bool is_fatal(int signal)
{
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if (fatal[i] == signal) return true;
    return false;
}

/* In a child: the library's words of loading go to `words`, with a NUL behind them where it succeeded. */
static void load_and_use(const char *path, int words, int (*use)(hwloc_topology_t, void *), void *closure)
{
    static const struct rlimit cpu_seconds = {120, 120}, no_core = {0, 0};
    hwloc_topology_t topology;
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
    setrlimit(RLIMIT_CPU, &cpu_seconds);
    setrlimit(RLIMIT_CORE, &no_core);
    int own_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    dup2(words, STDERR_FILENO);
    setenv("HWLOC_XML_VERBOSE", "1", 1);
    if (hwloc_topology_init(&topology) || hwloc_topology_set_xml(topology, path) ||
        hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) || hwloc_topology_load(topology) ||
        write(words, "", 1) != 1)
        _exit(1);
    if (own_stderr >= 0) dup2(own_stderr, STDERR_FILENO);
    else close(STDERR_FILENO);
    close(words);
    int status = use(topology, closure);
    fflush(NULL);
    _exit(status);
}

/* What is read is kept for the message: the first line. The rest is read, so that the child never waits. Did it load? */
static bool words_read(int from, char *line, size_t size)
{
    char part[512];
    size_t used = 0;
    bool loaded = false;
    for (ssize_t got; (got = read(from, part, sizeof part)) > 0 || (got < 0 && errno == EINTR);)
        for (ssize_t i = 0; i < got; i++) {
            loaded |= !part[i];
            if (used + 1 < size) line[used++] = part[i];
        }
    line[used] = 0;
    line[strcspn(line, "\n")] = 0;
    return loaded;
}

/* 0 to 255: what `use` returned; -errno with `why` else. */
static int outcome(const char *path, bool loaded, const char *words, int status, struct reason *why)
{
    if (WIFEXITED(status) && loaded) return WEXITSTATUS(status);
    if (WIFSIGNALED(status) && is_fatal(WTERMSIG(status)))
        return reason_give(why, -EINVAL, "topology %.100s is damaged: hwloc ends on it with signal %d (%s)", path, WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    if (WIFSIGNALED(status))
        return reason_give(why, -EINTR, "the child that read the topology %.100s was ended by signal %d (%s)", path,
                           WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (strstr(words, "XML version"))
        return reason_give(why, -EINVAL,
                           "topology %.100s is of a newer hwloc (%.50s): export it there by 'lstopo --export-xml-flags v2 FILE.xml'",
                           path, strstr(words, "cannot") ? strstr(words, "cannot") : words);
    return reason_give(why, -EINVAL, "hwloc cannot load the topology %.100s%s%.100s", path, words[0] ? ": " : "", words);
}

static int use_file(const char *path, int (*use)(hwloc_topology_t, void *), void *closure, struct reason *why)
{
    int ends[2], status = 0;
    char words[200];
    bool loaded = false;
    if (pipe2(ends, O_CLOEXEC)) return reason_give(why, -errno, "no pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t parent = getpid(), child = fork();
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        load_and_use(path, ends[1], use, closure);
    }
    int error = child < 0 ? -errno : 0;
    close(ends[1]);
    if (!error) loaded = words_read(ends[0], words, sizeof words);
    close(ends[0]);
    while (!error && waitpid(child, &status, 0) < 0)
        if (errno != EINTR) error = -errno;
    if (error) return reason_give(why, error, "topology %.120s cannot be read in a child: %s", path, strerror(-error));
    return outcome(path, loaded, words, status, why);
}

int topology_use(const char *source, int (*use)(hwloc_topology_t, void *), void *closure, struct reason *why)
{
    struct stat file;
    hwloc_topology_t topology;
    if (source && !stat(source, &file)) {
        if (S_ISREG(file.st_mode)) return use_file(source, use, closure, why);
        return reason_give(why, -EINVAL, "topology %.120s is not a regular file", source);
    }
    int status = topology_load(source, &topology, why);
    if (status) return status;
    status = use(topology, closure);
    hwloc_topology_destroy(topology);
    return status;
}

/* A synthetic description begins with a type and a colon; anything else is a path, of no file. */
static int description_set(hwloc_topology_t topology, const char *source, struct reason *why)
{
    if (!strchr(source, ':') && !strpbrk(source, " 0123456789"))
        return reason_give(why, -ENOENT, "topology %.120s: %s", source, strerror(access(source, R_OK) ? errno : EINVAL));
    if (!hwloc_topology_set_synthetic(topology, source)) return 0;
    return reason_give(why, -EINVAL, "topology '%.120s' is neither a file nor a description such as 'pack:2 numa:2 core:4 pu:2'",
                       source);
}

/* Of this machine, allowed is what both the cpuset and the calling thread's affinity allow. */
static int allow_bound(hwloc_topology_t topology)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int error = set ? 0 : -ENOMEM;
    if (!error && hwloc_get_cpubind(topology, set, HWLOC_CPUBIND_THREAD)) error = -errno;
    if (!error) hwloc_bitmap_and(set, set, hwloc_topology_get_allowed_cpuset(topology));
    if (!error && hwloc_topology_allow(topology, set, NULL, HWLOC_ALLOW_FLAG_CUSTOM)) error = -errno;
    hwloc_bitmap_free(set);
    return error;
}

int topology_load(const char *source, hwloc_topology_t *topology, struct reason *why)
{
    hwloc_topology_t loaded;
    if (hwloc_topology_init(&loaded))
        return reason_give(why, -ENOMEM, "no memory for a topology");
    int error = source ? description_set(loaded, source, why) : 0;
    if (error) goto out;
    hwloc_topology_set_flags(loaded, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (hwloc_topology_load(loaded)) {
        error = -EINVAL;
        reason_set(why, "hwloc cannot load the topology %.120s", source ? source : "of this machine");
    } else if (!source && hwloc_topology_is_thissystem(loaded) && (error = allow_bound(loaded))) {
        reason_set(why, "the cpus this process may use cannot be read: %s", strerror(-error));
    }
out:
    if (error) hwloc_topology_destroy(loaded);
    else *topology = loaded;
    return error;
}
