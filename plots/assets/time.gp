# SPDX-License-Identifier: GPL-3.0-or-later
# time: the run phase against workers, both logarithmic
TIME_AXES = 'y'
HEAD = 58
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "steps.gp"
#include "tics.gp"
#include "workers.gp"
        set logscale x 2; set logscale y 10
        set xlabel 'workers' font face(10) tc rgb QUIET; set ylabel 'time T_p' font face(10) tc rgb QUIET
        # T_s, and what equal shares of it would take
        FLOOR = least(Y_LOW[k], SERIAL_NS[k]) / 1.5
        set yrange [FLOOR:(Y_HIGH[k] > SERIAL_NS[k] ? Y_HIGH[k] : SERIAL_NS[k]) * 1.5]
        end = least(X_HIGH[k], SERIAL_NS[k] / least(Y_LOW[k], SERIAL_NS[k]) * 1.5)
        set arrow 1 from X_LOW[k], SERIAL_NS[k] / X_LOW[k] to end, SERIAL_NS[k] / end nohead lc rgb BOUND dt 2 lw 1.5 back
        set arrow 2 from graph 0, first SERIAL_NS[k] to graph 1, first SERIAL_NS[k] nohead lc rgb BOUND lw 1 back
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]
#include "curves.gp"
    }
    unset multiplot
}
