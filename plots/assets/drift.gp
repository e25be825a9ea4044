# SPDX-License-Identifier: GPL-3.0-or-later
# drift: single repetitions in time order with their median; a level machine shows level points
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        unit = Y_HIGH[k] < 1e3 ? 1.0 : Y_HIGH[k] < 1e6 ? 1e3 : Y_HIGH[k] < 1e9 ? 1e6 : 1e9
        unit_name = Y_HIGH[k] < 1e3 ? 'ns' : Y_HIGH[k] < 1e6 ? 'us' : Y_HIGH[k] < 1e9 ? 'ms' : 's'
        set xlabel 'seconds since the run began' font face(10) tc rgb QUIET; set ylabel 'time, '.unit_name font face(10) tc rgb QUIET
        set xrange [0:*]
        set offsets 0, 0, graph 0.06, graph 0.06
        plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1)+1 using ($1 / 1e9):($2 / unit) with lines lt SERIES_OF[b] lw 1, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using ($1 / 1e9):($3 > 0 ? $2 / unit : NaN) with points pt 6 ps 1.4 lw 1.5 lc rgb ALERT, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using ($1 / 1e9):($2 / unit):4 with labels hypertext point lt SERIES_OF[b] ps 0.5
        set offsets
    }
    unset multiplot
}
