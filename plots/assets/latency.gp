# SPDX-License-Identifier: GPL-3.0-or-later
# latency: which share of the tasks took at most how long; marks: p50, p95 and p99 with their intervals
TIME_AXES = 'x'
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "tics.gp"
        set logscale x 10
        set xrange [X_LOW[k] / 1.2:X_HIGH[k] * 1.2]
        set yrange [0:1.03]; set ytics ('0' 0, '25 %%' 0.25, '50 %%' 0.5, '75 %%' 0.75, '95 %%' 0.95)
        set xlabel 'duration of a task' font face(10) tc rgb QUIET; set ylabel 'share of tasks' font face(10) tc rgb QUIET
        plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2 with lines lt SERIES_OF[b], \
            for [m=MARK_FIRST[k]:MARK_LAST[k]] DATA index LAYERS*(MARK[m]-1)+1 using ($4 > $3 ? $1 : NaN):2:3:4 with xerrorbars lt SERIES_OF[MARK[m]] lw 1.5 dt 1 ps 0, \
            for [m=MARK_FIRST[k]:MARK_LAST[k]] DATA index LAYERS*(MARK[m]-1)+1 using 1:2:5 with labels hypertext point lt SERIES_OF[MARK[m]]
    }
    unset multiplot
}
