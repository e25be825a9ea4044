/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topics: what belongs to no single verb, for `breakeven help TOPIC` and the manual. Each text in one place. */
#include "bench/cli/options.h"

const struct topic topics[] = {
    {"values", "how values are written",
     "Lists are 1,2,4 or 1..8 or 1..64*2 or 10..50+10. Durations take ns, us, ms, s; sizes take B, KiB, MiB, GiB;\n"
     "shares take %. The decimal point is a point in every locale. An option takes its value as --name VALUE or\n"
     "--name=VALUE; after -- come operands only."},
    {"words", "what the words mean",
     "task: one call of a kernel on one index. kernel: the function that is computed. granularity: mean duration of a\n"
     "task. chunk: tasks claimed at once. worker: one process or one thread. team: processes x threads. placement:\n"
     "which cpus each worker may use. cell: one configuration. sample: one repetition of a cell. block: a round in\n"
     "which every cell is measured once. run: what one folder records.\n"
     "T_s: serial time of the same object code without a pool. T_1, T_p: the runner's time with one and with p workers.\n"
     "speed-up: T_s/T_p. efficiency: speed-up/p. pool tax: T_1/T_s - 1. METG(50%): the smallest task with which an\n"
     "efficiency of 50 % is reached."},
    {"status", "exit statuses",
     "0 good. 1 a finding: a regression, a failed check, under --strict a run that is not to be trusted. 2 bad usage or\n"
     "input: one line says what and where, and nothing was run or written. 3 a measurement failed: the record says which\n"
     "and why. 4 a comparison could decide nothing: it says how many repetitions it would take. 130 interrupted: the\n"
     "record is valid, and `breakeven run --resume DIR` finishes it, with the same build on the same cpus. A run locks its\n"
     "folder while it measures: a second run into it is refused, with the number of the process that holds it."},
    {"record", "what a run leaves on disk",
     "results/runs/<UTC time>-<name>/ holds manifest.json (what was asked, the machine, the protocol, every cell),\n"
     "topology.xml, samples.jsonl (one line per repetition, appended as it is taken; nothing is ever removed),\n"
     "summary.json and summary.csv (one row per cell, medians with intervals), plots/ (each figure as .svg and .png with\n"
     "the .gp and .dat that make it again) and report.html (one page, no network). results/latest is the newest run."},
    {"environment", "variables that are read",
     "FORKPOOL_WORKERS, and what a batch system gave the job (Slurm, PBS, Grid Engine, LSF): the most workers by\n"
     "default; `breakeven cpus --why` shows them. OMP_*: all are recorded. OMP_NUM_THREADS and OMP_DYNAMIC change nothing,\n"
     "since --workers and --threads say how large a team is; where OMP_THREAD_LIMIT is smaller, a repetition fails with\n"
     "that reason; others count as the OpenMP runtime reads them.\n"
     "Not obeyed, said and recorded, since this machine is measured and --placement binds: HWLOC_XMLFILE,\n"
     "HWLOC_SYNTHETIC, HWLOC_FSROOT, HWLOC_COMPONENTS, HWLOC_CPUID_PATH, HWLOC_THISSYSTEM, OMP_PLACES, OMP_PROC_BIND,\n"
     "GOMP_CPU_AFFINITY, KMP_AFFINITY, KMP_HW_SUBSET; `--placement env` obeys those of OpenMP. A command that tune runs\n"
     "finds them as they were set.\n"
     "NO_COLOR: no colours. COLUMNS: the width of tables. BREAKEVEN_GNUPLOT: the gnuplot to use.\n"
     "BREAKEVEN_PYTHON: the Python whose pools are measured. BREAKEVEN_LAUNCHER: what starts the ranks of mpi."},
    {0},
};
