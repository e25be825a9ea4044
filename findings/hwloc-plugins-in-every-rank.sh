#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  a rank that starts on one host loads MPI and what moves its messages; libraries of screens and graphics cards have no part
#         in MPI_Init.
# Truth:  Open MPI reads the topology by hwloc in each rank, and hwloc loads all of its plugins for that: Debian's hwloc comes with
#         libhwloc-plugins (recommended, so installed), whose gl, opencl and xml_libxml bring libX11, libXNVCtrl, libOpenCL and
#         libxml2 into every rank and every daemon, whether there is a screen or a card or not.
# Seen:   Open MPI 4.1.4 and hwloc 2.9.0 (Debian 12), 2026-11-29: 70 shared objects in a rank, 50 without the plugins.
# Do:     for short jobs on machines whose devices do not matter set HWLOC_PLUGINS_PATH to an empty folder, or install without
#         recommended packages.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
mpirun --version 2>/dev/null | grep -q 'Open MPI' || { echo "needs Open MPI's mpirun (openmpi-bin)"; exit 77; }
command -v mpicc >/dev/null || { echo "needs mpicc (libopenmpi-dev)"; exit 77; }
dpkg-query -W -f '${Package} ${Version}\n' libhwloc-plugins 2>/dev/null || { echo "needs libhwloc-plugins"; exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
mpirun --version | head -n 1
cat >"$work/objects.c" <<'C'
#define _GNU_SOURCE
#include <link.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
static const char *const strange[] = {"libX11.", "libXNVCtrl.", "libOpenCL.", "libxml2."};
static int look(struct dl_phdr_info *info, size_t size, void *all)
{
    (void)size;
    ++*(int *)all;
    for (int i = 0; i < 4; i++)
        if (strstr(info->dlpi_name, strange[i])) printf("%s ", strange[i]);
    return 0;
}
int main(int argc, char **argv)
{
    int all = 0;
    MPI_Init(&argc, &argv);
    dl_iterate_phdr(look, &all);
    printf("and others, %d shared objects\n", all);
    return MPI_Finalize();
}
C
mpicc -o "$work/objects" "$work/objects.c" || exit 77
mkdir "$work/none"
run() { timeout 60 mpirun --bind-to none --oversubscribe -np 1 "$work/objects" </dev/null | tail -n 1; }
usual=$(run)
without=$(HWLOC_PLUGINS_PATH=$work/none run)
if [ -z "$usual" ] || [ -z "$without" ]; then echo "mpirun does not run here"; exit 77; fi
echo "as installed:            $usual"
echo "without hwloc's plugins: $without"
case $usual in *libX11*) ;; *) exit 1 ;; esac
case $without in *libX11* | *libOpenCL*) exit 1 ;; esac
