/* SPDX-License-Identifier: GPL-3.0-or-later */
/* software.h: what really runs here beside our own code, as JSON for the record: the OpenMP runtime that was loaded,
 * which need not be the compiler's, libc, hwloc's library, the kernel, Python and gnuplot. */
#ifndef BREAKEVEN_SOFTWARE_H
#define BREAKEVEN_SOFTWARE_H

#include <stdbool.h>

struct json_t;

/* {"program": {path, build_id}, "openmp": {path, build_id}, "libc": {version, path, build_id}, "hwloc": {version, path,
 * build_id}, "kernel": {line, preemption, sched_ext}, "gnuplot": "..", "python": {version, gil, start_method} (with `python`), "mpi":
 * {library, launcher} (with `mpi`)}; what cannot be read is null. Starts gnuplot, python3 and breakeven-rank, each for
 * 10 s at most. A new reference. */
struct json_t *software_to_json(bool python, bool mpi);

/* The hash of a file's bytes, 16 hexadecimal digits; null where it cannot be read. A new reference. */
struct json_t *software_file_hash(const char *path);

#endif
