/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/answer.h"

#include "bench/base/isolate.h"
#include "bench/base/status.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *answer_question(void)
{
    FILE *file = fdopen(ISOLATE_INPUT, "r"); /* json_loadfd makes a system call of each byte */
    json_t *question = file ? json_loadf(file, 0, NULL) : NULL;
    if (file) fclose(file);
    return question;
}

/* NULL with `why` where there is none, or it says that something went wrong. */
static json_t *answer_of(const struct isolate_result *result, const char *doing, struct reason *why)
{
    json_t *answer = result->end == ISOLATE_DONE && result->output ? json_loads(result->output, 0, NULL) : NULL;
    const char *wrong = json_string_value(json_object_get(answer, "error"));
    if (wrong) reason_set(why, "%s", wrong);
    else if (!answer)
        reason_set(why, "%s: %s", doing, *result->cause ? result->cause : "exit code 0 without an answer");
    if (!wrong) return answer;
    json_decref(answer);
    return NULL;
}

json_t *answer_ask(const struct isolate *isolate, json_t *question, const char *doing, struct reason *why)
{
    char *text = question ? json_dumps(question, JSON_COMPACT) : NULL;
    json_decref(question);
    if (!text) {
        reason_set(why, "no memory");
        return NULL;
    }
    struct isolate asking = *isolate;
    asking.input = text;
    asking.input_size = strlen(text);
    struct isolate_result result = {0};
    int error = isolate_run(&asking, &result, why);
    json_t *answer = error ? NULL : answer_of(&result, doing, why);
    isolate_result_free(&result);
    free(text);
    errno = -error;
    return answer;
}

int answer_write(const char *line)
{
    return line && dprintf(ISOLATE_OUTPUT, "%s\n", line) > 0 ? STATUS_GOOD : STATUS_FAILED;
}

int answer_write_json(json_t *json)
{
    char *line = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    int status = answer_write(line);
    free(line);
    return status;
}
