# SPDX-License-Identifier: MIT
# pages.awk: a manual page for each function of forkpool.h, from the comment above its declaration and the one behind it.
# awk -v folder=DIR -f pages.awk forkpool.h    writes DIR/forkpool_NAME.3; functions declared together share a comment

function escape(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\&" text
    return text
}

# The first sentence of a comment, in one line.
function sentence(text) {
    gsub(/\n/, " ", text)
    sub(/^ +/, "", text)
    if (match(text, /\. /)) text = substr(text, 1, RSTART - 1)
    sub(/\.$/, "", text)
    return text
}

function write_page(one, path, line, parts, count, short) {
    path = folder "/" name[one] ".3"
    short = behind[one] != "" ? behind[one] : comment
    print ".TH " toupper(name[one]) " 3 \"\" \"forkpool\" \"Library Functions\"" > path
    print ".SH NAME\n" name[one] " \\- " escape(sentence(short)) > path
    print ".SH SYNOPSIS\n.EX\n#include <forkpool.h>\n" > path
    for (line = 1; line <= declared; line++) print escape(declaration[line]) > path
    print ".EE\n.SH DESCRIPTION" > path
    count = split(comment, parts, "\n")
    for (line = 1; line <= count; line++) print parts[line] == "" ? ".PP" : escape(parts[line]) > path
    for (line = 1; line <= declared; line++)
        if (behind[line] != "") print ".TP\n.B " name[line] "\n" escape(behind[line]) "." > path
    print ".SH \"SEE ALSO\"\n.BR forkpool (3)" > path
    close(path)
}

function write_group(one) {
    for (one = 1; one <= declared; one++) write_page(one)
    declared = 0
}

# A comment before declarations: "/* text", " * text", "text */".
inside || /^\/\*/ {
    if (!inside) {
        write_group()
        comment = ""
    }
    inside = $0 !~ /\*\//
    text = $0
    gsub(/^ ?\/?\* ?| *\*\/.*$/, "", text)
    if (text !~ /^----/) comment = comment (comment == "" ? "" : "\n") text
    next
}

/^[a-z].*[ *]forkpool_[a-z_]+\(.*;/ && !/^typedef/ {
    match($0, /forkpool_[a-z_]+\(/)
    declared++
    name[declared] = substr($0, RSTART, RLENGTH - 1)
    behind[declared] = $0 ~ /\/\*/ ? $0 : ""
    sub(/^.*\/\* */, "", behind[declared])
    sub(/ *\*\/.*$/, "", behind[declared])
    declaration[declared] = $0
    sub(/ *\/\*.*$/, "", declaration[declared])
}

END { write_group() }
