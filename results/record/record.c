/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.c: the files of a run: whole files through a temporary one, lines with one write each. */
#include "results/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t wrote = TEMP_FAILURE_RETRY(write(fd, bytes, size));
        if (wrote < 0) return -errno;
        if (wrote == 0) return -EIO;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return fsync(fd) ? -errno : 0;
}

/* A rename is durable once its directory is (rename(2), fsync(2)). Some file systems cannot sync one: no harm. */
static void sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

int record_write_file(const char *dir, const char *name, const void *bytes, size_t size)
{
    char temporary[4400], path[4400];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s/.%s.%ld", dir, name, (long)getpid()) >= sizeof temporary)
        return -ENAMETOOLONG;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return -errno;
    int status = write_all(fd, bytes, size);
    if (close(fd) && !status) status = -errno;
    if (!status && rename(temporary, path)) status = -errno;
    if (status) unlink(temporary);
    else sync_dir(dir);
    return status;
}

/* Where the last whole line ends. */
static int whole_lines(int fd, off_t size, off_t *end)
{
    char block[4096];
    while (size > 0) {
        size_t want = size < (off_t)sizeof block ? (size_t)size : sizeof block;
        ssize_t got = TEMP_FAILURE_RETRY(pread(fd, block, want, size - (off_t)want));
        if (got != (ssize_t)want) return got < 0 ? -errno : -EIO;
        const char *newline = memrchr(block, '\n', want);
        if (newline) {
            *end = size - (off_t)want + (newline - block) + 1;
            return 0;
        }
        size -= (off_t)want;
    }
    *end = 0;
    return 0;
}

int record_open_samples(const char *dir)
{
    char path[4400];
    struct stat stat;
    off_t end = 0;
    if ((size_t)snprintf(path, sizeof path, "%s/samples.jsonl", dir) >= sizeof path) return -ENAMETOOLONG;
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0) return -errno;
    int status = fstat(fd, &stat) ? -errno : S_ISREG(stat.st_mode) ? 0 : -EINVAL;
    if (!status) status = whole_lines(fd, stat.st_size, &end);
    if (!status && end < stat.st_size && ftruncate(fd, end)) status = -errno;
    if (status) {
        close(fd);
        return status;
    }
    return fd;
}

int record_append_line(int fd, const char *line)
{
    struct stat stat;
    size_t length = strlen(line);
    struct iovec parts[] = {{(void *)(uintptr_t)line, length}, {(void *)(uintptr_t) "\n", 1}};
    if (fstat(fd, &stat)) return -errno;
    ssize_t wrote = TEMP_FAILURE_RETRY(writev(fd, parts, 2));
    if (wrote == (ssize_t)length + 1) return 0;
    int status = wrote < 0 ? -errno : -ENOSPC; /* a short write to a file: the next one would have failed so */
    if (wrote > 0 && S_ISREG(stat.st_mode) && ftruncate(fd, stat.st_size)) status = -errno;
    return status;
}

int record_append_sample(int fd, const struct sample *sample)
{
    char *line = sample_to_json(sample);
    int error = line ? record_append_line(fd, line) : -ENOMEM;
    free(line);
    return error;
}
