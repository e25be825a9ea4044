/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/versus.h"

#include "bench/base/clock.h"
#include "bench/measure/manifest.h"
#include "kernels/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 65536, ANSWER_MS = 10000 };

/* What `program version --json` prints; NULL: nothing that is JSON within ten seconds. */
static json_t *build_of(const char *program)
{
    int out[2];
    if (pipe2(out, O_CLOEXEC)) return NULL;
    pid_t child = fork();
    if (!child) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(out[1], STDOUT_FILENO);
        execl(program, program, "version", "--json", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    char *answer = malloc(ANSWER_MAX + 1);
    size_t used = 0;
    int64_t until_ns = clock_now_ns(&clock_real) + ANSWER_MS * INT64_C(1000000);
    while (child > 0 && answer && used < ANSWER_MAX) {
        struct pollfd ready = {out[0], POLLIN, 0};
        int64_t left_ms = (until_ns - clock_now_ns(&clock_real)) / 1000000;
        int got = left_ms > 0 ? poll(&ready, 1, (int)left_ms) : 0;
        if (got < 0 && errno == EINTR) continue;
        ssize_t bytes = got > 0 ? read(out[0], answer + used, ANSWER_MAX - used) : 0;
        if (bytes <= 0) break;
        used += (size_t)bytes;
    }
    close(out[0]);
    if (child > 0) {
        kill(child, SIGKILL); /* it has said what it had to say */
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    }
    json_t *build = answer ? json_loadb(answer, used, 0, NULL) : NULL;
    free(answer);
    return build;
}

int versus_find(const char *path, char *program, size_t size, struct reason *why)
{
    static const char *const below[] = {"", "/breakeven", "/build/breakeven"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        char tried[VERSUS_PATH];
        struct stat stat_;
        if (snprintf(tried, sizeof tried, "%s%s", path, below[i]) >= (int)sizeof tried) break;
        char *real = realpath(tried, NULL);
        bool fits = real && !stat(real, &stat_) && S_ISREG(stat_.st_mode) && !access(real, X_OK) && strlen(real) < size;
        if (fits) strcpy(program, real);
        free(real);
        if (!fits) continue;
        json_t *build = build_of(program);
        bool ours = json_is_string(json_object_get(build, "version"));
        json_decref(build);
        if (ours) return 0;
        return reason_give(why, -EINVAL, "%.200s does not say what build of breakeven it is", program);
    }
    return reason_give(why, -ENOENT, "%.200s is no program, and no folder with breakeven or build/breakeven in it",
                       path);
}

int versus_open(struct versus *versus, const char *program, const struct plan *plan, const char *dir,
                const json_t *manifest, struct reason *why)
{
    *versus = (struct versus){.fd = -1};
    snprintf(versus->program, sizeof versus->program, "%s", program);
    snprintf(versus->dir, sizeof versus->dir, "%s", dir);
    int error = measure_open(&versus->measure, plan, why);
    if (error) return error;
    versus->measure.program = versus->program;
    versus->manifest = json_deep_copy(manifest);
    json_object_set_new(versus->manifest, "build", build_of(program));
    error = versus->manifest ? manifest_write(dir, versus->manifest) : -ENOMEM;
    if (!error) error = manifest_write_topology(dir, plan->topology);
    if (!error) {
        versus->fd = record_open_samples(dir);
        if (versus->fd < 0) error = versus->fd;
    }
    if (error) {
        reason_set(why, "cannot write into %.200s: %s", dir, strerror(-error));
        json_decref(versus->manifest);
        measure_close(&versus->measure);
    }
    return error;
}

int versus_take(struct versus *versus, unsigned cell, unsigned block, unsigned order, bool instrumented,
                struct reason *why)
{
    struct sample sample;
    int error = measure_cell(&versus->measure, &(struct turn){cell, block, order, instrumented}, &sample, why);
    if (error) return error;
    char *line = sample_to_json(&sample);
    error = line ? record_append_line(versus->fd, line) : -ENOMEM;
    free(line);
    if (error)
        reason_set(why, "%.200s/samples.jsonl takes no more: %s; what was taken before is kept", versus->dir,
                   strerror(-error));
    versus->taken++;
    versus->failed += strcmp(sample.status, "ok") != 0;
    sample_free(&sample);
    return error;
}

void versus_close(struct versus *versus, bool complete, const char *stopped, int64_t measured_ns)
{
    manifest_finish(versus->manifest, complete, stopped, measured_ns);
    manifest_write(versus->dir, versus->manifest);
    json_decref(versus->manifest);
    measure_close(&versus->measure);
    if (versus->fd >= 0) close(versus->fd);
    *versus = (struct versus){.fd = -1};
}
