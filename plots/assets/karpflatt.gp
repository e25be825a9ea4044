# SPDX-License-Identifier: GPL-3.0-or-later
# karpflatt: the serial fraction that each point implies; flat: serial work, rising: overhead
HEAD = 58
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "steps.gp"
#include "workers.gp"
        set logscale x 2
        set xlabel 'workers' font face(10) tc rgb QUIET; set ylabel 'implied serial fraction' font face(10) tc rgb QUIET
        set arrow 1 from graph 0, first 0 to graph 1, first 0 nohead lc rgb BOUND dt 2 lw 1.5 back
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]
#include "curves.gp"
    }
    unset multiplot
}
