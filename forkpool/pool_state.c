/* SPDX-License-Identifier: MIT */
/* pool_state.c: what the program tells the spawn server, and when nothing can be expected of it any more. */
#include <stdio.h>
#include <sys/socket.h>

#include "park.h"
#include "pool.h"

enum { SERVER_ENDS_NS = 1000000000 };

void pool_poke(struct forkpool *pool)
{
    NOT_CANCELLED;
    send(pool->control_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void pool_tell_end(struct forkpool *pool)
{
    int64_t latest = time_after(now_ns() + SERVER_ENDS_NS, pool->shared->config.grace_ns);
    if (!pool->kill_at) pool->kill_at = latest;
    if (!atomic_exchange(&pool->shared->terminate, 1) && !pool->server_reaped) pool_poke(pool);
}

void pool_break(struct forkpool *pool, const char *what)
{
    if (pool->broken) return;
    struct shared *shared = pool->shared;
    pool->broken = true;
    snprintf(shared->reason, sizeof shared->reason, "%s was overwritten: a task wrote beyond its own memory", what);
    atomic_store(&shared->error, FORKPOOL_BROKEN);
    pool_tell_end(pool);
}

bool pool_gone(struct forkpool *pool)
{
    if (acquire(&pool->shared->server) == SERVER_GONE && pool_marked(pool)) pool->server_gone = true;
    return pool->server_gone;
}

/* Workers may leave once nothing can be submitted any more, not even by the pool itself. */
void pool_drain_if_due(struct forkpool *pool)
{
    if (!pool->closed || pool->repeatable || pool->iterators || relaxed(&pool->shared->drain)) return;
    atomic_store(&pool->shared->drain, 1);
    park_wake_all(pool->shared);
    if (!atomic_load(&pool->shared->alive)) pool_poke(pool); /* else the end of its last worker tells the server */
}
