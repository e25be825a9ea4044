# SPDX-License-Identifier: GPL-3.0-or-later
        plot for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1)+1 using 1:2 with points pt 7 ps 0.28 lc rgb TINT[SERIES_OF[b]], \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1)+2 using 1:2 with lines lc rgb TINT[SERIES_OF[b]] lw 3, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:(lift($2)):(lift($3)):4 with yerrorbars lt SERIES_OF[b] lw 1.2 ps 0 dt 1, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2 with lines lt SERIES_OF[b], \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:($5 > 0 ? $2 : NaN) with points pt 6 ps 1.6 lw 1.5 lc rgb ALERT, \
            for [b=FIRST[k]:LAST[k]] DATA index LAYERS*(b-1) using 1:2:6 with labels hypertext point lt SERIES_OF[b]
