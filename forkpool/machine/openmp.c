/* SPDX-License-Identifier: MIT */
/* openmp.c: see machine.h. The runtime is looked up in the program: the pool itself links to none. */
#include "machine/machine.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* POSIX lets a pointer to an object carry a function's address; ISO C needs the union. */
union symbol {
    void *object;
    int (*get)(void);
    void (*set)(int);
    void (*list)(int, int *);
};
static union symbol find(const char *name) { return (union symbol){.object = dlsym(RTLD_DEFAULT, name)}; }

/* NULL where no runtime was there when the program started. */
extern int omp_get_level(void) __attribute__((weak));

static int has_omp(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    return info->dlpi_name && strstr(info->dlpi_name, "omp"); /* libgomp, libomp, libiomp5 */
}

/* Of a runtime linked to, or loaded later: a search for a name that nobody has takes half as long as a fork. */
static union symbol level_find(void)
{
    if (omp_get_level) return (union symbol){.get = omp_get_level};
    return dl_iterate_phdr(has_omp, NULL) ? find("omp_get_level") : (union symbol){.object = NULL};
}

bool openmp_loaded(void) { return level_find().object; }

bool openmp_in_region(void)
{
    union symbol level = level_find();
    return level.object && level.get() > 0;
}

void openmp_set_threads(unsigned count)
{
    char text[16];
    snprintf(text, sizeof text, "%u", count);
    setenv("OMP_NUM_THREADS", text, 1);
    union symbol set = find("omp_set_num_threads");
    if (set.object) set.set((int)count);
}

void openmp_widen(struct cpus *cpus, unsigned *count)
{
    if (!getenv("OMP_PROC_BIND") && !getenv("OMP_PLACES") && !getenv("GOMP_CPU_AFFINITY")) return;
    union symbol places = find("omp_get_num_places"), size = find("omp_get_place_num_procs");
    union symbol list = find("omp_get_place_proc_ids");
    if (!places.object || !size.object || !list.object) return;
    int number = places.get();
    for (int place = 0; place < number; place++) {
        union { void *object; int (*of)(int); } procs = {size.object};
        int n = procs.of(place), ids[CPUS_MAX];
        if (n <= 0 || n > CPUS_MAX) continue;
        list.list(place, ids);
        for (int i = 0; i < n; i++)
            if (ids[i] >= 0 && ids[i] < CPUS_MAX)
                cpus->bits[(size_t)ids[i] / (8 * sizeof(long))] |= 1ul << (size_t)ids[i] % (8 * sizeof(long));
    }
    *count = cpus_count(cpus);
}
