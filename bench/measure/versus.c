/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/versus.h"

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
        char tried[4096];
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

json_t *versus_manifest(const json_t *manifest, const char *program)
{
    json_t *other = json_deep_copy(manifest);
    json_object_set_new(other, "build", build_of(program));
    return other;
}
