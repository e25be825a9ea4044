#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh DIR: the models, complete, must be without an error; each mutant must be caught, or the check shows nothing.
set -eu
models=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"

# run MODEL SECONDS DEFINITIONS...: prints pan's verdict
run() {
    model=$1 seconds=$2
    shift 2
    rm -f pan pan.*
    spin -a "$@" "$models/$model.pml" >/dev/null
    cc -O2 -w -DSAFETY -DHC4 -DMEMLIM=6000 -o pan pan.c
    timeout -s KILL "$seconds" ./pan -m2000000 >pan.out 2>&1 || true
    grep -E 'errors:' pan.out || echo "no verdict after $seconds s"
    rm -f ./*.trail
}

good() {
    verdict=$(run "$@")
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out | head -n 1)
    echo "$*: $verdict, $states states"
    case $verdict in *"errors: 0"*) ;; *) exit 1 ;; esac
    ! grep -q 'max search depth too small' pan.out || { echo "cut off: the depth is too small"; exit 1; }
}
bad() {
    verdict=$(run "$@")
    echo "$*: $verdict (wanted: an error)"
    case $verdict in *"errors: 1"*) ;; *) exit 1 ;; esac
}

# The first SECONDS of a search too large to finish: a bit per state. No error found is evidence, not proof.
partly() {
    model=$1 seconds=$2
    shift 2
    spin -a "$@" "$models/$model.pml" >/dev/null
    cc -O2 -w -DSAFETY -DBITSTATE -DRANDOMIZE -o pan pan.c
    timeout -s INT "$seconds" ./pan -w30 -m100000 >pan.out 2>&1 || true
    echo "$model $*: $(grep -E 'errors:' pan.out || echo "no error in $seconds s, search not finished")"
    ! ls ./*.trail >/dev/null 2>&1
}

good range 600 -DWORKERS=2 -DUNITS=3 -DDEATHS=1
good range 600 -DWORKERS=2 -DUNITS=4 -DDEATHS=2
good range 600 -DWORKERS=2 -DUNITS=3 -DDEATHS=0 -DDROP
good queue 600 -DTASKS=1 -DDEATHS=1
good queue 600 -DTASKS=2 -DDEATHS=0
good queue 600 -DTASKS=2 -DDEATHS=0 -DQUEUES=2
for batch in NOBATCH BATCH; do
    good park 600 -DTASKS=2 -D$batch
    good park 600 -DTASKS=2 -D$batch -DFENCED
done
good park 600 -DTASKS=3 -DURGENTS=2
good park 600 -DTASKS=3 -DURGENTS=5 -DBATCH
good park 600 -DTASKS=3 -DURGENTS=2 -DFENCED
for mutant in 1 2 4 5 6 7 8; do bad park 600 -DTASKS=2 -DMUTANT=$mutant; done
bad park 600 -DTASKS=2 -DFENCED -DMUTANT=3
bad range 600 -DWORKERS=2 -DUNITS=4 -DDEATHS=1 -DMUTANT=2
bad range 600 -DWORKERS=2 -DUNITS=4 -DDEATHS=1 -DMUTANT=3
bad queue 600 -DTASKS=2 -DMUTANT=1
bad queue 600 -DTASKS=3 -DMUTANT=2
bad range 600 -DWORKERS=2 -DUNITS=4 -DDEATHS=1 -DDROP -DMUTANT=5
bad queue 600 -DTASKS=3 -DMUTANT=4
bad queue 600 -DTASKS=1 -DDEATHS=1 -DMUTANT=5
partly range 20 -DWORKERS=3 -DUNITS=3 -DDEATHS=1 -DSKEWED
partly range 20 -DWORKERS=2 -DUNITS=3 -DDEATHS=1 -DDROP
partly queue 20 -DTASKS=3 -DDEATHS=1
echo "model: all as wanted"
