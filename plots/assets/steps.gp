# SPDX-License-Identifier: GPL-3.0-or-later
        # where the machine's cores, cpus or quota end
        do for [i=1:STEPS] {
            if (STEP_AT[i] > X_LOW[k] && STEP_AT[i] < X_HIGH[k]) {
                set arrow 10+i from STEP_AT[i], graph 0 to STEP_AT[i], graph 1 nohead lc rgb BOUND dt 3 lw 1.2 back
                set label 10+i STEP_NAME[i] at STEP_AT[i], graph 1 offset 0, 0.5 center font face(8.5) tc rgb QUIET
            }
        }
