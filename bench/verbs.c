/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/verbs.h"

#define VERB(name) extern const struct verb verb_##name;
#include "bench/verbs_list.h"
#undef VERB

const struct verb *const verbs[] = {
#define VERB(name) &verb_##name,
#include "bench/verbs_list.h"
#undef VERB
    NULL,
};
