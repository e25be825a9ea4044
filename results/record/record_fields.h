/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every field of the record, one line each: NAME(kind, need, member). Writer and reader follow this list.
 *
 * kind: unsigned, int, u64, measure (an int64_t that is -1 where not measured and else not negative), flag, text.
 * need: MUST be there; MAY be absent, and is then 0, "" or, for a measure, -1. Fields that are not listed are skipped.
 */
#ifdef CELL_FIELD
CELL_FIELD(unsigned, MUST, id)
CELL_FIELD(unsigned, MUST, baseline)
CELL_FIELD(unsigned, MUST, duplicate)
CELL_FIELD(text, MUST, study)
CELL_FIELD(text, MUST, kernel)
CELL_FIELD(text, MUST, label)
CELL_FIELD(text, MUST, runner)
CELL_FIELD(u64, MUST, size)
CELL_FIELD(u64, MUST, tasks)
CELL_FIELD(u64, MAY, task_time_ns)
CELL_FIELD(u64, MAY, seed)
CELL_FIELD(unsigned, MUST, processes)
CELL_FIELD(unsigned, MUST, threads)
CELL_FIELD(unsigned, MAY, nodes)
CELL_FIELD(u64, MUST, chunk)
CELL_FIELD(text, MUST, schedule)
CELL_FIELD(text, MUST, placement)
CELL_FIELD(u64, MAY, speeds_milli)
#undef CELL_FIELD
#endif

#ifdef SAMPLE_FIELD
SAMPLE_FIELD(unsigned, MUST, cell)
SAMPLE_FIELD(unsigned, MUST, block)
SAMPLE_FIELD(unsigned, MUST, order)
SAMPLE_FIELD(text, MUST, status)
SAMPLE_FIELD(text, MAY, cause)
SAMPLE_FIELD(measure, MUST, began_ns)
SAMPLE_FIELD(measure, MAY, setup_ns)
SAMPLE_FIELD(measure, MAY, start_ns)
SAMPLE_FIELD(measure, MAY, first_ns)
SAMPLE_FIELD(measure, MAY, wall_ns)
SAMPLE_FIELD(measure, MAY, stop_ns)
SAMPLE_FIELD(measure, MAY, user_ns)
SAMPLE_FIELD(measure, MAY, system_ns)
SAMPLE_FIELD(measure, MAY, voluntary_switches)
SAMPLE_FIELD(measure, MAY, involuntary_switches)
SAMPLE_FIELD(measure, MAY, minor_faults)
SAMPLE_FIELD(measure, MAY, major_faults)
SAMPLE_FIELD(measure, MAY, peak_rss_bytes)
SAMPLE_FIELD(measure, MAY, steal_ns)
SAMPLE_FIELD(measure, MAY, throttled_ns)
SAMPLE_FIELD(measure, MAY, clock_ns)
SAMPLE_FIELD(measure, MAY, injected_ns)
SAMPLE_FIELD(measure, MAY, gathered_ns)
SAMPLE_FIELD(measure, MAY, clock_error_ns)
SAMPLE_FIELD(flag, MAY, instrumented)
SAMPLE_FIELD(text, MAY, verified)
SAMPLE_FIELD(text, MAY, hash)
SAMPLE_FIELD(text, MAY, waiting)
SAMPLE_FIELD(text, MAY, suspect)
#undef SAMPLE_FIELD
#endif

#ifdef WORKER_FIELD
WORKER_FIELD(unsigned, MUST, worker)
WORKER_FIELD(text, MAY, cpus)
WORKER_FIELD(text, MAY, host)
WORKER_FIELD(text, MAY, machine)
WORKER_FIELD(measure, MAY, late_ns)
WORKER_FIELD(measure, MAY, busy_ns)
WORKER_FIELD(measure, MAY, end_ns)
WORKER_FIELD(measure, MAY, team_ns)
WORKER_FIELD(measure, MAY, waited_ns)
#undef WORKER_FIELD
#endif

#ifdef BIN_FIELD
BIN_FIELD(unsigned, MUST, bin)
BIN_FIELD(u64, MUST, tasks)
#undef BIN_FIELD
#endif

#ifdef LOST_FIELD
LOST_FIELD(unsigned, MUST, worker)
LOST_FIELD(int, MAY, signal)
LOST_FIELD(int, MAY, code)
LOST_FIELD(text, MAY, cause)
LOST_FIELD(measure, MAY, max_rss_bytes)
LOST_FIELD(measure, MAY, user_ns)
LOST_FIELD(measure, MAY, system_ns)
#undef LOST_FIELD
#endif
