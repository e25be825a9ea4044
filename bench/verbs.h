/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verbs.h: every verb of the program. Only main and the tests look at it: options_parse is handed the list. */
#ifndef BREAKEVEN_VERBS_H
#define BREAKEVEN_VERBS_H

#include "bench/cli/options.h"

extern const struct verb *const verbs[]; /* in the order of verbs_list.h, ends with NULL */

#endif
