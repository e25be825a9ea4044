/* SPDX-License-Identifier: GPL-3.0-or-later */
/* version: which build this is. */
#include "bench/cli/options.h"

#include "results/record/record.h"

#include <gsl/gsl_version.h>
#include <hwloc.h>
#include <jansson.h>

#ifndef BREAKEVEN_FLAGS /* the Makefile says */
#define BREAKEVEN_FLAGS  "unknown"
#define BREAKEVEN_COMMIT "unknown"
#endif

#if defined __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

json_t *build_to_json(void)
{
    return json_pack("{ss si ss ss ss ss ss ss}", "version", BREAKEVEN_VERSION, "schema", RECORD_SCHEMA, "compiler",
                     COMPILER, "flags", BREAKEVEN_FLAGS, "commit", BREAKEVEN_COMMIT, "hwloc", HWLOC_VERSION, "gsl",
                     GSL_VERSION, "jansson", JANSSON_VERSION);
}

static int run(const struct options *options)
{
    if (!options->json) return options_print(options, "breakeven " BREAKEVEN_VERSION "\nLicence GPL-3.0-or-later; forkpool, the process pool in it, MIT. No warranty.");
    return options_print_json(options, build_to_json());
}

const struct verb verb_version = {
    .name = "version",
    .summary = "version, compiler and flags of this build",
    .run = run,
};
