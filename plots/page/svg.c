/* SPDX-License-Identifier: GPL-3.0-or-later */
/* svg.c: gnuplot's SVG, tag by tag. */
#include "plots/chart.h"
#include "plots/format.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SVG_MAX = 32 << 20, DEPTH_MAX = 32, CROWDED_BYTES = 512 << 10 };
static const double DOT_MAX = 2; /* radius of what is drawn of each repetition */

static char *read_all(const char *path)
{
    struct stat facts;
    char *text = NULL;
    FILE *in = fopen(path, "re");
    if (!in) return NULL;
    if (!fstat(fileno(in), &facts) && S_ISREG(facts.st_mode) && facts.st_size <= SVG_MAX &&
        (text = malloc((size_t)facts.st_size + 1)))
        text[fread(text, 1, (size_t)facts.st_size, in)] = 0;
    fclose(in);
    return text;
}

/* The page's names for the colours of style.gp. */
static const struct {
    unsigned colour;
    const char *name;
} inks[] = {{0x1a1a1a, "ink"},   {0x595959, "quiet"}, {0xdddddd, "rule"}, {0x8c8c8c, "bound"},
            {0xb3261e, "alert"}, {0xececec, "pale"},  {0xfefefe, "on"}};

/* rgb(r, g, b), black or anything else; *series is set where it names one. */
static void write_colour(FILE *out, const struct chart *chart, const char *value, size_t length, unsigned *series)
{
    unsigned red, green, blue;
    char text[40];
    snprintf(text, sizeof text, "%.*s", (int)length, value);
    if (!strcmp(text, "black") || !strcasecmp(text, "#ffffff")) {
        fputs(text[0] == 'b' ? "var(--ink)" : "var(--paper)", out);
        return;
    }
    if (!strncmp(text, "url(#", 5)) {
        fprintf(out, "url(#%s-%s", chart->figure->name, text + 5);
        return;
    }
    if (sscanf(text, "rgb( %u , %u , %u )", &red, &green, &blue) != 3 || red > 255 || green > 255 || blue > 255) {
        fwrite(value, 1, length, out);
        return;
    }
    unsigned colour = red << 16 | green << 8 | blue;
    for (size_t i = 0; i < sizeof inks / sizeof *inks; i++)
        if (inks[i].colour == colour) {
            fprintf(out, "var(--%s)", inks[i].name);
            return;
        }
    for (unsigned s = 1; s <= chart->series; s++)
        if (chart_colour(chart, s) == colour) {
            fprintf(out, "var(--hue%u)", chart->one[s - 1].hue % CHART_HUES);
            *series = s;
            return;
        }
    fprintf(out, "rgb(%u,%u,%u)", red, green, blue);
}

static bool is(const char *name, size_t length, const char *wanted)
{
    return strlen(wanted) == length && !strncmp(name, wanted, length);
}

/* The text in gnuplot_svg.showHypertext(evt,'TEXT'); it has no quotes (format_datum saw to that). */
static void write_tip(FILE *out, const char *value, size_t length)
{
    char text[1024];
    snprintf(text, sizeof text, "%.*s", (int)length, value);
    char *from = strchr(text, '\''), *to = strrchr(text, '\'');
    if (!from || from == to) return;
    *to = 0;
    fputs(" data-tip=\"", out);
    format_html(out, from + 1);
    putc('"', out);
}

/* An attribute's name or its value. */
struct part {
    const char *text;
    size_t length;
};

/* What gnuplot repeats at each of its groups: the page says it once, of the whole figure (svg_inline). */
static bool said_of_all(struct part name, struct part value)
{
    static const char *const all[][2] = {
        {"fill", "none"}, {"color", "black"}, {"stroke", "currentColor"}, {"stroke-linecap", "butt"}, {"stroke-linejoin", "miter"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is(name.text, name.length, all[i][0]) && is(value.text, value.length, all[i][1])) return true;
    return false;
}

static void write_attribute(FILE *out, const struct chart *chart, struct part named, struct part valued, unsigned *series)
{
    const char *name = named.text, *value = valued.text;
    size_t name_length = named.length, length = valued.length;
    if (name_length > 2 && !strncmp(name, "on", 2)) {
        if (is(name, name_length, "onmousemove") && strstr(value, "showHypertext") &&
            strstr(value, "showHypertext") < value + length)
            write_tip(out, value, length);
        return;
    }
    if (is(name, name_length, "visibility") || is(name, name_length, "font-family")) return;
    if (is(name, name_length, "id") && strncmp(value, "gp", 2)) return; /* only definitions are referred to */
    if (is(name, name_length, "opacity")) { /* of a group it would be painted as a picture of its own when printed */
        fprintf(out, " fill-opacity=\"%.*s\" stroke-opacity=\"%.*s\"", (int)length, value, (int)length, value);
        return;
    }
    bool link = is(name, name_length, "xlink:href");
    fprintf(out, " %.*s=\"", link ? 4 : (int)name_length, link ? "href" : name);
    if (is(name, name_length, "id")) fprintf(out, "%s-%.*s", chart->figure->name, (int)length, value);
    else if (link && value[0] == '#')
        fprintf(out, "#%s-%.*s", chart->figure->name, (int)length - 1, value + 1);
    else if (is(name, name_length, "stroke") || is(name, name_length, "fill") || is(name, name_length, "color"))
        write_colour(out, chart, value, length, series);
    else
        for (size_t i = 0; i < length; i++) /* no runs of blanks, no double quotes */
            if (value[i] != '"' &&
                (!isspace((unsigned char)value[i]) || (i > 0 && !isspace((unsigned char)value[i - 1]))))
                putc(isspace((unsigned char)value[i]) ? ' ' : value[i], out);
    putc('"', out);
}

/* One tag from its '<' to its '>'. */
static void write_tag(FILE *out, const struct chart *chart, const char *tag, const char *end)
{
    unsigned series = 0;
    const char *at = tag + 1 + strcspn(tag + 1, " \t\n/>");
    if (tag[1] == '/') {
        fwrite(tag, 1, (size_t)(end - tag) + 1, out);
        return;
    }
    bool group = is(tag + 1, (size_t)(at - tag) - 1, "g");
    fwrite(tag, 1, (size_t)(at - tag), out);
    while (at < end) {
        const char *name = at + strspn(at, " \t\n"), *equals = memchr(name, '=', (size_t)(end - name));
        const char *quote = equals ? equals + 1 + strspn(equals + 1, " ") : end;
        if (quote >= end || (*quote != '"' && *quote != '\'')) break;
        const char *close = memchr(quote + 1, *quote, (size_t)(end - quote - 1));
        if (!close) break;
        struct part named = {name, strcspn(name, " =")}, valued = {quote + 1, (size_t)(close - quote - 1)};
        if (!group || !said_of_all(named, valued)) write_attribute(out, chart, named, valued, &series);
        at = close + 1;
    }
    if (series) fprintf(out, " data-s=\"%u\"", series);
    fputs(end[-1] == '/' ? "/>" : ">", out);
}

/* The end of a tag: a '>' outside quotes. */
static const char *tag_end(const char *tag)
{
    char quote = 0;
    for (; *tag; tag++) {
        if (quote) quote = *tag == quote ? 0 : quote;
        else if (*tag == '"' || *tag == '\'') quote = *tag;
        else if (*tag == '>') return tag;
    }
    return NULL;
}

static const char *skip_past(const char *text, const char *mark)
{
    const char *found = strstr(text, mark);
    return found ? found + strlen(mark) : text + strlen(text);
}

/* A label's group (a translation and one text) above or below what the page shows: title, legend, caption. */
static bool out_of_sight(const struct chart *chart, const char *tag)
{
    static const char group[] = "<g transform=\"translate(";
    if (strncmp(tag, group, strlen(group))) return false; /* no sscanf: it measures all that follows first */
    const char *at = tag + strlen(group);
    char *end;
    strtod(at, &end);
    if (end == at || *end != ',') return false;
    at = end + 1;
    double y = strtod(at, &end);
    if (end == at || *end != ')') return false;
    return y < chart_top(chart) || y > chart_height(chart) - chart_bottom(chart) + 8;
}

/* Of a crowded figure: pale dots of one size and colour, one after the other, become one path of round points. */
struct dots {
    bool crowded, open;
    char like[256]; /* what they have in common, as it was written */
};

static void dots_close(FILE *out, struct dots *dots)
{
    if (dots->open) fputs("\"/>", out);
    dots->open = false;
}

/* Writes `mark`, a tag of the page, as a point of a path where it is such a dot. */
static bool dot_write(FILE *out, struct dots *dots, const char *mark)
{
    static const char shape[] = "-gpPt6\" transform=\"translate(";
    const char *at = strstr(mark, shape), *scale = at ? strstr(at, ") scale(") : NULL, *rest = scale ? strstr(scale, ")\"") : NULL;
    if (strncmp(mark, "<use ", 5) || !rest || !strstr(rest, "fill-opacity") || strlen(scale) >= sizeof dots->like) return false;
    double x, y, radius = strtod(scale + 8, NULL);
    if (!(radius < DOT_MAX) || sscanf(at + strlen(shape), "%lf,%lf", &x, &y) != 2) return false;
    if (!dots->open || strcmp(dots->like, scale)) {
        dots_close(out, dots);
        snprintf(dots->like, sizeof dots->like, "%s", scale);
        fprintf(out, "<path stroke-linecap=\"round\" stroke-width=\"%.2f\"%.*s d=\"", 2 * radius, (int)strlen(rest) - 4, rest + 2);
        dots->open = true;
    }
    fprintf(out, "M%.1f %.1fh0", x, y);
    return true;
}

/* A tag; a mark without any size is left out, as gnuplot places them under what has a value to show. */
static void write_mark(FILE *out, const struct chart *chart, struct dots *dots, const char *tag, const char *end)
{
    char *text = NULL;
    size_t size;
    FILE *memory = strncmp(tag, "<use ", 5) ? NULL : open_memstream(&text, &size);
    if (memory) write_tag(memory, chart, tag, end);
    if (memory && !fclose(memory) && (strstr(text, " scale(0.00)") || (dots->crowded && dot_write(out, dots, text)))) {
        free(text);
        return;
    }
    free(text);
    dots_close(out, dots);
    write_tag(out, chart, tag, end);
}

static void write_body(FILE *out, const struct chart *chart, const char *at)
{
    unsigned scripts = 0;
    struct dots dots = {.crowded = strlen(at) > CROWDED_BYTES};
    while (*at) {
        if (*at != '<') { /* text of a label, escaped by gnuplot; blanks between tags go */
            size_t length = strcspn(at, "<");
            bool blank = strspn(at, " \t\n") >= length;
            if (!blank) {
                dots_close(out, &dots);
                fwrite(at, 1, length, out);
            }
            at += length;
        } else if (!strncmp(at, "<?", 2)) at = skip_past(at, "?>");
        else if (!strncmp(at, "<!--", 4)) at = skip_past(at, "-->");
        else if (!strncmp(at, "<title>", 7)) at = skip_past(at, "</title>");
        else if (!strncmp(at, "<desc>", 6)) at = skip_past(at, "</desc>");
        else if (!strncmp(at, "<filter", 7)) at = skip_past(at, "</filter>"); /* behind boxed labels: there are none */
        else if (!strncmp(at, "<script", 7)) {
            if (++scripts == 2) break; /* what follows are the mouse's own elements */
            at = skip_past(at, "</script>");
        } else if (out_of_sight(chart, at)) {
            at = skip_past(at, "</g>");
        } else {
            const char *end = tag_end(at);
            if (!end) break;
            bool background = !strncmp(at, "<rect x=\"0\" y=\"0\"", 17);
            if (strncmp(at, "<svg", 4) && strncmp(at, "</svg", 5) && !background) write_mark(out, chart, &dots, at, end);
            at = end + 1;
        }
    }
    dots_close(out, &dots);
    if (scripts == 2) fputs("</g>", out);
}

/* gnuplot leaves many groups empty; without them the page is a third smaller. Works in place. */
static void drop_empty_groups(char *text)
{
    for (bool again = true; again;) {
        char *to = text;
        again = false;
        for (const char *from = text; *from;) {
            const char *end = !strncmp(from, "<g", 2) && (from[2] == ' ' || from[2] == '>') ? strchr(from, '>') : NULL;
            if (end && !strncmp(end + 1, "</g>", 4)) {
                from = end + 5;
                again = true;
            } else *to++ = *from++;
        }
        *to = 0;
    }
}

/* How deep groups stand in one another. */
static size_t group_depth(const char *text)
{
    size_t depth = 0, deepest = 0;
    for (const char *at = text; (at = strchr(at, '<')); at++) {
        if (!strncmp(at, "<g>", 3) || !strncmp(at, "<g ", 3)) depth++;
        else if (!strncmp(at, "</g>", 4) && depth) depth--;
        if (depth > deepest) deepest = depth;
    }
    return deepest;
}

/* Groups without attributes are none; two of the same attributes, one after the other, are one. Works in place. */
static void join_groups(char *text)
{
    struct {
        const char *tag; /* as it was written */
        size_t length;
    } open[DEPTH_MAX];
    size_t depth = 0;
    char *to = text;
    for (const char *from = text; *from;) {
        size_t length = 1;
        if (!strncmp(from, "<g>", 3) || !strncmp(from, "<g ", 3)) {
            length = strcspn(from, ">") + 1;
            open[depth].tag = to;
            open[depth++].length = length;
            if (length == 3) {
                from += length;
                continue;
            }
        } else if (depth && !strncmp(from, "</g>", 4)) {
            size_t opened = open[depth - 1].length;
            bool again = opened > 3 && !strncmp(from + 4, open[depth - 1].tag, opened);
            depth -= !again;
            length = 4;
            if (again || opened == 3) {
                from += again ? 4 + opened : 4;
                continue;
            }
        }
        memmove(to, from, length);
        to += length;
        from += length;
    }
    *to = 0;
}

int svg_inline(const struct chart *chart, const char *dir, FILE *out)
{
    const char *name = chart->figure->name;
    char path[4200], *body = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/plots/%s.svg", dir, name);
    char *text = read_all(path);
    if (!text) return -ENOENT;
    FILE *memory = open_memstream(&body, &size);
    if (memory) write_body(memory, chart, text);
    free(text);
    if (!memory || fclose(memory)) {
        free(body);
        return -ENOMEM;
    }
    drop_empty_groups(body);
    for (int pass = 0; pass < 2 && group_depth(body) <= DEPTH_MAX; pass++) join_groups(body); /* the second joins what bare ones parted */
    unsigned top = chart_top(chart) - 2;
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 %u %d %u\" fill=\"none\" color=\"var(--ink)\" "
        "stroke=\"currentColor\" role=\"img\" aria-labelledby=\"fig-%s-title\" aria-describedby=\"fig-%s-text\">%s</svg>\n",
        top, CHART_WIDTH, chart_height(chart) - top - chart_bottom(chart) + 8, name, name, body);
    free(body);
    return 0;
}
