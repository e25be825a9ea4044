/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record.h"

#include <stdio.h>
#include <string.h>

const struct suspicion suspicions[SUSPICIONS] = {
#define SUSPICION(word, rule, meaning) {#word, rule, meaning},
#include "results/record/suspicions.h"
#undef SUSPICION
};

bool sample_suspected(const struct sample *sample, enum suspicion_id id)
{
    const char *word = suspicions[id].word;
    size_t length = strlen(word);
    for (const char *at = sample->suspect; (at = strstr(at, word)); at += length)
        if ((at == sample->suspect || at[-1] == ' ') && (!at[length] || at[length] == ' ')) return true;
    return false;
}

void sample_suspect(struct sample *sample, enum suspicion_id id)
{
    size_t used = strlen(sample->suspect);
    if (sample_suspected(sample, id)) return;
    snprintf(sample->suspect + used, sizeof sample->suspect - used, "%s%s", used ? " " : "", suspicions[id].word);
}
