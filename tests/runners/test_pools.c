/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of runners kept by each of Python's pools: a program of its own, since each start is several
 * interpreters. */
#define CONTRACT_OF "python:"
#include "tests/runners/test_runners.c"
