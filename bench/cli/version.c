/* SPDX-License-Identifier: GPL-3.0-or-later */
/* version: which build this is. */
#include "bench/cli/options.h"

#include "bench/base/build.h"

#include <jansson.h>
#include <stdlib.h>

static int run(const struct options *options)
{
    if (!options->json) return options_print(options, "breakeven " BREAKEVEN_VERSION "\nLicence GPL-3.0-or-later; forkpool, the process pool in it, MIT. No warranty.");
    return options_print_json(options, build_to_json());
}

const struct verb verb_version = {
    .name = "version",
    .summary = "version, compiler and flags of this build",
    .operands = "",
    .run = run,
};
