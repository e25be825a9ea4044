/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manual: the page breakeven(1), from the same lists that feed the parser and --help. */
#include "bench/cli/options.h"

#include <string.h>

/* A text in troff: '-' and '\' escaped, a leading dot or quote guarded, line breaks as they are. */
static void print_text(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-') fputs("\\-", stdout);
        else if (*text == '\\') fputs("\\e", stdout);
        else {
            putchar(*text);
            if (*text == '\n' && (text[1] == '.' || text[1] == '\'')) fputs("\\&", stdout);
        }
    }
    putchar('\n');
}

static void print_option(const struct option_row *row)
{
    puts(".TP");
    fputs(".B ", stdout);
    if (row->letter) printf("\\-%c, ", row->letter);
    fputs("\\-\\-", stdout);
    for (const char *c = row->name; *c; c++) printf(*c == '-' ? "\\-" : "%c", *c);
    if (row->argument) printf(" \\fI%s\\fR", row->argument);
    putchar('\n');
    print_text(row->help);
}

static void print_verb(const struct verb *verb)
{
    printf(".SS breakeven %s %s\n", verb->name, verb->operands ? verb->operands : "");
    print_text(verb->summary);
    if (verb->details) {
        puts(".PP");
        print_text(verb->details);
    }
    for (const struct option_row *row = options_table; row->name; row++)
        if (option_belongs(row, verb)) print_option(row);
}

static int run(const struct options *options)
{
    printf(".TH BREAKEVEN 1 \"\" \"breakeven %s\" \"User Commands\"\n", BREAKEVEN_VERSION);
    puts(".SH NAME\nbreakeven \\- when does parallelism pay?\n.SH SYNOPSIS\n"
         ".B breakeven\n.I VERB\n[\\fIOPTION\\fR..]\n.SH DESCRIPTION");
    fflush(stdout);
    print_text("breakeven measures at what task size, with how many workers and with which kind of worker parallelism\n"
               "pays. The same kernels run serially, over a pool of forked processes, over an OpenMP team, over\n"
               "processes x threads and over Python's multiprocessing.Pool; every difference is measured, explained\n"
               "and turned into a recommendation.");
    puts(".SH VERBS");
    for (const struct verb *const *verb = options->verbs; *verb; verb++)
        if (*(*verb)->name != '_') print_verb(*verb);
    for (const struct topic *topic = topics; topic->name; topic++) {
        puts(".SH");
        for (const char *c = topic->title; *c; c++) putchar(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        putchar('\n');
        print_text(topic->text);
    }
    puts(".SH COPYING\nGPL\\-3.0\\-or\\-later; forkpool, the process pool in it, is under the MIT licence. There is no warranty.\n"
         ".SH SEE ALSO\n.BR forkpool (3)");
    return STATUS_GOOD;
}

const struct verb verb_manual = {
    .name = "manual",
    .summary = "print the manual page: breakeven manual | man -l -",
    .run = run,
};
