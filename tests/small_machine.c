/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linked with -Wl,--wrap=sysconf where the pool runs under qemu-user: a machine of 256 MiB. qemu 7.2 writes down each page of
 * a mapping, and the pool's address space is as large as the machine's memory: a process would take seconds to leave. */
#include <unistd.h>

enum { PAGES = 65536 };

long __real_sysconf(int name);
long __wrap_sysconf(int name);

long __wrap_sysconf(int name)
{
    long value = __real_sysconf(name);
    return name == _SC_PHYS_PAGES && value > PAGES ? PAGES : value;
}
