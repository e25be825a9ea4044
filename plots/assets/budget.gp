# SPDX-License-Identifier: GPL-3.0-or-later
# budget: where the core time of the whole repetition went, in per cent of p R; shares below zero point left
# gnuplot 5.4.4 crashes on labels without one valid point: texts are empty instead
pos(v) = v > 0 ? v : 0
upto(j) = 100 * (sum [i=2:j] pos(column(i)))
do for [KIND in KINDS] {
#include "frame.gp"
    do for [k=1:PANELS] {
#include "panel.gp"
        b = FIRST[k]
        set border 1; set grid noytics
        set xrange [*:100 < *]; set xtics autofreq; set format x '%g %%'
        set yrange [Y_HIGH[k] + 0.6:0.4]; set ytics scale 0
        set xlabel 'share of p R' font face(10) tc rgb QUIET
        plot for [j=2:7] DATA index b-1 using (upto(j)):1:(upto(j) - 100 * pos(column(j))):(upto(j)):($1-0.36):($1+0.36):ytic(9) with boxxyerror lt j-1 fs solid 1 noborder, \
            DATA index b-1 using (upto(8)):1:(upto(7)):(upto(8)):($1-0.36):($1+0.36) with boxxyerror lt 7 fs pattern 4 border, \
            for [j=2:8] DATA index b-1 using (column(j) < 0 ? 0 : NaN):1:(100 * column(j)):(0):($1-0.36):($1+0.36) with boxxyerror lt j-1 fs solid 1 noborder, \
            DATA index b-1 using (upto(8)):1:(column(8) > 0.02 ? sprintf('%.0f', 100 * column(8)) : '') with labels left offset 0.4, 0 font bold(9) tc rgb INK, \
            for [j=2:7] DATA index b-1 using (upto(j) - 50 * column(j)):1:(column(j) > 0.07 ? sprintf('%.0f', 100 * column(j)) : '') with labels font face(9) tc rgb '#fefefe', \
            DATA index b-1 using (50):1:10 with labels hypertext point pt 7 ps 2 lc rgb '#ff000000'
    }
    unset multiplot
}
