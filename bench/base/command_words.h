/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command_words.h: what a command's templates become, for command.c. What others need of it stands in command.h. */
#ifndef BREAKEVEN_COMMAND_WORDS_H
#define BREAKEVEN_COMMAND_WORDS_H

#include "bench/base/command.h"

/* What is executed: words and variables, filled in; ends with NULL each. */
struct command_filled {
    char **words, **variables;
};

/* `words` of the command, with `shell` as one word for it, and the command's variables. 0, or -ENOMEM with nothing to free. */
int command_fill_all(const struct command *, const char *const *words, bool shell, const struct command_value *, size_t count,
                     struct command_filled *);
void command_filled_free(struct command_filled *);

#endif
