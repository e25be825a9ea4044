/* SPDX-License-Identifier: MIT */
/* system.h: what differs between C libraries and word sizes. */
#ifndef FORKPOOL_SYSTEM_H
#define FORKPOOL_SYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
static inline bool single_threaded(void) { return __libc_single_threaded; }
#else
static inline bool single_threaded(void) { return false; } /* not told: it locks and fences always */
#endif

/* A thread of the program that is cancelled in here would keep a lock, or half of something. `cancel_off` ends with the scope. */
static inline void cancel_back(const int *state) { pthread_setcancelstate(*state, NULL); }
static inline int cancel_disable(void)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}
#define NOT_CANCELLED __attribute__((cleanup(cancel_back), unused)) const int cancel_state = cancel_disable()

/* A new descriptor where it is none of the standard three, which the program may have closed and its tasks may open anew.
 * -1, with errno, where there is none; the given one is closed then. */
static inline int fd_above_standard(int fd)
{
    if (fd < 0 || fd > 2) return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, 3), saved = errno;
    close(fd);
    errno = saved;
    return above;
}

/* Marks a process's own page, which the kernel wipes in its children. Where the call is accepted and nothing is wiped
 * (qemu-user 7.2), process numbers tell. */
enum { MARK_WIPED = 0, MARK_MINE = 1, MARK_BY_NUMBER = 2 };
static inline bool mark_foreign(const volatile unsigned char *mark, pid_t owner)
{
    unsigned char value = *mark;
    return __builtin_expect(value != MARK_MINE, 0) && (value == MARK_WIPED || getpid() != owner);
}

/* The kernel's numbers: its headers do not come with every C library. */
#if __has_include(<linux/futex.h>) && __has_include(<linux/membarrier.h>)
#include <linux/futex.h>
#include <linux/membarrier.h>
#else
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };
enum {
    MEMBARRIER_CMD_QUERY = 0,
    MEMBARRIER_CMD_GLOBAL_EXPEDITED = 1 << 1,
    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 1 << 2
};
#endif

/* NULL where the number is unknown. */
static inline const char *error_text(int number)
{
#ifdef __GLIBC__
    return strerrordesc_np(number);
#else
    return strerror(number); /* musl's are constants */
#endif
}

/* `duration` ns after `from`, or at the end of time: INT64_MAX. */
static inline int64_t time_after(int64_t from, uint64_t duration)
{
    int64_t at;
    return duration > INT64_MAX || __builtin_add_overflow(from, (int64_t)duration, &at) ? INT64_MAX : at;
}

/* A duration; where the seconds do not fit time_t, the longest that does. */
static inline struct timespec timespec_of(int64_t ns)
{
    int64_t seconds = ns / 1000000000, most = sizeof(time_t) < sizeof(int64_t) ? INT32_MAX : INT64_MAX;
    return (struct timespec){(time_t)(seconds < most ? seconds : most), (long)(ns % 1000000000)};
}

/* Takes the C library's own struct timespec: 64-bit time on a 32-bit machine has a call of its own. */
static inline long futex_number(void)
{
#ifdef SYS_futex_time64
    if (sizeof(time_t) > sizeof(long)) return SYS_futex_time64;
#endif
    return SYS_futex;
}

#endif
