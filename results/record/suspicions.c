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

void suspicion_add(char *words, size_t size, const char *word)
{
    size_t used = strlen(words);
    if (!suspicion_word_in(words, word) && used + strlen(word) + 2 <= size)
        snprintf(words + used, size - used, "%s%s", used ? " " : "", word);
}

void sample_suspect(struct sample *sample, enum suspicion_id id)
{
    suspicion_add(sample->suspect, sizeof sample->suspect, suspicions[id].word);
}

int run_suspect(struct run *run, size_t at, enum suspicion_id id)
{
    char words[sizeof((struct sample *)0)->suspect];
    snprintf(words, sizeof words, "%s", run->samples[at].suspect);
    suspicion_add(words, sizeof words, suspicions[id].word);
    const char *kept = run_word(run, words);
    if (kept) run->samples[at].suspect = kept;
    return kept ? 0 : -ENOMEM;
}
