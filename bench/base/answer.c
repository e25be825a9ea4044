/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/answer.h"

#include "bench/base/isolate.h"
#include "bench/base/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

json_t *answer_question(void)
{
    FILE *file = fdopen(ISOLATE_INPUT, "r"); /* json_loadfd makes a system call of each byte */
    json_t *question = file ? json_loadf(file, 0, NULL) : NULL;
    if (file) fclose(file);
    return question;
}

static int write_all(const char *bytes, size_t size)
{
    while (size) {
        ssize_t wrote = write(ISOLATE_OUTPUT, bytes, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return STATUS_FAILED;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return STATUS_GOOD;
}

int answer_write(const char *line)
{
    return line && !write_all(line, strlen(line)) ? write_all("\n", 1) : STATUS_FAILED;
}

int answer_write_json(json_t *json)
{
    char *line = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    int status = answer_write(line);
    free(line);
    return status;
}
