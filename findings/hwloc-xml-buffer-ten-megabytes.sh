#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  what hwloc_topology_export_xmlbuffer gives, hwloc_topology_set_xmlbuffer takes, as a file's round trip does.
# Truth:  with hwloc's libxml2 part (a plugin, in Debian libhwloc-plugins; the default where it is there) and libxml2 2.9 a buffer of
#         17 MB is refused (-1, EINVAL), one of 5 MB is not: 16,384 cpus and 8,192. The same text in a file is read, and hwloc's
#         own reader (HWLOC_LIBXML=0) takes the buffer, as newer libxml2 do. Who does not look at what set_xmlbuffer returns gets,
#         from hwloc_topology_load, the machine that it runs on, and no error.
# Seen:   refused: hwloc 2.9.0 and 2.12.0 with libxml2 2.9.14 (Debian 12, 13); taken: hwloc 2.15.0 with libxml2.so.16.1.4 (unstable);
#         2026-11-30.
# Do:     check what set_xmlbuffer returns, hand over files, or set HWLOC_LIBXML=0.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (gcc, libhwloc-dev, hwloc's libxml2 part).
set -u
all=
command -v gcc >/dev/null || { echo "needs gcc"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/again.c" <<'C'
#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
/* a machine's XML through memory and through a file: is it taken, and how many cpus come back? */
int main(int words, char **word)
{
    hwloc_topology_t made, again;
    char *text;
    int length;
    if (words != 3 || hwloc_topology_init(&made) || hwloc_topology_set_synthetic(made, word[1]) || hwloc_topology_load(made)) return 1;
    if (hwloc_topology_export_xmlbuffer(made, &text, &length, 0)) return 1;
    printf("%d cpus, %d MB:", hwloc_get_nbobjs_by_type(made, HWLOC_OBJ_PU), length / 1000000);
    FILE *file = fopen(word[2], "w");
    if (!file || fwrite(text, 1, (size_t)length - 1, file) != (size_t)length - 1 || fclose(file)) return 1;
    for (int memory = 0; memory < 2; memory++) {
        hwloc_topology_init(&again);
        int error = memory ? hwloc_topology_set_xmlbuffer(again, text, length) : hwloc_topology_set_xml(again, word[2]);
        if (error) printf(" %s refused (%s);", memory ? "memory" : "file", errno == EINVAL ? "EINVAL" : "other");
        else if (!hwloc_topology_load(again)) printf(" %s %d;", memory ? "memory" : "file", hwloc_get_nbobjs_by_type(again, HWLOC_OBJ_PU));
        hwloc_topology_destroy(again);
    }
    printf("\n");
    return 0;
}
C
gcc -O1 -o "$work/again" "$work/again.c" -lhwloc 2>/dev/null || { echo "needs libhwloc-dev"; exit 77; }
again() { HWLOC_LIBXML=$1 "$work/again" "$2" "$work/machine.xml"; }
xml=$(ldconfig -p | sed -n 's/.*=> \(.*libxml2.so.*\)/\1/p' | head -n 1 | xargs -r readlink -f | sed 's/.*so.//')
echo "hwloc $(pkg-config --modversion hwloc 2>/dev/null), libxml2.so.$xml"
for machine in "pack:64 core:64 pu:2" "pack:64 core:128 pu:2"; do
    for part in 1 0; do
        said=$(again "$part" "$machine") || exit 77
        echo "$([ $part = 1 ] && echo libxml2 || echo "own reader"): $said"
        all=$all${all:+ | }$said
    done
done
case $xml in 2.*) memory="refused (EINVAL)" ;; *) memory=16384 ;; esac
small="8192 cpus, 5 MB: file 8192; memory 8192;" large="16384 cpus, 16 MB: file 16384; memory"
[ "$all" = "$small | $small | $large $memory; | $large 16384;" ]
