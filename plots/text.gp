# text: curves in characters; TEXT_WIDTH, TEXT_STYLE (mono or ansi) and BY_TASK come from the caller
eval sprintf('set terminal dumb size %d, %d aspect 2, 1 %s enhanced', TEXT_WIDTH, TEXT_HEIGHT, TEXT_STYLE)
set key noenhanced; set tics noenhanced
do for [k=1:PANELS] {
    set title TITLE.': '.PANEL_TITLE[k]
    set key outside bottom center horizontal
    set tics nomirror
    if (BY_TASK) {
        AXES = 'x'
#include "tics.gp"
        set logscale x 10; set yrange [0:*]; set xlabel 'useful work per task'; set ylabel 'E'
    }
    if (!BY_TASK) { set logscale xy 2; set xlabel 'workers'; set ylabel 'S' }
    plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2 with linespoints lt SERIES_OF[b] pt SERIES_OF[b] title SERIES_NAME[SERIES_OF[b]]
}
