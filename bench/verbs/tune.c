/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune: the best configuration of a kernel or a command. */
#include "bench/tune/tune.h"

/* The first option given that says nothing about what is tuned: left unsaid, a wanted file would be missing. NULL: none. */
static const char *out_of_place(const struct options *options)
{
    static const char *const of_commands[] = {"parameter", "env", "prepare", "shell-command", "export-json", "export-csv",
                                              "export-markdown", NULL},
                      *const of_kernels[] = {"runner", "processes", "tasks", "size", "task-time", "delay", "work", "schedule",
                                             "launcher", "waiting", "python", "placement", "warm", NULL};
    const char *const *name = options->operand_count ? of_kernels : of_commands;
    while (*name && !options_given(options, *name)) name++;
    return *name;
}

static int run(const struct options *options)
{
    const char *other = out_of_place(options);
    if (options->operand_count && options->kernels.count)
        return options_complain(options, "--kernel and a command are both given: tune one of them");
    if (other && (options->operand_count || options->kernels.count))
        return options_complain(options, options->operand_count ? "--%s is for kernels, not for a command"
                                                                : "--%s is for a command, not for kernels", other);
    if (options->operand_count) return tune_command(options);
    if (options->kernels.count) return tune_kernel(options);
    return options_complain(options,
                            "what is to be tuned? --kernel K, or a command: tune --workers 1..16 -- make -j{workers}");
}

const struct verb verb_tune = {
    .name = "tune",
    .summary = "find the runner, number of workers, chunk and placement for a kernel, or the settings of a command",
    .operands = "[-- COMMAND with {workers}]",
    .operands_max = 4096,
    .details =
        "A kernel: tries runners, workers, chunks, schedules and placements, few of them and those often. A command:\n"
        "{workers}, {threads}, {chunk} and the names of --parameter are replaced in its words, --env and --prepare; "
        "it\n"
        "is started without a shell. Most values are tried once, slow ones are stopped, and the best are measured\n"
        "again. Where configurations cannot be told apart it says so and recommends the fewest workers; staying\n"
        "serial is an answer.",
    .machine = true,
    .run = run,
};
