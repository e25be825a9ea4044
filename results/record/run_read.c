/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_read.c: reads a recorded run, whatever the files hold. */
#include "results/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MANIFEST_MAX = 64 << 20, /* bytes: a hundred times the largest plan */
    CELLS_MAX = 100000,
    LINE_MAX_BYTES = 4 << 20 /* of samples: twenty thousand workers */
};

/* Where reading stands, where to complain, and who takes the samples. */
struct reader {
    char path[4400];
    size_t line;
    struct reason *why;
    const struct run *run;
    run_take *take;
    void *context;
};

__attribute__((format(printf, 3, 4))) static int complain(const struct reader *reader, int error, const char *format,
                                                          ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (reader->line) reason_set(reader->why, "%s line %zu: %s", reader->path, reader->line, what);
    else reason_set(reader->why, "%s: %s", reader->path, what);
    return error;
}

static const char *file_kind(mode_t mode)
{
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

/* Opens a regular file and nothing else; O_NONBLOCK, so that a FIFO without a writer does not hold us (open(2)). */
static int open_regular(const struct reader *reader, struct stat *stat)
{
    int fd = open(reader->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        int error = errno;
        return complain(reader, -error, "%s", error == ENOENT ? "not there: is this a run's folder?" : strerror(error));
    }
    int status = fstat(fd, stat) ? -errno : 0;
    if (!status && !S_ISREG(stat->st_mode))
        status = complain(reader, -EINVAL, "is %s, not a file", file_kind(stat->st_mode));
    if (status) close(fd);
    return status ? status : fd;
}

/* What stands in front of the text: a byte order mark of UTF-8 is skipped, one of UTF-16 refused. */
static int skip_mark(const struct reader *reader, char **text, size_t *length)
{
    if (*length >= 3 && !memcmp(*text, "\xEF\xBB\xBF", 3)) {
        *text += 3;
        *length -= 3;
    } else if (*length >= 2 && (!memcmp(*text, "\xFF\xFE", 2) || !memcmp(*text, "\xFE\xFF", 2))) {
        return complain(reader, -EINVAL, "is UTF-16: convert it to UTF-8");
    }
    return 0;
}

static int read_whole(const struct reader *reader, char **bytes, size_t *size)
{
    struct stat stat;
    int fd = open_regular(reader, &stat), status = 0;
    if (fd < 0) return fd;
    char *made = NULL;
    size_t filled = 0, room = (size_t)stat.st_size;
    if (stat.st_size > MANIFEST_MAX) status = complain(reader, -EFBIG, "is larger than %d MiB", MANIFEST_MAX >> 20);
    else if (!(made = malloc(room + 1))) status = complain(reader, -ENOMEM, "no memory for %zu bytes", room);
    while (!status && filled < room) {
        ssize_t got = TEMP_FAILURE_RETRY(read(fd, made + filled, room - filled));
        if (got < 0) status = complain(reader, -errno, "%s", strerror(errno));
        if (got <= 0) break;
        filled += (size_t)got;
    }
    close(fd);
    if (status) {
        free(made);
        return status;
    }
    *bytes = made;
    *size = filled;
    return 0;
}

/* Orders cells by what they measure; 0: the same configuration. */
static int by_configuration(const void *left, const void *right)
{
    const struct cell *a = *(const struct cell *const *)left, *b = *(const struct cell *const *)right;
    const uint64_t of_a[] = {a->size, a->tasks, a->task_time_ns, a->seed, a->processes, a->threads, a->nodes, a->chunk};
    const uint64_t of_b[] = {b->size, b->tasks, b->task_time_ns, b->seed, b->processes, b->threads, b->nodes, b->chunk};
    for (size_t i = 0; i < sizeof of_a / sizeof *of_a; i++)
        if (of_a[i] != of_b[i]) return of_a[i] < of_b[i] ? -1 : 1;
    int order = strcmp(a->study, b->study);
    if (!order) order = strcmp(a->kernel, b->kernel);
    if (!order) order = strcmp(a->runner, b->runner);
    if (!order) order = strcmp(a->schedule, b->schedule);
    return order ? order : strcmp(a->placement, b->placement);
}

static int check_twice(const struct reader *reader, const struct run *run)
{
    const struct cell **sorted = calloc(run->cell_count, sizeof *sorted);
    if (!sorted) return complain(reader, -ENOMEM, "no memory");
    size_t count = 0;
    int status = 0;
    for (unsigned i = 0; i < run->cell_count; i++)
        if (run->cells[i].duplicate == i) sorted[count++] = &run->cells[i];
    qsort(sorted, count, sizeof *sorted, by_configuration);
    for (size_t i = 1; !status && i < count; i++)
        if (!by_configuration(&sorted[i - 1], &sorted[i]))
            status = complain(reader, -EINVAL, "cells[%u] and cells[%u] are the same configuration", sorted[i - 1]->id,
                              sorted[i]->id);
    free(sorted);
    return status;
}

/* What binds the cells together: numbers in order, baselines of the same problem, no configuration twice. */
static int check_cells(const struct reader *reader, const struct run *run)
{
    for (unsigned i = 0; i < run->cell_count; i++) {
        const struct cell *cell = &run->cells[i];
        if (cell->id != i)
            return complain(reader, -EINVAL, "cells[%u] has id %u: cells are missing, doubled or out of order", i,
                            cell->id);
        if (cell->baseline >= run->cell_count || cell->duplicate >= run->cell_count)
            return complain(reader, -EINVAL, "cells[%u] refers to a cell that is not there", i);
        const struct cell *base = &run->cells[cell->baseline];
        if (base->baseline != base->id || strcmp(base->kernel, cell->kernel) || base->size != cell->size ||
            base->tasks != cell->tasks)
            return complain(reader, -EINVAL, "cells[%u] has cell %u as its baseline, which is another problem", i,
                            base->id);
        const struct cell *twin = &run->cells[cell->duplicate];
        if (by_configuration(&cell, &twin))
            return complain(reader, -EINVAL, "cells[%u] is a duplicate of cell %u but differs", i, cell->duplicate);
    }
    return check_twice(reader, run);
}

static int read_cells(const struct reader *reader, struct run *run)
{
    const json_t *cells = json_object_get(run->manifest, "cells");
    size_t count = json_array_size(cells);
    if (!count) return complain(reader, -EINVAL, "cells is missing, empty or not an array");
    if (count > CELLS_MAX) return complain(reader, -EFBIG, "has more than %d cells", CELLS_MAX);
    run->cells = calloc(count, sizeof *run->cells);
    if (!run->cells) return complain(reader, -ENOMEM, "no memory for %zu cells", count);
    for (; run->cell_count < count; run->cell_count++) {
        struct reason reason = {""};
        if (cell_from_json(json_array_get(cells, run->cell_count), &run->cells[run->cell_count], &reason))
            return complain(reader, -EINVAL, "cells[%u]: %s", run->cell_count, reason.text);
    }
    return check_cells(reader, run);
}

/* The schema comes first: a newer record may hold anything else. */
static int check_schema(const struct reader *reader, const json_t *manifest)
{
    const json_t *schema = json_object_get(manifest, "schema");
    if (!json_is_integer(schema) || json_integer_value(schema) < 1)
        return complain(reader, -EINVAL, "has no schema number: not a run of breakeven");
    if (json_integer_value(schema) > RECORD_SCHEMA)
        return complain(reader, -EPROTO,
                        "has schema %" JSON_INTEGER_FORMAT ", this breakeven reads up to %d: use a newer one",
                        json_integer_value(schema), RECORD_SCHEMA);
    return 0;
}

static int read_manifest(struct reader *reader, struct run *run)
{
    char *bytes = NULL, *text;
    size_t size = 0;
    json_error_t error;
    snprintf(reader->path, sizeof reader->path, "%s/manifest.json", run->dir);
    int status = read_whole(reader, &bytes, &size);
    if (status) return status;
    text = bytes;
    status = skip_mark(reader, &text, &size);
    if (!status && !size) status = complain(reader, -EINVAL, "is empty");
    if (!status && !(run->manifest = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error)))
        status =
            complain(reader, -EINVAL, "not JSON at line %d column %d: %.120s", error.line, error.column, error.text);
    free(bytes);
    if (!status && !json_is_object(run->manifest)) status = complain(reader, -EINVAL, "is not a JSON object");
    if (!status) status = check_schema(reader, run->manifest);
    if (status) return status;
    const char *name = json_string_value(json_object_get(run->manifest, "name"));
    snprintf(run->name, sizeof run->name, "%s", name ? name : "");
    run->complete = json_is_true(json_object_get(run->manifest, "complete"));
    run->simulated = json_is_true(json_object_get(run->manifest, "simulated"));
    return read_cells(reader, run);
}

static int take_sample(const struct reader *reader, const char *text, size_t length, int64_t at)
{
    struct reason reason = {""};
    struct sample sample;
    if (sample_from_json(text, length, &sample, &reason)) return complain(reader, -EINVAL, "%s", reason.text);
    int status = 0;
    if (sample.cell >= reader->run->cell_count)
        status = complain(reader, -EINVAL, "cell %u is not in the manifest, which has %u", sample.cell,
                          reader->run->cell_count);
    else status = reader->take(&sample, at, reader->context);
    sample_free(&sample);
    return status;
}

/* One line, without its newline, which begins at `at`. Blank ones are passed over. */
static int take_line(struct reader *reader, char *text, size_t length, int64_t at)
{
    char *begin = text;
    reader->line++;
    if (reader->line == 1) {
        int status = skip_mark(reader, &text, &length);
        if (status) return status;
    }
    size_t blank = 0;
    while (blank < length && strchr(" \t\r", text[blank]) && text[blank]) blank++;
    return blank == length ? 0 : take_sample(reader, text, length, at + (text - begin));
}

/* Reads line by line into a buffer that grows up to LINE_MAX_BYTES. *cut: the bytes after the last newline. */
static int read_lines(struct reader *reader, int fd, size_t *cut)
{
    size_t size = 64 << 10, filled = 0;
    int64_t passed = 0; /* bytes of the file before the buffer */
    char *buffer = malloc(size);
    int status = buffer ? 0 : complain(reader, -ENOMEM, "no memory");
    while (!status) {
        if (filled == size) {
            char *grown = size < LINE_MAX_BYTES ? realloc(buffer, size * 2) : NULL;
            reader->line++;
            if (!grown) status = complain(reader, -EFBIG, "is longer than %d MiB", LINE_MAX_BYTES >> 20);
            if (!grown) break;
            reader->line--;
            buffer = grown;
            size *= 2;
        }
        ssize_t got = TEMP_FAILURE_RETRY(read(fd, buffer + filled, size - filled));
        if (got < 0) status = complain(reader, -errno, "%s", strerror(errno));
        if (got <= 0) break;
        char *start = buffer, *newline, *end = buffer + filled + got;
        for (char *from = buffer + filled; !status && (newline = memchr(from, '\n', (size_t)(end - from)));
             from = start = newline + 1)
            status = take_line(reader, start, (size_t)(newline - start), passed + (start - buffer));
        filled = (size_t)(end - start);
        passed += start - buffer;
        memmove(buffer, start, filled);
    }
    free(buffer);
    *cut = filled;
    return status;
}

static int by_identity(const void *left, const void *right, void *samples)
{
    const struct observation *a = (const struct observation *)samples + *(const size_t *)left;
    const struct observation *b = (const struct observation *)samples + *(const size_t *)right;
    if (a->cell != b->cell) return a->cell < b->cell ? -1 : 1;
    if (a->block != b->block) return a->block < b->block ? -1 : 1;
    if (a->began_ns != b->began_ns) return a->began_ns < b->began_ns ? -1 : 1;
    return 0;
}

/* Samples that each began later than the one before hold none twice. */
static bool began_ascend(const struct run *run)
{
    size_t i = 1;
    while (i < run->sample_count && run->samples[i].began_ns > run->samples[i - 1].began_ns) i++;
    return i >= run->sample_count;
}

/* The same repetition twice (a file joined with itself) would narrow every interval. */
static int check_doubles(struct reader *reader, const struct run *run)
{
    if (began_ascend(run)) return 0;
    size_t *index = malloc((run->sample_count + 1) * sizeof *index);
    if (!index) return complain(reader, -ENOMEM, "no memory");
    for (size_t i = 0; i < run->sample_count; i++) index[i] = i;
    qsort_r(index, run->sample_count, sizeof *index, by_identity, run->samples);
    int status = 0;
    reader->line = 0;
    for (size_t i = 1; !status && i < run->sample_count; i++)
        if (!by_identity(&index[i - 1], &index[i], run->samples)) {
            const struct observation *sample = &run->samples[index[i]];
            status = complain(reader, -EINVAL, "holds the same repetition twice: cell %u, block %u, began_ns %lld",
                              sample->cell, sample->block, (long long)sample->began_ns);
        }
    free(index);
    return status;
}

/* *cut: the bytes of a last line that was cut short. */
static int read_samples(struct reader *reader, size_t *cut)
{
    struct stat stat;
    reader->line = 0;
    snprintf(reader->path, sizeof reader->path, "%s/samples.jsonl", reader->run->dir);
    int fd = open_regular(reader, &stat);
    if (fd < 0) return fd;
    int status = read_lines(reader, fd, cut);
    close(fd);
    return status;
}

static int fold(const struct sample *sample, int64_t at, void *run)
{
    return run_add(run, sample, at);
}

static int fold_samples(struct reader *reader, struct run *run, struct reason *note)
{
    size_t cut = 0;
    reader->run = run, reader->take = fold, reader->context = run;
    int status = read_samples(reader, &cut);
    if (status == -ENOMEM) return complain(reader, status, "no memory for more than %zu samples", run->sample_count);
    if (status) return status;
    if (cut) reason_set(note, "%s: the last line was cut short after %zu bytes and is left out", reader->path, cut);
    return check_doubles(reader, run);
}

int run_each(const struct run *run, run_take *take, void *context, struct reason *why)
{
    struct reader reader = {.why = why, .run = run, .take = take, .context = context};
    size_t cut;
    return read_samples(&reader, &cut);
}

int run_sample(const struct run *run, const struct observation *observation, struct sample *sample)
{
    struct reason why;
    struct reader reader = {.why = &why};
    struct stat stat;
    char *line = NULL;
    size_t room = 0;
    if (observation->at < 0) return -ENOENT;
    snprintf(reader.path, sizeof reader.path, "%s/samples.jsonl", run->dir);
    int fd = open_regular(&reader, &stat);
    if (fd < 0) return fd;
    FILE *file = fdopen(fd, "r");
    ssize_t length = file && !fseeko(file, observation->at, SEEK_SET) ? getline(&line, &room, file) : -1;
    int status = length < 0 ? -EIO : sample_from_json(line, (size_t)length, sample, &why);
    if (file) fclose(file);
    else close(fd);
    free(line);
    return status;
}

int run_read(const char *dir, struct run *run, struct reason *note, struct reason *why)
{
    struct run *made = calloc(1, sizeof *made);
    struct reader reader = {.why = why};
    struct reason noted = {""};
    if (!made) return complain(&reader, -ENOMEM, "no memory");
    int status = 0;
    if ((size_t)snprintf(made->dir, sizeof made->dir, "%s", dir) >= sizeof made->dir)
        status = complain(&reader, -ENAMETOOLONG, "the folder's name is too long");
    if (!status) status = read_manifest(&reader, made);
    if (!status) status = fold_samples(&reader, made, &noted);
    if (!status && drift_mark(made)) status = complain(&reader, -ENOMEM, "no memory");
    if (status) {
        run_free(made);
    } else {
        *run = *made;
        if (note) *note = noted;
    }
    free(made);
    return status;
}

void run_free(struct run *run)
{
    run_samples_free(run);
    free(run->cells);
    json_decref(run->manifest);
    *run = (struct run){0};
}
