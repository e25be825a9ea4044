/* SPDX-License-Identifier: MIT */
/* signal.c: every signal that the spawn server sends, and how it gives the pool up. */
#include "server.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "park.h"

void server_signal(pid_t pid, enum whom whom, int number)
{
    siginfo_t info;
    if (pid <= 1 || pid == getpid() || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT)) return; /* no child of ours */
    kill(pid, number);
    if (whom == GROUP) kill(-pid, number);
}

void server_part_group(const struct server *server, pid_t group)
{
    for (unsigned i = 0; i < server->shared->capacity; i++) {
        pid_t pid = server->hands[i].pid;
        if (pid && pid != group && getpgid(pid) == group) setpgid(pid, pid);
    }
}

void server_kill_all(struct server *server, int number)
{
    for (unsigned i = 0; i < server->shared->capacity; i++) {
        struct hand *hand = &server->hands[i];
        if (!hand->pid) continue;
        server_signal(hand->pid, GROUP, number);
        if (number == SIGKILL && !hand->killed_at) hand->killed_at = now_ns();
    }
}

void server_break(struct server *server, int error, const char *format, ...)
{
    struct shared *shared = server->shared;
    if (server->ending) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(shared->reason, sizeof shared->reason, format, arguments);
    va_end(arguments);
    atomic_store(&shared->error, error);
    server->ending = true;
    server_kill_all(server, SIGKILL);
    event_raise(shared);
}
