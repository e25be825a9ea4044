# SPDX-License-Identifier: GPL-3.0-or-later
# chunk: the run phase against how many tasks a worker claims at once; pale: the fitted model; rules of thumb as verticals
TIME_AXES = 'y'
HEAD = 58
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "tics.gp"
        set logscale x 2; set logscale y 10
        set xlabel 'chunk (tasks claimed at once)' font face(10) tc rgb QUIET; set ylabel 'time T_p' font face(10) tc rgb QUIET
        do for [i=1:4:3] {
            at = TASKS[k] / (i * WORKERS[k])
            if (at > X_LOW[k] && at < X_HIGH[k]) {
                set arrow 10+i from at, graph 0 to at, graph 1 nohead lc rgb BOUND dt 3 lw 1.2 back
                rule = i == 1 ? 'N/p' : 'N/4p'
                set label 10+i rule at at, graph 1 offset 0, 0.5 center font face(8.5) tc rgb QUIET
            }
        }
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]; FLOOR = Y_LOW[k] / 1.2; set yrange [FLOOR:Y_HIGH[k] * 1.2]
#include "curves.gp"
    }
    unset multiplot
}
