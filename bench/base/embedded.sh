#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embedded.sh SYMBOL FILE...: assembler that puts the files into the program under one symbol (ini.h).
set -eu
symbol=$1
shift
printf '    .section .rodata\n    .global %s\n%s:\n' "$symbol" "$symbol"
for file; do
    name=${file##*/}
    printf '    .string "%s"\n    .incbin "%s"\n    .byte 0\n' "${name%.*}" "$file"
done
printf '    .byte 0\n    .section .note.GNU-stack, "", %%progbits\n'
