# SPDX-License-Identifier: GPL-3.0-or-later
# speedup: T_s/T_p against workers, both logarithmic, so that equal gains are equal lengths and the ideal is a straight line
HEAD = 58
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "steps.gp"
#include "workers.gp"
        set logscale xy 2
        set xlabel 'workers' font face(10) tc rgb QUIET; set ylabel 'speed-up T_s/T_p' font face(10) tc rgb QUIET
        FLOOR = below(Y_LOW[k], 2); set yrange [FLOOR:above(Y_HIGH[k], 2) * 1.12]
        set arrow 1 from X_LOW[k], X_LOW[k] to least(X_HIGH[k], above(Y_HIGH[k], 2)), least(X_HIGH[k], above(Y_HIGH[k], 2)) nohead lc rgb BOUND dt 2 lw 1.5 back
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]
#include "curves.gp"
    }
    unset multiplot
}
