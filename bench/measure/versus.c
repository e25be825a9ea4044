/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/versus.h"

#include "bench/measure/manifest.h"
#include "kernels/reason.h"
#include "runners/child.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MAX = 65536, ANSWER_MS = 10000 };

/* What `program version --json` prints; NULL: nothing that is JSON within ten seconds. */
static json_t *build_of(const char *program)
{
    char text[ANSWER_MAX];
    int status;
    if (child_ask((const char *[]){program, "version", "--json", NULL}, ANSWER_MS, text, sizeof text, &status))
        return NULL;
    return json_loads(text, 0, NULL);
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
    error = record_append_sample(versus->fd, &sample);
    if (error)
        reason_set(why, "%.200s/samples.jsonl cannot be written any more: %s; what was measured before is kept", versus->dir,
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
