/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gnuplot.c: gnuplot as a child. */
#include "plots/format.h"
#include "plots/plots.h"
#include "runners/child.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *program(void)
{
    const char *name = getenv("BREAKEVEN_GNUPLOT");
    return name && name[0] ? name : "gnuplot";
}

/* Where it goes what gnuplot writes: drawings for text to `out`, complaints, as far as they fit, to `said`. */
struct written {
    FILE *out; /* NULL: dropped */
    char said[1024];
    size_t used;
};

/* Its terminals for text begin each figure with a form feed, "nofeed" or not (seen with 5.4.4). */
static void take(void *context, int from, const char *bytes, size_t size)
{
    struct written *written = context;
    for (size_t i = 0; i < size; i++) {
        if (from == 2 && written->used < sizeof written->said - 1) written->said[written->used++] = bytes[i];
        if (from == 1 && written->out && bytes[i] != '\f') putc(bytes[i], written->out);
    }
}

static int judge(bool in_time, int status, const char *said, unsigned deadline_s, struct reason *why)
{
    const char *at = said;
    char line[160];
    while (*at && (*at == '\n' || strspn(at, " ^\t") == strcspn(at, "\n")))
        at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    format_clean(line, sizeof line, line);
    if (!in_time) return reason_give(why, -ETIME, "gnuplot did not end within %u s and was stopped", deadline_s);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_MISSING)
        return reason_give(why, -ENOENT, "gnuplot is missing, so no figure is drawn; install it (Debian: gnuplot-nox)");
    if (WIFSIGNALED(status))
        return reason_give(why, -EIO, "gnuplot was ended by signal %d (%s)", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status)) return reason_give(why, -EIO, "gnuplot failed%s%s", line[0] ? ": " : "", line);
    return 0;
}

int gnuplot_run(const char *dir, const char *first, const char *file, FILE *out, unsigned deadline_s,
                struct reason *why)
{
    char *words[6] = {(char *)program(), "-d"};
    int at = 2, status = 0;
    struct written written = {.out = out};
    if (first) words[at++] = "-e", words[at++] = (char *)first;
    words[at] = (char *)file;
    int error = child_run(&(struct child_program){.words = words, .dir = dir}, (int)deadline_s * 1000, take, &written, &status);
    if (error && error != -ETIME) return reason_give(why, error, "cannot start gnuplot: %s", strerror(-error));
    return judge(!error, status, written.said, deadline_s, why);
}
