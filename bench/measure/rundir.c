/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/rundir.h"

#include "kernels/reason.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char RUNS[] = "results/runs/";
enum { SAME_SECOND_MAX = 1000 };

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = dir != NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) empty = false;
    if (dir) closedir(dir);
    return empty;
}

/* Is it a folder in which entries can be made? 0 or -errno. */
static int check_folder(const char *path)
{
    struct stat stat_;
    return stat(path, &stat_) ? -errno : !S_ISDIR(stat_.st_mode) ? -ENOTDIR : access(path, W_OK | X_OK) ? -errno : 0;
}

/* The folder that `path` will stand in. */
static int check_parent(const char *path, struct reason *why)
{
    char copy[RUNDIR_PATH];
    snprintf(copy, sizeof copy, "%s", path);
    const char *parent = dirname(copy);
    int error = check_folder(parent);
    if (error) reason_set(why, "its parent folder %.180s cannot be used: %s", parent, strerror(-error));
    return error;
}

/* Who holds the lock on this file: lines "1: FLOCK ADVISORY WRITE 1234 fe:01:5678 0 EOF" (proc_locks(5)); 0: not seen. */
static int holder_of(int fd)
{
    struct stat stat_;
    unsigned long inode;
    char line[256];
    int pid, found = 0;
    FILE *locks = fopen("/proc/locks", "re");
    while (!fstat(fd, &stat_) && locks && !found && fgets(line, sizeof line, locks))
        if (sscanf(line, "%*s FLOCK %*s %*s %d %*x:%*x:%lu", &pid, &inode) == 2 && inode == stat_.st_ino && pid > 0)
            found = pid;
    if (locks) fclose(locks);
    return found;
}

/* The lock of the run in this folder: a descriptor, or -errno; where another process has it, -EWOULDBLOCK and its name. */
static int lock_take(const char *dir, bool make, char who[40])
{
    char path[RUNDIR_PATH + 32];
    snprintf(path, sizeof path, "%s/samples.jsonl", dir);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | (make ? O_CREAT : 0), 0666);
    if (fd < 0) return -errno;
    if (!flock(fd, LOCK_EX | LOCK_NB)) return fd;
    int error = -errno, pid = holder_of(fd);
    if (pid) snprintf(who, 40, "process %d", pid);
    else snprintf(who, 40, "another process");
    close(fd);
    return error;
}

static int refuse_full(const char *output, struct reason *why)
{
    char who[40];
    int lock = lock_take(output, false, who);
    if (lock >= 0) close(lock);
    if (lock == -EWOULDBLOCK) return reason_give(why, lock, "%s is measuring into it", who);
    return reason_give(why, -ENOTEMPTY, "it is not empty: name a new folder, or finish the run in it with --resume");
}

static int check_output(const char *output, struct reason *why)
{
    struct stat stat_;
    if (strlen(output) >= RUNDIR_PATH - 256) return reason_give(why, -ENAMETOOLONG, "the name is too long");
    if (lstat(output, &stat_)) return check_parent(output, why);
    int error = check_folder(output);
    if (error == -ENOTDIR) reason_set(why, "it is a file, not a folder");
    else if (error) reason_set(why, "it cannot be written: %s", strerror(-error));
    else if (!is_empty(output)) error = refuse_full(output, why);
    return error;
}

/* The first part of results/runs that exists must take what is missing. */
static int check(const char *output, struct reason *why)
{
    struct reason reason = {""};
    int error;
    if (output) {
        error = check_output(output, &reason);
        if (error) reason_set(why, "--output %.100s: %.300s", output, reason.text);
        return error;
    }
    const char *first = access("results/runs", F_OK) == 0 ? "results/runs/new"
                        : access("results", F_OK) == 0    ? "results/new"
                                                          : "results";
    error = check_parent(first, &reason);
    if (error) reason_set(why, "runs go to results/runs: %.300s (name another folder with --output)", reason.text);
    return error;
}

int rundir_check(const struct options *options)
{
    struct reason why = {""};
    if (options_given(options, "name") && strchr(options->name, '/'))
        return options_complain(options, "--name \"%.60s\": a name holds no '/'; --output names a folder",
                                options->name);
    return check(options->output, &why) ? options_complain(options, "%s", why.text) : 0;
}

static int make_default(const char *name, char dir[RUNDIR_PATH])
{
    char when[32], stem[192];
    time_t now = time(NULL);
    struct tm utc;
    if ((mkdir("results", 0777) && errno != EEXIST) || (mkdir("results/runs", 0777) && errno != EEXIST)) return -errno;
    strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    snprintf(stem, sizeof stem, "%s%s-%.120s", RUNS, when, name);
    snprintf(dir, RUNDIR_PATH, "%s", stem);
    for (int i = 2; mkdir(dir, 0777); i++) { /* two runs in one second */
        if (errno != EEXIST || i > SAME_SECOND_MAX) return -errno;
        snprintf(dir, RUNDIR_PATH, "%s-%d", stem, i);
    }
    return 0;
}

int rundir_make(const char *output, const char *name, char dir[RUNDIR_PATH], struct reason *why)
{
    char made[RUNDIR_PATH];
    int error = check(output, why);
    if (error) return error;
    if (output) {
        snprintf(made, sizeof made, "%s", output);
        if (mkdir(made, 0777) && errno != EEXIST) error = -errno;
    } else error = make_default(name, made);
    if (error) reason_set(why, "cannot make the folder %.200s: %s", made, strerror(-error));
    else memcpy(dir, made, sizeof made);
    return error;
}

int rundir_lock(const char *dir, bool make, struct reason *why)
{
    char who[40];
    int fd = lock_take(dir, make, who);
    if (fd == -EWOULDBLOCK) reason_set(why, "%.200s: %s is measuring into it", dir, who);
    return fd;
}

void rundir_point(const char *dir)
{
    if (strncmp(dir, RUNS, strlen(RUNS))) return;
    char new[64], target[RUNDIR_PATH];
    snprintf(new, sizeof new, "results/.latest.%ld", (long)getpid());
    snprintf(target, sizeof target, "%s", dir + strlen("results/"));
    unlink(new);
    if (!symlink(target, new) && rename(new, "results/latest")) unlink(new);
}
