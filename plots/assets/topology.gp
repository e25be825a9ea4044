# SPDX-License-Identifier: GPL-3.0-or-later
# topology: packages, cores and cpus of the machine, and which workers were found where
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        b = LAYERS * (FIRST[k] - 1)
        set bmargin at screen py(TOP + (down(k) + 1) * PANEL_HEIGHT - 10)
        set border 0; unset tics; unset grid; unset xlabel; unset ylabel
        set xrange [0:X_HIGH[k]]; set yrange [Y_HIGH[k]:0]
        plot DATA index b+1 using 1:3:1:2:3:4 with boxxyerror lc rgb '#ececec' fs solid 1 noborder, \
            DATA index b using 1:3:1:2:3:4 with boxxyerror lc rgb BOUND lw 1 fs empty border, \
            DATA index b using ($5 > 0 ? $1 : NaN):3:1:2:3:4 with boxxyerror lc rgb '#0072b2' fs solid 1 border lc rgb '#fefefe', \
            DATA index b using (($1 + $2) / 2):($3 - 0.115):6 with labels font face(7.5) tc rgb QUIET, \
            DATA index b using (($1 + $2) / 2):(($3 + $4) / 2):7 with labels font bold(9) tc rgb '#fefefe', \
            DATA index b+2 using 1:2:3 with labels left font face(9) tc rgb INK, \
            DATA index b using (($1 + $2) / 2):(($3 + $4) / 2):8 with labels hypertext point pt 7 ps 2 lc rgb '#ff000000'
    }
    unset multiplot
}
