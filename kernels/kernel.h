/* SPDX-License-Identifier: MIT */
/* kernel.h: the contract of a kernel, the pure work that every runner schedules.
 *
 * A kernel is one file that ends in one struct literal, plus one line in kernels/list.h:
 *
 *     const struct kernel kernel_square = { .version = KERNEL_VERSION, .name = "square", ... };
 *
 * A user's own kernel is the same struct in a shared object, under the name `breakeven_kernel`
 * (`breakeven run --kernel ./mine.so`). It needs this header alone and links against nothing of ours.
 *
 * A kernel knows no workers, no clock and no printing. `run` is called from many processes and threads at once on
 * disjoint ranges; it must be safe for that, and its results must depend on the input and the index alone, so that they
 * are the same bytes whoever computed them. Kernels are compiled once, without OpenMP, and every runner calls the
 * same object code.
 */
#ifndef BREAKEVEN_KERNEL_H
#define BREAKEVEN_KERNEL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KERNEL_VERSION 1u

/* What a kernel's tasks wait for. */
enum bottleneck {
    BOTTLENECK_NONE,       /* nothing: the empty kernel, dispatch cost alone */
    BOTTLENECK_LATENCY,    /* waits without using a cpu */
    BOTTLENECK_COMPUTE,    /* instructions */
    BOTTLENECK_BANDWIDTH,  /* memory bandwidth */
    BOTTLENECK_CACHE,      /* cache capacity */
    BOTTLENECK_IRREGULAR,  /* instructions, with task durations that differ widely */
    BOTTLENECK_CONTENTION, /* a shared line, lock or counter */
    BOTTLENECK_PAYLOAD,    /* the size of results */
    BOTTLENECKS
};

/* Memory that parent and forked workers share, zeroed, not yet touched. Freed by its owner, never by the kernel. */
struct arena {
    void *(*alloc)(struct arena *, size_t bytes, size_t align); /* NULL where memory is short; align: a power of 2 */
};

static inline void *arena_alloc(struct arena *arena, size_t bytes, size_t align)
{
    return arena->alloc(arena, bytes, align);
}

struct kernel_params {
    size_t tasks;  /* number of tasks, >= 0; run is called on ranges inside [0, tasks) */
    uint64_t size; /* amount of work in one task, >= 1, in the kernel's size_unit */
    uint64_t seed; /* for kernels that draw random numbers; the same seed gives the same results */
};

struct kernel {
    unsigned version;           /* KERNEL_VERSION */
    const char *name;           /* one word, lower case */
    const char *summary;        /* one line, for `breakeven list` */
    enum bottleneck bottleneck;
    size_t default_tasks;       /* with default_size: the problem whose answer is published, where there is one */
    uint64_t default_size;
    const char *size_unit;      /* what `size` counts: "ns", "numbers", "pixels", ... The duration of a task must grow
                                   about linearly with it: --task-time calibrates by it. "ns" is taken as it is. */
    size_t result_size;         /* bytes that each task writes, in results[index * result_size]; 0: `size` bytes */
    const char *published;      /* the published answer and its source, one line; NULL where there is none */

    /* Makes the input, once, before any worker exists. Returns 0 or -errno; *input is written on success only.
     * Memory that tasks write beside their results comes from `shared`. May block, may allocate. NULL: no input. */
    int (*prepare)(const struct kernel_params *, struct arena *shared, void **input);

    /* Computes tasks [begin, end) and writes their results at results[begin] .. results[end - 1] (indices count from
     * the start of the whole array). Must write every byte of each result. Calls no clock. */
    void (*run)(const void *input, size_t begin, size_t end, void *results);

    /* After all tasks: do the results agree with what is known? Called in the parent. Checks every property that holds
     * by arithmetic or publication at this size. Returns 1: agrees with a published or closed-form answer to this very
     * problem; 0: none is known, and what could be checked held; -1: wrong, with `why` filled with one line. All tasks
     * may have run any number of times, each as often as the others. NULL: never anything known. */
    int (*verify)(const void *input, const struct kernel_params *, const void *results, char *why, size_t why_size);

    /* Frees what prepare made (not the arena). NULL: nothing to free. */
    void (*release)(void *input);
};

/* For verify: writes the line as printf would, cut to fit, and returns -1. */
__attribute__((format(printf, 3, 4))) static inline int kernel_result_wrong(char *why, size_t why_size,
                                                                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, why_size, format, arguments);
    va_end(arguments);
    return -1;
}

static inline size_t kernel_result_size(const struct kernel *kernel, uint64_t size)
{
    return kernel->result_size ? kernel->result_size : (size_t)size;
}

/* The built-in kernels, in the order of kernels/list.h; the array ends with NULL. (registry.c) */
extern const struct kernel *const kernels[];
const struct kernel *kernel_find(const char *name); /* NULL where no built-in kernel has that name */
const char *bottleneck_name(enum bottleneck);       /* "compute", ... */

#ifdef __cplusplus
}
#endif
#endif
