/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/embedded.h"

#include <string.h>

struct embedded embedded_first(const char *files)
{
    if (!*files) return (struct embedded){0};
    return (struct embedded){files, files + strlen(files) + 1};
}

struct embedded embedded_next(struct embedded file)
{
    return embedded_first(file.text + strlen(file.text) + 1);
}

const char *embedded_text(const char *files, const char *name)
{
    for (struct embedded file = embedded_first(files); file.name; file = embedded_next(file))
        if (!strcmp(file.name, name)) return file.text;
    return NULL;
}
