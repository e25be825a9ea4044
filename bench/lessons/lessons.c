/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/lessons.h"

#include <stdlib.h>
#include <string.h>

const struct lesson lessons[] = {
    {
        .name = "workers",
        .question = "How many workers?",
        .prediction = "Work that computes gets faster until there is one worker for each usable cpu, and no further.",
        .command = "--kernel spin --task-time 100us --tasks 400 --runner forkpool --processes 1..{2c} --reps 12",
        .figure = "speedup",
        .explanation =
            "A worker that computes needs a cpu for itself. Up to the number of cpus each further worker takes a share "
            "of "
            "the tasks; beyond it the workers take turns, which adds switching and nothing else. The number that "
            "counts "
            "is that of the cpus this process may use: its affinity, its container's limit, not the machine's total.",
        .otherwise = "Virtual cpus may share a core, or something else runs (`breakeven doctor` looks); and where "
                     "tasks are few, a larger team can even out the end.",
        .exercise =
            "Run it again with --task-time 1us. At which number of workers does the curve bend now, and why earlier?",
        .elsewhere = {ELSEWHERE_CPUS, {"spin"}, .figure = "speedup", .tell = lesson_tell_workers},
        .check = lesson_check_workers,
    },
    {
        .name = "slow-pool",
        .question = "Why is my pool slower than a loop?",
        .prediction = "A millisecond of work, divided into 1000 tasks, takes longer over a pool that is opened for it "
                      "than in a loop.",
        .command = "--kernel spin --task-time 1us --tasks 1000 --runner forkpool,python --processes {c} --reps 15",
        .figure = "budget",
        .explanation =
            "A pool costs three times: starting its workers, handing out each task, ending the workers. A loop pays "
            "none of "
            "that. The pool pays off when what it saves, the work times (1 - 1/p), is more than what it costs: open it "
            "once for many batches, and give it tasks that are long against the cost of handing one out.",
        .otherwise = "Either the machine forks faster than the work saves time, or the tasks lasted longer than "
                     "asked for: compare the table's task time with 1 us.",
        .exercise =
            "Raise --tasks until forkpool's total beats the loop. Compare with the crossover that the report predicts.",
        .check = lesson_check_slow_pool,
    },
    {
        .name = "slow-openmp",
        .question = "Why is OpenMP slower than serial?",
        .prediction =
            "Tasks of 50 ns are slower as one explicit OpenMP task each than in a serial loop; the same loop under "
            "schedule(static) is faster.",
        .command = "--kernel spin --task-time 50ns --tasks 100000 --runner openmp --threads {c} --schedule "
                   "static,tasks --reps 12",
        .figure = "budget",
        .explanation = "An explicit task is an allocation, a queue and a lock for every 50 ns of work: more than the "
                       "work itself, however "
                       "many threads share it. A static loop is divided once, by arithmetic, before it starts.",
        .otherwise = "A busy machine can hold up one thread of the static loop, whose range nobody else takes "
                     "over; and a runtime that hands out tasks without locks can win even at 50 ns.",
        .exercise =
            "At which --task-time do tasks break even? `breakeven metg --runner openmp --schedule tasks` finds it.",
        .check = lesson_check_slow_openmp,
    },
    {
        .name = "chunk",
        .question = "What chunk size?",
        .prediction = "With uneven tasks, one chunk per worker is slower than many smaller ones; where handing out a "
                      "task is dear, "
                      "as in Python's Pool, chunk 1 is slower too. The best lies between.",
        .command = "--kernel lognormal --task-time 10us --tasks 400 --seed 4 --runner forkpool,python --processes {c} "
                   "--chunk 1,8,32,200 --reps 15",
        .figure = "chunk",
        .explanation = "A chunk pays the cost of dispatch once for all its tasks, so large chunks are cheap. But the "
                       "last chunk to end "
                       "decides when all is done, and with large chunks the others wait for it. The best chunk grows "
                       "with the cost of "
                       "dispatch and shrinks with the unevenness of the tasks.",
        .otherwise = "With the seed's draw of durations the largest chunks can come out even, and noise of a busy "
                     "machine can hide an uneven end.",
        .exercise = "Do the same with --kernel spin, whose tasks are even. Which side of the curve disappears?",
        .check = lesson_check_chunk,
    },
    {
        .name = "schedule",
        .question = "static, dynamic or guided?",
        .prediction = "Where a few tasks last much longer than the others, static is at least 5 % slower than dynamic.",
        .command = "--kernel lognormal --task-time 200us --tasks 128 --seed 1 --runner openmp --threads {c} "
                   "--schedule static,dynamic,guided --reps 15",
        .figure = "budget",
        .explanation =
            "static gives each thread one fixed range: free of charge, and right when all tasks cost the same. Here "
            "the "
            "durations are drawn from a lognormal distribution (the seed fixes the draw), and the thread that owns the "
            "longest tasks is still at it when the others wait. dynamic hands out tasks as threads become free; guided "
            "does so in shrinking chunks.",
        .otherwise =
            "Another number of threads divides the range elsewhere, and the long tasks can fall evenly: try another "
            "--seed. Or handing out chunks of one cost more than the unevenness that it mends.",
        .exercise =
            "Use --kernel spin, whose tasks are all alike. Does static win, and by how much at --task-time 1us?",
        .check = lesson_check_schedule,
    },
    {
        .name = "pinning",
        .question = "Physical or logical cpus, pinned or not?",
        .prediction = "On an otherwise idle machine, binding as many workers as there are cpus changes their time by "
                      "less than 5 %.",
        .command = "--kernel spin --task-time 100us --tasks 400 --runner forkpool --processes {c} --placement "
                   "none,spread --reps 20",
        .figure = "placement",
        .explanation =
            "The scheduler spreads runnable workers over idle cpus by itself. Binding matters when something else "
            "runs, when "
            "two hardware threads share a core, or when memory belongs to one socket: then a worker that moves loses "
            "its "
            "caches, and two workers on one core get much less than two cores would give. Use cores before hardware "
            "threads; `breakeven topo` shows both.",
        .otherwise = "Something else uses the machine, or its cpus differ: two may share a core, one may be "
                     "slower. `breakeven topo` and `breakeven doctor` show both.",
        .exercise = "Start a busy loop beside it (`yes > /dev/null &`) and run it again. Which placement suffers more?",
        .elsewhere = {ELSEWHERE_THREADS, {"spin"}, true, "speedup", lesson_tell_threads},
        .check = lesson_check_pinning,
    },
    {
        .name = "quota",
        .question = "What does a container's limit do?",
        .prediction =
            "Under a quota of one cpu, a worker for each visible cpu is no more than 25 % faster than one worker.",
        .command = "--kernel spin --task-time 1ms --tasks 200 --runner forkpool --processes 1,{c} --reps 16 --spans 0",
        .figure = "speedup",
        .quota_cpus = 1,
        .explanation =
            "A container's cpu limit is a quota: so many milliseconds of cpu time in each period, usually 100 ms. All "
            "cpus stay "
            "visible, so programs that count cpus start too many workers; those use the quota up early in each period "
            "and "
            "are then all stopped until the next. Count the quota, not the cpus: forkpool and `breakeven tune` do.",
        .otherwise = "The quota was not used up, or the kernel handed out more than the quota over this short "
                     "time: look for \"throttled\" in the marks.",
        .exercise = "In a container with --cpus=1.5, compare `nproc` with what `breakeven topo` says.",
        .check = lesson_check_quota,
    },
    {
        .name = "false-sharing",
        .question = "What is false sharing, between threads and between processes?",
        .prediction = "Counters of different workers in one cache line are at least 1.5 times as slow as padded ones, "
                      "for threads and "
                      "for processes that share memory alike.",
        .command = "--kernel falseshare,padded --task-time 20us --tasks 1000 --runner openmp,forkpool --threads {c} "
                   "--processes {c} "
                   "--reps 12",
        .figure = "budget",
        .explanation = "Caches move lines of 64 bytes, not variables. Two workers that write different counters in one "
                       "line take it from "
                       "each other at every write, though they share nothing. Processes are no protection: shared "
                       "memory is the same "
                       "line at two addresses. Padding each worker's data to a line of its own ends it.",
        .otherwise = "The two cpus may share their caches (hardware threads of one core), or the workers hardly "
                     "ran at the same time: a claim of many tasks at once lets one worker write alone for long.",
        .exercise = "Compare the overhead per task of falseshare at 2 workers with the cache-line round trip of "
                    "`breakeven doctor`.",
        .check = lesson_check_false_sharing,
    },
    {
        .name = "bandwidth",
        .question = "Why does scaling stop early: memory bandwidth against computing?",
        .prediction = "With all cpus at work, a kernel that streams memory speeds up less than one that computes.",
        .command = "--kernel triad,spin --task-time 100us --tasks 400 --runner openmp --threads 1,{c} --reps 15",
        .figure = "speedup",
        .explanation = "Cores are many, the way to memory is one. A few cores already use all of it; further ones wait "
                       "in the same queue. "
                       "Work that stays in registers and caches does not meet that limit.",
        .otherwise = "One worker is far from using up the memory's bandwidth here; more cores would show the "
                     "limit.",
        .exercise = "`breakeven topo` shows the caches. Choose a --size for triad that fits into them. What changes?",
        .elsewhere = {ELSEWHERE_CORES, {"triad", "spin"}, .figure = "speedup", .tell = lesson_tell_bandwidth},
        .check = lesson_check_bandwidth,
    },
    {
        .name = "split",
        .question = "Processes, threads, or which split of both?",
        .prediction = "For the same number of workers, processes and threads need the same time for the work itself, "
                      "within 10 %.",
        .command =
            "--kernel spin --task-time 100us --tasks 400 --runner hybrid --processes 1,{c} --threads 1,{c} --reps 15",
        .figure = "hybrid",
        .explanation = "Once they run, a process and a thread are the same thing to the scheduler. They differ in what "
                       "it costs to start "
                       "them, in what they share, and in what a crash takes along: a process dies alone.",
        .otherwise = "Threads of one team wait for each other by spinning at the end of a region, processes by "
                     "sleeping: where something else wants the cpus the spinning team is held up more.",
        .exercise = "Give both a kernel that crashes (docs/kernels.md shows how to write one). What is left of the run "
                    "in each case?",
        .check = lesson_check_split,
    },
    {
        .name = "waiting",
        .question = "Does waiting scale: sleep against spin, wall against cpu time?",
        .prediction = "With eight workers a cpu, tasks that sleep still speed up by at least 80 % of the workers; "
                      "tasks that compute "
                      "stop at the number of cpus.",
        .command = "--kernel square,spin --task-time 5ms --tasks 128 --runner forkpool --processes {c},{8c} --reps 8 "
                   "--spans 0",
        .figure = "speedup",
        .explanation = "A sleeping task needs no cpu, so any number of them can wait at the same time; that is what "
                       "Python's classic example "
                       "with time.sleep shows. It says nothing about work that computes. The cpu time tells the two "
                       "apart: waiting "
                       "costs next to none.",
        .otherwise = "Sleeping tasks that do not scale point to workers that start one after another, or to coarse "
                     "timers; computing tasks that scale beyond the cpus point to a wrong count of cpus.",
        .exercise = "How many workers does a task need that sleeps 9 ms and computes 1 ms?",
        .check = lesson_check_waiting,
    },
    {
        .name = "starting",
        .question = "What does starting a process cost, and how does the parent's memory change it?",
        .prediction =
            "A parent with 256 MiB of memory in use takes at least 1.5 times as long to start a worker as a small one.",
        .command = "--kernel ballast --size 65536,268435456 --tasks 64 --runner forkpool --processes 1,{c},{8c} --reps "
                   "10 --spans 0",
        .figure = "start",
        .explanation = "fork copies no memory, but it copies the page tables that describe it: 2 MiB of tables for "
                       "each GiB in use, and "
                       "every page written afterwards is copied once. Open pools early, while the parent is small.",
        .otherwise = "Huge pages hide it: one entry then stands for 2 MiB, and there is little to copy.",
        .exercise =
            "How long would your own program's parent take? `ps -o rss= -p PID` tells how much memory it has in use.",
        .check = lesson_check_start,
    },
    {0},
};

const struct lesson *lesson_find(const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    for (size_t i = 0; lessons[i].name; i++)
        if (!strcmp(lessons[i].name, name) || (end != name && !*end && number == i + 1)) return &lessons[i];
    return NULL;
}
