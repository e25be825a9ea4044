/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/rank/waiting.h"

#include <dlfcn.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Is a variable, of any type that holds one number, not zero? -1: there is none of that name. */
static int variable_is_set(const char *name)
{
    union {
        unsigned char bytes[64];
        uint64_t align;
    } value = {.bytes = {0}};
    MPI_T_cvar_handle handle;
    int number, count, set = -1;
    if (MPI_T_cvar_get_index(name, &number) || MPI_T_cvar_handle_alloc(number, NULL, &handle, &count)) return -1;
    if (count == 1 && !MPI_T_cvar_read(handle, value.bytes)) {
        static const unsigned char zero[sizeof value.bytes];
        set = memcmp(value.bytes, zero, sizeof zero) != 0;
    }
    MPI_T_cvar_handle_free(&handle);
    return set;
}

/* Open MPI: a switch. MPICH: after how many polls; 0 is never. Open MPI loads all its components for MPI_T, 0.2 s and more for
 * one number, so where its progress loop's own switch can be seen, that is read. */
enum waiting waiting_read(void)
{
    const bool *yields = dlsym(RTLD_DEFAULT, "opal_progress_yield_when_idle");
    if (yields) return *yields ? WAITING_YIELDS : WAITING_SPINS;
    static const char *const names[] = {"mpi_yield_when_idle", "MPIR_CVAR_POLLS_BEFORE_YIELD"};
    int provided, set = -1;
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided)) return WAITING_UNKNOWN;
    for (size_t i = 0; set < 0 && i < sizeof names / sizeof *names; i++) set = variable_is_set(names[i]);
    MPI_T_finalize();
    return set < 0 ? WAITING_UNKNOWN : set ? WAITING_YIELDS : WAITING_SPINS;
}
