/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report: a recorded run as text, figures and page; measures nothing. */
#include "bench/measure/rundir.h"
#include "bench/measure/show.h"
#include "bench/verbs/beside.h"
#include "bench/verbs/whatif.h"
#include "plots/plots.h"
#include "results/record/record_join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Copies a file to stdout. */
static int print_file(const struct options *options, const char *dir, const char *name)
{
    char path[4300], buffer[65536];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    if (!file) return options_complain(options, "cannot read %s", path);
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) fwrite(buffer, 1, got, stdout);
    fclose(file);
    return options_flush(options);
}

static int print_csv(const struct options *options, const struct summary *summary)
{
    char *text = summary_to_csv(summary);
    if (!text) return options_complain(options, "no memory");
    size_t length = strlen(text);
    if (length && text[length - 1] == '\n') text[length - 1] = '\0';
    int status = options_print(options, text);
    free(text);
    return status;
}

static int print_all(const struct options *options, const struct shown *shown)
{
    const char *format = options->format ? options->format : "";
    if (options->predict) return whatif_print(options, &shown->summary);
    if (options->json) return show_print(options, shown);
    if (!strcmp(format, "csv")) return print_csv(options, &shown->summary);
    if (!strcmp(format, "markdown"))
        return report_markdown_print(&shown->summary, stdout)
                   ? options_complain(options, "cannot write to standard output")
                   : STATUS_GOOD;
    if (!strcmp(format, "html")) {
        if (show_write(options, shown, true)) return STATUS_FAILED;
        return print_file(options, shown->run.dir, "report.html");
    }
    int status = show_print(options, shown);
    if (*format || status) return status;
    char line[4300];
    if (show_write(options, shown, true)) return STATUS_FAILED;
    snprintf(line, sizeof line, "\nThe page: %s/report.html", shown->run.dir);
    return options_print(options, line);
}

/* The parts of a run (run --share) as a run of its own. */
static int join(const struct options *options, char dir[RUNDIR_PATH])
{
    struct reason why = {""};
    if (rundir_make(options->output, "joined", dir, &why)) return options_complain(options, "%s", why.text);
    if (!record_join(options->operands, options->operand_count, dir, &why)) return STATUS_GOOD;
    rmdir(dir);
    return options_complain(options, "%s", why.text);
}

static int run(const struct options *options)
{
    struct options asked = *options;
    struct shown shown;
    asked.json = options->json || (options->format && !strcmp(options->format, "json"));
    if (options->json && options->format && strcmp(options->format, "json"))
        return options_complain(options, "--json and --format %s are two formats: give one of them", options->format);
    bool setting = options->workers.count || options->tasks.count || options->task_times_ns.count || options->chunks.count;
    if (setting && !options->predict)
        return options_complain(options, "--workers, --tasks, --task-time and --chunk go with --predict");
    char joined[RUNDIR_PATH];
    bool several = options->operand_count > 1;
    if (options->output && !several)
        return options_complain(options, "--output is where several parts are joined: one run is shown where it is");
    if (options->operand_count == 2 && !record_is_part(options->operands[0]) && !record_is_part(options->operands[1]))
        return beside_report(options);
    if (several && join(options, joined)) return STATUS_USAGE;
    int status = show_open(options, several ? joined : options->operands[0], &shown);
    if (status) return status;
    status = print_all(&asked, &shown);
    if (!status) status = show_strict(options, &shown);
    show_close(&shown);
    return status;
}

const struct verb verb_report = {
    .name = "report",
    .summary = "show a recorded run: summary in the terminal, figures, report.html",
    .operands = "DIR..",
    .operands_min = 1,
    .operands_max = 10000,
    .details = "DIR is a run's folder: results/latest is the newest. Nothing is measured. Two runs are shown side by side, in\n"
               "the terminal and on a page; parts of one run (run --share) are joined. --output is the folder of either.",
    .run = run,
};
