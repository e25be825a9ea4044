/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer.h: how an internal verb reads its question and gives its answer: JSON on inherited descriptors (isolate.h). */
#ifndef BREAKEVEN_ANSWER_H
#define BREAKEVEN_ANSWER_H

struct json_t;

/* The question on ISOLATE_INPUT; NULL where there is none: somebody typed the verb. */
struct json_t *answer_question(void);

/* Writes one line on ISOLATE_OUTPUT. Returns the exit status for the process: 0, or 3 where the reader is gone. */
int answer_write(const char *line);
int answer_write_json(struct json_t *); /* drops the reference */

#endif
