/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/verbs/beside.h"

#include "bench/measure/rundir.h"
#include "bench/measure/show.h"
#include "kernels/reason.h"
#include "plots/assets.h"
#include "plots/format.h"
#include "results/record/record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put_file(const struct options *options, const char *path, FILE *out)
{
    FILE *file = fopen(path, "re");
    if (!file) return options_complain(options, "cannot read %s", path);
    for (int c; (c = fgetc(file)) != EOF;) format_html_letter(out, (char)c);
    fclose(file);
    return STATUS_GOOD;
}

/* One run: its figures and page, and the page's place in the common one: in a frame of its own, where its script, tables
 * and explorer work as before. */
static int put_run(const struct options *options, const struct shown *shown, FILE *out)
{
    char path[4300];
    if (show_write(options, shown, true)) return STATUS_FAILED;
    snprintf(path, sizeof path, "%s/report.html", shown->run.dir);
    fputs("<section><h2>", out);
    format_html(out, shown->run.dir);
    fputs("</h2><iframe title=\"", out);
    format_html(out, shown->run.dir);
    fputs("\" srcdoc=\"", out);
    int status = put_file(options, path, out);
    fputs("\"></iframe></section>\n", out);
    return status;
}

static int write_page(const struct options *options, const struct shown *shown)
{
    char dir[RUNDIR_PATH], *text = NULL, line[4400];
    size_t size = 0;
    struct reason why = {""};
    FILE *out = open_memstream(&text, &size);
    if (!out) return options_complain(options, "no memory");
    fputs(asset_beside_begin, out);
    int status = put_run(options, &shown[0], out);
    if (!status) status = put_run(options, &shown[1], out);
    fputs(asset_beside_end, out);
    fclose(out);
    if (!status && rundir_make(options->output, "beside", dir, &why)) status = options_complain(options, "%s", why.text);
    int error = status ? 0 : record_write_file(dir, "report.html", text, size);
    if (error) status = options_complain(options, "cannot write %s/report.html: %s", dir, strerror(-error));
    free(text);
    snprintf(line, sizeof line, "\nThe page: %.4095s/report.html", dir);
    return status ? status : options_print(options, line);
}

static int print_text(const struct options *options, const struct shown *shown)
{
    char line[9000];
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "%s%.4095s:\n", i ? "\n" : "", shown[i].run.dir);
        int status = options_print(options, line);
        if (!status) status = show_print(options, &shown[i]);
        if (status) return status;
    }
    snprintf(line, sizeof line, "\nWhat differs: breakeven compare %.4095s %.4095s", shown[0].run.dir, shown[1].run.dir);
    return options_print(options, line);
}

static int print_json(const struct options *options, const struct shown *shown)
{
    json_t *runs = json_array();
    for (int i = 0; i < 2; i++) json_array_append_new(runs, summary_to_json(&shown[i].summary));
    return options_print_json(options, runs);
}

int beside_report(const struct options *options)
{
    struct shown shown[2];
    const char *format = options->format ? options->format : options->json ? "json" : "text";
    if (strcmp(format, "text") && strcmp(format, "json"))
        return options_complain(options, "--format %s is of one run: two side by side are text, JSON and a page", format);
    int status = show_open(options, options->operands[0], &shown[0]);
    if (status) return status;
    status = show_open(options, options->operands[1], &shown[1]);
    if (!status) {
        status = strcmp(format, "json") ? print_text(options, shown) : print_json(options, shown);
        if (!status && strcmp(format, "json")) status = write_page(options, shown);
        show_close(&shown[1]);
    }
    show_close(&shown[0]);
    return status;
}
