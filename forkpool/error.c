/* SPDX-License-Identifier: MIT */
/* error.c: phrases for what the library returns. */
#include "forkpool.h"
#include "system.h"

const char *forkpool_strerror(int error)
{
    if (error >= 0) return "success";
    switch (error) {
    case FORKPOOL_FAILED: return "the task failed";
    case FORKPOOL_LOST: return "the task's worker died";
    case FORKPOOL_LIMIT: return "the task overran its limit and was killed";
    case FORKPOOL_CANCELLED: return "cancelled before it ended";
    case FORKPOOL_CLOSED: return "the pool is closed";
    case FORKPOOL_BROKEN: return "the pool gave up";
    case FORKPOOL_INITIALIZER: return "an initializer failed";
    case FORKPOOL_NESTED: return "opened inside a parallel region";
    case FORKPOOL_FORKED: return "used in a child of the program that opened the pool";
    }
    const char *text = error > -4096 ? error_text(-error) : NULL;
    return text ? text : "unknown error";
}
