/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options_table.c: every option, one row each, and the words that an option takes where they are a list. */
#include "bench/cli/options.h"

#include "kernels/kernel.h"
#include "results/summary/compare.h"
#include "runners/cpus/placement.h"
#include "runners/runner.h"

#include <stddef.h>

static const char *kernel_choice(size_t i)
{
    return kernels[i] ? kernels[i]->name : NULL;
}

static const char *runner_choice(size_t i)
{
    return runners[i] ? runners[i]->name : NULL;
}

static const char *schedule_choice(size_t i)
{
    return i < SCHEDULES ? schedule_name((enum schedule)i) : NULL;
}

static const char *placement_choice(size_t i)
{
    return placement_policies[i].name;
}

static const char *study_choice(size_t i)
{
    static const char *const words[] = {"scaling", "granularity", "breakeven", "chunk", "hybrid", "placement", NULL};
    return words[i];
}

static const char *format_choice(size_t i)
{
    static const char *const words[] = {"text", "markdown", "html", "json", "csv", NULL};
    return words[i];
}

static const char *figure_choice(size_t i)
{
    return i < COMPARE_FIGURES ? compare_figure_names[i] : NULL;
}

const char *const options_objectives[] = {"time", "core-seconds", "memory", NULL};

static const char *objective_choice(size_t i)
{
    return options_objectives[i];
}

static const char *waiting_choice(size_t i)
{
    static const char *const words[] = {"spin", "yield", NULL};
    return words[i];
}

#define FIELD(name) .offset = offsetof(struct options, name)
const struct option_row options_table[] = {
    {"kernel", 'k', "K,..", "run metg tune",
     "kernels to run: names of `breakeven list kernels`, or a shared object ./mine.so", OPTION_NAMES, FIELD(kernels),
     .choice = kernel_choice, .what = "kernel", .scope = OPTION_OF_GRID},
    {"runner", 'r', "R,..", "run metg tune", "who computes: names of `breakeven list runners` (all that can run here)",
     OPTION_NAMES, FIELD(runners), .choice = runner_choice, .what = "runner", .scope = OPTION_OF_GRID},
    {"processes", 'p', "LIST", "run metg topo tune", "numbers of worker processes: 4, or 1,2,4, or 1..8, or 1..64*2",
     OPTION_COUNTS, FIELD(processes), .min = 1, .max = 4096, .scope = OPTION_OF_GRID},
    {"threads", 't', "LIST", "run metg topo openmp tune", "numbers of threads (in each process, for runners that have both)",
     OPTION_COUNTS, FIELD(threads), .min = 1, .max = 4096, .scope = OPTION_OF_GRID},
    {"nodes", 0, "LIST", "run metg", "hosts over which the ranks of mpi are spread evenly: 1, or 1,2,4 (1)",
     OPTION_COUNTS, FIELD(nodes), .min = 1, .max = 4096, .scope = OPTION_OF_GRID},
    {"workers", 'w', "LIST", "run metg tune report",
     "numbers of workers: processes or threads, whichever a runner has; for a runner with\n"
     "both each split into processes x threads (the cpus that may be used)", OPTION_COUNTS, FIELD(workers), .min = 1,
     .max = 4096, .scope = OPTION_OF_GRID},
    {"tasks", 'n', "LIST", "run metg tune cpus report", "number of tasks (the kernel's own; with --task-time as --work says)",
     OPTION_COUNTS, FIELD(tasks), .min = 1, .max = 1u << 30, .scope = OPTION_OF_GRID},
    {"size", 0, "LIST", "run tune", "work in one task, in the kernel's own unit (the kernel's own)", OPTION_COUNTS,
     FIELD(sizes), .scope = OPTION_OF_GRID},
    {"task-time", 0, "LIST", "run metg tune report", "make each task last this long: 10us, or 1us..1ms*10; calibrates the size",
     OPTION_DURATIONS, FIELD(task_times_ns), .min = 1, .max = 3600ull * 1000000000, .scope = OPTION_OF_GRID},
    {"delay", 0, "LIST", "run tune", "the same as --task-time", OPTION_DURATIONS, FIELD(task_times_ns), .min = 1,
     .max = 3600ull * 1000000000, .scope = OPTION_OF_GRID},
    {"work", 0, "TIME", "run metg tune", "with --task-time: as many tasks as make this much serial work (100ms), at least 4 a worker",
     OPTION_DURATION, FIELD(work_ns), .min = 1, .max = 3600ull * 1000000000, .scope = OPTION_OF_GRID},
    {"chunk", 'c', "LIST", "run metg tune report", "tasks claimed at once (the runner's own choice)", OPTION_COUNTS,
     FIELD(chunks), .min = 1, .max = 1u << 30, .scope = OPTION_OF_GRID},
    {"schedule", 's', "LIST", "run metg tune",
     "how chunks are handed out: default, static, dynamic, guided, tasks, taskloop, master", OPTION_NAMES,
     FIELD(schedules), .choice = schedule_choice, .what = "schedule", .scope = OPTION_OF_GRID},
    {"launcher", 0, "COMMAND", "run metg tune",
     "what starts the ranks of mpi: mpirun, srun, or a command like\n"
     "\"mpirun --hostfile hosts -n {processes} --map-by ppr:{per_node}:node\" (mpirun)", OPTION_PATH, FIELD(launcher),
     .scope = OPTION_OF_RUN},
    {"waiting", 0, "HOW", "run metg tune", "what ranks of mpi do while they wait: spin or yield (yield where there are more ranks\nthan cpus)",
     OPTION_WORD, FIELD(waiting), .choice = waiting_choice, .what = "way to wait", .scope = OPTION_OF_RUN},
    {"python", 0, "PROGRAM", "run metg tune", "the Python whose pools are measured (python3)", OPTION_PATH,
     FIELD(python), .scope = OPTION_OF_RUN},
    {"placement", 0, "LIST", "run metg topo openmp tune",
     "where workers run: none, close, spread, env (as OMP_PROC_BIND and OMP_PLACES say), or\n"
     "a list of cpus or of hwloc's objects: 0-2,5 or core:0-3, or a kind of cores, kind:1 (none)", OPTION_PLACEMENTS,
     FIELD(placements), .choice = placement_choice, .what = "placement", .scope = OPTION_OF_GRID},
    {"topology", 0, "FILE|TEXT", "topo",
     "another machine: an XML file written by hwloc, or a synthetic description like\n"
     "\"pack:2 core:4 pu:2\"", OPTION_PATH, FIELD(topology)},
    {"share", 0, "K/N", "run",
     "measure only part K of N, every Nth configuration, each beside its serial one:\n"
     "for an array of jobs; `breakeven report` joins the parts", OPTION_PATH, FIELD(share)},
    {"study", 0, "S,..", "run", "only these parts of the default experiment, or sections of --file's", OPTION_NAMES,
     FIELD(studies), .choice = study_choice},
    {"file", 'f', "FILE", "run", "measure the experiment in this file: sections of these options, one option a line",
     OPTION_PATH, FIELD(file)},
    {"write-file", 0, NULL, "run lesson",
     "instead of measuring, print this command line, the default experiment or a lesson as\na file for --file",
     OPTION_FLAG, FIELD(write_file)},
    {"page", 0, NULL, "lesson",
     "write lessons.html, all lessons with their figures in one file: what was measured\nhere (with --all first), or recorded with the program",
     OPTION_FLAG, FIELD(page)},
    {"quick", 0, NULL, "run selftest", "shrink the default experiment to about half a minute, the self-test to 30 s",
     OPTION_FLAG, FIELD(quick)},
    {"reps", 0, "N", "run metg openmp tune", "repetitions of each cell (10); fresh processes of the verb openmp (20)",
     OPTION_COUNT, FIELD(reps), .min = 1, .max = 100000, .scope = OPTION_OF_RUN},
    {"precision", 0, "PERCENT", "run metg", "instead of --reps: repeat until the interval's half-width is at most this: 2%",
     OPTION_PERCENT, FIELD(precision), .scope = OPTION_OF_RUN},
    {"settle", 0, "PERCENT", "run", "stop a cell after 6 repetitions where it is clear: its interval within this",
     OPTION_PERCENT, FIELD(settle), .scope = OPTION_OF_RUN},
    {"time-limit", 0, "TIME", "run metg tune", "begin no new block of repetitions after this long", OPTION_DURATION,
     FIELD(time_limit_ns), .scope = OPTION_OF_RUN},
    {"warmup", 0, "N", "run metg tune", "untimed passes over all tasks before the timed one (1, shorter for one worker that\nonly computes; 0 where tasks only wait, or where a pass is long and the kernel is not bound\nby memory)",
     OPTION_COUNT, FIELD(warmup), .max = 1000, .scope = OPTION_OF_RUN},
    {"spans", 0, "N", "run metg",
     "extra repetitions of each cell that record what each worker did (1 with 6 or more\n"
     "repetitions, else 0), up to twice again where they are suspect; headline times never\n"
     "come from these", OPTION_COUNT, FIELD(spans), .max = 1000, .scope = OPTION_OF_RUN},
    {"timeline", 0, NULL, "run metg",
     "keep each call of the kernel in those repetitions, as a trace that Perfetto and\n"
     "chrome://tracing open: DIR/timeline/CELL-BLOCK.json", OPTION_FLAG, FIELD(timeline), .scope = OPTION_OF_RUN},
    {"deadline", 0, "TIME", "run metg tune", "kill a repetition after this long (10 s, 0.5 s a worker and 20 times what is expected)",
     OPTION_DURATION, FIELD(deadline_ns), .scope = OPTION_OF_RUN},
    {"memory", 0, "SIZE", "run metg tune", "memory that one process of a repetition may take (3/4 of what is free)",
     OPTION_SIZE, FIELD(memory_bytes), .min = 1u << 20, .scope = OPTION_OF_RUN},
    {"seed", 0, "N", "run metg selftest tune", "seed of the order and of kernels that draw numbers (1)", OPTION_COUNT,
     FIELD(seed), .scope = OPTION_OF_RUN},
    {"efficiency", 0, "PERCENT", "metg", "the efficiency that counts as enough (50%)", OPTION_PERCENT,
     FIELD(efficiency)},
    {"output", 'o', "DIR", "run metg lesson tune report",
     "directory for this run, or for joined ones (results/runs/<UTC time>-<name>)", OPTION_PATH, FIELD(output)},
    {"name", 0, "NAME", "run metg tune", "name of this run", OPTION_PATH, FIELD(name)},
    {"resume", 0, "DIR", "run", "finish an interrupted run, with its own plan", OPTION_PATH, FIELD(resume)},
    {"parameter", 0, "NAME=LIST", "tune", "what {NAME} in the command may be: numbers or words; may be given again",
     OPTION_TEXTS, FIELD(parameters)},
    {"env", 0, "NAME=TEXT", "tune", "a variable for the command: OMP_NUM_THREADS={threads}; may be given again",
     OPTION_TEXTS, FIELD(variables)},
    {"prepare", 0, "COMMAND", "tune", "a line for the shell, run before each measurement of a command and not timed",
     OPTION_PATH, FIELD(prepare)},
    {"shell-command", 0, NULL, "tune", "give the command to /bin/sh instead of starting it directly", OPTION_FLAG,
     FIELD(shell_command)},
    {"minimise", 0, "WHAT", "tune", "time, core-seconds (of all its processes) or memory (time)", OPTION_WORD,
     FIELD(minimise), .choice = objective_choice, .what = "objective"},
    {"within", 0, "PERCENT", "tune", "recommend the fewest workers that cost at most this much more than the best",
     OPTION_PERCENT, FIELD(within)},
    {"patience", 0, "TIME", "tune",
     "how long in all to wait while all cores together do less than 0.7 of the work expected of\n"
     "them; 0s: do not look (5s, or --time-limit where that is less)", OPTION_DURATION, FIELD(patience_ns), .max = 3600ull * 1000000000},
    {"warm", 0, NULL, "tune", "judge a kernel's run phase alone: the pool is open already", OPTION_FLAG, FIELD(warm)},
    {"shell", 0, NULL, "tune", "print lines for a shell to eval instead of text", OPTION_FLAG, FIELD(shell)},
    {"save", 0, "FILE", "tune", "write the recommendation for `breakeven run --config FILE`", OPTION_PATH, FIELD(save)},
    {"export-json", 0, "FILE", "tune", "write a command's measurements in hyperfine's JSON, which its scripts plot",
     OPTION_PATH, FIELD(export_json)},
    {"export-csv", 0, "FILE", "tune", "the same as hyperfine's CSV", OPTION_PATH, FIELD(export_csv)},
    {"export-markdown", 0, "FILE", "tune", "the same as a table in Markdown", OPTION_PATH, FIELD(export_markdown)},
    {"config", 0, "FILE", "run", "take kernel, runner, workers, chunk and placement from what `tune --save` wrote",
     OPTION_PATH, FIELD(config)},
    {"format", 0, "FORMAT", "report",
     "text (and the figures and page), or only one of text, markdown,\nhtml, json, csv on stdout", OPTION_WORD,
     FIELD(format), .choice = format_choice, .what = "format"},
    {"versus", 0, "PATH", "run", "measure another build beside this one, repetition by repetition, and compare: a program, or\n"
     "a folder with breakeven or build/breakeven; the runs go to base and new in the run's folder.\n"
     "A time limit that is not given here is doubled: it was meant for one build", OPTION_PATH, FIELD(versus)},
    {"plot", 0, NULL, "report run metg", "draw the main figures in the terminal too, with characters", OPTION_FLAG,
     FIELD(plot)},
    {"predict", 0, NULL, "report",
     "what the fitted costs of each runner say of --workers, --tasks, --task-time and --chunk;\n"
     "what is not given is taken from the middle one of its cells", OPTION_FLAG, FIELD(predict)},
    {"margin", 0, "PERCENT", "compare run", "differences below this do not matter (5%)", OPTION_PERCENT, FIELD(margin)},
    {"figure", 0, "FIGURE", "compare run", "which time: wall (the run phase), start, stop, total (wall)", OPTION_WORD,
     FIELD(figure), .choice = figure_choice, .what = "figure"},
    {"allow", 0, "FIELD,..", "compare run", "may differ: model,cpus,memory,kernel,plan; --resume: build,host,software,environment,object",
     OPTION_PATH, FIELD(allow)},
    {"force", 0, NULL, "compare", "compare even where kernels, sizes or machines differ", OPTION_FLAG, FIELD(force)},
    {"strict", 0, NULL, "run report metg", "exit status 1 where the run is not to be trusted", OPTION_FLAG,
     FIELD(strict)},
    {"all", 0, NULL, "lesson", "every lesson, in under ten minutes on two cpus", OPTION_FLAG, FIELD(all)},
    {"json", 0, NULL, "list version topo cpus run metg report compare doctor selftest openmp tune",
     "print one JSON object instead of text", OPTION_FLAG, FIELD(json)},
    {"why", 0, NULL, "cpus", "say what bounds the number, from which file or variable, and what cannot be seen",
     OPTION_FLAG, FIELD(why)},
    {"help", 'h', NULL, "*", "list these options", OPTION_FLAG, FIELD(help)},
    {0},
};
_Static_assert(sizeof options_table / sizeof *options_table <= OPTIONS_MAX, "room in struct options for every row");
