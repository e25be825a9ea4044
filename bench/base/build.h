/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.h: what this program was made of, for the record of a run. */
#ifndef BREAKEVEN_BUILD_H
#define BREAKEVEN_BUILD_H

struct json_t;

/* {"version", "compiler", "flags", "commit", "hwloc", "gsl", "jansson"}; NULL without memory. The caller drops it. */
struct json_t *build_to_json(void);

#endif
