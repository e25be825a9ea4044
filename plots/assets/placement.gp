# SPDX-License-Identifier: GPL-3.0-or-later
# placement: speed-up where the workers' places alone differ; one column a placement, series side by side
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        places = PLACES_LAST[k] - PLACES_FIRST[k] + 1
        set xrange [0.5:places + 0.5]
        set xtics ()
        do for [i=1:places] { set xtics add (PLACE[PLACES_FIRST[k] + i - 1] i) }
        set yrange [0:*]
        set ylabel 'speed-up T_s/T_p' font face(10) tc rgb QUIET
        side(b) = (b - (FIRST[k] + LAST[k]) / 2.0) * 0.7 / (LAST[k] - FIRST[k] + 1)
        plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1)+1 using ($1 + side(b) + 0.06):2 with points pt 7 ps 0.28 lc rgb TINT[SERIES_OF[b]], \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using ($1 + side(b)):2:3:4 with yerrorbars lt SERIES_OF[b] lw 2 ps 0 dt 1, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using ($1 + side(b)):($5 > 0 ? $2 : NaN) with points pt 6 ps 2 lw 1.5 lc rgb ALERT, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using ($1 + side(b)):2:6 with labels hypertext point lt SERIES_OF[b] ps 0.8
    }
    unset multiplot
}
