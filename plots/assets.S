/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assets.S: the files of assets.h as strings in the program, so that an installed one needs nothing beside it. */
#define ASSET(symbol, file) \
    .global asset_##symbol; \
    asset_##symbol: .incbin file; \
    .byte 0;
    .section .rodata
#include "plots/assets.h"
    .section .note.GNU-stack, "", %progbits
