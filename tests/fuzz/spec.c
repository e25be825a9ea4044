/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the planner writes to a repetition. */
#include "tests/fuzz/fuzz.h"

#include "bench/plan/spec.h"
#include "kernels/reason.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reason why = {""};
    struct spec spec;
    json_t *json = json_loadb((const char *)bytes, size, 0, NULL);
    if (json && !spec_from_json(json, &spec, &why)) spec_free(&spec);
    json_decref(json);
    return 0;
}
