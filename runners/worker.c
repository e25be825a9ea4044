/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/worker.h"

#include "runners/cpus/cpulist.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MASK_WORDS = CPULIST_LIMIT / (8 * sizeof(unsigned long)) };

/* The kernel's mask may be larger than cpu_set_t and wants to be read whole (sched_setaffinity(2), "Handling systems with
 * large CPU affinity masks"). */
int worker_affinity_read(hwloc_bitmap_t into)
{
    unsigned long mask[MASK_WORDS];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    if (bytes < 0) return -errno;
    return hwloc_bitmap_from_ulongs(into, (unsigned)((size_t)bytes / sizeof *mask), mask) ? -ENOMEM : 0;
}

int worker_affinity_write(hwloc_const_bitmap_t from)
{
    unsigned long mask[MASK_WORDS];
    hwloc_bitmap_to_ulongs(from, MASK_WORDS, mask);
    return syscall(SYS_sched_setaffinity, 0, sizeof mask, mask) ? -errno : 0;
}

/* Binds, reads back, reports (NULL: not wanted). */
static int bind_and_report(struct worker_report *report, const char *cpus)
{
    hwloc_bitmap_t asked = hwloc_bitmap_alloc(), found = hwloc_bitmap_alloc();
    int error = asked && found ? 0 : -ENOMEM;
    if (!error && cpus && hwloc_bitmap_list_sscanf(asked, cpus)) error = -EINVAL; /* the planner made the list */
    if (!error && cpus) error = worker_affinity_write(asked);
    int unread = found ? worker_affinity_read(found) : -ENOMEM;
    if (!error) error = unread;
    if (!error && cpus && !hwloc_bitmap_isequal(asked, found)) error = -EINVAL;
    if (report) {
        report->pid = getpid();
        report->tid = gettid();
        report->error = -error;
        if (!unread) cpulist_write(found, report->cpus, sizeof report->cpus);
        __atomic_store_n(&report->ready, 1, __ATOMIC_RELEASE);
    }
    hwloc_bitmap_free(asked);
    hwloc_bitmap_free(found);
    return error;
}

int worker_join(const struct team *team, unsigned worker, struct failure *failure)
{
    const char *cpus = team->cpus ? team->cpus[worker] : NULL;
    int error = bind_and_report(team->reports ? &team->reports[worker] : NULL, cpus);
    if (!error) return 0;
    return failure_give(failure, error, "worker %u cannot be bound to cpu %s: %s", worker, cpus ? cpus : "(any)", strerror(-error));
}

bool worker_is_at(const struct worker_report *report, const char *cpus)
{
    char text[sizeof report->cpus] = "";
    hwloc_bitmap_t asked = hwloc_bitmap_alloc();
    bool same = asked && !hwloc_bitmap_list_sscanf(asked, cpus);
    if (same) cpulist_write(asked, text, sizeof text);
    hwloc_bitmap_free(asked);
    return same && report->ready && !report->error && !strcmp(text, report->cpus);
}

char *worker_union(const char *const *cpus, unsigned count)
{
    char *text = NULL;
    hwloc_bitmap_t all = hwloc_bitmap_alloc(), one = hwloc_bitmap_alloc();
    bool good = all && one;
    for (unsigned i = 0; good && i < count; i++) {
        good = !hwloc_bitmap_list_sscanf(one, cpus[i]);
        hwloc_bitmap_or(all, all, one);
    }
    if (!good || hwloc_bitmap_list_asprintf(&text, all) < 0) text = NULL;
    hwloc_bitmap_free(one);
    hwloc_bitmap_free(all);
    return text;
}

/* The affinity this process was started with, as the kernel gave it. .preinit_array runs before the constructors of any
 * shared library, so before an OpenMP runtime binds the initial thread (System V ABI, "Initialization functions"). */
static unsigned long start_mask[MASK_WORDS];
static long start_bytes;

__attribute__((no_sanitize("address", "undefined"))) static void note_start(void)
{
    start_bytes = syscall(SYS_sched_getaffinity, 0, sizeof start_mask, start_mask);
}

__attribute__((section(".preinit_array"), used)) static void (*const note_first)(void) = note_start;

/* What the OpenMP runtime had bound the first thread to, once that is undone. */
static unsigned long openmp_mask[MASK_WORDS];
static bool unbound;

int worker_unbind_openmp(void)
{
    if (start_bytes <= 0) return 0;
    if (syscall(SYS_sched_getaffinity, 0, sizeof openmp_mask, openmp_mask) == start_bytes &&
        !memcmp(openmp_mask, start_mask, (size_t)start_bytes))
        return 0; /* set again, the kernel would remember it as our wish and not follow a cpuset that grows */
    unbound = true;
    return syscall(SYS_sched_setaffinity, 0, (size_t)start_bytes, start_mask) < 0 ? -errno : 0;
}

int worker_rebind_openmp(void)
{
    if (!unbound) return 0;
    return syscall(SYS_sched_setaffinity, 0, (size_t)start_bytes, openmp_mask) < 0 ? -errno : 0;
}
