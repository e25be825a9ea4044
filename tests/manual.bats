# SPDX-License-Identifier: GPL-3.0-or-later
# The manual and the completions say what --help says: they are made from one table.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
}

verbs() {
    "$BREAKEVEN" help | sed -n '/help TOPIC/q; s/^  \([a-z]\+\) .*/\1/p'
}

@test "every verb and option of --help stands in the manual, and no other" {
    "$BREAKEVEN" manual | sed 's/\\-/-/g; s/\\f[IR]//g; s/\\e/\\/g' > "$BATS_TEST_TMPDIR/manual"
    for verb in $(verbs); do
        "$BREAKEVEN" "$verb" --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' | sort > "$BATS_TEST_TMPDIR/help"
        awk -v verb="$verb" '/^\.S[SH]/ {mine = $3 == verb} mine' "$BATS_TEST_TMPDIR/manual" |
            sed -n 's/^\.B .*--\([a-z-]*\).*/\1/p' | sort > "$BATS_TEST_TMPDIR/page"
        [ -s "$BATS_TEST_TMPDIR/help" ]
        diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page"
    done
}

@test "the manual is good troff" {
    command -v man >/dev/null || skip "man is missing"
    "$BREAKEVEN" manual > "$BATS_TEST_TMPDIR/breakeven.1"
    run env MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 "$BATS_TEST_TMPDIR/breakeven.1"
    [ "$status" = 0 ]
    [[ $output != *warning* ]]
    [[ $output == *"when does parallelism pay"* ]]
}

@test "forkpool's page has every function of its header, and is good troff" {
    page=$BATS_TEST_TMPDIR/forkpool.3
    awk -f forkpool/manual.awk forkpool/forkpool.h > "$page"
    functions=$(grep -oE '^[a-z][a-z0-9_ *]*[ *]forkpool_[a-z_]+\(' forkpool/forkpool.h |
        grep -oE 'forkpool_[a-z_]+\(' | tr -d '(')
    [ "$(wc -w <<<"$functions")" -gt 20 ]
    for function in $functions; do grep -q "$function(" "$page"; done
    command -v man >/dev/null || skip "man is missing"
    run man --warnings -E UTF-8 -l -Tutf8 "$page"
    [ "$status" = 0 ]
    [[ $output != *warning* ]]
}

@test "each function of forkpool's header has a page of its own, good troff, and no other has" {
    mkdir "$BATS_TEST_TMPDIR/pages"
    awk -v folder="$BATS_TEST_TMPDIR/pages" -f forkpool/pages.awk forkpool/forkpool.h
    grep -oE '^[a-z][a-z0-9_ *]*[ *]forkpool_[a-z_]+\(' forkpool/forkpool.h | grep -v ^typedef |
        grep -oE 'forkpool_[a-z_]+\(' | sed 's/($/.3/' | sort -u >"$BATS_TEST_TMPDIR/functions"
    (cd "$BATS_TEST_TMPDIR/pages" && printf '%s\n' * | sort) | diff "$BATS_TEST_TMPDIR/functions" -
    for page in "$BATS_TEST_TMPDIR"/pages/*; do
        name=$(basename "$page" .3)
        grep -qE "^$name \\\\- .{6,}" "$page"     # NAME says what it does
        grep -qE "[ *]$name\(.*\);" "$page"        # SYNOPSIS declares it
    done
    command -v man >/dev/null || skip "man is missing"
    cat "$BATS_TEST_TMPDIR"/pages/* >"$BATS_TEST_TMPDIR/all.3"
    run man --warnings -E UTF-8 -l -Tutf8 "$BATS_TEST_TMPDIR/all.3"
    [ "$status" = 0 ]
    [[ $output != *warning* ]]
}

@test "bash completes verbs, options and their words" {
    eval "$("$BREAKEVEN" completion bash)"
    COMP_WORDS=(breakeven ver) COMP_CWORD=1
    _breakeven
    [ "${COMPREPLY[*]}" = version ]
    COMP_WORDS=(breakeven list --js) COMP_CWORD=2
    _breakeven "$BREAKEVEN"
    [ "${COMPREPLY[*]}" = --json ]
    COMP_WORDS=(breakeven list --task) COMP_CWORD=2 # an option of another verb
    _breakeven "$BREAKEVEN" || true
    [ "${#COMPREPLY[*]}" = 0 ]
    COMP_WORDS=(breakeven report --format mark) COMP_CWORD=3
    _breakeven "$BREAKEVEN"
    [ "${COMPREPLY[*]}" = markdown ]
}

@test "zsh and fish take their completions" {
    "$BREAKEVEN" completion zsh > "$BATS_TEST_TMPDIR/_breakeven"
    "$BREAKEVEN" completion fish > "$BATS_TEST_TMPDIR/breakeven.fish"
    grep -q "'--json\[" "$BATS_TEST_TMPDIR/_breakeven"
    grep -q -- "-l json" "$BATS_TEST_TMPDIR/breakeven.fish"
    if command -v zsh >/dev/null; then zsh -n "$BATS_TEST_TMPDIR/_breakeven"; fi
    if command -v fish >/dev/null; then fish -n "$BATS_TEST_TMPDIR/breakeven.fish"; fi
}

@test "an unknown shell is one line and status 2" {
    run "$BREAKEVEN" completion tcsh
    [ "$status" = 2 ]
    [ "${#lines[@]}" = 1 ]
}

@test "each topic of help is explained, and stands in the manual" {
    topics=$("$BREAKEVEN" help | sed -n '/help TOPIC/,$s/^  \([a-z]\+\) .*/\1/p')
    [ "$(wc -w <<<"$topics")" -ge 5 ]
    "$BREAKEVEN" manual | sed 's/\\-/-/g; s/\\e/\\/g' > "$BATS_TEST_TMPDIR/manual"
    for topic in $topics; do
        "$BREAKEVEN" help "$topic" > "$BATS_TEST_TMPDIR/topic"
        [ -s "$BATS_TEST_TMPDIR/topic" ]
        while IFS= read -r line; do grep -qF -- "$line" "$BATS_TEST_TMPDIR/manual"; done < "$BATS_TEST_TMPDIR/topic"
    done
}

@test "installed below a path with blanks under umask 077: readable, and uninstalled without a rest" {
    make="make -s -o build -o install-forkpool -o uninstall-forkpool BUILD=${BUILD:-build}" where="$BATS_TEST_TMPDIR/a b"
    (umask 077 && $make install DESTDIR="$where" PREFIX="/opt/my programs")
    [ -z "$(find "$where" ! -perm -o+r)" ]
    "$where/opt/my programs/bin/breakeven" version
    [ "$(find "$where" -type f | wc -l)" -ge 8 ]
    $make uninstall DESTDIR="$where" PREFIX="/opt/my programs"
    [ -z "$(find "$where" -type f -o -name '*breakeven*')" ]
}

@test "a copy inside of another repository is of no commit" {
    command -v git >/dev/null || skip "git is not installed"
    git init -q "$BATS_TEST_TMPDIR/outer"
    cp --parents Makefile ./*/*.mk "$BATS_TEST_TMPDIR/outer"
    cd "$BATS_TEST_TMPDIR/outer"
    git -c user.name=x -c user.email=x@x commit -q --allow-empty -m outer
    make -pn help 2>/dev/null >made || true
    grep -qx 'BUILT_FROM := unknown' made
    git add Makefile
    make -pn help 2>/dev/null >made || true
    grep -qx "BUILT_FROM := $(git rev-parse HEAD)+changes" made
}
