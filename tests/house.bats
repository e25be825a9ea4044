#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The order of the rooms.

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    copy=$BATS_TEST_TMPDIR/copy
}

copy_sources() {
    mkdir "$copy"
    find forkpool kernels runners plots bench results/*/ -name '*.[chS]' | tar -cf - -T - | tar -xf - -C "$copy"
}

@test "every include goes down and is written from the root" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    run python3 tests/includes.py .
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "an include that goes up, one that is not from the root and one into the pool are found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    copy_sources
    echo '#include "bench/tune/tune.h"' >>"$copy/bench/base/clock.c"
    echo '#include "clock.h"' >>"$copy/bench/base/values.c"
    echo '#include "forkpool/queue.h"' >>"$copy/runners/forkpool.c"
    run python3 tests/includes.py "$copy"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"bench/base includes bench/tune/tune.h, which stands above it"* ]]
    [[ $output == *'"clock.h" is not written from the root'* ]]
    [[ $output == *"forkpool/queue.h is the inside of the library"* ]]
    [ "${#lines[@]}" -eq 3 ]
}

@test "a file in no room is found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    copy_sources
    mkdir "$copy/results/attic" && echo '/* SPDX-License-Identifier: MIT */' >"$copy/results/attic/attic.c"
    run python3 tests/includes.py "$copy"
    [ "$status" -eq 1 ]
    [[ $output == *"results/attic/attic.c: stands in no room"* ]]
}

@test "a file without a licence is found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    copy_sources
    echo 'int bare;' >"$copy/plots/bare.c"
    run python3 tests/includes.py "$copy"
    [ "$status" -eq 1 ]
    [[ $output == *"plots/bare.c:1: the first line names no licence"* ]]
}

@test "a file whose first line gives the name of another is found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    copy_sources
    sed -i '2s/plan_grid\.c/grid.c/' "$copy/bench/plan/plan_grid.c"
    run python3 tests/includes.py "$copy"
    [ "$status" -eq 1 ]
    [ "$output" = "bench/plan/plan_grid.c:2: says that it is grid.c" ]
}

@test "a crowded room and a document that names what is not there are found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    copy_sources
    for i in $(seq 23); do echo '/* SPDX-License-Identifier: MIT */' >"$copy/bench/cli/more$i.c"; done
    printf '[a](docs/gone.md), bench/cli/gone.c\n' >"$copy/README.md"
    run python3 tests/includes.py "$copy"
    [ "$status" -eq 1 ]
    [[ $output == *"bench/cli: 30 .c files, more than 22"* ]]
    [[ $output == *"README.md: docs/gone.md is not there"*"README.md: bench/cli/gone.c is not there"* ]]
}

@test "an example in a header that calls a function otherwise than it is declared is found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    copy_sources
    sed -i 's/plan_order(plan.cells, plan.cell_count, seed, block, order)/plan_order(\&plan, (int[]){block, 1})/' "$copy/bench/plan/plan.h"
    run python3 tests/includes.py "$copy"
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "bench/plan/plan.h: an example calls plan_order with 2 arguments, it takes 5" ]
}

@test "no circle of more than three files in the link graph, and no file needs a room above its own" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    run python3 tests/circles.py "${BUILD:-build}"
    echo "$output"
    [ "$status" -ne 77 ] || skip "$output: built for link-time optimisation"
    [ "$status" -eq 0 ]
}

# pretend FILE DEFINED NEEDED: a file of a small house, and its object
pretend() {
    mkdir -p "$(dirname "$1")" "build/$(dirname "$1")"
    echo "int $3(void); int $2(void); int $2(void) { return $3(); }" >"$1.c"
    cc -c -o "build/$1.o" "$1.c"
}

@test "a circle of four files and a symbol of a room above are found" {
    command -v python3 >/dev/null || skip "python3 is not installed"
    script=$PWD/tests/circles.py
    mkdir "$copy" && cd "$copy"
    pretend plots/one a b && pretend plots/two b c && pretend plots/three c d && pretend plots/four d a
    pretend kernels/low low high && pretend runners/high high nobody
    run python3 "$script"
    echo "$output"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = "a circle of 4 files: plots/four, plots/one, plots/three, plots/two" ]
    [ "${lines[1]}" = "kernels/low needs high of runners/high, which stands above it" ]
    [ "${#lines[@]}" -eq 2 ]
}

# musl-gcc finds none of them, and only `make portable` would tell.
@test "forkpool builds without the kernel's headers: each is included where __has_include says so" {
    for file in $(find forkpool -name '*.[ch]' ! -path '*/bench/*' ! -path '*/examples/*'); do
        for header in $(sed -n 's/^ *# *include *\(<\(linux\|asm\)\/[^>]*>\).*/\1/p' "$file"); do
            grep -qF "__has_include($header)" "$file" || { echo "$file includes $header, whether it is there or not"; return 1; }
        done
    done
}

@test "a lesson that is taken away leaves the program" {
    export made=$BATS_TEST_TMPDIR/build list=$BATS_TEST_TMPDIR/build/bench/lessons/lesson_files.S
    lessons() { env -u MAKEFLAGS -u MAKELEVEL make -s BUILD="$made" "$list" && grep -c incbin "$list"; }
    mkdir "$copy"
    cp -r Makefile bench forkpool tests docs "$copy"
    cd "$copy"
    before=$(lessons)
    rm bench/lessons/assets/14-*.ini
    [ "$(lessons)" = $((before - 1)) ]
}
