# SPDX-License-Identifier: GPL-3.0-or-later
# efficiency: speed-up per worker against workers
HEAD = 58
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "steps.gp"
#include "workers.gp"
        set logscale x 2
        set yrange [0:Y_HIGH[k] > 1 ? 1.08 * Y_HIGH[k] : 1.08]; set ytics share_step(Y_HIGH[k]); set format y '%g'
        set xlabel 'workers' font face(10) tc rgb QUIET; set ylabel 'efficiency S/p' font face(10) tc rgb QUIET
        set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb BOUND dt 2 lw 1.5 back
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]
#include "curves.gp"
    }
    unset multiplot
}
