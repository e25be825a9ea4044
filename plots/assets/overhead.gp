# SPDX-License-Identifier: GPL-3.0-or-later
# overhead: core time per task that was not the kernel's work, against the task's duration or the workers
TIME_AXES = BY_TASK ? 'xy' : 'y'
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
#include "tics.gp"
        if (BY_TASK) { set logscale x 10; set xlabel 'useful work per task T_s/N' font face(10) tc rgb QUIET }
        if (!BY_TASK) {
#include "workers.gp"
            set logscale x 2; set xlabel 'workers' font face(10) tc rgb QUIET
        }
        set logscale y 10
        set ylabel 'overhead (p T_p - T_s)/N' font face(10) tc rgb QUIET
        set xrange [X_LOW[k] / 1.12:X_HIGH[k] * 1.12]
        FLOOR = Y_LOW[k] / 1.5; set yrange [FLOOR:Y_HIGH[k] * 1.5]
#include "curves.gp"
    }
    unset multiplot
}
