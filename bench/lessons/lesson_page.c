/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/lessons.h"

#include "bench/base/ini.h"
#include "bench/measure/rundir.h"
#include "plots/assets.h"
#include "plots/format.h"
#include "results/record/record.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a lesson's page comes from: the folder of a run, or the program. */
struct source {
    const char *text, *dir; /* dir: NULL: the program */
};

static void put_letters(const char *text, size_t length, FILE *out)
{
    for (size_t i = 0; i < length; i++) format_html_letter(out, text[i]);
}

/* ---- figures ---- */

/* As a part of the page: an address that holds the picture (RFC 2397). */
static void put_picture(const char *svg, FILE *out)
{
    fputs("data:image/svg+xml,", out);
    for (; *svg; svg++) {
        if (strchr("\"#%<>&\n\t\\^`{|}", *svg)) fprintf(out, "%%%02X", (unsigned char)*svg);
        else fputc(*svg, out);
    }
}

/* The text of a figure's file; NULL: it is not there. `loaded` is to be freed. */
static const char *find_figure(const struct source *source, const char *path, char **loaded)
{
    char name[PATH_MAX];
    struct reason why;
    if (source->dir) {
        if (snprintf(name, sizeof name, "%s/%s", source->dir, path) >= (int)sizeof name || ini_load(name, loaded, &why)) *loaded = NULL;
        return *loaded;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "."), path);
    return embedded_text(lesson_figures, name);
}

/* ![words](path) */
static void put_figure(const struct source *source, const char *line, size_t length, FILE *out)
{
    const char *middle = strstr(line, "](");
    char path[256], *loaded = NULL;
    if (!middle || middle > line + length) return;
    snprintf(path, sizeof path, "%.*s", (int)strcspn(middle + 2, ")"), middle + 2);
    const char *svg = find_figure(source, path, &loaded);
    if (svg) {
        fputs("<p><img alt=\"", out);
        put_letters(line + 2, (size_t)(middle - line - 2), out);
        fputs("\" src=\"", out);
        put_picture(svg, out);
        fputs("\"></p>\n", out);
    }
    free(loaded);
}

/* ---- the Markdown that lesson_show.c writes ---- */

/* **strong** and `code`. */
static void put_words(const char *text, size_t length, FILE *out)
{
    bool strong = false, code = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '`') fputs((code = !code) ? "<code>" : "</code>", out);
        else if (!code && i + 1 < length && text[i] == '*' && text[i + 1] == '*')
            fputs((strong = !strong) ? "<strong>" : "</strong>", out), i++;
        else format_html_letter(out, text[i]);
    }
}

static void put_line(const struct source *source, const char *line, size_t length, FILE *out)
{
    static const char small[] = "<sub>";
    size_t skipped = strlen(small);
    const char *tag = *line == '#' ? "h2" : "p";
    if (!length) return;
    if (!strncmp(line, "![", 2)) {
        put_figure(source, line, length, out);
        return;
    }
    if (!strncmp(line, "    ", 4)) {
        fputs("<pre><code>", out);
        put_letters(line + 4, length - 4, out);
        fputs("</code></pre>\n", out);
        return;
    }
    bool date = !strncmp(line, small, skipped);
    size_t from = date ? skipped : *line == '#' ? 2 : 0;
    fprintf(out, "<%s>%s", tag, date ? "<small>" : "");
    put_words(line + from, date ? strcspn(line + from, "<") : length - from, out);
    if (date) fputs(source->dir ? " This machine's own.</small>" : " Recorded with the program.</small>", out);
    fprintf(out, "</%s>\n", tag);
}

/* ---- all of them ---- */

/* The newest run of a lesson in the default place: its folder and its page, which is to be freed. */
static bool find_run(const char *name, char *dir, size_t size, char **text)
{
    char pattern[128], path[PATH_MAX];
    glob_t found;
    struct reason why;
    bool good = false;
    snprintf(pattern, sizeof pattern, "results/runs/*-lesson-%s/lesson.md", name);
    if (glob(pattern, 0, NULL, &found)) return false;
    for (size_t i = found.gl_pathc; !good && i > 0; i--) {
        snprintf(path, sizeof path, "%s", found.gl_pathv[i - 1]);
        good = !ini_load(path, text, &why);
        if (!good) *text = NULL;
        else snprintf(dir, size, "%.*s", (int)(strrchr(path, '/') - path), path);
    }
    globfree(&found);
    return good;
}

static void put_all(FILE *out)
{
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) {
        const char *name = strchr(file.name, '-') + 1;
        char dir[PATH_MAX], *text = NULL;
        bool own = find_run(name, dir, sizeof dir, &text);
        struct source source = {own ? text : embedded_text(lesson_pages, name), own ? dir : NULL};
        for (const char *line = source.text; line && *line;) {
            size_t length = strcspn(line, "\n");
            put_line(&source, line, length, out);
            line += length + (line[length] == '\n');
        }
        free(text);
    }
}

int lesson_page_write(const struct options *options)
{
    char dir[RUNDIR_PATH], *text = NULL, line[RUNDIR_PATH + 64];
    size_t size = 0;
    struct reason why = {""};
    FILE *out = open_memstream(&text, &size);
    if (!out) return options_complain(options, "no memory");
    fputs(asset_lessons_begin, out);
    put_all(out);
    fputs("</body></html>\n", out);
    int error = fclose(out) ? -ENOMEM : 0, status = STATUS_GOOD;
    if (!error && rundir_make(options->output, "lessons", dir, &why)) status = options_complain(options, "%s", why.text);
    if (!error && !status) error = record_write_file(dir, "lessons.html", text, size);
    if (error) status = options_complain(options, "cannot write lessons.html: %s", strerror(-error));
    free(text);
    snprintf(line, sizeof line, "The page: %s/lessons.html", dir);
    return status ? status : options_print(options, line);
}
