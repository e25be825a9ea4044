# SPDX-License-Identifier: GPL-3.0-or-later
# What is missing is installed before anything is compiled.

bats_require_minimum_version 1.5.0

# bare GOAL: make, four jobs at a time, on a system without compiler and libraries, where nothing may be installed
bare() {
    local tool tools=()
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    for tool in /usr/bin/*; do
        case ${tool##*/} in
        cc | c89* | c99* | gcc* | *-gcc* | clang* | mpicc* | pkg-config | pkgconf) ;;
        *) tools+=("$tool") ;;
        esac
    done
    ln -s -t "$BATS_TEST_TMPDIR/bin" "${tools[@]}"
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u CC BREAKEVEN_PACKAGE_MANAGER=none PATH="$BATS_TEST_TMPDIR/bin" \
        make -C "$BATS_TEST_DIRNAME/.." -j4 BUILD="$BATS_TEST_TMPDIR/build" "$@"
}

@test "on a bare system nothing is compiled before what is missing is installed, in no order of the jobs" {
    run bare build
    [ "$status" = 2 ]
    [[ $output == *gcc*hwloc* ]]
    [[ $output != *" -c -o "* ]]
}

@test "the library alone asks for a compiler and installs nothing" {
    run bare install-forkpool DESTDIR="$BATS_TEST_TMPDIR/root"
    [ "$status" = 2 ]
    [[ $output != *hwloc* ]]
    [[ $output == *" -c -o "* ]]
}
