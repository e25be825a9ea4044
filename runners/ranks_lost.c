/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/launcher.h"
#include "runners/rank/control.h"

#include <signal.h>
#include <stdlib.h>

static const char *cause_of(int signal)
{
    bool crash = signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGABRT;
    return !signal ? "ended by itself in a task" : crash ? "crash" : "killed from outside";
}

/* Launchers end the others by SIGTERM, then SIGKILL, or a rank ends by itself when another is gone. */
static bool like_a_victim(const struct rank_record *record)
{
    return record->lost.signal == SIGTERM || record->lost.signal == SIGKILL || !record->lost.signal;
}

/* Is the rank lost, or did it end because another was? */
static bool is_lost(const struct rank_record *record, const struct rank_record *first)
{
    return record->ended && !record->finished && (record == first || !like_a_victim(record));
}

static void keep(const struct control *control, const struct rank_record *record, struct failure *failure)
{
    unsigned count = failure->lost_count++;
    if (count >= FAILURE_LOST_MAX) return;
    unsigned rank = record->rank < 0 ? 0 : (unsigned)record->rank;
    failure->lost[count] = record->lost;
    failure->lost[count].worker = rank * control->threads;
    snprintf(failure->lost[count].cause, sizeof failure->lost[count].cause, "%s", cause_of(record->lost.signal));
}

/* Records that no rank of this host took are filled with what keepers elsewhere printed. */
static void read_elsewhere(struct control *control, int output)
{
    char *line = NULL;
    size_t room = 0;
    struct rank_record *records = control_records(control);
    unsigned place = control->launched < control->processes ? control->launched : control->processes;
    FILE *file = control->nodes > 1 ? launcher_reread(output) : NULL;
    while (file && place < control->processes && launcher_line(file, &line, &room)) {
        struct rank_record found = {.lost = {.max_rss_bytes = -1, .user_ns = -1, .system_ns = -1}, .ended = 1};
        const char *at = strstr(line, "breakeven-rank: lost");
        if (at && sscanf(at, KEEPER_LOST_SCAN, &found.rank, found.host, &found.lost.signal, &found.lost.code,
                         &found.ended_ns) == 5)
            records[place++] = found;
    }
    free(line);
    if (file) fclose(file);
}

static void text_write(const struct rank_record *first, struct failure *failure)
{
    char who[100] = "a rank"; /* before MPI_Init it has no number */
    if (first->rank >= 0)
        snprintf(who, sizeof who, "rank %d%s%.63s", first->rank, *first->host ? " on " : "", first->host);
    if (first->lost.signal)
        snprintf(failure->text, sizeof failure->text, "%s lost: signal %d (%s)", who, first->lost.signal,
                 strsignal(first->lost.signal));
    else snprintf(failure->text, sizeof failure->text, "%s lost: it ended with code %d", who, first->lost.code);
}

/* The first to end of those that no launcher ends so, or, where all may be victims, of all. */
static const struct rank_record *first_of(const struct control *control, const struct rank_record *records)
{
    const struct rank_record *first = NULL;
    for (unsigned i = 0; i < control->processes; i++) {
        const struct rank_record *record = &records[i];
        if (!is_lost(record, record)) continue;
        bool clearer = first && like_a_victim(first) && !like_a_victim(record);
        bool vaguer = first && !like_a_victim(first) && like_a_victim(record);
        if (!first || clearer || (!vaguer && record->ended_ns < first->ended_ns)) first = record;
    }
    return first;
}

bool ranks_lost(struct control *control, int output, struct failure *failure)
{
    read_elsewhere(control, output);
    const struct rank_record *records = control_records(control), *first = first_of(control, records);
    if (!first) return false;
    keep(control, first, failure);
    for (unsigned i = 0; i < control->processes; i++)
        if (&records[i] != first && is_lost(&records[i], first)) keep(control, &records[i], failure);
    text_write(first, failure);
    return true;
}
