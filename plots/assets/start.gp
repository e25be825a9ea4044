# SPDX-License-Identifier: GPL-3.0-or-later
# start: until all workers are started, bound and ready, against how many they are; both logarithmic
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
        set xlabel 'workers' font face(10) tc rgb QUIET; set ylabel 'start' font face(10) tc rgb QUIET
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]; FLOOR = Y_LOW[k] / 1.5; set yrange [FLOOR:Y_HIGH[k] * 1.5]
#include "curves.gp"
    }
    unset multiplot
}
