/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct suspicion suspicions[SUSPICIONS] = {
#define SUSPICION(word, rule, meaning) {#word, rule, meaning},
#include "results/record/suspicions.h"
#undef SUSPICION
};

bool suspicion_word_in(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' ')) return true;
    return false;
}

bool suspicion_in(const char *words, enum suspicion_id id)
{
    return suspicion_word_in(words, suspicions[id].word);
}

static void add_word(char *words, size_t size, enum suspicion_id id)
{
    size_t used = strlen(words);
    if (!suspicion_in(words, id)) snprintf(words + used, size - used, "%s%s", used ? " " : "", suspicions[id].word);
}

void sample_suspect(struct sample *sample, enum suspicion_id id)
{
    add_word(sample->suspect, sizeof sample->suspect, id);
}

int run_suspect(struct run *run, size_t at, enum suspicion_id id)
{
    char words[sizeof((struct sample *)0)->suspect];
    snprintf(words, sizeof words, "%s", run->samples[at].suspect);
    add_word(words, sizeof words, id);
    const char *kept = run_word(run, words);
    if (kept) run->samples[at].suspect = kept;
    return kept ? 0 : -ENOMEM;
}
