#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  timeout(1) does not change what its command does with signals: started under nohup, the command ignores HUP with or
#         without timeout before it, on every system.
# Truth:  up to coreutils 9.7 it gave the command HUP, INT, QUIT and TERM back as they usually are; 9.10 leaves ignored what was
#         ignored (its NEWS has the change under timeout). So `nohup timeout 1h job` used to end by kill -HUP, and runs on now;
#         a test of ours that sends HUP through timeout passed under nohup on Debian 12 and 13 and failed on testing and unstable.
# Seen:   coreutils 9.1 and 9.7 (Debian 12, 13): SigIgn 0; 9.10 (Debian testing, unstable): SigIgn 1; 2026-11-30.
# Do:     say what is meant: `env --default-signal=HUP` (or --ignore-signal=HUP) between timeout and the command.
# Exit:   0 as stated for this coreutils, 1 it has changed, 77 cannot be tried here, or a version between.
set -u
timeout --version 2>/dev/null | grep -q coreutils || { echo "needs GNU timeout (coreutils)"; exit 77; }
timeout --version | head -n 1
minor=$(timeout --version | sed -n '1s/.* 9\.\([0-9]*\).*/\1/p')
[ -n "$minor" ] || { echo "no coreutils 9"; exit 77; }
ignored() { # COMMAND...: the lowest four signals that grep, started by it, ignores
    env --ignore-signal=HUP "$@" grep SigIgn /proc/self/status | sed 's/.*\(.\)$/\1/'
}
plain=$(ignored)
through=$(ignored timeout 9)
cured=$(ignored timeout 9 env --default-signal=HUP)
echo "HUP ignored: SigIgn $plain; through timeout: $through; through timeout and env --default-signal: $cured"
[ "$plain" = 1 ] && [ "$cured" = 0 ] || exit 1
if [ "$minor" -le 7 ]; then [ "$through" = 0 ]; elif [ "$minor" -ge 10 ]; then [ "$through" = 1 ]; else exit 77; fi
