/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/ini.h"

#include "results/models/summary_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, PIPE_WAIT_MS = 10000 };

static const char blanks[] = " \t\r";

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, blanks);
    for (size_t length = strlen(text); length && strchr(blanks, text[length - 1]);) text[--length] = '\0';
    return text;
}

static int open_section(struct ini *ini, char *line, unsigned number, struct reason *why)
{
    size_t length = strlen(line);
    if (line[length - 1] != ']') return reason_give(why, -EINVAL, "line %u: a section's name ends with ]", number);
    line[length - 1] = '\0';
    const char *name = trim(line + 1);
    if (!*name) return reason_give(why, -EINVAL, "line %u: a section needs a name", number);
    struct ini_section *section = parts_append(&ini->sections, &ini->count, sizeof *section);
    if (!section) return reason_give(why, -ENOMEM, "no memory");
    *section = (struct ini_section){.name = name, .line = number};
    return 0;
}

static int add_entry(struct ini *ini, char *line, unsigned number, struct reason *why)
{
    char *equals = strchr(line, '='), *value = NULL;
    if (!ini->count) return reason_give(why, -EINVAL, "line %u: \"%.40s\" stands before the first [section]", number, line);
    if (equals) {
        *equals = '\0';
        value = trim(equals + 1);
    }
    struct ini_section *section = &ini->sections[ini->count - 1];
    const char *key = trim(line);
    if (!*key) return reason_give(why, -EINVAL, "line %u: a name is missing before =", number);
    struct ini_entry *entry = parts_append(&section->entries, &section->count, sizeof *entry);
    if (!entry) return reason_give(why, -ENOMEM, "no memory");
    *entry = (struct ini_entry){key, value, number};
    return 0;
}

/* Where a value goes on, its text is moved up to the end of what stands there: never further than where it was. */
static int continue_entry(struct ini *ini, char *line, unsigned number, struct reason *why)
{
    struct ini_section *section = ini->count ? &ini->sections[ini->count - 1] : NULL;
    struct ini_entry *entry = section && section->count ? &section->entries[section->count - 1] : NULL;
    if (!entry || !entry->value)
        return reason_give(why, -EINVAL, "line %u: it is indented, and there is no value above that goes on", number);
    char *end = ini->text + (entry->value - ini->text) + strlen(entry->value);
    if (*entry->value) *end++ = ' ';
    memmove(end, line, strlen(line) + 1);
    return 0;
}

int ini_read(const char *text, struct ini *ini, struct reason *why)
{
    *ini = (struct ini){.text = strdup(text)};
    int error = ini->text ? 0 : reason_give(why, -ENOMEM, "no memory");
    static const char mark[] = "\xef\xbb\xbf"; /* which some editors put before UTF-8 */
    char *rest = ini->text;
    if (rest && !strncmp(rest, mark, strlen(mark))) rest += strlen(mark);
    for (unsigned number = 1; !error && rest && *rest; number++) {
        char *line = rest, *end = strchr(line, '\n');
        if (end) *end = '\0';
        rest = end ? end + 1 : NULL;
        bool indented = *line == ' ' || *line == '\t';
        line = trim(line);
        if (!*line || *line == ';' || *line == '#') continue;
        error = indented      ? continue_entry(ini, line, number, why)
                : *line == '[' ? open_section(ini, line, number, why)
                               : add_entry(ini, line, number, why);
    }
    if (error) ini_free(ini);
    return error;
}

void ini_free(struct ini *ini)
{
    for (size_t i = 0; i < ini->count; i++) free(ini->sections[i].entries);
    free(ini->sections);
    free(ini->text);
    *ini = (struct ini){0};
}

const struct ini_section *ini_section(const struct ini *ini, const char *name)
{
    for (size_t i = 0; i < ini->count; i++)
        if (!strcmp(ini->sections[i].name, name)) return &ini->sections[i];
    return NULL;
}

const struct ini_entry *ini_entry(const struct ini_section *section, const char *key)
{
    for (size_t i = 0; section && i < section->count; i++)
        if (!strcmp(section->entries[i].key, key)) return &section->entries[i];
    return NULL;
}

/* Reads to the end, or one byte more than a file may have. */
static ssize_t read_all(int fd, char *text)
{
    size_t used = 0;
    for (;;) {
        ssize_t got = read(fd, text + used, FILE_MAX + 1 - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, PIPE_WAIT_MS) == 1) continue;
        if (got <= 0) return got < 0 ? -errno : (ssize_t)used;
        used += (size_t)got;
    }
}

int ini_load(const char *path, char **text, struct reason *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer does not hold it up */
    if (fd < 0) return reason_give(why, -errno, "%.200s: %s", path, strerror(errno));
    *text = malloc(FILE_MAX + 2);
    ssize_t length = *text ? read_all(fd, *text) : -ENOMEM;
    close(fd);
    int error = length < 0 ? reason_give(why, (int)length, "%.200s: %s", path, strerror((int)-length)) : 0;
    if (!error) (*text)[length] = '\0';
    if (!error && length > FILE_MAX) error = reason_give(why, -EFBIG, "%.200s: longer than 1 MiB", path);
    if (!error && strlen(*text) != (size_t)length) error = reason_give(why, -EINVAL, "%.200s: no text: it has a byte 0", path);
    if (error) free(*text);
    return error;
}

/* ---- inside the program ---- */

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
