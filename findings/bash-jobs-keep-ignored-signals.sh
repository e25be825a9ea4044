#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  under `set -m` a background job of a script gets INT and QUIT as they usually are, even where the script itself was started
#         in another script's background, with both ignored: so test runners arrange that Ctrl-C can be tried.
# Truth:  that held up to bash 5.2. Since 5.3 the job keeps them ignored, and a program started so never sees SIGINT: six of our
#         tests of Ctrl-C failed on Debian's testing and unstable alone.
# Seen:   bash 5.2.15 and 5.2.37 (Debian 12, 13): SigIgn 0; bash 5.3.15 (Debian testing): SigIgn 6; 2026-11-28.
# Do:     start what has to see the signal through `env --default-signal=INT,QUIT` (coreutils 8.31 and later).
# Exit:   0 as stated for this bash, 1 it has changed, 77 cannot be tried here.
set -u
command -v bash >/dev/null || { echo "needs bash"; exit 77; }
bash --version | head -n 1
# shellcheck disable=SC2016 # for the inner shells
ignored=$(bash -c '( bash -c "set -m; grep SigIgn /proc/self/status & wait" ) & wait' | grep -o '[0-9a-f]\{16\}') || exit 77
# shellcheck disable=SC2016
cured=$(bash -c '( env --default-signal=INT,QUIT bash -c "set -m; grep SigIgn /proc/self/status & wait" ) & wait' |
    grep -o '[0-9a-f]\{16\}') || exit 77
echo "a job under set -m, in a script's background: SigIgn $ignored; through env --default-signal: $cured"
[ $((0x$cured & 6)) = 0 ] || exit 1
if bash -c '(( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 503 ))'; then [ $((0x$ignored & 6)) = 6 ]; else [ $((0x$ignored & 6)) = 0 ]; fi
