/* SPDX-License-Identifier: GPL-3.0-or-later */
/* _inspect: what a user's kernel is, asked of it in a process that it may crash: loads it and prepares its smallest
 * input once. */
#include "bench/base/answer.h"
#include "bench/base/memory.h"
#include "bench/cli/options.h"
#include "bench/plan/kernel_load.h"
#include "kernels/reason.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* One task of size 1: what fails here fails at every size. */
static int try_prepare(const struct kernel *kernel, struct reason *why)
{
    struct memory memory;
    struct kernel_params params = {1, 1, 1};
    void *input = NULL;
    memory_open(&memory);
    int error = kernel->prepare ? kernel->prepare(&params, &memory.arena, &input) : 0;
    if (error) reason_set(why, "its prepare fails: %s", strerror(error < 0 ? -error : EINVAL));
    else if (kernel->release) kernel->release(input);
    memory_close(&memory);
    return error;
}

static int run(const struct options *options)
{
    json_t *question = answer_question();
    const char *path = json_string_value(json_object_get(question, "kernel"));
    if (!path) return options_complain(options, "the program uses this verb on itself; try \"breakeven list\"");
    const struct kernel *kernel;
    struct reason why = {""};
    int status;
    if (kernel_load(path, &kernel, &why) || try_prepare(kernel, &why))
        status = answer_write_json(json_pack("{ss}", "error", why.text));
    else
        status = answer_write_json(json_pack("{ss si sI sI ss sI}", "name", kernel->name, "bottleneck",
                                             (int)kernel->bottleneck, "tasks", (json_int_t)kernel->default_tasks,
                                             "size", (json_int_t)kernel->default_size, "size_unit", kernel->size_unit,
                                             "result_size", (json_int_t)kernel->result_size));
    json_decref(question);
    return status;
}

const struct verb verb_inspect = {
    .name = "_inspect",
    .summary = "what a user's kernel is",
    .operands = "",
    .run = run,
};
