/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge-tune [quick] [OPTION..]: how good is tune? Options as those of `breakeven tune --kernel`; quick: a tenth of the simulated
 * machines. Its repetitions run in copies of this program, as those of breakeven do. */
#include "tests/judge/judge.h"

#include "bench/base/site.h"

#include <string.h>

static int run(const struct options *options)
{
    bool quick = options->operand_count && !strcmp(options->operands[0], "quick");
    if (options->operand_count && !quick) return options_complain(options, "\"%.60s\" is not \"quick\"", options->operands[0]);
    return judge_run(options, quick);
}

static const struct verb judge = {.name = "tune", .summary = "how good is tune?", .operands = "[quick]", .operands_max = 1, .run = run};
extern const struct verb verb_cell, verb_inspect, verb_calibrate;

int main(int argc, char **argv)
{
    static const struct verb *const verbs[] = {&judge, &verb_cell, &verb_inspect, &verb_calibrate, NULL};
    const char *words[OPTIONS_MAX];
    int count = 0;
    struct options options;
    site_begin();
    site_leave_children();
    words[count++] = argv[0];
    if (argc < 2 || *argv[1] != '_') words[count++] = judge.name;
    for (int i = 1; i < argc && count + 1 < OPTIONS_MAX; i++) words[count++] = argv[i];
    words[count] = NULL;
    int status = options_parse(&options, verbs, count, (char **)words);
    if (status < 0) status = options.verb->run(&options);
    options_free(&options);
    return status;
}
