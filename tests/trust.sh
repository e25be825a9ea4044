#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/trust.sh [loaded] [idle] [same] [selftest]: is a run trusted exactly where it may be? Long, and the machine must be otherwise
# idle, so outside `make test`; each part says what it saw, and the exit status is 1 where one falls short. BUILD: the folder.
#   loaded    three busy processes a cpu beside the default run: it ends within 4 minutes, says first that it is not to be trusted
#             and why, recommends nothing, and --strict is not 0
#   idle      the default run, three times in a row: trusted, --strict is 0
#   same      the gate: SAME=20 times `run --versus` this very build, 12 cells x 6: at most 5 % alarms (and what 99 in 100 series of
#             so many would show at 5 %)
#   selftest  every row, three times in a row
# shellcheck disable=SC2317,SC2016 # the parts are called by name
set -u
cd "$(dirname "$0")/.." || exit 2
breakeven=$PWD/${BUILD:-build}/breakeven folder=$(mktemp -d) busy=() short=0
[ -x "$breakeven" ] || { echo "trust: no $breakeven: make first" >&2; exit 2; }
down() {
    [ ${#busy[@]} = 0 ] || kill "${busy[@]}" 2>/dev/null
    rm -rf "$folder"
}
trap down EXIT
trap 'exit 130' INT TERM

# holds WHAT COMMAND...: says whether it does
holds() {
    local what=$1
    shift
    if "$@"; then echo "  holds: $what"; else echo "  falls short: $what"; short=1; fi
}
verdict() { # of a run's folder: verdict, number of pieces of advice, reasons
    /usr/bin/env python3 -c '
import json, sys
s = json.load(open(sys.argv[1] + "/summary.json"))
print(s["trust"]["verdict"], "|", len(s["advice"]), "|", s["trust"]["reasons"])' "$1"
}
default_run() { # NAME: into $folder/NAME; sets status, took, said
    local began=$SECONDS
    timeout -k 5 600 "$breakeven" run --strict --output "$folder/$1" >"$folder/$1.txt" 2>"$folder/$1.err" </dev/null
    status=$? took=$((SECONDS - began)) said=$(verdict "$folder/$1")
    echo "$1: $took s, status $status: $said"
}
loaded() {
    for _ in $(seq $((3 * $(nproc)))); do
        (while :; do :; done) &
        busy+=($!)
    done
    default_run loaded
    kill "${busy[@]}"
    busy=()
    holds "ends within 4 minutes" [ "$took" -le 240 ]
    holds "not to be trusted, with no advice" grep -q "^not to be trusted | 0 | ." <<<"$said"
    holds "says so first, and why" grep -Eq "^\* This run is not to be trusted: .*(disturbed|differ|changed)" <(grep -m1 '^\*' "$folder/loaded.txt")
    holds "recommends nothing" sh -c '! grep -Eq "use the serial loop|need not worry you|Use (openmp|forkpool|hybrid|python)" "$1"' sh "$folder/loaded.txt"
    holds "--strict is not 0" [ "$status" != 0 ]
}
idle() {
    for try in 1 2 3; do
        default_run "idle-$try"
        holds "trusted" [ "${said%% |*}:$status" = trusted:0 ]
    done
}
same() {
    local count=${SAME:-20} alarms=0 most
    for i in $(seq "$count"); do
        timeout -k 5 120 "$breakeven" run --versus "$breakeven" --kernel spin,primes --task-time 5us,20us --tasks 50 --runner serial,openmp \
            --threads 1,2 --reps 6 --output "$folder/same-$i" >"$folder/same.txt" 2>&1 </dev/null
        status=$?
        [ "$status" = 0 ] || [ "$status" = 4 ] || { alarms=$((alarms + 1)); tail -2 "$folder/same.txt"; }
        rm -rf "$folder/same-$i"
    done
    most=$(/usr/bin/env python3 -c '
import math, sys
n, k, below = int(sys.argv[1]), 0, 0.0
while True:
    below += math.comb(n, k) * 0.05**k * 0.95 ** (n - k)
    if below >= 0.99: break
    k += 1
print(k)' "$count")
    echo "same: $alarms alarms in $count comparisons of this build with itself"
    holds "at most $most, as 5 % would show" [ "$alarms" -le "$most" ]
}
selftest() {
    for try in 1 2 3; do
        timeout -k 5 3600 "$breakeven" selftest >"$folder/selftest.txt" 2>&1 </dev/null
        status=$?
        echo "selftest $try: $(tail -1 "$folder/selftest.txt")"
        grep -A1 "falls short" "$folder/selftest.txt"
        holds "every row" [ "$status" = 0 ]
    done
}
[ $# -gt 0 ] || set -- loaded idle same selftest
for part; do
    case $part in
    loaded | idle | same | selftest) $part ;;
    *) echo "trust: no part \"$part\": there are loaded, idle, same, selftest" >&2; exit 2 ;;
    esac
done
exit $short
