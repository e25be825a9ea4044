# SPDX-License-Identifier: GPL-3.0-or-later
        # TIME_AXES names the logarithmic axes in nanoseconds
        if (strstrt(TIME_AXES, 'x')) {
            set xtics ()
            do for [e=0:13] {
                do for [m in multiples(X_FROM, X_TO, COLUMNS > 2 ? 20 : 900)] { set xtics add (time_tick(m * 10.0**e) m * 10.0**e) }
            }
        }
        if (strstrt(TIME_AXES, 'y')) {
            set ytics ()
            do for [e=0:13] {
                do for [m in multiples(Y_LOW[k], Y_HIGH[k], COLUMNS > 2 ? 99 : 900)] { set ytics add (time_tick(m * 10.0**e) m * 10.0**e) }
            }
        }
