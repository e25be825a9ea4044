/* cpus.c: see cpus.h. */
#include "cpus.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forkpool.h"
#include "openmp.h"

enum { LONG_BITS = 8 * sizeof(unsigned long) };

static bool has(const struct cpus *cpus, unsigned cpu) { return cpus->bits[cpu / LONG_BITS] >> cpu % LONG_BITS & 1ul; }

static bool number(const char **text, unsigned long *value)
{
    char *end;
    if (!isdigit((unsigned char)**text)) return false;
    *value = strtoul(*text, &end, 10);
    *text = end;
    return *value < CPUS_MAX;
}

int cpus_parse(const char *list, struct cpus *cpus)
{
    struct cpus parsed = {{0}};
    for (;;) {
        unsigned long first, last;
        if (!number(&list, &first)) return -EINVAL;
        last = first;
        if (*list == '-' && (list++, !number(&list, &last))) return -EINVAL;
        if (last < first) return -EINVAL;
        for (unsigned long cpu = first; cpu <= last; cpu++) parsed.bits[cpu / LONG_BITS] |= 1ul << cpu % LONG_BITS;
        if (!*list) break;
        if (*list++ != ',') return -EINVAL;
    }
    *cpus = parsed;
    return 0;
}

void cpus_format(const struct cpus *cpus, char *text, size_t size)
{
    size_t length = 0;
    text[0] = 0;
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (!has(cpus, cpu)) continue;
        unsigned last = cpu;
        while (last + 1 < CPUS_MAX && has(cpus, last + 1)) last++;
        char part[32];
        int n = snprintf(part, sizeof part, last > cpu ? "%s%u-%u" : "%s%u", length ? "," : "", cpu, last);
        if (length + (size_t)n + sizeof ",..." > size) {
            snprintf(text + length, size - length, ",...");
            return;
        }
        memcpy(text + length, part, (size_t)n + 1);
        length += (size_t)n;
        cpu = last;
    }
}

int cpus_get(struct cpus *cpus)
{
    struct cpus got = {{0}};
    if (sched_getaffinity(0, sizeof got, (cpu_set_t *)&got)) return -errno;
    *cpus = got;
    return 0;
}

int cpus_set(const struct cpus *cpus)
{
    return sched_setaffinity(0, sizeof *cpus, (const cpu_set_t *)cpus) ? -errno : 0;
}

int cpus_first(const struct cpus *cpus)
{
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
        if (has(cpus, cpu)) return (int)cpu;
    return -1;
}

void cpus_drop(struct cpus *cpus, unsigned cpu)
{
    if (cpu < CPUS_MAX) cpus->bits[cpu / LONG_BITS] &= ~(1ul << cpu % LONG_BITS);
}

void cpus_move(unsigned cpu)
{
    struct cpus allowed, one = {{0}};
    if (cpu >= CPUS_MAX || cpus_get(&allowed) || !has(&allowed, cpu)) return;
    one.bits[cpu / LONG_BITS] = 1ul << cpu % LONG_BITS;
    if (!cpus_set(&one)) cpus_set(&allowed);
}

unsigned cpus_count(const struct cpus *cpus)
{
    unsigned count = 0;
    for (size_t i = 0; i < sizeof cpus->bits / sizeof *cpus->bits; i++)
        count += (unsigned)__builtin_popcountl(cpus->bits[i]);
    return count;
}

/* First line of dir/file as text; false where there is none. */
static bool read_line(const char *dir, const char *file, char *line, int size)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *stream = fopen(path, "re");
    bool good = stream && fgets(line, size, stream);
    if (stream) fclose(stream);
    return good;
}

/* Cpus' worth of quota of one cgroup directory, version 2 or 1; 0: none. */
static unsigned quota_of(const char *dir)
{
    char line[64];
    long long quota = 0, period = 0;
    if (read_line(dir, "cpu.max", line, sizeof line)) {
        if (sscanf(line, "%lld %lld", &quota, &period) != 2) return 0;
    } else if (read_line(dir, "cpu.cfs_quota_us", line, sizeof line)) {
        quota = atoll(line);
        if (read_line(dir, "cpu.cfs_period_us", line, sizeof line)) period = atoll(line);
    }
    return quota > 0 && period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

/* The least quota from mount/path up to mount. */
static unsigned quota_up(const char *mount, char *path)
{
    unsigned least = 0;
    for (;;) {
        char dir[4352];
        snprintf(dir, sizeof dir, "%s%s", mount, path);
        unsigned quota = quota_of(dir);
        if (quota && (!least || quota < least)) least = quota;
        char *slash = strrchr(path, '/');
        if (!slash) return least;
        *slash = 0;
    }
}

/* Where the cpu controller (version 1) or the unified hierarchy is mounted. */
static bool find_mount(bool unified, char *mount, size_t size)
{
    FILE *mounts = fopen("/proc/self/mounts", "re");
    char line[1024], dir[512], type[64], options[512];
    bool found = false;
    while (mounts && !found && fgets(line, sizeof line, mounts)) {
        if (sscanf(line, "%*s %511s %63s %511s", dir, type, options) != 3) continue;
        if (unified) {
            found = !strcmp(type, "cgroup2");
        } else if (!strcmp(type, "cgroup")) {
            for (char *save, *word = strtok_r(options, ",", &save); word; word = strtok_r(NULL, ",", &save))
                found |= !strcmp(word, "cpu");
        }
        if (found) snprintf(mount, size, "%s", dir);
    }
    if (mounts) fclose(mounts);
    return found;
}

unsigned cpus_quota(void)
{
    FILE *groups = fopen("/proc/self/cgroup", "re");
    char line[4200], mount[512];
    unsigned least = 0;
    while (groups && fgets(line, sizeof line, groups)) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        path[strcspn(path, "\n")] = 0;
        bool unified = !controllers[1], cpu = false;
        for (char *save, *word = strtok_r(controllers + 1, ",", &save); word; word = strtok_r(NULL, ",", &save))
            cpu |= !strcmp(word, "cpu");
        if ((!unified && !cpu) || !find_mount(unified, mount, sizeof mount)) continue;
        if (!strcmp(path, "/")) *path = 0;
        unsigned quota = quota_up(mount, path);
        if (quota && (!least || quota < least)) least = quota;
    }
    if (groups) fclose(groups);
    return least;
}

unsigned cpus_usable(void)
{
    struct cpus cpus;
    unsigned count = cpus_get(&cpus) ? 1 : cpus_count(&cpus), quota = cpus_quota();
    openmp_widen(&cpus, &count);
    if (quota && quota < count) count = quota;
    return count ? count : 1;
}
