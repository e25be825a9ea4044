/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_pages.S: the pages of lesson_pages.h as strings in the program. */
#define RECORDED(symbol, name, file) \
    .global lesson_page_##symbol; \
    lesson_page_##symbol: .incbin file; \
    .byte 0;
    .section .rodata
#include "bench/lessons/lesson_pages.h"
    .section .note.GNU-stack, "", %progbits
