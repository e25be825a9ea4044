/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer.h: how an internal verb reads its question and gives its answer: JSON on inherited descriptors (isolate.h). */
#ifndef BREAKEVEN_ANSWER_H
#define BREAKEVEN_ANSWER_H

#include "kernels/reason.h"

struct json_t;
struct isolate;

/* The question on ISOLATE_INPUT; NULL where there is none: somebody typed the verb. */
struct json_t *answer_question(void);

/* Asks an internal verb: runs `isolate` with `question`, whose reference is dropped, as its input. The answer is
 * the caller's; NULL with `why`: "`doing`: what went wrong", or what the verb itself says in "error". errno is then why no
 * process could be started, and 0 where one was. */
struct json_t *answer_ask(const struct isolate *, struct json_t *question, const char *doing, struct reason *why);

/* Writes one line on ISOLATE_OUTPUT. Returns the exit status for the process: 0, or 3 where the reader is gone. */
int answer_write(const char *line);
int answer_write_json(struct json_t *); /* drops the reference */

#endif
