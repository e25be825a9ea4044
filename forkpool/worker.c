/* SPDX-License-Identifier: MIT */
/* worker.c: the life of a worker process. */
#include "worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "machine/machine.h"
#include "park.h"
#include "queue.h"
#include "spread.h"

enum { DOOMED_US = 200000, FLUSH_LAST_MS = 1000 };

/* The one global: set once in a worker, so that forkpool_stopping needs no argument and the fault handler finds its
 * record. NULL in every other process. */
static struct self *self_here;
/* Outside of a task children run where they are made. */
static _Thread_local int failed_here;

int forkpool_worker(void) { return self_here && !mark_foreign(self_here->guard, self_here->pid) ? (int)self_here->me : -1; }

void forkpool_spawn(forkpool_range_fn *run, void *context, size_t begin, size_t end)
{
    struct call call = {run, context, begin, end};
    if (forkpool_worker() >= 0) children_spawn(self_here, &call);
    else if (run(context, 0, begin, end)) failed_here = FORKPOOL_FAILED;
}

int forkpool_sync(void)
{
    if (forkpool_worker() >= 0) return children_sync(self_here);
    int failed = failed_here;
    failed_here = 0;
    return failed;
}

void forkpool_result_is(size_t bytes)
{
    if (forkpool_worker() >= 0) self_here->result_bytes = bytes;
}

int forkpool_stopping(void)
{
    const struct self *self = self_here;
    if (!self) return 0;
    if (self->soft_at && now_ns() >= self->soft_at) return 1;
    if (self->slot && acquire(&self->slot->state) & SLOT_STOP) return 1;
    return self->map && acquire(&self->map->stop);
}

_Noreturn void worker_doomed(void)
{
    usleep(DOOMED_US);
    _exit(EXIT_FAILURE); /* nobody condemned it: a task has left by longjmp, or has written over the marks */
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void worker_limited_begin(struct self *self, const struct limits *limits)
{
    int64_t now = now_ns();
    self->soft_at = limits->soft_ns ? time_after(now, limits->soft_ns) : 0;
    publish(&self->own->hard_at, limits->hard_ns ? time_after(now, limits->hard_ns) : 0);
    publish(&self->own->cpu_at, limits->cpu_ns ? time_after(cpu_ns(), limits->cpu_ns) : 0);
    uint64_t sequence = relaxed(&self->own->call) >> 2;
    publish(&self->own->call, (sequence + 1) << 2 | CALL_RUNNING);
}

void worker_limited_end(struct self *self)
{
    uint64_t call = relaxed(&self->own->call);
    self->soft_at = 0;
    if ((call & 3u) != CALL_RUNNING ||
        !atomic_compare_exchange_strong(&self->own->call, &call, (call & ~UINT64_C(3)) | CALL_IDLE))
        worker_doomed();
}

/* Says where a fault struck, then lets it strike again, for good. */
static void fault_note(int number, siginfo_t *info, void *machine)
{
    struct worker *own = self_here ? self_here->own : NULL;
    signal(number, SIG_DFL);
    if (info->si_code <= 0) raise(number); /* sent, not struck: it would not strike again */
    if (!own) return;
    own->fault_address = (uintptr_t)info->si_addr;
#if defined(__x86_64__)
    own->fault_stack = (uintptr_t)((ucontext_t *)machine)->uc_mcontext.gregs[15]; /* REG_RSP */
#elif defined(__aarch64__)
    own->fault_stack = (uintptr_t)((ucontext_t *)machine)->uc_mcontext.sp;
#else
    (void)machine;
#endif
    publish(&own->faulted, 1);
}

/* What a write that waits after all, for whoever reads, leaves this process with. */
static struct {
    int64_t at;
    enum leave why;
    int code;
} late;
static void too_late(int number)
{
    (void)number;
    if (now_ns() < late.at) return; /* an alarm of a task's own */
    if (late.why) publish(&self_here->own->leave, late.why);
    _exit(late.code);
}

/* What tasks have printed. Where it can't be written at once it stays until the next time; and as others may fill the
 * descriptor before this process comes to write, a second of that ends it. */
static void flush(int wait_ms, enum leave why, int code)
{
    if (!output_ready(stdout, wait_ms)) return;
    struct sigaction old, handler = {.sa_handler = too_late, .sa_flags = SA_RESTART};
    struct itimerval limit = {.it_value.tv_sec = FLUSH_LAST_MS / 1000}, tasks;
    sigset_t alarm, mask;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    late.at = now_ns() + FLUSH_LAST_MS * INT64_C(1000000) / 2;
    late.why = why;
    late.code = code;
    sigaction(SIGALRM, &handler, &old);
    setitimer(ITIMER_REAL, &limit, &tasks);
    sigprocmask(SIG_UNBLOCK, &alarm, &mask);
    output_write(stdout);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    setitimer(ITIMER_REAL, &tasks, NULL);
    sigaction(SIGALRM, &old, NULL);
}

/* exit in a task: the program's own exit handlers are not for the worker to run. This one comes first. Where the C
 * library does not hand it the code, the code is 1. */
static void exit_handler(int code, void *unused)
{
    (void)unused;
    flush(FLUSH_LAST_MS, LEAVE_NOT, code);
    _exit(code);
}
#ifndef __GLIBC__
static void exit_handler_blind(void) { exit_handler(EXIT_FAILURE, NULL); }
#endif

/* pthread_exit in a task's first thread would leave a process without anybody who works. */
static void thread_exit_handler(void *unused)
{
    (void)unused;
    _exit(0);
}

void worker_inheritance(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction old;
        bool fault = number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGABRT;
        if (fault || sigaction(number, NULL, &old) || old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN) continue;
        signal(number, SIG_DFL);
    }
    signal(SIGTTIN, SIG_IGN); /* a worker is no foreground process: reading the terminal is an error, no stop */
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    /* So that a stack overflow can be told: the handler needs a stack of its own. */
#ifdef _SC_SIGSTKSZ
    long least = sysconf(_SC_SIGSTKSZ);
#else
    long least = SIGSTKSZ;
#endif
    size_t size = least > 16384 ? (size_t)least : 16384;
    stack_t stack = {.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = size};
    struct sigaction old, note = {.sa_sigaction = fault_note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (stack.ss_sp != MAP_FAILED && !sigaltstack(&stack, NULL) && !sigaction(SIGSEGV, NULL, &old) &&
        old.sa_handler == SIG_DFL)
        sigaction(SIGSEGV, &note, NULL);
#ifdef __GLIBC__
    on_exit(exit_handler, NULL);
#else
    atexit(exit_handler_blind);
#endif
}

static _Noreturn void worker_leave(struct self *self, enum leave why)
{
    const struct forkpool_config *config = &self->shared->config;
    if (config->finalizer && why < LEAVE_INITIALIZER) {
        atomic_store(&self->own->life, LIFE_LEAVING);
        config->finalizer(config->context, self->me);
    }
    worker_check(self);
    flush(FLUSH_LAST_MS, why, 0);
    publish(&self->own->leave, why);
    _exit(0);
}

/* Cpus, threads, the user's initializer. */
static void worker_prepare(struct self *self)
{
    const struct forkpool_config *config = &self->shared->config;
    struct cpus cpus;
    char text[CPUS_TEXT] = "";
    int rc = 0;
    if (config->cpus) {
        if (!(rc = cpus_parse(config->cpus[self->me % config->workers], &cpus))) rc = cpus_set(&cpus);
        self->own->prepared = rc;
        if (rc) worker_leave(self, LEAVE_UNBOUND);
    }
    if (config->threads) openmp_set_threads(config->threads);
    if (config->initializer) {
        if (!cpus_get(&cpus)) cpus_format(&cpus, text, sizeof text);
        rc = config->initializer(config->context, self->me, text);
        worker_check(self);
    }
    self->own->prepared = rc;
    if (rc) worker_leave(self, LEAVE_INITIALIZER);
}

/* Active maps one after another. False: there may be more to do in one of them. */
static bool maps_run(struct self *self, uint64_t active)
{
    for (unsigned map = 0; map < MAPS; map++)
        if (active >> map & 1u && !mapper_run(self, map)) return false;
    return true;
}

static _Noreturn void worker_loop(struct self *self)
{
    struct shared *shared = self->shared;
    uint64_t seen = UINT64_MAX; /* `active` when all maps were found without work */
    unsigned idles = 0;
    bool map_next = false;      /* one task, one call of a map: neither starves */
    bool stream = false;        /* tasks came faster than one by one since there was none; and let us see, now and then */
    bool fresh = true;          /* while a pool opens, its cpus are for the workers still to come */
    for (;;) {
        uint32_t drain = atomic_load(&shared->drain); /* first: what was submitted before it is seen below */
        uint64_t active = atomic_load(&shared->active);
        struct slot *slot = NULL;
        bool more = false;
        enum leave retire = (enum leave)relaxed(&self->own->retire);
        if (retire) worker_leave(self, retire);
        if (!self->calls_left) worker_leave(self, LEAVE_RECYCLE);
        if (__builtin_expect(relaxed(&shared->offer) != 0, 0)) spread_accept(shared);
        if (active != seen) self->takes = queue_takes(shared); /* a map is left, after a call, where tasks wait */
        if (!(map_next && active != seen) && (slot = queue_claim(shared, self->me, &more))) {
            if (more) stream = true, park_wake_one(shared);
            task_run(self, slot);
            map_next = true;
        } else if (children_help(self)) {
            stream = false;
        } else if (active != seen) {
            map_next = false;
            if (maps_run(self, active)) seen = active;
        } else if (drain) {
            worker_leave(self, LEAVE_DRAINED);
        } else if (fresh || !park_spin(shared, self->me, active, stream || ++idles % 16 == 0)) {
            flush(0, LEAVE_RECYCLE, 0);
            spread_note(shared, self->me);
            park_sleep(shared, self->me, active);
            stream = fresh = false;
        } else {
            stream = false;
        }
    }
}

_Noreturn void worker_main(struct shared *shared, unsigned me, pid_t server, volatile unsigned char *guard,
                           const int *close_fds, size_t close_count)
{
    struct self self = {.shared = shared, .own = &shared->workers[me], .me = me, .guard = guard};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server) _exit(0); /* it died before prctl */
    setpgid(0, 0);
    for (size_t i = 0; i < close_count; i++) close(close_fds[i]);
    if (shared->unwiped) self.pid = getpid();
    *guard = shared->unwiped ? MARK_BY_NUMBER : MARK_MINE;
    self.calls_left = shared->config.recycle_tasks ? shared->config.recycle_tasks : UINT64_MAX;
    self_here = &self;
    pthread_cleanup_push(thread_exit_handler, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    worker_prepare(&self);
    atomic_store(&self.own->life, LIFE_READY);
    uint32_t ready = atomic_fetch_add(&shared->ready, 1) + 1;
    if (ready >= shared->config.workers && start_may_fail(&shared->config)) event_raise(shared); /* else not all yet */
    worker_loop(&self);
    pthread_cleanup_pop(0);
    __builtin_unreachable(); /* its macros hide from gcc -O0 that the loop does not return */
}
