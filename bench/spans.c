#include "spans.h"

#include "memory.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

struct span_slot {
    alignas(128) int64_t first_ns; /* two lines: neighbours are fetched in pairs */
    int64_t busy_ns, last_ns;
    int64_t count;
};

static void run(const struct hook *hook, unsigned worker, size_t begin, size_t end, void *results)
{
    const struct spans *spans = (const struct spans *)hook;
    int64_t began_ns = clock_now_ns(spans->clock);
    spans->kernel->run(spans->input, begin, end, results);
    int64_t ended_ns = clock_now_ns(spans->clock);
    if (worker >= spans->workers) return;
    struct span_slot *slot = &spans->slots[worker];
    if (!slot->count++) slot->first_ns = began_ns;
    slot->busy_ns += ended_ns - began_ns;
    slot->last_ns = ended_ns;
}

int spans_open(struct spans *spans, const struct job *job, unsigned workers, const struct clock *clock)
{
    struct span_slot *slots = memory_map(workers * sizeof *slots);
    if (!slots) return -ENOMEM;
    *spans = (struct spans){{run}, job->kernel, job->input, clock, workers, slots};
    return 0;
}

void spans_close(struct spans *spans)
{
    memory_unmap(spans->slots, spans->workers * sizeof *spans->slots);
    spans->slots = NULL;
}

void spans_reset(struct spans *spans)
{
    memset(spans->slots, 0, spans->workers * sizeof *spans->slots);
}

void spans_read(const struct spans *spans, int64_t began_ns, struct sample_worker *workers)
{
    int64_t calls = 0;
    for (unsigned i = 0; i < spans->workers; i++) calls += spans->slots[i].count;
    if (!calls) return; /* a runner that does not call hooks */
    for (unsigned i = 0; i < spans->workers; i++) {
        const struct span_slot *slot = &spans->slots[i];
        workers[i].late_ns = slot->count ? slot->first_ns - began_ns : -1;
        workers[i].busy_ns = slot->busy_ns;
        workers[i].end_ns = slot->count ? slot->last_ns - began_ns : 0;
    }
}
