# SPDX-License-Identifier: GPL-3.0-or-later
# hybrid: speed-up of each split of workers into processes and threads; outlined: cannot be told from the best
set palette defined (0 '#eef4fa', 0.25 '#b9d3e9', 0.5 '#6ea6d0', 0.75 '#2f74b0', 1 '#0b3c73')
unset colorbox
deep(z, low, high) = high > low && (z - low) / (high - low) > 0.55
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        b = FIRST[k]
        set border 0; unset grid
        set xlabel 'threads of each process' font face(10) tc rgb QUIET; set ylabel 'processes' font face(10) tc rgb QUIET
        set cbrange [Y_LOW[k]:Y_HIGH[k] > Y_LOW[k] ? Y_HIGH[k] : Y_LOW[k] * 1.01]
        set tics scale 0
        set xrange [0.5:*]; set yrange [0.5:*]; set offsets 0, 0.5, 0.5, 0
        plot DATA index b-1 using 1:2:($1-0.49):($1+0.49):($2-0.49):($2+0.49):3:xtic(sprintf('%d', $5)):ytic(sprintf('%d', $4)) with boxxyerror lc palette fs solid 1 noborder, \
            DATA index b-1 using ($6 > 0 ? $1 : NaN):2:($1-0.475):($1+0.475):($2-0.475):($2+0.475) with boxxyerror lc rgb '#e69f00' lw 3 fs empty border, \
            DATA index b-1 using ($1+0.4):($7 > 0 ? $2+0.28 : NaN) with points pt 7 ps 1.3 lc rgb '#fdfdfd', \
            DATA index b-1 using ($1+0.4):($7 > 0 ? $2+0.28 : NaN) with points pt 6 ps 1.1 lw 2 lc rgb ALERT, \
            DATA index b-1 using 1:2:(sprintf('%.2f', $3)):(deep($3, Y_LOW[k], Y_HIGH[k]) ? 0xfdfdfd : 0x010101) with labels offset 0, 0.4 font bold(11) tc rgb variable, \
            DATA index b-1 using 1:2:8:(deep($3, Y_LOW[k], Y_HIGH[k]) ? 0xfdfdfd : 0x010101) with labels offset 0, -0.7 font face(8) tc rgb variable, \
            DATA index b-1 using 1:2:9 with labels hypertext point pt 7 ps 4 lc rgb '#ff000000'
        set offsets
    }
    unset multiplot
}
