/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/grid_words.h"
#include "bench/base/values.h"
#include "runners/cpus/limits.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { ALL_MAX = 8, VALUE_MAX = 1024 };

/* ---- words in braces ---- */

static void add_number(char *list, size_t size, unsigned number)
{
    text_add(list, size, "%s%u", *list ? "," : "", number);
}

/* 1, 2, 4, ... up to `last`, with `corner` (the number of cpus) and `last` among them; every number where those are
 * few. */
static void list_workers(unsigned first, unsigned corner, unsigned last, char *list, size_t size)
{
    for (unsigned p = first; p <= last; p++) {
        bool power = (p & (p - 1)) == 0;
        if (last <= ALL_MAX || power || p == corner || p == last) add_number(list, size, p);
    }
}

static void list_few(unsigned cpus, char *list, size_t size)
{
    add_number(list, size, 2);
    if (cpus / 4 > 2) add_number(list, size, cpus / 4);
    if (cpus > 2) add_number(list, size, cpus);
}

/* Hosts of the batch job; 1 outside of one. */
static unsigned nodes_here(void)
{
    unsigned nodes = limits_job_nodes();
    return nodes ? nodes : 1;
}

/* 1, 2, 4, ... and all of them. */
static void list_nodes(char *list, size_t size)
{
    unsigned nodes = nodes_here();
    for (unsigned n = 1; n < nodes; n *= 2) add_number(list, size, n);
    add_number(list, size, nodes);
}

/* The value of one word in braces. */
static int word_value(const char *word, unsigned cpus, double scale, char *value, size_t size, struct reason *why)
{
    uint64_t ns;
    unsigned times, least;
    int length = 0, ends = (int)strlen(word);
    *value = '\0'; /* lists are added to */
    if (sscanf(word, "%5u*cpus%n", &times, &length) == 1 && length == ends) snprintf(value, size, "%u", times * cpus);
    else if (sscanf(word, "%5u or %5u*cpus%n", &least, &times, &length) == 2 && length == ends)
        snprintf(value, size, "%u", least > times * cpus ? least : times * cpus);
    else if (!strcmp(word, "cpus")) snprintf(value, size, "%u", cpus);
    else if (!strcmp(word, "all")) list_workers(1, cpus, 2 * cpus, value, size);
    else if (!strcmp(word, "part")) list_workers(1, cpus, cpus, value, size);
    else if (!strcmp(word, "few")) list_few(cpus, value, size);
    else if (!strcmp(word, "nodes")) list_nodes(value, size);
    else if (!strcmp(word, "ranks"))
        snprintf(value, size, "%u", (cpus + nodes_here() - 1) / nodes_here() * nodes_here());
    else if (!strcmp(word, "share")) snprintf(value, size, "%u", 20000 / cpus);
    else if (!values_duration(word, &ns, NULL))
        snprintf(value, size, "%.0fns", fmax(1, (double)ns * scale));
    else
        return reason_give(why, -EINVAL,
                           "{%.40s}: the words in braces are cpus, 8*cpus, 60 or 4*cpus, all, part, few, nodes, ranks, share and times (20ms)",
                           word);
    return 0;
}

/* Leaves out of a list what stands in it already: 1,{cpus} where there is one cpu. */
static void drop_repeated(char *list)
{
    char *out = list;
    const char *end = list + strlen(list);
    for (char *part = list, *next; part < end; part = next) {
        size_t length = strcspn(part, ",");
        next = part + length + (part[length] == ',');
        bool known = false;
        for (const char *seen = list; seen < out; seen += strcspn(seen, ",") + 1)
            known = known || (strcspn(seen, ",") == length && !memcmp(seen, part, length));
        if (known) continue;
        memmove(out, part, length);
        out += length;
        *out++ = ',';
    }
    if (out > list) out[-1] = '\0';
}

int grid_words_expand(const char *value, unsigned cpus, double scale, char *out, size_t size, struct reason *why)
{
    size_t used = 0;
    for (const char *c = value; *c;) {
        char word[32], made[512] = {*c, '\0'};
        size_t length = *c == '{' ? strcspn(c, "}") : 0;
        if (length && length < sizeof word) {
            snprintf(word, sizeof word, "%.*s", (int)length - 1, c + 1);
            if (word_value(word, cpus, scale, made, sizeof made, why)) return -EINVAL;
            c += length;
        }
        c += *c != '\0';
        if (used + strlen(made) >= size) return reason_give(why, -ENAMETOOLONG, "too long");
        memcpy(out + used, made, strlen(made) + 1);
        used += strlen(made);
    }
    out[used] = '\0';
    if (strchr(value, '{')) drop_repeated(out);
    return 0;
}

/* ---- a section ---- */

static int add_entry(struct names *words, const struct ini_entry *entry, unsigned cpus, double scale,
                     struct reason *why)
{
    char name[80], value[VALUE_MAX];
    struct reason what = {""};
    snprintf(name, sizeof name, "--%s", entry->key);
    int error = values_names_add(words, name, strlen(name), why);
    if (error || !entry->value) return error;
    if (grid_words_expand(entry->value, cpus, scale, value, sizeof value, &what))
        return reason_give(why, -EINVAL, "line %u: %.40s: %.600s", entry->line, entry->key, what.text);
    return values_names_add(words, value, strlen(value), why);
}

int grid_words_make(const struct ini_section *section, unsigned cpus, double scale, struct names *words,
                    struct reason *why)
{
    *words = (struct names){0};
    int error = values_names_add(words, "breakeven", 9, why);
    if (!error) error = values_names_add(words, "run", 3, why);
    for (size_t i = 0; !error && i < section->count; i++)
        error = add_entry(words, &section->entries[i], cpus, scale, why);
    if (error) values_names_free(words);
    return error;
}

int grid_words_set(const struct names *words, const struct ini_section *section, struct options *options,
                   struct reason *why)
{
    char **word = words->values + 2;
    for (size_t i = 0; i < section->count; i++) {
        const struct ini_entry *entry = &section->entries[i];
        struct reason what = {""};
        const char *value = entry->value ? word[1] : NULL;
        if (options_set(options, entry->key, value, &what))
            return reason_give(why, -EINVAL, "line %u: %s", entry->line, what.text);
        word += entry->value ? 2 : 1;
    }
    return 0;
}

void grid_words_show(const struct names *words, char *text, size_t size)
{
    *text = '\0';
    for (size_t i = 0; i < words->count; i++) text_add(text, size, "%s%s", i ? " " : "", words->values[i]);
}
