/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/interpreter.h"

#include "runners/child.h"
#include "runners/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 2, ENDED_MS = 1000, LINGER_MS = 2000, END_MS = 10000, ASKED_MS = 10000 };

const char *interpreter_name(void)
{
    const char *asked = getenv("BREAKEVEN_PYTHON");
    return asked && *asked ? asked : "python3";
}

/* Runs `statement`; true where it ended without an error. What it printed, up to size - 1 bytes, is in `text`. */
static bool ask(const char *path, const char *statement, char *text, size_t size)
{
    int status;
    return !child_ask((const char *[]){path, "-I", "-c", statement, NULL}, ASKED_MS, text, size, &status) && !status;
}

bool interpreter_accepts(const char *statement)
{
    static char known_path[PATH_MAX], known_statement[160];
    static bool accepted;
    char path[PATH_MAX], said[80];
    if (!interpreter_find(path, sizeof path)) return false;
    if (!strcmp(path, known_path) && !strcmp(statement, known_statement)) return accepted;
    snprintf(known_path, sizeof known_path, "%s", path);
    snprintf(known_statement, sizeof known_statement, "%s", statement);
    return accepted = ask(path, statement, said, sizeof said);
}

/* A script: where python3 is one, a version manager's, which takes far longer to start Python than Python does. */
static bool is_script(const char *path)
{
    char start[2];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool script = file >= 0 && read(file, start, 2) == 2 && start[0] == '#' && start[1] == '!';
    if (file >= 0) close(file);
    return script;
}

bool interpreter_find(char *path, size_t size)
{
    char real[PATH_MAX];
    const char *asked = getenv("BREAKEVEN_PYTHON");
    if (!launcher_find(interpreter_name(), path, size)) return false;
    if ((asked && *asked) || !is_script(path)) return true;
    bool known = ask(path, "import sys; print(sys.executable, end='')", real, sizeof real) && *real == '/';
    setenv("BREAKEVEN_PYTHON", known ? real : path, 1);
    return launcher_find(interpreter_name(), path, size);
}

int interpreter_start(struct interpreter *interpreter, const char *script, int channel, int memory)
{
    char path[PATH_MAX], number[16];
    if (!interpreter_find(path, sizeof path)) return -ENOENT;
    snprintf(number, sizeof number, "%d", channel);
    char *const arguments[] = {path, "-I", "-S", "-W", "ignore", (char *)script, number, NULL};
    prctl(PR_GET_CHILD_SUBREAPER, &interpreter->subreaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int kept[] = {channel < 0 ? memory : channel, channel < 0 ? -1 : memory, -1};
    pid_t pid = child_start(&(struct child_program){arguments, NULL, STDOUT_FILENO, STDERR_FILENO, kept});
    int error = pid < 0 ? (int)pid : 0;
    if (error) prctl(PR_SET_CHILD_SUBREAPER, interpreter->subreaper);
    interpreter->pid = interpreter->group = error ? 0 : pid;
    return error;
}

bool interpreter_ended(struct interpreter *interpreter, int *status)
{
    if (!child_wait(interpreter->pid, ENDED_MS, status)) return false;
    interpreter->pid = 0; /* the number may be another's from now on; the group's not while it has a member */
    return true;
}

void interpreter_end(struct interpreter *interpreter)
{
    int status;
    if (!interpreter->group) return;
    if (interpreter->pid > 0) {
        kill(interpreter->pid, SIGKILL);
        while (waitpid(interpreter->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    for (int waited = 0; waited < END_MS; waited += TICK_MS) {
        pid_t got = waitpid(-interpreter->group, &status, WNOHANG);
        if (got > 0) continue;
        if (got < 0 && errno != EINTR && kill(-interpreter->group, 0)) break; /* no child, and nobody whose child it is */
        if (waited >= LINGER_MS) kill(-interpreter->group, SIGKILL);
        poll(NULL, 0, TICK_MS);
    }
    prctl(PR_SET_CHILD_SUBREAPER, interpreter->subreaper);
    *interpreter = (struct interpreter){0};
}
