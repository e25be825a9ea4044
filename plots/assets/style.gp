# SPDX-License-Identifier: GPL-3.0-or-later
# style.gp: what all figures share. Colours are Okabe and Ito's ("podo"), darkened where they fall below 3:1 on white.
if (!exists('KINDS')) KINDS = 'svg png'
set encoding utf8
set colorsequence podo
INK = '#1a1a1a'; QUIET = '#595959'; RULE = '#dddddd'; ALERT = '#b3261e'; BOUND = '#8c8c8c'
FONT = 'sans-serif'
face(size) = sprintf('%s,%g', FONT, size)
SMALL = face(9.5) # not every command takes a call where it wants a font
LEGEND_FONT = face(10.5)
bold(size) = sprintf('%s:Bold,%g', FONT, size)
HEAD = 46 # px above each panel
across(k) = (k - 1) % COLUMNS
down(k) = (k - 1) / COLUMNS
px(x) = x / real(WIDTH)
py(y) = 1 - y / real(HEIGHT)
time_tick(ns) = ns < 1e3 ? sprintf('%g ns', ns) : ns < 1e6 ? sprintf('%g us', ns / 1e3) : \
    ns < 1e9 ? sprintf('%g ms', ns / 1e6) : sprintf('%g s', ns / 1e9)
# the lower end of an axis; error bars that would end below it end there (a logarithmic axis has no 0)
FLOOR = -1e300; lift(v) = v <= FLOOR ? FLOOR : v
least(a, b) = a < b ? a : b
# ranges that begin and end at powers, a little wider than the data
below(v, base) = base ** floor(log(v) / log(base) + 1e-9)
above(v, base) = base ** ceil(log(v) / log(base) - 1e-9)
share_step(high) = high > 4 ? 2 : high > 2 ? 0.5 : 0.25
# multiples that are labelled on a logarithmic axis of times; a small room (below 100) holds few of them
multiples(low, high, room) = room < 100 ? few_multiples(high / low, room) : \
    high < 3 * low ? '1 1.2 1.4 1.6 1.8 2 2.2 2.5 3 3.5 4 4.5 5 5.5 6 6.5 7 8 9' : \
    high < 12 * low ? '1 1.5 2 3 5 7' : high < room * low ? '1 2 5' : '1'
few_multiples(share, room) = share < 1.7 ? '1 1.2 1.5 2 2.5 3 4 5 6 7 8 9' : share < 3 ? '1 1.5 2 3 4 6' : \
    share < 6 ? '1 2 3 5' : share < room ? '1 2 5' : '1'
