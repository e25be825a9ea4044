#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  what madvise(MADV_WIPEONFORK) accepts is wiped in a child, or the call is refused with EINVAL: the manual offers the
#         errno as the way to ask whether it is there.
# Truth:  under qemu-user the call returns 0 and does nothing: a forked child sees the parent's bytes. A program that tells parent and
#         child apart by such a page takes the child for the parent, under emulation only.
# Seen:   qemu-user 7.2.22 (Debian 12), an arm64 program on x86-64, 2026-11-28; natively the child sees 0.
# Do:     ask the page, not the call: compare the process number too (or pthread_atfork), and don't take a run under qemu-user
#         for proof of what wiping guards.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
for program in qemu-aarch64 aarch64-linux-gnu-gcc cc; do
    command -v $program >/dev/null || { echo "needs $program (qemu-user, gcc-aarch64-linux-gnu, gcc)"; exit 77; }
done
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/wipe.c" <<'C'
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
    unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 77;
    *page = 7;
    int refused = madvise(page, 4096, MADV_WIPEONFORK), status;
    pid_t child = fork();
    if (!child) _exit(*page);
    if (child < 0 || waitpid(child, &status, 0) < 0) return 77;
    printf("madvise %s, the child sees %d\n", refused ? "refused" : "accepted", WEXITSTATUS(status));
    return 0;
}
C
cc -o "$work/here" "$work/wipe.c" && aarch64-linux-gnu-gcc -static -o "$work/there" "$work/wipe.c" || exit 77
qemu-aarch64 --version | head -n 1
here=$("$work/here") && there=$(qemu-aarch64 "$work/there") || exit 77
echo "native: $here; under qemu-user: $there"
[ "$here" = "madvise accepted, the child sees 0" ] || exit 77
[ "$there" = "madvise accepted, the child sees 7" ]
