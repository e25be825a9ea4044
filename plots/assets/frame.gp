# SPDX-License-Identifier: GPL-3.0-or-later
    if (KIND eq 'svg') {
        set terminal svg size WIDTH, HEIGHT dynamic enhanced mouse standalone font face(11) name NAME background '#ffffff'
    }
    if (KIND eq 'png') {
        set terminal pngcairo size 2 * WIDTH, 2 * HEIGHT enhanced font face(11) fontscale 1.5 linewidth 2 pointscale 2
    }
    if (KIND ne 'dumb') { set output NAME.'.'.KIND }
    # title, legend and caption around the panels
    set multiplot
    unset logscale; unset border; unset tics; unset grid; unset xlabel; unset ylabel; unset label; unset arrow
    set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
    set xrange [0:1]; set yrange [0:1]
    set label 1 TITLE at screen px(16), py(24) left font bold(14) tc rgb INK
    do for [i=1:CAPTIONS] {
        set label 10+i CAPTION[i] at screen px(16), py(HEIGHT - BOTTOM + 2 + 15 * i) left font face(9.5) tc rgb QUIET noenhanced
    }
    set key at screen px(10), py(36) left top horizontal Left reverse width 2 maxcols LEGEND_COLUMNS font LEGEND_FONT tc rgb INK noenhanced
    if (LEGEND eq 'lines') {
        plot NaN notitle, for [s=1:SERIES] keyentry with linespoints lt s title SERIES_NAME[s], \
            for [s=1:strlen(BOUND_NAME) > 0] keyentry with lines lc rgb BOUND dt 2 title BOUND_NAME
    }
    if (LEGEND eq 'boxes') {
        plot NaN notitle, for [s=1:SERIES-1] keyentry with boxes lt s fs solid 1 title SERIES_NAME[s], \
            keyentry with boxes lt SERIES fs pattern 4 title SERIES_NAME[SERIES]
    }
    if (LEGEND eq 'none') { plot NaN notitle }
    unset label; unset key
