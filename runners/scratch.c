/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_ROOT "/dev/shm"
enum { UNUSED_S = 60 }; /* younger ones may not have been locked yet */

int scratch_available(struct reason *why)
{
    if (!access("/dev/shm", W_OK | X_OK)) return 0;
    return reason_give(why, -ENOENT, "/dev/shm cannot be written: the runner's files lie there");
}

int scratch_make(char *path)
{
    snprintf(path, SCRATCH_PATH_MAX, SCRATCH_ROOT "/breakeven-%d-XXXXXX", (int)getpid());
    if (!mkdtemp(path)) {
        *path = '\0';
        return -errno;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && !flock(fd, LOCK_EX)) return fd;
    int error = -errno;
    if (fd >= 0) close(fd);
    scratch_remove(path);
    *path = '\0';
    return error;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    remove(path);
    return 0;
}

void scratch_remove(const char *path)
{
    if (*path) nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The lock tells makers of the same number apart, which other pid namespaces may have. */
static void remove_unused(const char *path, bool old_only)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    bool old = !fstat(fd, &status) && status.st_uid == geteuid() && time(NULL) - status.st_mtime > UNUSED_S;
    if ((old || !old_only) && !flock(fd, LOCK_EX | LOCK_NB)) scratch_remove(path);
    close(fd);
}

void scratch_sweep(pid_t maker)
{
    DIR *root = opendir(SCRATCH_ROOT);
    char prefix[32], path[SCRATCH_PATH_MAX];
    if (!root) return;
    if (maker) snprintf(prefix, sizeof prefix, "breakeven-%d-", (int)maker);
    else snprintf(prefix, sizeof prefix, "breakeven-");
    for (struct dirent *entry; (entry = readdir(root));) {
        bool semaphore = !strncmp(entry->d_name, "sem.", 4);
        const char *name = entry->d_name + (semaphore ? 4 : 0);
        int length = snprintf(path, sizeof path, SCRATCH_ROOT "/%s", entry->d_name);
        if (strncmp(name, prefix, strlen(prefix)) || length >= (int)sizeof path) continue;
        if (!semaphore) remove_unused(path, !maker);
        else if (maker) unlink(path);
    }
    closedir(root);
}

/* Its name has the process and the user. */
static bool left_by_the_dead(const char *name, const char *path, time_t since)
{
    int pid;
    unsigned user;
    struct stat status;
    return sscanf(name, "__KMP_REGISTERED_LIB_%d_%u", &pid, &user) == 2 && user == getuid() && pid > 1 && kill(pid, 0) && errno == ESRCH &&
           !lstat(path, &status) && S_ISREG(status.st_mode) && status.st_mtime >= since;
}

void scratch_sweep_openmp(time_t since)
{
    DIR *root = opendir(SCRATCH_ROOT);
    char path[sizeof SCRATCH_ROOT + sizeof((struct dirent *)0)->d_name];
    for (struct dirent *entry; root && (entry = readdir(root));) {
        snprintf(path, sizeof path, SCRATCH_ROOT "/%s", entry->d_name);
        if (left_by_the_dead(entry->d_name, path, since)) unlink(path);
    }
    if (root) closedir(root);
}
