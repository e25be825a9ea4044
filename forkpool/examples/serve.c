/* SPDX-License-Identifier: MIT */
/* A server on poll: requests come from sockets, work goes to the pool, answers go back as they are ready. */
#include <forkpool.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 3 };
static int answered;

static int collatz(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument_bytes, (void)result_bytes;
    uint32_t steps = 0;
    for (uint64_t n = *(const uint32_t *)argument; n > 1; steps++) n = n % 2 ? 3 * n + 1 : n / 2;
    *(uint32_t *)result = steps;
    return 0;
}

static void answer(struct forkpool_job *job, int status, void *user)
{
    uint32_t steps = 0;
    if (!status) forkpool_get(job, &steps, sizeof steps, 0);
    if (write(*(const int *)user, &steps, sizeof steps) < 0) perror("write");
    forkpool_release(job);
    answered++;
}

int main(void)
{
    uint32_t numbers[CLIENTS] = {27, 97, 871}, steps[CLIENTS] = {0};
    int clients[CLIENTS], servers[CLIENTS], pair[2];
    struct forkpool *pool = forkpool_open(2);
    struct pollfd fds[CLIENTS + 1] = {{-1, POLLIN, 0}};
    for (int i = 0; i < CLIENTS; i++) { /* what would come from accept; here they ask at once */
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 1;
        clients[i] = pair[0], servers[i] = pair[1];
        if (write(clients[i], &numbers[i], sizeof numbers[i]) < 0) return 1;
        fds[i].fd = servers[i], fds[i].events = POLLIN;
    }
    fds[CLIENTS].fd = forkpool_fd(pool), fds[CLIENTS].events = POLLIN;
    while (answered < CLIENTS && poll(fds, CLIENTS + 1, -1) >= 0) {
        if (fds[CLIENTS].revents) forkpool_poll(pool); /* calls answer */
        for (int i = 0; i < CLIENTS; i++) {
            struct forkpool_task task = {0};
            struct forkpool_job *job;
            uint32_t number;
            if (!fds[i].revents || read(servers[i], &number, sizeof number) != sizeof number) continue;
            task.run = collatz, task.done = task.failed = answer, task.user = &servers[i];
            task.argument = &number, task.argument_bytes = task.result_bytes = sizeof number;
            forkpool_submit(pool, &task, &job);
        }
    }
    for (int i = 0; i < CLIENTS && read(clients[i], &steps[i], sizeof steps[i]) > 0; i++)
        printf("%u: %u steps\n", numbers[i], steps[i]);
    forkpool_delete(pool);
}
