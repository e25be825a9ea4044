# SPDX-License-Identifier: GPL-3.0-or-later
# granularity: efficiency against the duration of a task, the 50 % line, and where each runner crosses it
TIME_AXES = 'x'
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "tics.gp"
        set logscale x 10
        set xrange [X_LOW[k] / 1.2:X_HIGH[k] * 1.2]
        set yrange [0:Y_HIGH[k] > 1 ? 1.08 * Y_HIGH[k] : 1.08]; set ytics share_step(Y_HIGH[k]); set format y '%g'
        set xlabel 'useful work per task T_s/N' font face(10) tc rgb QUIET; set ylabel 'efficiency S/p' font face(10) tc rgb QUIET
        set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb BOUND dt 2 lw 1.5 back
        set arrow 2 from graph 0, first 0.5 to graph 1, first 0.5 nohead lc rgb BOUND lw 1 back
        plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1)+1 using 1:2 with points pt 7 ps 0.28 lc rgb TINT[SERIES_OF[b]], \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2:3:4 with yerrorbars lt SERIES_OF[b] lw 1.2 ps 0 dt 1, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2 with lines lt SERIES_OF[b], \
            for [m=MARK_FIRST[k]:MARK_LAST[k]] DATA index LAYERS*(MARK[m]-1)+2 using ($4 > $3 ? $1 : NaN):2:3:4 with xerrorbars lt SERIES_OF[MARK[m]] lw 2.5 dt 1 ps 0, \
            for [m=MARK_FIRST[k]:MARK_LAST[k]] DATA index LAYERS*(MARK[m]-1)+2 using 1:2 with points lt SERIES_OF[MARK[m]] lw 2.5 pt 12 ps 1.4, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:($5 > 0 ? $2 : NaN) with points pt 6 ps 1.6 lw 1.5 lc rgb ALERT, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2:6 with labels hypertext point lt SERIES_OF[b], \
            for [m=MARK_FIRST[k]:MARK_LAST[k]] DATA index LAYERS*(MARK[m]-1)+2 using 1:2:5 with labels hypertext point lt SERIES_OF[MARK[m]] pt 12 ps 1.4
    }
    unset multiplot
}
