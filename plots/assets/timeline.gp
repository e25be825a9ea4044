# SPDX-License-Identifier: GPL-3.0-or-later
# timeline: from each worker's first task to the end of its last one, darker where each call was kept; pale: before and after;
# the line: the end of the run phase
widest = 0
do for [k=1:PANELS] { if (X_HIGH[k] > widest) { widest = X_HIGH[k] } }
unit = widest < 1e3 ? 1.0 : widest < 1e6 ? 1e3 : widest < 1e9 ? 1e6 : 1e9
unit_name = widest < 1e3 ? 'ns' : widest < 1e6 ? 'us' : widest < 1e9 ? 'ms' : 's'
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        b = FIRST[k]
        traced = MARK_LAST[k] >= MARK_FIRST[k]
        set border 1; set grid noytics
        set xrange [0:widest / unit * 1.04]
        set yrange [Y_HIGH[k] - 0.4:-0.6]
        if (Y_HIGH[k] <= 16) { set ytics 1 scale 0 }
        set xlabel 'time in the run phase, '.unit_name font face(10) tc rgb QUIET; set ylabel 'worker' font face(10) tc rgb QUIET
        set arrow 1 from X_HIGH[k] / unit, graph 0 to X_HIGH[k] / unit, graph 1 nohead lc rgb INK lw 1.5 front
        plot DATA index LAYERS*(b-1) using ($4 / unit):1:(0):($4 / unit):($1-0.38):($1+0.38) with boxxyerror fs solid 1 noborder lc rgb '#ececec', \
            DATA index LAYERS*(b-1) using ($3 / unit):1:($2 / unit):($3 / unit):($1-0.38):($1+0.38) with boxxyerror lt SERIES_OF[b] fs solid traced ? 0.35 : 0.85 noborder, \
            for [m=MARK_FIRST[k]:MARK_LAST[k]] DATA index LAYERS*(MARK[m]-1)+1 using ($3 / unit):1:($2 / unit):($3 / unit):($1-0.38):($1+0.38) with boxxyerror lt SERIES_OF[b] fs solid 0.95 noborder, \
            DATA index LAYERS*(b-1) using (($2 + $3) / 2 / unit):1:(Y_HIGH[k] > 16 || $5 < 0 || ($3 - $2) * PANEL_WIDTH < 110 * widest ? '' : sprintf('%.0f %% in the kernel', 100.0 * $5 / ($3 - $2))) with labels font face(9) tc rgb '#fefefe', \
            DATA index LAYERS*(b-1) using (($2 + $3) / 2 / unit):1:6 with labels hypertext point pt 7 ps 2 lc rgb '#ff000000'
    }
    unset multiplot
}
