# SPDX-License-Identifier: GPL-3.0-or-later
# The guide's programs, built against an installed copy as C and as C++, print what the guide says.

setup_file() {
    export INSTALLED="$BATS_FILE_TMPDIR/root"
    make -s install-forkpool DESTDIR="$INSTALLED" PREFIX=/usr BUILD="${BUILD:-build}"
    export PKG_CONFIG_PATH="$INSTALLED/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$INSTALLED"
    export NAMES="square map iterate lost limits big inner filter checksum pi quicksort serve"
    export LD_LIBRARY_PATH="$INSTALLED/usr/lib"
}

# guide NAME COMPILER...: what it prints is the block of that name.
guide() {
    local name=$1
    shift
    local source="$INSTALLED/usr/share/doc/forkpool/examples/$name.c" program="$BATS_TEST_TMPDIR/$name"
    # shellcheck disable=SC2046
    "$@" -Wall -Wextra -Werror -O2 -fopenmp "$source" -x none -o "$program" $(pkg-config --cflags --libs forkpool)
    sed -n "/^\`\`\`text $name\$/,/^\`\`\`\$/p" "$INSTALLED/usr/share/doc/forkpool/README.md" | sed '1d;$d' >"$program.wanted"
    [ -s "$program.wanted" ]
    (cd "$BATS_TEST_TMPDIR" && timeout -s KILL 20 "$program" >"$program.got")
    diff "$program.wanted" "$program.got"
}

@test "every example has its block in the guide, and none is missing" {
    local names
    names=$(cd forkpool/examples && ls ./*.c | sed 's|./||; s|\.c$||' | sort)
    [ "$names" = "$(sed -n 's/^```text //p' forkpool/README.md | sort)" ]
}

@test "no example is longer than 60 lines, and all of them are tried" {
    [ "$(cd forkpool/examples && ls ./*.c | sed 's|./||; s|\.c$||' | sort)" = "$(tr ' ' '\n' <<<"$NAMES" | sort)" ]
    [ -z "$(wc -l forkpool/examples/*.c | awk '$1 >= 60 && $2 != "total"')" ]
}

@test "the guide's programs in C" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    for name in $NAMES; do guide "$name" gcc -std=c11 -D_GNU_SOURCE; done
}

@test "the guide's programs in C++" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    command -v g++ >/dev/null || skip "g++ is not installed"
    for name in $NAMES; do guide "$name" g++ -x c++ -std=c++17 -Wno-missing-field-initializers; done
}

@test "the guide's programs with the static library" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    gcc -O2 -I"$INSTALLED/usr/include" forkpool/examples/map.c "$INSTALLED/usr/lib/libforkpool.a" -o "$BATS_TEST_TMPDIR/static"
    timeout -s KILL 20 "$BATS_TEST_TMPDIR/static"
}

@test "both libraries show forkpool_ symbols alone" {
    [ -z "${COVERAGE:-}" ] || skip "gcov adds symbols of its own"
    [ -z "$(nm -D --defined-only "$INSTALLED/usr/lib/libforkpool.so.0" | grep -v ' forkpool_')" ]
    [ -z "$(nm -g --defined-only "$INSTALLED/usr/lib/libforkpool.a" | grep ' [A-Z] ' | grep -v ' forkpool_')" ]
}

@test "the header compiles alone, as C11 and C++11" {
    echo '#include <forkpool.h>' | gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -x c -fsyntax-only -I"$INSTALLED/usr/include" -
    command -v g++ >/dev/null || skip "g++ is not installed"
    echo '#include <forkpool.h>' | g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -x c++ -fsyntax-only -I"$INSTALLED/usr/include" -
}

@test "in C++ a struct and a function of one name are both at hand" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    command -v g++ >/dev/null || skip "g++ is not installed"
    cat >"$BATS_TEST_TMPDIR/names.cpp" <<'END'
#include <forkpool.h>
static int nothing(void *, unsigned, size_t, size_t) { return 0; }
int main()
{
    forkpool *pool = forkpool_open(2);
    forkpool_map map{};
    map.range = nothing;
    map.tasks = 9;
    forkpool_stats stats{};
    forkpool_worker_stats worker{};
    bool good = !forkpool_map(pool, &map) && !forkpool_stats(pool, &stats) && !forkpool_worker_stats(pool, 0, &worker);
    good = good && stats.workers == 2 && worker.pid > 0;
    forkpool_delete(pool);
    return good ? 0 : 1;
}
END
    # shellcheck disable=SC2046
    g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror "$BATS_TEST_TMPDIR/names.cpp" -o "$BATS_TEST_TMPDIR/names" $(pkg-config --cflags --libs forkpool)
    timeout -s KILL 20 "$BATS_TEST_TMPDIR/names"
}

@test "in C++ a callback that throws leaves the pool sound" {
    [ -z "${SANITIZED:-}" ] || skip "programs without the sanitizer cannot use a sanitized library"
    command -v g++ >/dev/null || skip "g++ is not installed"
    cat >"$BATS_TEST_TMPDIR/throws.cpp" <<'END'
#include <forkpool.h>
static int called;
static int nothing(const void *, size_t, void *, size_t) { return 0; }
static void odd_throws(forkpool_job *, int, void *) { if (++called % 2) throw called; }
int main()
{
    forkpool *pool = forkpool_open(2);
    int caught = 0;
    for (int i = 0; i < 20; i++) {
        forkpool_task task{};
        task.run = nothing;
        task.done = odd_throws;
        forkpool_job *job = nullptr;
        if (forkpool_submit(pool, &task, &job)) return 2;
        forkpool_release(job);
        int ran = 0;
        try { ran = forkpool_poll_wait(pool, 5000000000); } catch (int) { caught++, ran = 1; }
        if (ran != 1) return 3;
    }
    forkpool_delete(pool);
    return called == 20 && caught == 10 ? 0 : 1;
}
END
    # shellcheck disable=SC2046
    g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror "$BATS_TEST_TMPDIR/throws.cpp" -o "$BATS_TEST_TMPDIR/throws" $(pkg-config --cflags --libs forkpool)
    timeout -s KILL 60 "$BATS_TEST_TMPDIR/throws"
}

@test "uninstall leaves nothing" {
    make -s install-forkpool DESTDIR="$BATS_TEST_TMPDIR/gone" PREFIX=/usr
    make -s uninstall-forkpool DESTDIR="$BATS_TEST_TMPDIR/gone" PREFIX=/usr
    [ -z "$(find "$BATS_TEST_TMPDIR/gone" ! -type d)" ]
}
