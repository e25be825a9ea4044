/* openmp.c: see openmp.h. The runtime is looked up in the program: the pool itself links to none. */
#include "openmp.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpus.h"

/* POSIX lets a pointer to an object carry a function's address; ISO C needs the union. */
union symbol {
    void *object;
    int (*get)(void);
    void (*set)(int);
    void (*list)(int, int *);
};
static union symbol find(const char *name) { return (union symbol){.object = dlsym(RTLD_DEFAULT, name)}; }

bool openmp_loaded(void) { return find("omp_get_level").object; }

bool openmp_in_region(void)
{
    union symbol level = find("omp_get_level");
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
