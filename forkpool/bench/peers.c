/* SPDX-License-Identifier: MIT */
/* peers.c: programs of other runtimes, each of which prints one number; in the folder FORKPOOL_BENCH_PEERS. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct peer {
    const char *name, *file, *command, *missing;
} peers[] = {{"libgomp", "libgomp", "", "it was not built"},
             {"libomp", "libomp", "", "clang with libomp is not installed (make deps-bench)"},
             {"oneTBB", "tbb", "", "g++ with oneTBB is not installed (make deps-bench)"},
             {"Python", "python.py", "python3 ", "python3 is not installed (make deps-bench)"},
             {"MPI", "mpi", "mpirun --allow-run-as-root --oversubscribe -n 3 ", "mpicc is not installed (make deps-mpi)"}};
enum { PEERS = sizeof peers / sizeof *peers, ANSWER_S = 25 };

static bool path_of(const struct peer *peer, char *path, size_t size)
{
    const char *folder = getenv("FORKPOOL_BENCH_PEERS");
    snprintf(path, size, "%s/%s", folder ? folder : ".", peer->file);
    return folder && !access(path, R_OK);
}

double peer_ask(const char *name, const char *words)
{
    char path[2048], command[4096];
    double value = NAN;
    const struct peer *peer = peers;
    while (peer < peers + PEERS && strcmp(peer->name, name)) peer++;
    if (peer == peers + PEERS || !path_of(peer, path, sizeof path)) return NAN;
    snprintf(command, sizeof command, "exec timeout -k 1 %d %s'%s' %s 2>/dev/null", ANSWER_S, peer->command, path, words);
    FILE *output = popen(command, "re");
    if (output && fscanf(output, "%lf", &value) != 1) value = NAN;
    if (output) pclose(output);
    return value;
}

void peers_missing(void)
{
    char path[2048];
    for (size_t i = 0; i < PEERS; i++)
        if (!path_of(&peers[i], path, sizeof path)) printf("%s: left out, %s\n", peers[i].name, peers[i].missing);
}
