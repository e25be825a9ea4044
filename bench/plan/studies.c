/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/plan/studies.h"
#include "bench/plan/grid_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

enum { REPS = 10, REPS_MIN = 6 };

static bool is_global(const struct ini_section *section)
{
    return !strcmp(section->name, "global");
}

/* ---- reading ---- */

/* Takes what is said of the whole run; refuses what stands where it means nothing, and what there is not. */
static int check_entry(struct studies *studies, const struct ini_section *section, const struct ini_entry *entry,
                       struct reason *why)
{
    const struct option_row *row = options_find(entry->key, strlen(entry->key));
    struct reason what = {""};
    int error = 0;
    if (row && row->scope == OPTION_OF_CALL)
        error = reason_give(&what, -EINVAL, "%s belongs on the command line, not in the file of an experiment",
                            row->name);
    else if (row && row->scope == OPTION_OF_RUN && !is_global(section))
        error = reason_give(&what, -EINVAL, "%s applies to the whole run: it belongs in [global]", entry->key);
    else if (!row || row->scope == OPTION_OF_RUN)
        error = options_set(&studies->global, entry->key, entry->value, &what);
    return error ? reason_give(why, -EINVAL, "line %u: %s", entry->line, what.text) : 0;
}

/* A study's name is a word in tables, paths and legends. */
static int check_name(const struct ini_section *section, struct reason *why)
{
    size_t length = 0;
    while (isalnum((unsigned char)section->name[length]) || section->name[length] == '-') length++;
    if (!section->name[length] && length < sizeof((struct cell *)NULL)->study) return 0;
    return reason_give(why, -EINVAL, "line %u: [%.40s]: a study's name is at most %zu letters, digits and -", section->line,
                       section->name, sizeof((struct cell *)NULL)->study - 1);
}

static int check_sections(struct studies *studies, struct reason *why)
{
    int error = 0;
    for (size_t i = 0; !error && i < studies->ini.count; i++) {
        const struct ini_section *section = &studies->ini.sections[i];
        error = check_name(section, why);
        for (size_t k = 0; !error && k < section->count; k++)
            error = check_entry(studies, section, &section->entries[k], why);
    }
    if (!error && !studies->ini.count) error = reason_give(why, -EINVAL, "there is no [section] in it");
    return error;
}

static int check_wanted(const struct studies *studies, const struct options *options, struct reason *why)
{
    for (size_t i = 0; i < options->studies.count; i++) {
        if (ini_section(&studies->ini, options->studies.values[i])) continue;
        reason_set(why, "--study: no study \"%.60s\"; there are", options->studies.values[i]);
        for (size_t k = 0; k < studies->ini.count; k++) {
            const struct ini_section *section = &studies->ini.sections[k];
            if (!is_global(section) && section == ini_section(&studies->ini, section->name))
                reason_add(why, " %s", section->name);
        }
        return -EINVAL;
    }
    return 0;
}

int studies_open(const char *path, bool quick, const struct options *options, struct studies *studies,
                 struct reason *why)
{
    const char *name = quick ? "quick" : "default";
    char *loaded = NULL;
    struct reason what = {""};
    *studies = (struct studies){.where = ""};
    options_begin(&studies->global, options->verbs, options->verb);
    snprintf(studies->where, sizeof studies->where, "%s", path ? path : name);
    int error = path ? ini_load(path, &loaded, why) : 0;
    if (error) return error;
    error = ini_read(path ? loaded : embedded_text(studies_files, name), &studies->ini, &what);
    free(loaded);
    if (!error) error = check_sections(studies, &what);
    if (error) reason_set(why, "%s: %s", studies->where, what.text);
    if (!error) error = check_wanted(studies, options, why);
    if (error) studies_close(studies);
    return error;
}

void studies_close(struct studies *studies)
{
    options_free(&studies->global);
    ini_free(&studies->ini);
}

void studies_protocol(const struct studies *studies, struct protocol *protocol)
{
    const struct options *global = &studies->global;
    *protocol = (struct protocol){.reps = global->reps ? global->reps : REPS,
                                  .precision = global->precision,
                                  .settle = global->settle,
                                  .time_limit_ns = global->time_limit_ns,
                                  .warmup = options_given(global, "warmup") ? (int)global->warmup : PLAN_WARMUP_AUTO,
                                  .spans = options_given(global, "spans") ? (int)global->spans : PLAN_SPANS_AUTO,
                                  .timeline = global->timeline,
                                  .deadline_ns = global->deadline_ns,
                                  .memory_bytes = global->memory_bytes,
                                  .seed = global->seed,
                                  .task_seed = global->seed};
    bool open_end = protocol->time_limit_ns || protocol->precision > 0 || protocol->settle > 0;
    protocol->reps_min = open_end && protocol->reps > REPS_MIN ? REPS_MIN : protocol->reps;
}

/* ---- planning ---- */

static bool overrides(const struct ini_section *section, const char *key)
{
    const struct option_row *row = options_find(key, strlen(key));
    for (size_t i = 0; i < section->count; i++)
        if (options_find(section->entries[i].key, strlen(section->entries[i].key))->offset == row->offset) return true;
    return false;
}

/* What a section says, after what [global] says of each; entries: room for all of both. */
static struct ini_section merge(const struct studies *studies, const struct ini_section *section,
                                struct ini_entry *entries)
{
    struct ini_section merged = {.name = section->name, .line = section->line, .entries = entries};
    const struct ini_section *global = ini_section(&studies->ini, "global");
    for (size_t i = 0; global && global != section && i < global->count; i++)
        if (!options_given(&studies->global, global->entries[i].key) && !overrides(section, global->entries[i].key))
            entries[merged.count++] = global->entries[i];
    for (size_t i = 0; i < section->count; i++)
        if (!options_given(&studies->global, section->entries[i].key)) entries[merged.count++] = section->entries[i];
    return merged;
}

struct study {
    const struct studies *studies;
    struct plan *plan;
    const char *name;
    double scale;
};

static int add_options(const struct study *study, const struct ini_section *section, struct reason *why)
{
    struct names words;
    struct options grid;
    struct reason what = {""};
    int error = grid_words_make(section, study->plan->cpus, study->scale, &words, why);
    if (error) return error;
    options_begin(&grid, study->studies->global.verbs, study->studies->global.verb);
    error = grid_words_set(&words, section, &grid, why);
    if (!error && !grid.kernels.count)
        error = reason_give(why, -EINVAL, "line %u: [%s] needs a kernel", section->line, section->name);
    unsigned before = study->plan->cell_count;
    if (!error && plan_add(study->plan, study->name, &grid, &what)) {
        error = study->plan->cell_count == before ? -ENODATA : -EINVAL;
        reason_set(why, "line %u: [%s]: %s", section->line, section->name, what.text);
    }
    options_free(&grid);
    values_names_free(&words);
    return error;
}

static int add_section(const struct study *study, const struct ini_section *section, struct reason *why)
{
    const struct ini_section *global = ini_section(&study->studies->ini, "global");
    struct ini_entry *entries = calloc(section->count + (global ? global->count : 0) + 1, sizeof *entries);
    if (!entries) return reason_give(why, -ENOMEM, "no memory");
    struct ini_section merged = merge(study->studies, section, entries);
    int error = add_options(study, &merged, why);
    free(entries);
    return error;
}

static bool is_wanted(const struct options *options, const char *study)
{
    for (size_t i = 0; i < options->studies.count; i++)
        if (!strcmp(options->studies.values[i], study)) return true;
    return options->studies.count == 0;
}

int studies_add(const struct studies *studies, struct plan *plan, const struct options *options, double scale,
                struct reason *why)
{
    const struct ini *ini = &studies->ini;
    struct reason what = {""};
    for (size_t i = 0; i < ini->count; i++) {
        const struct ini_section *section = &ini->sections[i];
        bool alone = ini->count == 1; /* [global] and nothing else is one grid */
        struct study study = {studies, plan, is_global(section) ? "run" : section->name, scale};
        if ((is_global(section) && !alone) || !is_wanted(options, section->name)) continue;
        int error = add_section(&study, section, &what);
        if (error && error != -ENODATA) return reason_give(why, error, "%s: %s", studies->where, what.text);
    }
    if (plan->cell_count) return 0;
    return reason_give(why, -EINVAL, "%s: nothing is left to measure: %s", studies->where, what.text);
}

double studies_expected_ns(const struct plan *plan)
{
    double sum = 0;
    for (unsigned i = 0; i < plan->cell_count; i++)
        sum += plan_expected_ns(plan, i) * (double)(plan->protocol.reps_min + (plan->cells[i].baseline != i));
    return sum;
}

/* ---- writing ---- */

static void write_scope(const struct options *options, enum option_scope scope, FILE *out)
{
    for (const struct option_row *row = options_table; row->name; row++) {
        const char *text = options->texts[row - options_table];
        if (row->scope != scope || !text) continue;
        fprintf(out, *text ? "%s = %s\n" : "%s\n", row->name, text);
    }
}

int studies_write(const struct options *options, FILE *out, struct reason *why)
{
    char *text = NULL;
    if (options->kernels.count) {
        fputs("[global]\n", out);
        write_scope(options, OPTION_OF_RUN, out);
        fputs("\n[run]\n", out);
        write_scope(options, OPTION_OF_GRID, out);
        return 0;
    }
    int error = options->file ? ini_load(options->file, &text, why) : 0;
    if (!error) fputs(text ? text : embedded_text(studies_files, options->quick ? "quick" : "default"), out);
    free(text);
    return error;
}
