#!/bin/sh
# docs/lessons.sh PROGRAM: measures every lesson and renews docs/lessons/: one page and its figure each, and the index.
# Takes about five minutes; let nothing else run meanwhile.
set -eu
program=$1
cd "$(dirname "$0")/.."
pages=docs/lessons
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$pages"
{
    echo "# Twelve questions, each answered by an experiment"
    echo
    echo "Each page is what \`breakeven lesson NAME\` wrote on the machine named at its end: a prediction made first, the"
    echo "measurement, and whether the prediction held there. Run it on yours. \`make lessons\` renews all of them."
    echo
} > "$scratch/README.md"
"$program" lesson | sed -n 's/^ *[0-9][0-9]*  *\([a-z-][a-z-]*\)  *\(.*\)$/\1 \2/p' > "$scratch/list"
while read -r name question; do
    "$program" lesson "$name" -o "$scratch/$name" </dev/null
    echo
    if [ -e "$scratch/$name/lesson.md" ]; then
        figure=$(sed -n 's/^!\[.*\](\(plots\/.*\.svg\))$/\1/p' "$scratch/$name/lesson.md")
        beyond=$(sed -n 's/^!\[.*\](\(simulated\/plots\/.*\.svg\))$/\1/p' "$scratch/$name/lesson.md")
        cp "$scratch/$name/$figure" "$pages/$name.svg"
        [ -z "$beyond" ] || cp "$scratch/$name/$beyond" "$pages/$name-simulated.svg"
        sed "s|($figure)|($name.svg)|; s|(${beyond:-$figure})|($name-simulated.svg)|" "$scratch/$name/lesson.md" \
            > "$pages/$name.md"
    fi
    echo "- [$question]($name.md) (\`breakeven lesson $name\`)" >> "$scratch/README.md"
done < "$scratch/list"
cp "$scratch/README.md" "$pages/README.md"
