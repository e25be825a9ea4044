/* SPDX-License-Identifier: MIT */
/* tbb.cc: see bench.h; oneTBB. */
extern "C" {
#include "../bench.h"
}

#include <oneapi/tbb.h>

namespace {

/* Binds each thread that enters the arena; the threads stay there. */
struct binder : tbb::task_scheduler_observer {
    binder() { observe(true); }
    ~binder() override { observe(false); }
    void on_scheduler_entry(bool) override { bind_to(static_cast<unsigned>(tbb::this_task_arena::current_thread_index())); }
};

template <typename Partitioner> double loop(peer_run *run, unsigned turns, size_t count, const Partitioner &partitioner)
{
    double start = seconds_now();
    tbb::parallel_for(
        tbb::blocked_range<size_t>(0, count, 1),
        [&](const tbb::blocked_range<size_t> &range) {
            for (size_t i = range.begin(); i != range.end(); i++) run(&turns, 0, i, i + 1);
        },
        partitioner);
    return seconds_now() - start;
}

} // namespace

extern "C" void peer_open(void)
{
    static tbb::global_control threads(tbb::global_control::max_allowed_parallelism, WORKERS);
    static binder each;
    bind_to(0);
}

extern "C" double peer_loop(peer_run *run, unsigned turns, size_t count) { return loop(run, turns, count, tbb::simple_partitioner()); }
extern "C" double peer_chunks(peer_run *run, unsigned turns, size_t count) { return loop(run, turns, count, tbb::auto_partitioner()); }

extern "C" double peer_tasks(peer_run *run, unsigned turns, size_t count)
{
    double start = seconds_now();
    tbb::task_group group;
    for (size_t i = 0; i < count; i++) group.run([run, &turns, i] { run(&turns, 0, i, i + 1); });
    group.wait();
    return seconds_now() - start;
}
