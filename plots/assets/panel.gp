# SPDX-License-Identifier: GPL-3.0-or-later
        set lmargin at screen px(across(k) * PANEL_WIDTH + LEFT)
        set rmargin at screen px((across(k) + 1) * PANEL_WIDTH - 18)
        set tmargin at screen py(TOP + down(k) * PANEL_HEIGHT + HEAD)
        set bmargin at screen py(TOP + (down(k) + 1) * PANEL_HEIGHT - 54)
        set border 3 lc rgb QUIET
        set tics nomirror out scale 0.5; set tics font SMALL tc rgb QUIET; set tics nomirror noenhanced; set format '%g'
        set grid lc rgb RULE lt 1 lw 0.6
        unset label; unset arrow; unset object
        set label 1 PANEL_TITLE[k] at graph 0, 1 offset character 0, HEAD > 50 ? 2.7 : 2.0 left font bold(11) tc rgb INK
        set label 2 PANEL_NOTE[k] at graph 0, 1 offset character 0, HEAD > 50 ? 1.7 : 1.0 left font face(9) tc rgb QUIET noenhanced
        X_FROM = X_LOW[k]; X_TO = X_HIGH[k] # what the x axis shows, where that is more than the data
        set autoscale
