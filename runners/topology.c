/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/reason.h"
#include "runners/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads every part as its readers do. (An export would too, but takes ten times as long as loading 65,536 cpus.) */
static void visit(hwloc_obj_t object)
{
    volatile size_t read = object->name ? strlen(object->name) : 0;
    hwloc_obj_t children[] = {object->memory_first_child, object->first_child, object->io_first_child, object->misc_first_child};
    if (object->cpuset) read += (size_t)hwloc_bitmap_weight(object->cpuset);
    if (object->nodeset) read += (size_t)hwloc_bitmap_weight(object->nodeset);
    if (hwloc_obj_get_info_by_name(object, "CPUModel")) read++;
    for (size_t i = 0; i < sizeof children / sizeof *children; i++)
        for (hwloc_obj_t child = children[i]; child; child = child->next_sibling) visit(child);
    (void)read;
}

/* In a child: what the library makes of the file, told by the status; its own words go to `words`. */
static void try_load(const char *path, int words)
{
    static const struct rlimit cpu_seconds = {20, 20}, no_core = {0, 0};
    hwloc_topology_t topology;
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    setrlimit(RLIMIT_CPU, &cpu_seconds);
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(words, STDERR_FILENO);
    setenv("HWLOC_XML_VERBOSE", "1", 1);
    if (hwloc_topology_init(&topology) || hwloc_topology_set_xml(topology, path) || hwloc_topology_load(topology))
        _exit(1);
    visit(hwloc_get_root_obj(topology));
    _exit(0);
}

/* What is read is kept for the message: the first line. The rest is read, so that the child never waits. */
static void words_read(int from, char *line, size_t size)
{
    char part[512];
    size_t used = 0;
    for (ssize_t got; (got = read(from, part, sizeof part)) > 0 || (got < 0 && errno == EINTR);)
        for (ssize_t i = 0; i < got && used + 1 < size; i++) line[used++] = part[i];
    line[used] = 0;
    line[strcspn(line, "\n")] = 0;
}

static void say_refused(const char *path, const char *words, int status, struct reason *why)
{
    if (WIFSIGNALED(status))
        reason_set(why, "topology %.100s is damaged: hwloc ends on it with signal %d (%s)", path,
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (strstr(words, "XML version"))
        reason_set(why, "topology %.100s is of a newer hwloc (%.50s): export it there by 'lstopo --export-xml-flags v2 FILE.xml'",
                 path, strstr(words, "cannot") ? strstr(words, "cannot") : words);
    else reason_set(why, "hwloc cannot load the topology %.100s%s%.100s", path, words[0] ? ": " : "", words);
}

int topology_try(const char *path, struct reason *why)
{
    int ends[2], status = 0;
    char words[200];
    if (pipe2(ends, O_CLOEXEC)) return -errno;
    fflush(NULL);
    pid_t child = fork();
    if (!child) try_load(path, ends[1]);
    int error = child < 0 ? -errno : 0;
    close(ends[1]);
    if (!error) words_read(ends[0], words, sizeof words);
    close(ends[0]);
    while (!error && waitpid(child, &status, 0) < 0)
        if (errno != EINTR) error = -errno;
    if (error) reason_set(why, "topology %.120s cannot be tried in a child: %s", path, strerror(-error));
    else if (status) say_refused(path, words, status, why);
    return error ? error : status ? -EINVAL : 0;
}

/* A synthetic description begins with a type and a colon; anything else is a path. */
static int source_set(hwloc_topology_t topology, const char *source, struct reason *why)
{
    struct stat file;
    if (!stat(source, &file)) {
        if (!S_ISREG(file.st_mode))
            return reason_give(why, -EINVAL, "topology %.120s is not a regular file", source);
        int error = topology_try(source, why);
        if (error || !hwloc_topology_set_xml(topology, source)) return error;
        return reason_give(why, -EINVAL, "topology %.120s cannot be read as hwloc's XML", source);
    }
    if (!strchr(source, ':') && !strpbrk(source, " 0123456789"))
        return reason_give(why, -ENOENT, "topology %.120s: %s", source, strerror(errno));
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
    int error = source ? source_set(loaded, source, why) : 0;
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
