/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpulist.h"
#include "kernels/reason.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads one decimal number; -1 where there is none or it is out of range. */
static long number_read(const char **at)
{
    long number = 0;
    const char *from = *at;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        number = number * 10 + (**at - '0');
        if (number >= CPULIST_LIMIT) return -1;
    }
    return *at == from ? -1 : number;
}

/* Reads "3" or "3-5" and what ends it. 0 or -EINVAL. */
static int range_read(const char **at, long *first, long *last, const char *text, struct reason *why)
{
    const char *from = *at;
    *first = *last = number_read(at);
    if (*first >= 0 && **at == '-') {
        ++*at;
        *last = number_read(at);
    }
    if (*first < 0 || *last < 0 || (**at && **at != ',') || (**at == ',' && !(*at)[1]))
        return reason_give(why, -EINVAL, "bad list '%.80s' at '%.20s': wanted numbers below %d and ranges, as in 0-3,8",
                           text, *from ? from : "the end", CPULIST_LIMIT);
    if (*last < *first)
        return reason_give(why, -EINVAL, "bad list '%.80s': the range %ld-%ld runs backwards", text, *first, *last);
    if (**at == ',') ++*at;
    return 0;
}

int cpulist_parse(const char *text, unsigned **numbers, size_t *count, struct reason *why)
{
    unsigned *list = NULL;
    size_t used = 0;
    uint64_t seen[CPULIST_LIMIT / 64] = {0};
    int error = 0;
    const char *at = text;
    do {
        long first = 0, last = -1;
        if (!error) error = range_read(&at, &first, &last, text, why);
        unsigned *more = error ? NULL : realloc(list, (used + (size_t)(last - first) + 1) * sizeof *list);
        if (!error && !more) error = -ENOMEM;
        if (error) break;
        list = more;
        for (long i = first; i <= last; i++) {
            uint64_t bit = UINT64_C(1) << (i % 64);
            if (seen[i / 64] & bit) {
                reason_set(why, "bad list '%.80s': %ld stands in it twice", text, i);
                error = -EINVAL;
                goto out;
            }
            seen[i / 64] |= bit;
            list[used++] = (unsigned)i;
        }
    } while (*at);
out:
    if (error == -ENOMEM) reason_set(why, "no memory to read the list '%.80s'", text);
    if (error) {
        free(list);
        return error;
    }
    *numbers = list;
    *count = used;
    return 0;
}

void cpulist_write(hwloc_const_bitmap_t from, char *text, size_t size)
{
    if (hwloc_bitmap_list_snprintf(text, size, from) < (int)size) return;
    text[size - 4] = 0;
    char *comma = strrchr(text, ',');
    strcpy(comma ? comma + 1 : text, "...");
}
