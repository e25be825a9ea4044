/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The script of the python runner, as a string: the program finds it wherever it is installed. */
    .section .rodata
    .global python_script
    .type python_script, @object
python_script:
    .incbin "runners/python.py"
    .byte 0
    .size python_script, . - python_script
    .section .note.GNU-stack, "", @progbits
