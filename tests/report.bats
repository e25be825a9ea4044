# SPDX-License-Identifier: GPL-3.0-or-later
# breakeven report on simulated runs: formats, figures that draw themselves again, gnuplot missing, and the page in a browser.

bats_require_minimum_version 1.5.0

setup_file() {
    export BREAKEVEN=${BREAKEVEN:-$PWD/build/breakeven}
    local build=${BUILD:-build}
    case $build in /*) ;; *) build=$PWD/$build ;; esac
    export BROWSER=$PWD/tests/browser
    cd "$BATS_FILE_TMPDIR"
    for machine in small server; do "$build/tests/simulate" $machine $machine 8 1; done
    cp -r small tiny # drawn again where the figures do not matter
    "$BREAKEVEN" report small > small.txt 2> small.err
    "$BREAKEVEN" report server > server.txt 2> server.err
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

need_gnuplot() {
    command -v gnuplot >/dev/null || skip "gnuplot is missing"
}

@test "report draws every figure and writes the page" {
    need_gnuplot
    for run in small server; do
        for figure in speedup time efficiency granularity overhead chunk hybrid placement budget metg drift latency start timeline topology karpflatt; do
            for kind in svg png dat gp; do [ -s $run/plots/$figure.$kind ] || { echo "$run $figure.$kind"; false; }; done
        done
        [ -s $run/report.html ] && [ ! -s $run.err ]
        [ "$(stat -c %s $run/report.html)" -lt $((5 << 20)) ]
    done
}

@test "pictures and page are well-formed" {
    need_gnuplot
    command -v python3 >/dev/null || skip "python3 is missing"
    run python3 - small server <<'PYTHON'
import glob, html.parser, sys, xml.dom.minidom

VOID = {"meta", "link", "br", "img", "hr", "input"}

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), (tag, names)
        assert not any(name.startswith("on") for name in names), (tag, names)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:], self.getpos())
        self.open.pop()

for run in sys.argv[1:]:
    pictures = glob.glob(run + "/plots/*.svg")
    assert len(pictures) >= 14, pictures
    for picture in pictures:
        xml.dom.minidom.parse(picture)
    page = Page()
    page.feed(open(run + "/report.html", encoding="utf-8").read())
    page.close()
    assert not page.open, page.open
PYTHON
    [ "$status" = 0 ] || { echo "$output"; false; }
}

@test "bars carry the name of what they show, and a figure has as many columns as its script reads" {
    need_gnuplot
    for figure in budget metg; do
        rows=$(grep -c '^[1-9]' small/plots/$figure.dat)
        names=$(sed -n 's/.* "\([^"]*\)" "[^"]*"$/\1/p' small/plots/$figure.dat | sort -u)
        [ "$rows" -gt 0 ] && [ -n "$names" ]
        while read -r name; do grep -qF ">$name<" small/plots/$figure.svg || { echo "$figure: no bar \"$name\""; false; }; done <<<"$names"
    done
}

@test "the machine's figure counts memory nodes as topo does; a topology that cannot be read is the reason for none" {
    need_gnuplot
    "$BREAKEVEN" run --kernel spin --task-time 10us --tasks 8 --reps 1 --runner forkpool --workers 1 -o odd
    cp odd/topology.xml newer.xml
    python3 - odd/topology.xml <<'PYTHON'
import re, sys
text = open(sys.argv[1]).read()
text = re.sub(r'(type="NUMANode" os_index=")\d+', r"\g<1>8", text)
open(sys.argv[1], "w").write(re.sub(r'nodeset="0x\w+"', 'nodeset="0x00000100"', text))
PYTHON
    [ "$("$BREAKEVEN" topo --topology odd/topology.xml | grep -c "NUMANode 0: ")" = 1 ]
    run -0 "$BREAKEVEN" report odd --format html
    [[ $output == *"package 0, memory node 0<"* ]]
    echo "no topology" >odd/topology.xml
    run -0 "$BREAKEVEN" report odd --format html
    [[ $output == *"the run has no topology.xml that can be read: "* ]]
    sed 's/version="2.0"/version="9.0"/' newer.xml >odd/topology.xml
    run -0 "$BREAKEVEN" report odd --format html
    [[ $output == *"is of a newer hwloc"*"lstopo --export-xml-flags v2"* ]]
}

@test "a figure's script draws it again where it stands" {
    need_gnuplot
    for figure in speedup hybrid budget topology granularity; do
        mkdir -p again && rm -f again/*
        cp small/plots/$figure.gp small/plots/$figure.dat again/
        (cd again && gnuplot $figure.gp)
        [ -s again/$figure.svg ] && [ -s again/$figure.png ]
        cmp again/$figure.svg small/plots/$figure.svg
    done
}

@test "shares far below zero: the numbers below their axis do not touch" {
    need_gnuplot
    mkdir -p wide
    cp small/plots/budget.gp wide/
    awk '/^1 / { $2 = 1.55; $3 = -0.6 } { print }' small/plots/budget.dat >wide/budget.dat
    (cd wide && gnuplot -e "KINDS = 'svg'" budget.gp)
    python3 - wide/budget.svg <<'PYTHON'
import re, sys
text = open(sys.argv[1]).read()
found = re.findall(r'translate\(([\d.]+),([\d.]+)\)"[^>]*>\s*<text>(-?\d+ %)</text>', text)
rows = {}
for x, y, label in found:
    rows.setdefault(y, []).append((float(x), label))
assert len(rows) > 1
for row in rows.values():
    row.sort()
    for (left, one), (right, other) in zip(row, row[1:]):
        apart, wide = right - left, 5 * (len(one) + len(other)) / 2  # centred, at most 5 px a character
        assert apart >= wide, (one, other, apart)
PYTHON
}

@test "no figure's script reaches outside its folder" {
    run grep -n '^[^#]*\(system(\|load \|`\)' small/plots/*.gp
    [ "$status" = 1 ] || { echo "$output"; false; }
}

@test "the page asks nothing of a network" {
    run grep -Eo '(src|href)="(https?:)?//[^"]*"|@import|url\(http' small/report.html
    [ "$status" = 1 ] || { echo "$output"; false; }
    grep -q "default-src 'none'" small/report.html
}

@test "a simulated run is marked as such everywhere" {
    grep -q 'Simulated\.' small/report.html
    grep -q '^SIMULATED' small.txt
    "$BREAKEVEN" report small --format markdown | grep -q '^> SIMULATED'
    need_gnuplot
    for figure in small/plots/*.gp; do grep -q 'SIMULATED, not measured' "$figure"; done
}

@test "text has no colours in a pipe" {
    run "$BREAKEVEN" report small --format text
    [ "$status" = 0 ]
    [[ $output != *$'\e'* ]]
}

@test "many configurations: a screen and a half, the rest when asked for" {
    run ! grep -q '^Study:\|^How it scales' small.txt
    [ "$(fold -sw 100 small.txt | wc -l)" -le 60 ]
    tr '\n' ' ' <small.txt | grep -q 'breakeven report small --format text, or report.html'
    "$BREAKEVEN" report small --format text >all.txt
    grep -q '^Study: scaling' all.txt
    grep -q '^How long single tasks took' all.txt
}

@test "findings stand under their topics, the short ones first" {
    "$BREAKEVEN" report small --format json | python3 -c '
import json, sys
findings = json.load(sys.stdin)["findings"]
topics = [f["topic"] for f in findings]
assert topics[0] == "short" and 4 <= topics.count("short") <= 8, topics
assert {"scaling", "runners", "grain", "pays", "startup", "trust"} <= set(topics), topics
assert topics == sorted(topics, key=topics.index), topics
assert all(f["text"].endswith(".") for f in findings)'
    "$BREAKEVEN" report small --format text >all.txt
    "$BREAKEVEN" report small --format markdown >all.md
    for heading in "In short" "How it scales" "Runners side by side, each at its best"; do
        grep -qx "$heading" all.txt
        grep -qx "## $heading" all.md
        grep -q "<h3>$heading</h3>\|in short</h2>" small/report.html
    done
}

@test "jobs of several numbers of tasks: the sentence that recommends names each with its own" {
    "$BREAKEVEN" report small --format text | tr '\n' ' ' | grep -qE 'For one job of [0-9]+ tasks \([a-z]+\), start'
    cp -r tiny jobs
    python3 - <<'END'
import json
manifest = json.load(open("jobs/manifest.json"))
jobs = [cell for cell in manifest["cells"] if cell["study"] == "breakeven"]
longest = max(cell["task_time_ns"] for cell in jobs)
for cell in jobs:
    cell["tasks"] = 8 if cell["task_time_ns"] == longest else 32
json.dump(manifest, open("jobs/manifest.json", "w"))
END
    "$BREAKEVEN" report jobs --format text | tr -s ' \n' ' ' | grep -qE 'For one job \([a-z]+\), start and stop included, use [^.]* for 32 tasks of [^.]*, [^.,]* for 8 tasks of '
}

@test "markdown, json, csv, html on standard output" {
    "$BREAKEVEN" report small --format markdown | grep -q '^| runner |'
    "$BREAKEVEN" report small --format json | python3 -c 'import json, sys; assert json.load(sys.stdin)["cells"]'
    [ "$("$BREAKEVEN" report small --format csv | wc -l)" -gt 20 ]
    [ "$(BREAKEVEN_GNUPLOT=/nonexistent "$BREAKEVEN" report tiny --format html 2>/dev/null | head -n 1)" = "<!doctype html>" ]
}

@test "--predict: each runner's time, its band, and what was not measured" {
    run "$BREAKEVEN" report small --predict --workers 2,64 --task-time 10us
    [ "$status" = 0 ]
    grep -q '^granularity spin forkpool .* 2 .*10us .*\[.*\]' <<<"$output"
    grep -q ' 64 .*outside of what was fitted: workers (2)' <<<"$output"
    run "$BREAKEVEN" report small --workers 2
    [ "$status" = 2 ] && [[ $output == *"go with --predict"* ]]
}

@test "an error bar whose lower end is not above 0 ends at the axis" {
    need_gnuplot
    mkdir -p clip
    local low
    for low in 1e-12 0 -5; do
        cp small/plots/overhead.gp clip/
        awk -v low="$low" '/^[0-9]/ && $4 + 0 > 0 && $4 !~ /"/ {$3 = low} {print}' small/plots/overhead.dat > clip/overhead.dat
        run ! cmp -s clip/overhead.dat small/plots/overhead.dat
        (cd clip && gnuplot -e "KINDS = 'svg'" overhead.gp && mv overhead.svg "low$low.svg")
    done
    cmp clip/low1e-12.svg clip/low0.svg
    cmp clip/low1e-12.svg clip/low-5.svg
}

@test "the smallest task of single repetitions has no error bar, and says so" {
    need_gnuplot
    local bar="DATA index b-1 using (\$5 > \$4 ? \$3 : NaN):1:4:5 with xerrorbars"
    "${BREAKEVEN%/*}/tests/simulate" once small 1
    "$BREAKEVEN" report once > /dev/null
    grep -q '"[0-9.]* [a-z]*s (no interval)"' once/plots/metg.dat
    [ "$(grep -c '^[0-9]' once/plots/metg.dat)" = "$(grep '^[0-9]' once/plots/metg.dat | awk '$4 == $5' | wc -l)" ]
    grep -qF "$bar" once/plots/metg.gp
    ! grep -q "no interval" small/plots/metg.dat
}

@test "report --plot: no form feed, whole numbers of workers, letters alone where TERM is dumb" {
    need_gnuplot
    "$BREAKEVEN" report --format text --plot small > plot.txt
    run ! grep -q $'\f' plot.txt
    grep -qE '^ +1 .*2 ' plot.txt
    run ! grep -qE ' 1\.[0-9] +1\.[0-9].* 2 *$' plot.txt
    command -v script >/dev/null || skip "script is missing"
    TERM=dumb COLUMNS=80 script -qec "\"$BREAKEVEN\" report --format text --plot small" /dev/null > dumb.txt
    run ! grep -q $'\x1b' dumb.txt
    TERM=xterm NO_COLOR='' COLUMNS=80 script -qec "\"$BREAKEVEN\" report --format text --plot small" /dev/null > colour.txt
    grep -q $'\x1b' colour.txt
}

@test "without gnuplot: numbers and text come, the lack is said once" {
    cp -r tiny bare
    BREAKEVEN_GNUPLOT=/nonexistent run --separate-stderr "$BREAKEVEN" report bare
    [ "$status" = 0 ]
    [[ $output == *"In short"* && $output == *"What to use for which task size"* ]]
    [ "$(grep -c 'gnuplot is missing' <<<"$stderr")" = 1 ]
    [ -s bare/plots/speedup.dat ] && [ -s bare/report.html ]
}

browser() { # RUN EXTENT: tests/browser/report.mjs on its page
    command -v node >/dev/null || skip "node is missing"
    [ -n "${CHROMIUM:=$(command -v chromium || command -v chromium-browser || true)}" ] || skip "chromium is missing"
    export CHROMIUM
    if [ ! -d "$BROWSER/node_modules/playwright-core" ]; then
        command -v npm >/dev/null || skip "npm is missing, which brings playwright-core"
        (cd "$BROWSER" && timeout -k 5 200 npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1) ||
            skip "playwright-core cannot be installed by npm"
    fi
    need_gnuplot
    run timeout -k 5 900 node "$BROWSER/report.mjs" "$PWD/$1/report.html" "$2"
    echo "$output"
    [ "$status" = 0 ]
}

@test "browser: the page of a small machine" {
    browser small all
}

@test "browser: the page of a 64-cpu machine, no label clipped or overlapping" {
    browser server labels
}

# Its tasks last what the clock says, not whole ns as a model's do.
@test "browser: the explorer of a run recorded here says what its command prints" {
    "$BREAKEVEN" run --kernel square --runner forkpool,openmp --workers 1,2 --task-time 3us,10us,30us --work 3ms --reps 4 \
        --seed 1 --output recorded > recorded.log
    "$BREAKEVEN" report recorded > recorded.txt
    browser recorded explorer
}

@test "browser: the page of a run that recommends nothing and has no fit" {
    "$BREAKEVEN" run --kernel spin --runner serial,openmp --workers 2 --task-time 1us --work 1ms --reps 12 --output doubted > doubted.log
    python3 - doubted/samples.jsonl <<'PYTHON' # all disturbed, and worked a twentieth of the time: no room for a label in the bar
import json, sys
samples = [json.loads(line) for line in open(sys.argv[1])]
for sample in samples:
    sample["suspect"] = "preempted"
    for worker in sample["workers"] if sample["instrumented"] else []:
        worker.update(late_ns=1000, end_ns=sample["wall_ns"] // 20, busy_ns=sample["wall_ns"] // 25)
open(sys.argv[1], "w").writelines(json.dumps(sample) + "\n" for sample in samples)
PYTHON
    "$BREAKEVEN" report doubted > doubted.txt
    grep -q 'Nothing is recommended' doubted.txt
    browser doubted all
}

@test "browser: two runs side by side are printed whole" {
    "$BREAKEVEN" report small tiny --output both > both.txt
    browser both beside
}
