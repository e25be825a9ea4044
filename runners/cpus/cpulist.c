/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/cpulist.h"
#include "kernels/reason.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* Reads one decimal number; -1 where there is none or it is out of range. */
static long number_read(const char **at)
{
    char *end;
    if (!isdigit((unsigned char)**at)) return -1;
    unsigned long number = strtoul(*at, &end, 10);
    *at = end;
    return number < CPULIST_LIMIT ? (long)number : -1;
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
    hwloc_bitmap_t seen = hwloc_bitmap_alloc();
    int error = seen ? 0 : -ENOMEM;
    const char *at = text;
    do {
        long first = 0, last = -1;
        if (!error) error = range_read(&at, &first, &last, text, why);
        unsigned *more = error ? NULL : realloc(list, (used + (size_t)(last - first) + 1) * sizeof *list);
        if (!error && !more) error = -ENOMEM;
        if (more) list = more;
        for (long i = first; !error && i <= last; i++) {
            if (hwloc_bitmap_isset(seen, (unsigned)i))
                error = reason_give(why, -EINVAL, "bad list '%.80s': %ld stands in it twice", text, i);
            hwloc_bitmap_set(seen, (unsigned)i);
            list[used++] = (unsigned)i;
        }
    } while (!error && *at);
    hwloc_bitmap_free(seen);
    if (error == -ENOMEM) reason_set(why, "no memory to read the list '%.80s'", text);
    if (error) free(list);
    else *numbers = list, *count = used;
    return error;
}

void cpulist_write(hwloc_const_bitmap_t from, char *text, size_t size)
{
    if (hwloc_bitmap_list_snprintf(text, size, from) < (int)size) return;
    text[size - 4] = 0;
    char *comma = strrchr(text, ',');
    strcpy(comma ? comma + 1 : text, "...");
}
