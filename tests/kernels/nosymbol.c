/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nosymbol: a shared object without `breakeven_kernel`. Loading it must fail with one line. */
int nosymbol_is_no_kernel(void);
int nosymbol_is_no_kernel(void)
{
    return 0;
}
