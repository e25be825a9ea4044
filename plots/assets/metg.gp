# SPDX-License-Identifier: GPL-3.0-or-later
# metg: minimum effective task granularity; hatched: not reached by any size measured
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        TIME_AXES = 'x'
        X_FROM = X_LOW[k] / 2; X_TO = X_HIGH[k] * (2.0 * X_HIGH[k] / X_LOW[k]) ** (170.0 / (PANEL_WIDTH - LEFT - 188))
#include "tics.gp"
        set border 1; set grid noytics
        set xrange [X_FROM:X_TO]
        set logscale x 10
        set yrange [Y_HIGH[k] + 0.6:0.4]; set ytics scale 0
        set xlabel 'granularity p T_p/N' font face(10) tc rgb QUIET
        plot for [b=FIRST[k]:LAST[k]] DATA index b-1 using ($2 > 0 ? $3 : NaN):1:(X_LOW[k] / 2):3:($1-0.3):($1+0.3):ytic(8) with boxxyerror lt SERIES_OF[b] fs solid 0.75 noborder, \
            for [b=FIRST[k]:LAST[k]] DATA index b-1 using ($2 > 0 ? NaN : $7):1:(X_LOW[k] / 2):7:($1-0.3):($1+0.3):ytic(8) with boxxyerror lt SERIES_OF[b] fs pattern 4 border, \
            for [b=FIRST[k]:LAST[k]] DATA index b-1 using ($5 > $4 ? $3 : NaN):1:4:5 with xerrorbars lc rgb INK lw 1.5 pt 0 ps 0, \
            for [b=FIRST[k]:LAST[k]] DATA index b-1 using ($2 > 0 ? ($5 > $3 ? $5 : $3) : $7):1:9 with labels left offset 0.8, 0 font face(9.5) tc rgb INK, \
            for [b=FIRST[k]:LAST[k]] DATA index b-1 using (X_LOW[k]):1:10 with labels hypertext point pt 7 ps 2 lc rgb '#ff000000'
    }
    unset multiplot
}
