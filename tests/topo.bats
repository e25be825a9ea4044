# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven topo: the cpus of each worker, worked out by hand for a machine of 2 packages x 2 memory nodes x 4 cores x 2
# hardware threads (core c has cpus 2c and 2c+1), and what is refused.

setup() {
    BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    cd "$BATS_TEST_TMPDIR"
    big="pack:2 numa:2 core:4 pu:2"
}

# field NAME: that field of every worker in the JSON of $output, in order, with blanks between
field() {
    python3 -c 'import json, sys
print(*[worker[sys.argv[1]] for worker in json.load(sys.stdin)["workers"]])' "$1" <<<"$output"
}

topo() {
    run "$BREAKEVEN" topo --topology "$big" "$@"
}

# refused ARGUMENT...: status 2, one line, nothing on stdout
refused() {
    run --separate-stderr "$BREAKEVEN" topo "$@"
    [ "$status" = 2 ] && [ -z "$output" ] && [ "$(wc -l <<<"$stderr")" = 1 ] && [[ $stderr == breakeven\ topo:\ * ]]
}

bats_require_minimum_version 1.5.0

@test "spread: 8 processes on every other core" {
    topo --processes 8 --placement spread --json
    [ "$status" = 0 ]
    [ "$(field cpus)" = "0 4 8 12 16 20 24 28" ]
    [ "$(field core)" = "0 2 4 6 8 10 12 14" ]
    [ "$(field numa_node)" = "0 0 1 1 2 2 3 3" ]
    [ "$(field package)" = "0 0 0 0 1 1 1 1" ]
    [ "$(field process)" = "0 1 2 3 4 5 6 7" ]
}

@test "close: 8 processes on the 8 cores of the first package" {
    topo --processes 8 --placement close --json
    [ "$status" = 0 ]
    [ "$(field cpus)" = "0 2 4 6 8 10 12 14" ]
    [ "$(field package)" = "0 0 0 0 0 0 0 0" ]
}

@test "spread: processes apart, the threads of one together" {
    topo --processes 2 --threads 3 --placement spread --json
    [ "$(field cpus)" = "0 2 4 16 18 20" ]
    [ "$(field process)" = "0 0 0 1 1 1" ]
    [ "$(field thread)" = "0 1 2 0 1 2" ]
}

@test "hardware threads only when every core has a worker" {
    topo --processes 18 --placement close --json
    [ "$(field cpus)" = "0 1 2 3 4 6 8 10 12 14 16 18 20 22 24 26 28 30" ]
}

@test "the same every time" {
    topo --processes 5 --threads 3 --placement spread --json
    first=$output
    for _ in 1 2 3; do
        topo --processes 5 --threads 3 --placement spread --json
        [ "$output" = "$first" ]
    done
}

@test "explicit cpus and objects, counted round" {
    topo --processes 5 --placement 0-2,5 --json
    [ "$(field cpus)" = "0 1 2 5 0" ]
    topo --processes 2 --placement package:1.core:0-1 --json
    [ "$(field cpus)" = "16-17 18-19" ]
}

@test "without a placement workers are unbound, and it says so" {
    topo --processes 2
    [ "$status" = 0 ]
    [[ $output == *"placement none (unbound)"* ]]
    topo --processes 2 --json
    [[ $output == *'"bound": false'* ]]
    [ "$(field cpus)" = "0-31 0-31" ]
}

@test "an exported topology gives what its description gives" {
    command -v lstopo-no-graphics >/dev/null || skip "no lstopo-no-graphics (package hwloc-nox)"
    lstopo-no-graphics -i "$big" -f big.xml
    topo --processes 8 --placement spread --json
    first=$(field cpus)
    run "$BREAKEVEN" topo --topology big.xml --processes 8 --placement spread --json
    [ "$status" = 0 ]
    [ "$(field cpus)" = "$first" ]
}

@test "this machine: only cpus that this process may use" {
    cpu=$(grep -oP 'Cpus_allowed_list:\s*\K[0-9]+' /proc/self/status)
    run taskset -c "$cpu" "$BREAKEVEN" topo --placement close --processes 2 --json
    [ "$status" = 0 ]
    [ "$(field cpus)" = "$cpu $cpu" ]
    [[ $output == *'"affinity": 1,'* && $output == *'"usable": 1,'* ]]
    run "$BREAKEVEN" topo
    [ "$status" = 0 ]
    [[ $output == *"allowed: cpus "* && $output == *"quota: "* ]]
}

@test "bad lists: one line, status 2" {
    for list in 3-1 0,,2 0, 32 0,0 core:16 core: core:3-1 banana:0 Close 99999999999; do
        refused --topology "$big" --processes 2 --placement "$list"
    done
    cpu=$(grep -oP 'Cpus_allowed_list:\s*\K[0-9]+' /proc/self/status)
    run --separate-stderr taskset -c "$cpu" "$BREAKEVEN" topo --placement "$((cpu + 1))"
    [ "$status" = 2 ]
    [[ $stderr == *"may use cpus $cpu" ]]
}

@test "bad topologies: one line, status 2" {
    head -c 100 /dev/urandom >garbage.xml
    : >empty.xml
    mkfifo pipe.xml
    for source in nosuch.xml garbage.xml empty.xml pipe.xml . "pack:0" "banana:3 pu:2"; do
        refused --topology "$source"
    done
}

@test "a topology with an allowed set but no cpu: one line, status 2, in time" {
    cat >no_cpu.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
  <object type="Machine" os_index="0" cpuset="0x3" complete_cpuset="0x3" allowed_cpuset="0x3" nodeset="0x1" complete_nodeset="0x1" allowed_nodeset="0x1" gp_index="1">
    <object type="NUMANode" os_index="0" cpuset="0x3" complete_cpuset="0x3" nodeset="0x1" complete_nodeset="0x1" gp_index="2" local_memory="1073741824"/>
  </object>
</topology>
XML
    for placement in none close spread 0; do
        run --separate-stderr timeout -s KILL 20 "$BREAKEVEN" topo --topology no_cpu.xml --placement $placement
        [ "$status" = 2 ]
        [ "$stderr" = "breakeven topo: --placement: the topology allows no cpu" ]
    done
}

# Levels that hold as many cpus as the one above are levels too.
@test "the text shows dies, third-level caches below them, and large memory in whole units" {
    run "$BREAKEVEN" topo --topology "pack:2 [numa] die:8 l3:1 core:8 pu:2"
    [ "$(grep -c '^    Die ' <<<"$output")" = 16 ]
    [ "$(grep -c '^      L3Cache ' <<<"$output")" = 16 ]
    [ "$(grep -c '^    NUMANode ' <<<"$output")" = 2 ]
    run "$BREAKEVEN" topo --topology "numa:1(memory=1081101176832) core:2 pu:1"
    [[ $output == *", 1007 GiB"* ]]
}

# two_kinds: an exported machine of three saving cores, one fast core, and a memory node without cpus
two_kinds() {
    python3 - >two_kinds.xml <<'PYTHON'
def object(kind, number, cpus, rest="", inside=""):
    global serial
    serial += 1
    sets = f'cpuset="{cpus:#x}" complete_cpuset="{cpus:#x}" nodeset="0x{nodes}" complete_nodeset="0x{nodes}"'
    return f'<object type="{kind}" os_index="{number}" {sets} gp_index="{serial}" {rest}>{inside}</object>'

serial, nodes = 0, 1
inside = object("NUMANode", 0, 0xF, 'local_memory="1073741824"')
inside += "".join(object("Core", cpu, 1 << cpu, "", object("PU", cpu, 1 << cpu)) for cpu in range(4))
nodes = 2
bare = object("NUMANode", 1, 0, 'local_memory="1073741824"')
bare = object("Group", 0, 0, 'kind="1001" subkind="0"', bare).replace(' os_index="0"', "", 1)
nodes = 3
machine = object("Machine", 0, 0xF, 'allowed_cpuset="0xf" allowed_nodeset="0x3"', inside + bare)
print('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n<topology version="2.0">', machine,
      '<cpukind cpuset="0x7" forced_efficiency="0"><info name="CoreType" value="saving"/></cpukind>',
      '<cpukind cpuset="0x8" forced_efficiency="1"><info name="CoreType" value="fast"/></cpukind>', "</topology>", sep="\n")
PYTHON
}

@test "kinds of cores are shown and selected; close and spread begin with the fast ones" {
    two_kinds
    run "$BREAKEVEN" topo --topology two_kinds.xml
    [[ $output == *"2 kinds of cores, the fast first: kind 1 fast (cpus 3), kind 0 saving (cpus 0-2)"* ]]
    run "$BREAKEVEN" topo --topology two_kinds.xml --json -p 2 --placement kind:0
    [ "$(field cpus)" = "0-2 0-2" ]
    for policy in close spread; do
        run "$BREAKEVEN" topo --topology two_kinds.xml --json -p 2 --placement $policy
        [ "$(tr ' ' '\n' <<<"$(field cpus)" | sort | tr '\n' ' ')" = "0 3 " ]
    done
    refused --topology two_kinds.xml -p 1 --placement kind:2
    [[ $stderr == *"there is no kind 2 with cpus: kind 0-1"* ]]
    refused --topology "$big" -p 1 --placement kind:0
    [[ $stderr == *"of one kind"* ]]
}

@test "a memory node without cpus is shown, counts, and is refused by saying which have cpus" {
    two_kinds
    run "$BREAKEVEN" topo --topology two_kinds.xml
    [[ $output == *"NUMANode 0: no cpus, 1 GiB"* ]]
    refused --topology two_kinds.xml -p 1 --placement numa:0
    [[ $stderr == *"there is no numa 0 with cpus: numa 1 have cpus, 0 none, as topo numbers them"* ]]
}

@test "a topology of a newer hwloc: the library's reason and the cure" {
    two_kinds
    sed -i 's/version="2.0"/version="9.0"/' two_kinds.xml
    refused --topology two_kinds.xml
    [[ $stderr == *"of a newer hwloc"*"9.0"*"lstopo --export-xml-flags v2"* ]]
}

@test "a topology on which the library itself crashes: one line, status 2" {
    [ -z "${SANITIZED:-}" ] || skip "the sanitizers are to be loaded first"
    two_kinds
    echo '#include <stdlib.h>
          int hwloc_topology_load(void *topology) { (void)topology; abort(); }' >crash.c
    ${CC:-cc} -shared -fPIC -o crash.so crash.c
    LD_PRELOAD=$PWD/crash.so refused --topology two_kinds.xml
    [[ $stderr == *"is damaged: hwloc ends on it with signal 6"* ]]
}

# Loading 65,536 cpus takes seconds, so trying first and loading again would take twice as long as the library does.
@test "a topology file is loaded once" {
    [ -z "${SANITIZED:-}" ] || skip "the sanitizers are to be loaded first"
    two_kinds
    cat >count.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int hwloc_topology_load(void *topology)
{
    FILE *loads = fopen("loads", "a");
    fputc('x', loads);
    fclose(loads);
    return ((int (*)(void *))dlsym(RTLD_NEXT, "hwloc_topology_load"))(topology);
}
END
    ${CC:-cc} -shared -fPIC -o count.so count.c -ldl
    LD_PRELOAD=$PWD/count.so run -0 "$BREAKEVEN" topo --topology two_kinds.xml
    [ "$(cat loads)" = x ]
}

@test "what cannot be written is told, of a topology file too" {
    two_kinds
    for source in two_kinds.xml "$big"; do
        run --separate-stderr sh -c '"$0" topo --topology "$1" >/dev/full' "$BREAKEVEN" "$source"
        [ "$status" = 2 ]
        [[ $stderr == *"cannot write to standard output"* ]]
    done
}

@test "without /proc and /sys: the kernel is asked for the cpus, and the quota cannot be seen" {
    [ -z "${SANITIZED:-}" ] || skip "a sanitizer reads /proc"
    unshare -rm true 2>/dev/null || skip "no mount namespace can be made here"
    run unshare -rm sh -c 'mount -t tmpfs none /proc && mount -t tmpfs none /sys && exec "$0" topo' "$BREAKEVEN"
    [ "$status" = 0 ]
    [[ $output =~ allowed:\ cpus\ [0-9,-]+\ \(([0-9]+)\ of\ ([0-9]+)\) ]]
    [ "${BASH_REMATCH[2]}" -ge "${BASH_REMATCH[1]}" ] && [ "${BASH_REMATCH[1]}" -ge 1 ]
    [[ $output == *"quota: cannot be seen"* ]]
}

@test "control groups that another file system was mounted over are not taken for seen" {
    unshare -rm true 2>/dev/null || skip "no mount namespace can be made here"
    [ -z "$(awk '/ - cgroup2? / && $5 !~ "^/sys/fs/cgroup"' /proc/self/mountinfo)" ] || skip "there are groups elsewhere, too"
    run unshare -rm sh -c 'mount -t tmpfs none /sys/fs/cgroup 2>/dev/null || exit 9; exec "$0" topo' "$BREAKEVEN"
    [ "$status" != 9 ] || skip "nothing can be mounted over /sys/fs/cgroup here"
    [ "$status" = 0 ]
    [[ $output == *"quota: cannot be seen"* ]]
}

@test "without /proc a run measures, memory too: no repetition could start, since the program was sought there" {
    [ -z "${SANITIZED:-}" ] || skip "a sanitizer reads /proc"
    unshare -rm true 2>/dev/null || skip "no mount namespace can be made here"
    run unshare -rm sh -c 'mount -t tmpfs none /proc && exec "$0" run --kernel spin --tasks 8 --runner serial,forkpool --workers 1 --reps 1 -o "$1"' \
        "$BREAKEVEN" run
    [ "$status" = 0 ]
    [ "$(grep -c '"status": \?"ok"' run/samples.jsonl)" = 2 ]
    [ "$(grep -c '"peak_rss_bytes": \?[1-9]' run/samples.jsonl)" = 2 ]
    [[ $output == *"Whether repetitions were disturbed cannot be seen"* && $output != *"was disturbed"* ]]
}

@test "one team at a time" {
    refused --topology "$big" --processes 1,2
    refused --topology "$big" --processes 4096 --threads 4096
}
