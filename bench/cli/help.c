/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help: what the program and each verb can do, from the lists of verbs and options. */
#include "bench/cli/options.h"

#include <string.h>

/* One row of a two-column list; `text` may hold a line break. */
static void print_row(FILE *out, const char *left, const char *text)
{
    enum { WIDTH = 24 };
    fprintf(out, "  %-*s", WIDTH, left);
    if (strlen(left) >= WIDTH) fprintf(out, "\n  %*s", WIDTH, "");
    for (const char *c = text; *c; c++) {
        fputc(*c, out);
        if (*c == '\n') fprintf(out, "  %*s", WIDTH, "");
    }
    fputc('\n', out);
}

static void help_all(FILE *out, const struct verb *const *verbs)
{
    fputs("breakeven measures when parallelism pays: at what task size, with how many workers, of which kind.\n\n"
          "Start with `breakeven run`: it measures this machine in one to two minutes and says what it found.\n\n",
          out);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        if (*(*verb)->name != '_') print_row(out, (*verb)->name, (*verb)->summary);
    fputs("\n`breakeven VERB --help` lists a verb's options; `breakeven help TOPIC` explains:\n\n", out);
    for (const struct topic *topic = topics; topic->name; topic++) print_row(out, topic->name, topic->title);
}

void options_help_verb(FILE *out, const struct verb *verb)
{
    fprintf(out, "breakeven %s [OPTION..]%s%s\n%s\n", verb->name, verb->operands ? " " : "",
            verb->operands ? verb->operands : "", verb->summary);
    if (verb->details) fprintf(out, "\n%s\n", verb->details);
    fputc('\n', out);
    for (const struct option_row *row = options_table; row->name; row++) {
        if (!option_belongs(row, verb)) continue;
        char left[64], letter[8] = "    ";
        if (row->letter) snprintf(letter, sizeof letter, "-%c, ", row->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
                 row->argument ? row->argument : "");
        print_row(out, left, row->help);
    }
}

static int run(const struct options *options)
{
    const char *name = options->operand_count ? options->operands[0] : NULL;
    const struct verb *verb = name ? verb_find(options->verbs, name) : NULL;
    if (verb) options_help_verb(stdout, verb);
    if (!name) help_all(stdout, options->verbs);
    if (verb || !name) return STATUS_GOOD;
    for (const struct topic *topic = topics; topic->name; topic++)
        if (!strcmp(topic->name, name)) return options_print(options, topic->text);
    return options_complain(options, "no verb or topic \"%.60s\" (\"breakeven help\" lists them)", name);
}

const struct verb verb_help = {
    .name = "help",
    .summary = "list verbs and topics, or explain one",
    .operands = "[VERB|TOPIC]",
    .operands_max = 1,
    .run = run,
};
