#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# docs/lessons.sh PROGRAM [NAME...]: measures every lesson, or those named, and renews docs/lessons/: one page with its
# figures each, and the index. Takes about two minutes; let nothing else run meanwhile.
set -eu
program=$1
shift
cd "$(dirname "$0")/.."
pages=docs/lessons
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$pages"

# As it is, but for the mouse's scripts and buttons: a page on the web shows it as a picture.
draw() {
    (cd "$(dirname "$1")" && figure=$(basename "$1" .svg) && sed 's/ mouse standalone//' "$figure.gp" > still.gp &&
        gnuplot -e "KINDS = 'svg'" still.gp)
    cp "$1" "$2"
}

{
    echo "# Questions, each answered by an experiment"
    echo
    echo "Each page is what \`breakeven lesson NAME\` wrote on the machine named at its end: a prediction made first, the"
    echo "measurement, and whether the prediction held there. Run it on yours. \`make lessons\` renews all of them,"
    echo "\`breakeven lesson --page\` puts them into one file for a class."
    echo
} > "$scratch/README.md"
"$program" lesson | sed -n 's/^ *[0-9][0-9]*  *\([a-z-][a-z-]*\)  *\(.*\)$/\1 \2/p' > "$scratch/list"
while read -r name question; do
    echo "- [$question]($name.md) (\`breakeven lesson $name\`)" >> "$scratch/README.md"
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    "$program" lesson "$name" -o "$scratch/$name" </dev/null
    echo
    if [ -e "$scratch/$name/lesson.md" ]; then
        figure=$(sed -n 's/^!\[.*\](\(plots\/.*\.svg\))$/\1/p' "$scratch/$name/lesson.md")
        beyond=$(sed -n 's/^!\[.*\](\(simulated\/plots\/.*\.svg\))$/\1/p' "$scratch/$name/lesson.md")
        draw "$scratch/$name/$figure" "$pages/$name.svg"
        [ -z "$beyond" ] || draw "$scratch/$name/$beyond" "$pages/$name-simulated.svg"
        sed "s|($figure)|($name.svg)|; s|(${beyond:-$figure})|($name-simulated.svg)|" "$scratch/$name/lesson.md" \
            > "$pages/$name.md"
    fi
done < "$scratch/list"
cp "$scratch/README.md" "$pages/README.md"
