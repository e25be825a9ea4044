/* SPDX-License-Identifier: MIT */
/* quota.c: see machine.h. */
#include "machine/machine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#if __has_include(<linux/magic.h>) /* as system.h */
#include <linux/magic.h>
#else
enum { CGROUP_SUPER_MAGIC = 0x27e0eb, CGROUP2_SUPER_MAGIC = 0x63677270 };
#endif

enum { PATH = 3 * PATH_MAX };

/* The best mount so far for a group: `dir` is the group's directory in it, the first `top` characters the mount's. */
struct place {
    char dir[PATH];
    size_t top;
    int rank; /* 3: the directory is there, 2: it should be, 1: the group lies outside of what is mounted, 0: none */
};

static bool has_word(char *words, const char *word)
{
    for (char *save, *one = strtok_r(words, ",\n", &save); one; one = strtok_r(NULL, ",\n", &save))
        if (!strcmp(one, word)) return true;
    return false;
}

/* mountinfo writes a blank as \040. In place. */
static void unescape(char *text)
{
    char *to = text;
    while (*text) {
        int code, length = 0;
        if (*text == '\\' && sscanf(text, "\\%3o%n", (unsigned *)&code, &length) == 1 && length == 4) *to++ = (char)code;
        else *to++ = *text, length = 1;
        text += length;
    }
    *to = 0;
}

/* Not so where another file system was mounted over it. */
static bool shows_groups(const char *root, const char *at)
{
    struct statfs system;
    return *root || (!statfs(at, &system) && (system.f_type == CGROUP_SUPER_MAGIC || system.f_type == CGROUP2_SUPER_MAGIC));
}

/* A mount of the hierarchy: its group `from` stands at `at`. */
static void place_try(struct place *best, const char *root, const char *from, const char *at, const char *group)
{
    size_t skip = strcmp(from, "/") ? strlen(from) : 0;
    bool below = !strncmp(group, from, skip) && (!group[skip] || group[skip] == '/') && !strstr(group, "/..");
    const char *rest = below && strcmp(group + skip, "/") ? group + skip : "";
    struct place place = {.top = strlen(root) + strlen(at)};
    if (!shows_groups(root, at)) return;
    if (snprintf(place.dir, PATH, "%s%s%s", root, at, rest) >= PATH) return;
    place.rank = !below ? 1 : access(place.dir, F_OK) ? 2 : 3;
    if (place.rank > best->rank) *best = place;
}

/* Fields 4 and 5 of a line, the type and the options after the dash, without an end to their length. */
static void mount_read(char *line, const char *root, bool unified, const char *group, struct place *best)
{
    char *dash = strstr(line, " - "), *save, *field[5] = {NULL};
    if (!dash) return;
    *dash = 0;
    for (int i = 0; i < 5; i++) field[i] = strtok_r(i ? NULL : line, " ", &save);
    char *type = strtok_r(dash + 3, " ", &save), *source = strtok_r(NULL, " ", &save), *words = strtok_r(NULL, " ", &save);
    if (!field[4] || !source || !words || strcmp(type, unified ? "cgroup2" : "cgroup")) return;
    if (!unified && !has_word(words, "cpu")) return;
    unescape(field[3]);
    unescape(field[4]);
    place_try(best, root, field[3], field[4], group);
}

static FILE *file_open(const char *root, const char *path)
{
    char whole[PATH + 64];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    return fopen(whole, "re");
}

/* The process's group in the hierarchy with the cpu controller, or else in the unified one. malloc'ed; NULL: none. */
static char *group_read(const char *root, bool unified)
{
    FILE *file = file_open(root, "/proc/self/cgroup");
    char *line = NULL, *group = NULL;
    size_t size = 0;
    while (file && !group && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *words = strchr(line, ':'), *path = words ? strchr(words + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        if (unified ? !words[1] : has_word(words + 1, "cpu")) group = strdup(path);
    }
    free(line);
    if (file) fclose(file);
    return group;
}

static struct place place_find(const char *root, bool unified)
{
    struct place best = {.rank = 0};
    char *group = group_read(root, unified), *line = NULL;
    size_t size = 0;
    FILE *mounts = group ? file_open(root, "/proc/self/mountinfo") : NULL;
    while (mounts && getline(&line, &size, mounts) > 0) mount_read(line, root, unified, group, &best);
    if (mounts) fclose(mounts);
    free(line);
    free(group);
    return best;
}

/* A number, or two, at the start of dir/name; how many. */
static int numbers_read(const char *dir, const char *name, double *first, double *second)
{
    char path[PATH + 32];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    int count = file ? fscanf(file, "%lf %lf", first, second) : 0;
    if (file) fclose(file);
    return count;
}

/* Cpus' worth of one directory, rounded up; 0: no quota. A period that is not there is the kernel's own, 100 ms. */
static unsigned quota_of(const char *dir, bool unified)
{
    double quota = -1, period = 100000, unused;
    if (unified) numbers_read(dir, "cpu.max", &quota, &period);
    else if (numbers_read(dir, "cpu.cfs_quota_us", &quota, &unused)) numbers_read(dir, "cpu.cfs_period_us", &period, &unused);
    if (!(quota > 0 && period > 0) || quota / period >= UINT_MAX - 1) return 0;
    unsigned whole = (unsigned)(quota / period);
    return whole + (whole * period < quota);
}

unsigned quota_read(const char *root)
{
    bool unified = false;
    unsigned least = 0;
    struct place place = place_find(root, unified);
    if (!place.rank) place = place_find(root, unified = true);
    while (place.rank) {
        unsigned quota = quota_of(place.dir, unified);
        if (quota && (!least || quota < least)) least = quota;
        char *slash = strrchr(place.dir, '/');
        if (!slash || strlen(place.dir) <= place.top) break;
        *slash = 0;
    }
    return least;
}
