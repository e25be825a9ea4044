# SPDX-License-Identifier: GPL-3.0-or-later
        # whole numbers of workers on a logarithmic axis: powers of two, and 3, 6, 12 ... between them where there is room
        set xtics ()
        do for [e=0:20] {
            set xtics add (sprintf('%d', 2 ** e) 2 ** e)
            if (X_HIGH[k] < 24 * X_LOW[k]) { set xtics add (sprintf('%d', 3 * 2 ** e) 3 * 2 ** e) }
        }
