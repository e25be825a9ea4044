# SPDX-License-Identifier: MIT
# manual.awk: the page forkpool(3) from forkpool.h, whose comments are the manual. awk -f manual.awk forkpool.h
# Comments become text, indented lines inside them examples; declarations stand as they are.

function escape(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\&" text
    return text
}

function fill(on) {
    if (on == filling) return
    print on ? ".EE" : ".EX"
    filling = on
}

# One line of a comment's text, its leading " * " gone.
function say(text) {
    if (text == "") {
        fill(1)
        print ".PP"
    } else {
        fill(text !~ /^    /)
        print escape(text)
    }
}

BEGIN {
    filling = 1
    print ".TH FORKPOOL 3 \"\" \"forkpool\" \"Library Functions\""
    print ".SH NAME"
}

/^\/\* SPDX-/ { next }

/^\/\* forkpool\.h: / { # "/* forkpool.h: what it is."
    sub(/^\/\* forkpool\.h: /, "")
    sub(/\.$/, "")
    print "forkpool \\- " escape($0)
    print ".SH SYNOPSIS\n.EX\n#include <forkpool.h>\n\ncc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs forkpool)\n.EE\n.SH DESCRIPTION"
    comment = 1
    next
}

/^#pragma|^#ifndef FORKPOOL_H|^#define FORKPOOL_H|^#include|^#ifdef __cplusplus|^extern "C"|^#endif|^}$/ { next }

/^\/\* ---- / {
    fill(1)
    gsub(/^\/\* -+ | -+ \*\/$/, "")
    print ".SH " toupper(escape($0))
    next
}

!comment && /^\/\*.*\*\/$/ {
    fill(1)
    print ".PP"
    gsub(/^\/\* | \*\/$/, "")
    say($0)
    next
}

!comment && /^\/\*/ {
    fill(1)
    print ".PP"
    sub(/^\/\* /, "")
    comment = 1
    say($0)
    next
}

comment {
    ended = /\*\/$/
    sub(/ ?\*\/$/, "")
    sub(/^ \* ?/, "")
    if (!(ended && $0 ~ /^ *$/)) say($0)
    if (ended) {
        comment = 0
        fill(1)
    }
    next
}

{
    if ($0 == "" && filling) next
    if (filling) print ".PP"
    fill(0)
    print escape($0)
}

END {
    fill(1)
    print ".SH COPYING\nMIT licence."
    print ".SH SEE ALSO\n.BR breakeven (1),\n.BR fork (2),\n.BR futex (2)"
}
