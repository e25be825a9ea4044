/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placements of the command line on a made-up machine, for up to 16 workers. */
#include "tests/fuzz/fuzz.h"

#include "kernels/reason.h"
#include "runners/cpus/placement.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static hwloc_topology_t topology;
    struct reason why = {""};
    struct placement placement;
    if (!topology && topology_load("pack:2 [numa] l3:2 core:2 pu:2", &topology, &why)) abort();
    if (!size) return 0;
    char *text = fuzz_text(bytes + 1, size - 1);
    unsigned processes = 1 + bytes[0] % 4, threads = 1 + bytes[0] / 4 % 4;
    if (!placement_compute(text, topology, processes, threads, &placement, &why)) placement_free(&placement);
    free(text);
    return 0;
}
