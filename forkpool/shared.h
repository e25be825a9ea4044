/* SPDX-License-Identifier: MIT */
/* shared.h: the memory that program, server and workers share, and who writes what.
 *
 * P: the program; S: the spawn server; W: a worker (its own entry only). After a worker's death S writes in its place.
 * No lock lies here: a worker may die between any two instructions.
 */
#ifndef FORKPOOL_SHARED_H
#define FORKPOOL_SHARED_H

#include "forkpool.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Places at which tests let a worker die: between any two accesses to shared memory of the protocol. Compiled with
 * -DFORKPOOL_STEPS each STEP() calls the test's hook; otherwise it is nothing. */
#ifdef FORKPOOL_STEPS
void forkpool_step(void); /* defined by the test */
#define STEP() forkpool_step()
#else
#define STEP() ((void)0)
#endif

enum { MAPS = 8, MASK_WORDS = (FORKPOOL_WORKERS_MAX + 63) / 64, LOSSES_KEPT = 256, LOSSES = 264 /* so that none is read while it is written */, REASON = 200, LOST_RANGES = 64 };
enum { FIXED_BYTES = 4096 /* the least page there is */, LINE_INDEX_MAX = 1023 };

/* ---- a worker's part of a map: range.c ---- */
struct line {
    alignas(128) _Atomic uint64_t word; /* unclaimed units [begin, end), tag: last thief + 1, parity: which offset */
    _Atomic uint64_t intent;            /* a steal under way; 0: none */
    _Atomic uint32_t ended;             /* units that ended in this line; W */
    _Atomic uint32_t offset[2];         /* ended + offset[parity]: the unit that ends next; W */
    _Atomic uint32_t ack;               /* others saw that the steal at unit ack - 1 succeeded */
};

/* ---- what a call runs ---- */
struct work {
    forkpool_range_fn *range; /* or */
    forkpool_item_fn *item;
    void *context;
    const char *input;
    char *output;
    size_t input_stride, output_stride;
    _Atomic int *status;      /* per task, in shared memory; STATUS_PENDING at first. Items always have it */
};
enum { STATUS_PENDING = INT32_MIN, STATUS_RERUN = INT32_MIN + 1 };

struct limits {
    uint64_t soft_ns, hard_ns, cpu_ns;
};
/* Times added to these do not overflow: so long is never. */
enum { LIMIT_MOST_SHIFT = 62 };
static inline uint64_t limit_of(uint64_t ns) { return ns >> LIMIT_MOST_SHIFT ? UINT64_C(1) << LIMIT_MOST_SHIFT : ns; }
static inline struct limits limits_of(const struct forkpool_limits *asked)
{
    return (struct limits){limit_of(asked->soft_ns), limit_of(asked->hard_ns), limit_of(asked->cpu_ns)};
}

/* ---- a map: written by P while it is not active ---- */
enum map_state { MAP_FREE, MAP_ACTIVE, MAP_ENDED };
struct map {
    alignas(128) _Atomic uint32_t state; /* enum map_state | generation << 2. P: free -> active -> free; any: -> ended */
    uint32_t units, lines;               /* lines: workers that may take part, 0 .. lines-1 */
    size_t base, tasks, chunk;           /* unit u is tasks base + [u * chunk, (u + 1) * chunk), below base + tasks */
    enum forkpool_schedule schedule;
    unsigned flags;
    uint32_t static_units;               /* units per call of a static map */
    uint64_t job;
    bool limited;
    struct limits limits;
    struct work work;
    alignas(128) _Atomic uint32_t stop;  /* no further call starts */
    _Atomic int failed;                  /* what the first failed task returned */
    _Atomic uint32_t dropped;            /* units that the program took out of the lines: no worker ends them. P */
    _Atomic uint32_t cancelled, rerun;   /* units ended without a call; items left over by a lost call */
    _Atomic uint32_t lost, limit, killed; /* calls; S */
    struct { size_t begin, end; } lost_ranges[LOST_RANGES]; /* the first of them; S, before `ended` counts them */
};

/* ---- submitted tasks: two queues of them ---- */
enum { URGENT, ORDINARY, QUEUES };
struct queue {
    alignas(128) _Atomic uint64_t tail; /* P, after the entry */
    alignas(128) _Atomic uint64_t head; /* W, any */
};

enum phase { SLOT_FREE, SLOT_READY, SLOT_RUNNING, SLOT_CONDEMNED, SLOT_DONE, SLOT_LOST, SLOT_LIMIT, SLOT_CANCELLED };
/* state: phase: 8 | flags: 8 | worker: 16 at bit 16 | its place in the ring: 32 at bit 32, which no later task of the slot has */
#define SLOT_PHASE UINT64_C(0xff)
#define SLOT_WAITED UINT64_C(0x100) /* somebody sleeps for it */
#define SLOT_STOP UINT64_C(0x200)   /* cancelled while it ran: forkpool_stopping */
#define SLOT_URGENT UINT64_C(0x400) /* of which ring */
#define SLOT_FLAGS (SLOT_WAITED | SLOT_STOP)
enum slot_kind { KIND_CALL, KIND_TASK, KIND_PIECE };
enum { SLOT_INLINE = 128, STAGED_MOST = 2048 };
struct slot { /* what every task needs is in the first line, and so comes from another cpu and goes back at once */
    alignas(128) _Atomic uint64_t state; /* P: free -> ready; W: ready -> running -> done; S: the others */
    int status;                          /* W: what the task returned */
    unsigned char kind;                  /* enum slot_kind */
    bool limited, staged;                /* staged: the result lies in the worker's scratch until the call has returned */
    uint64_t job;
    union {
        forkpool_call_fn *call;
        forkpool_task_fn *task;
        const struct work *work;
    } run;
    union {
        long value;                      /* of a KIND_CALL: argument, then result */
        struct {
            size_t begin, end;           /* of a KIND_PIECE */
        };
        struct {                         /* of a KIND_TASK */
            const void *argument;
            size_t argument_bytes;
            void *result;
            size_t result_bytes;         /* P; W: less, where the task says so */
        };
    };
    alignas(64) unsigned char bytes[SLOT_INLINE]; /* small argument, then small result */
    struct limits limits;
};
_Static_assert(offsetof(struct slot, bytes) == 64, "one line");

/* ---- what a worker's task offers to others: children.c ---- */
enum { CHILDREN = 32 };
struct child {
    alignas(64) _Atomic uint32_t state; /* futex. The owner: free -> ready; who runs it: the others; S where one died */
    forkpool_range_fn *run;
    void *context;
    size_t begin, end;
};
struct board {
    struct child children[CHILDREN];
};

/* ---- a worker ---- */
enum leave { LEAVE_NOT, LEAVE_DRAINED, LEAVE_RECYCLE, LEAVE_IDLE, LEAVE_SHRINK, LEAVE_INITIALIZER, LEAVE_UNBOUND,
             LEAVES };
enum worker_life { LIFE_NONE, LIFE_STARTING, LIFE_READY, LIFE_LEAVING /* in its finalizer */ };
#define IN_MAP_CONDEMNED 0x100u
#define BUSY_NO_SLOT UINT32_MAX
struct worker {
    alignas(128) _Atomic uint32_t parked; /* futex. W: 1; whoever wakes it: 0 */
    _Atomic uint32_t in_map;              /* map + 1 while inside, | IN_MAP_CONDEMNED by S */
    _Atomic uint32_t retire;              /* S: leave between tasks: enum leave */
    _Atomic uint32_t leave;               /* W: why it leaves: enum leave */
    _Atomic uint32_t busy;                /* W: slot + 1 from before it claims it until it has ended; BUSY_NO_SLOT; 0 */
    _Atomic uint32_t cpu;                 /* W: cpu + 1 where it was when it last looked, in a map or before it slept; 0: never */
    _Atomic uint64_t calls, steals;       /* W, kept by the next with this number */
    _Atomic uint32_t kill;                /* P: slot + 1 of a condemned task */
    _Atomic int64_t parked_at;            /* W: asleep since; 0 */
    alignas(128) _Atomic uint64_t call;   /* a limited call: sequence << 2 | enum call_phase; W, S */
    _Atomic int64_t hard_at, cpu_at;      /* its deadlines: CLOCK_MONOTONIC, the process's cpu time; 0: none. W */
    alignas(128) _Atomic int life;        /* enum worker_life; S, W: ready */
    _Atomic pid_t pid;                    /* S */
    _Atomic uint32_t restarts;            /* S */
    int prepared;                         /* W: what its initializer returned, or -errno of binding it */
    _Atomic uint32_t faulted;             /* W: SIGSEGV was caught */
    uintptr_t fault_address, fault_stack; /* W */
};
enum call_phase { CALL_IDLE, CALL_RUNNING, CALL_CONDEMNED };

/* ---- all of it ---- */
enum server_state { SERVER_OPENING, SERVER_RUNNING, SERVER_GONE };
struct shared {
    /* Set once, before the server exists. In a page that is no shared memory: each process has its own, and in workers it
     * can't be written. So whatever a task does, no loop, address or size of the program or the server changes. */
    union {
        struct {
            char *mapping;              /* the whole of it: pool.c */
            size_t bytes;
            size_t hands_bytes;         /* what the server keeps */
            uint32_t capacity;          /* workers at most */
            uint32_t slot_count;        /* a power of 2; each ring has twice as many entries */
            uint32_t cpus;              /* that the program may use */
            struct forkpool_config config;
            struct worker *workers;     /* [capacity] */
            struct slot *slots;         /* [slot_count] */
            _Atomic uint64_t *rings;    /* [QUEUES][2 * slot_count]: slot numbers in order of submission | (place + 1) << 32 */
            bool expedited;             /* who parks makes P fence (membarrier): P need not, at each submission */
            struct line *lines;         /* [MAPS][capacity], and room for any index that a word of them can hold */
            pid_t server_pid;           /* in server and workers; 0 elsewhere */
            struct board *boards;       /* [capacity] */
            char *scratch;              /* [capacity][2] pages and one: a gap, a worker's own, a gap ...; task.c */
            size_t page;
            const char *arena;          /* what forkpool_alloc gives out */
            size_t arena_bytes;
            uint64_t mark_set;
            bool unwiped;               /* S, as the first: marks are not wiped here, system.h */
        };
        char fixed[FIXED_BYTES];
    };

    struct queue queues[QUEUES];
    alignas(128) _Atomic uint64_t active;   /* low 8 bits: maps to look at; above: counts changes. P, S */
    alignas(128) _Atomic uint32_t event;    /* futex: something that somebody waits for has happened */
    _Atomic uint32_t sleepers;              /* threads of P on it */
    alignas(128) _Atomic uint64_t parked[MASK_WORDS];   /* workers asleep */
    alignas(128) _Atomic uint64_t spinning[MASK_WORDS]; /* workers that are about to look for work once more */

    alignas(128) _Atomic uint64_t offering[MASK_WORDS]; /* workers that may have a child which nobody has taken; W */
    _Atomic uint64_t boarded[MASK_WORDS];               /* workers that ever had one; W */

    alignas(128) _Atomic uint32_t wanted;   /* P: workers */
    _Atomic uint32_t drain;                 /* P: leave when there is no work */
    _Atomic uint32_t offer;                 /* P: cpu + 1 where nobody but P is, a worker is to come; W: 0, it comes */
    _Atomic uint32_t terminate;             /* P: 1 */
    _Atomic uint32_t interrupts;            /* P: forkpool_interrupt */
    _Atomic uint32_t limited;               /* P: jobs with limits that have not ended */
    _Atomic uint64_t tick_ns;               /* P: how often S looks at limits */
    _Atomic uint32_t recall;                /* P: start retired workers again */

    alignas(128) _Atomic uint32_t server;   /* enum server_state; S */
    _Atomic uint32_t unwiped_too;           /* S, before it runs: `unwiped`, for P to see */
    _Atomic int error;                      /* S, P: why the pool gave up; 0 */
    char reason[REASON];                    /* before error */
    _Atomic uint32_t alive, retired;        /* S: workers; of them gone idle */
    _Atomic uint32_t ready;                 /* W: how often a worker became ready */
    _Atomic uint64_t started, recycled, idled, killed; /* S: for forkpool_stats */
    _Atomic uint64_t loss_count;            /* S: after its entry */
    uint64_t mark;                          /* mark_set, unless a task wrote over all this */
    struct forkpool_loss losses[LOSSES];
    struct map maps[MAPS];
};

_Static_assert(offsetof(struct shared, queues) == FIXED_BYTES, "what is shared begins with a page");
_Static_assert(offsetof(struct shared, losses) <= 2 * FIXED_BYTES, "the mark is in the page of what it marks");

/* Does all of [from, from + bytes) lie in the arena, at an address for such objects? For pointers that a task can write. */
static inline bool shared_in_arena(const struct shared *shared, const void *from, size_t bytes, size_t align)
{
    uintptr_t at = (uintptr_t)from, base = (uintptr_t)shared->arena;
    return from && at >= base && at % align == 0 && at - base <= shared->arena_bytes &&
           bytes <= shared->arena_bytes - (at - base);
}

/* May something fail in a worker's start, before its first task? Then opening waits for it. */
static inline bool start_may_fail(const struct forkpool_config *config) { return config->initializer || config->cpus; }

static inline struct line *map_lines(const struct shared *shared, unsigned map)
{
    return shared->lines + (size_t)map * shared->capacity;
}

#define acquire(object) atomic_load_explicit(object, memory_order_acquire)
#define relaxed(object) atomic_load_explicit(object, memory_order_relaxed)
#define publish(object, value) atomic_store_explicit(object, value, memory_order_release)

/* This line will be written soon: it comes from another cpu meanwhile, and once, not first to be read and then to be written. */
static inline void prefetch_to_write(const void *line)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
    __builtin_prefetch(line, 1);
#endif
}

#endif
