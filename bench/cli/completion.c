/* SPDX-License-Identifier: GPL-3.0-or-later */
/* completion: shell completions from the lists of verbs and options: `breakeven completion bash|zsh|fish`. */
#include "bench/cli/options.h"

#include <string.h>

static void print_words(const char *(*choice)(size_t))
{
    for (size_t i = 0; choice(i); i++) printf("%s%s", i ? " " : "", choice(i));
}

/* A text inside single quotes: the quote itself becomes '\'' and a line break a space; `special` letters are escaped. */
static void print_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text)) putchar('\\');
        if (*text == '\'') fputs("'\\''", stdout);
        else putchar(*text == '\n' ? ' ' : *text);
    }
}

/* A verb's options come from its --help: bash-completion's _parse_help does that too, but is not there without that package
 * and is deprecated since its 2.12. */
static void print_bash(const struct verb *const *verbs)
{
    puts("# bash completion of breakeven, made by `breakeven completion bash`\n"
         "_breakeven() {\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options=\n"
         "    COMPREPLY=()\n"
         "    if [ \"$COMP_CWORD\" = 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W '", stdout);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        if (*(*verb)->name != '_') printf("%s%s", verb == verbs ? "" : " ", (*verb)->name);
    puts("' -- \"$current\"))\n        return\n    fi\n    case $previous in");
    for (const struct option_row *row = options_table; row->name; row++) {
        if (row->choice) {
            printf("    --%s) COMPREPLY=($(compgen -W '", row->name);
            print_words(row->choice);
            puts("' -- \"$current\")); return ;;");
        } else if (row->type == OPTION_PATH) {
            printf("    --%s) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n", row->name);
        } else if (row->argument) printf("    --%s) return ;;\n", row->name);
    }
    puts("    esac\n"
         "    case $current in\n"
         "    -*) options=$(\"$1\" \"${COMP_WORDS[1]}\" --help 2>/dev/null |\n"
         "            sed -n 's/^  \\(-., \\|    \\)\\(--[a-z-]*\\).*/\\2/p')\n"
         "        COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -F _breakeven breakeven");
}

/* One `'--name[help]:argument:action'` of zsh's _arguments; ':' and brackets inside the help are escaped. */
static void print_zsh_option(const struct option_row *row)
{
    printf("            '--%s[", row->name);
    print_quoted(row->help, "[]:");
    putchar(']');
    if (row->argument) {
        printf(":%s:", row->name);
        if (row->choice) {
            putchar('(');
            print_words(row->choice);
            putchar(')');
        } else if (row->type == OPTION_PATH) fputs("_files", stdout);
    }
    fputs("' \\\n", stdout);
}

static void print_zsh(const struct verb *const *verbs)
{
    puts("#compdef breakeven\n# zsh completion of breakeven, made by `breakeven completion zsh`\n_breakeven() {\n"
         "    if (( CURRENT == 2 )); then\n        local -a verbs=(");
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        if (*(*verb)->name == '_') continue;
        printf("            '%s:", (*verb)->name);
        print_quoted((*verb)->summary, "");
        puts("'");
    }
    puts("        )\n        _describe verb verbs\n        return\n    fi\n    local verb=${words[2]}\n"
         "    words=(\"${words[@]:1}\")\n    (( CURRENT-- ))\n    case $verb in");
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        if (*(*verb)->name == '_') continue;
        printf("    %s)\n        _arguments \\\n", (*verb)->name);
        for (const struct option_row *row = options_table; row->name; row++)
            if (option_belongs(row, *verb)) print_zsh_option(row);
        puts("            '*:file:_files' ;;");
    }
    puts("    esac\n}\n_breakeven \"$@\"");
}

static void print_fish(const struct verb *const *verbs)
{
    puts("# fish completion of breakeven, made by `breakeven completion fish`");
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        if (*(*verb)->name == '_') continue;
        printf("complete -c breakeven -f -n __fish_use_subcommand -a %s -d '", (*verb)->name);
        print_quoted((*verb)->summary, "");
        puts("'");
        for (const struct option_row *row = options_table; row->name; row++) {
            if (!option_belongs(row, *verb)) continue;
            printf("complete -c breakeven -n '__fish_seen_subcommand_from %s' -l %s", (*verb)->name, row->name);
            if (row->letter) printf(" -s %c", row->letter);
            if (row->type == OPTION_PATH) fputs(" -r -F", stdout);
            else if (row->argument) fputs(" -x", stdout);
            if (row->choice) {
                fputs(" -a '", stdout);
                print_words(row->choice);
                putchar('\'');
            }
            fputs(" -d '", stdout);
            print_quoted(row->help, "");
            puts("'");
        }
    }
}

static int run(const struct options *options)
{
    static const struct {
        const char *name;
        void (*print)(const struct verb *const *);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (!strcmp(options->operands[0], shells[i].name)) {
            shells[i].print(options->verbs);
            return STATUS_GOOD;
        }
    return options_complain(options, "no shell \"%.60s\"; there are bash, zsh, fish", options->operands[0]);
}

const struct verb verb_completion = {
    .name = "completion",
    .summary = "print the completions for a shell: bash, zsh or fish",
    .operands = "bash|zsh|fish",
    .operands_min = 1,
    .operands_max = 1,
    .details =
        "For this session of bash: eval \"$(breakeven completion bash)\". `make install` puts all three in place.",
    .run = run,
};
