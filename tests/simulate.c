/* SPDX-License-Identifier: GPL-3.0-or-later */
/* simulate: writes a simulated run's folder. simulate DIR [small|server] [BLOCKS] [SEED] */
#include "tests/fixtures/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
    const struct simulate_machine *machine =
        argc > 2 && !strcmp(argv[2], "server") ? &simulate_server : &simulate_small;
    if (argc < 2 || argc > 5 || (argc > 2 && strcmp(argv[2], machine->name))) {
        fprintf(stderr, "usage: simulate DIR [small|server] [BLOCKS] [SEED]\n");
        return 2;
    }
    mkdir(argv[1], 0777);
    int status = simulate_run(argv[1], machine, argc > 3 ? (unsigned)atoi(argv[3]) : 10,
                              argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
    if (status) fprintf(stderr, "simulate: %s: %s\n", argv[1], strerror(-status));
    return status ? 1 : 0;
}
