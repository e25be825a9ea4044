# SPDX-License-Identifier: GPL-3.0-or-later
# text: curves in characters; TEXT_WIDTH, TEXT_HEIGHT, TEXT_STYLE (mono or ansi) and BY_TASK come from the caller.
# Four panels at most: the first three and the last. gnuplot 6 draws in braille where
# the locale has it (TEXT_UNICODE); without colours letters tell more.
if (TEXT_STYLE eq 'ansi' && TEXT_UNICODE && strstrt(GPVAL_TERMINALS, ' block ')) {
    eval sprintf('set terminal block braille enhanced size %d, %d ansi charpoints', TEXT_WIDTH, TEXT_HEIGHT)
} else {
    eval sprintf('set terminal dumb size %d, %d aspect 2, 1 %s enhanced', TEXT_WIDTH, TEXT_HEIGHT, TEXT_STYLE)
}
set key noenhanced; set tics noenhanced
set border 3; set tics nomirror scale 0
set lmargin 9; set rmargin 3
do for [k=1:PANELS] {
    if (k <= 3 || k == PANELS) {
        set title TITLE.': '.PANEL_TITLE[k]
        set key outside bottom center horizontal width 3
        if (BY_TASK) {
            TIME_AXES = 'x'; X_FROM = X_LOW[k]; X_TO = X_HIGH[k]
#include "tics.gp"
            set logscale x 10; set xrange [X_LOW[k] / 1.2:X_HIGH[k] * 1.2]; set xlabel 'useful work per task'
            set yrange [0:least(1.1, 1.1 * Y_HIGH[k])]; set ytics 0.25; set format y '%.2f'
        }
        if (!BY_TASK) {
            set logscale xy 2; set xlabel 'workers'; set format y '%g'
            set yrange [Y_LOW[k] / 1.15:Y_HIGH[k] * 1.15]
            set xrange [X_LOW[k] / 1.08:X_HIGH[k] * 1.08]
#include "workers.gp"
            if (Y_HIGH[k] < 3 * Y_LOW[k]) { set ytics (0.5, 0.7, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 8) }
            else { set ytics auto }
        }
        plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2 with linespoints lt SERIES_OF[b] pt SERIES_OF[b] title SERIES_NAME[SERIES_OF[b]]
    }
}
