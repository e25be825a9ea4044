#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""forkpool from Python: maps a C function of a shared object over an array, in worker processes, without copying it.

    gcc -O2 -shared -fPIC -o half.so half.c        # int half(void *context, const void *input, void *output)
    python3 forkpool.py ./half.so half 1 2 3.5     # prints what the function made of each

As a module: Pool(workers), pool.array(count), pool.map(function, inputs, outputs). The function returns 0, or another value
for "failed"; whatever it does (crash, exit, overrun its limit), the program goes on and status says what became of that item.
FORKPOOL_LIBRARY names libforkpool.so.0 where the loader does not find it.
"""
import ctypes
import os
import sys
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p

ITEM = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
RANGE = ctypes.CFUNCTYPE(c_int, c_void_p, c_uint, c_size_t, c_size_t)
AUTO, STATIC, DYNAMIC, GUIDED = range(4)


class Limits(ctypes.Structure):
    """struct forkpool_limits: of one call, in ns; 0: none."""

    _fields_ = [("soft_ns", c_uint64), ("hard_ns", c_uint64), ("cpu_ns", c_uint64), ("retries", c_uint)]


class Map(ctypes.Structure):
    """struct forkpool_map, member by member."""

    _fields_ = [
        ("tasks", c_size_t),
        ("range", RANGE),
        ("item", ITEM),
        ("context", c_void_p),
        ("context_bytes", c_size_t),
        ("input", c_void_p),
        ("input_stride", c_size_t),
        ("output", c_void_p),
        ("output_stride", c_size_t),
        ("status", POINTER(c_int)),
        ("schedule", c_int),
        ("chunk", c_size_t),
        ("flags", c_uint),
        ("limits", Limits),
        ("done", c_void_p),
        ("failed", c_void_p),
        ("feed", c_void_p),
        ("user", c_void_p),
    ]


def library():
    """libforkpool with the types of what is called here."""
    lib = ctypes.CDLL(os.environ.get("FORKPOOL_LIBRARY", "libforkpool.so.0"), use_errno=True)
    lib.forkpool_open.argtypes, lib.forkpool_open.restype = [c_uint], c_void_p
    lib.forkpool_delete.argtypes, lib.forkpool_delete.restype = [c_void_p], None
    lib.forkpool_alloc.argtypes, lib.forkpool_alloc.restype = [c_void_p, c_size_t], c_void_p
    lib.forkpool_map.argtypes, lib.forkpool_map.restype = [c_void_p, POINTER(Map)], c_int
    lib.forkpool_strerror.argtypes, lib.forkpool_strerror.restype = [c_int], c_char_p
    lib.forkpool_default_workers.argtypes, lib.forkpool_default_workers.restype = [], c_uint
    return lib


class Pool:
    """A pool of workers, to be used in a `with`. Load the shared objects whose functions it is to run before it opens."""

    def __init__(self, workers=0):
        self.lib = library()
        self.pool = self.lib.forkpool_open(workers or self.lib.forkpool_default_workers())
        if not self.pool:
            raise OSError(ctypes.get_errno(), "forkpool_open: " + os.strerror(ctypes.get_errno()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.forkpool_delete(self.pool)
        self.pool = None

    def array(self, count, kind=c_double):
        """`count` zeroed elements that program and workers share; gone with the pool."""
        memory = self.lib.forkpool_alloc(self.pool, max(1, count) * ctypes.sizeof(kind))
        if not memory:
            raise MemoryError(f"no room for {count} elements in the pool's memory")
        return (kind * count).from_address(memory)

    def map(self, function, inputs, outputs, hard_ns=0, chunk=0):
        """function(NULL, &inputs[i], &outputs[i]) for every i. (worst status, status of each item): 0 is good, else what the
        function returned, or a forkpool_error."""
        if len(inputs) != len(outputs):
            raise ValueError(f"{len(inputs)} inputs, {len(outputs)} outputs")
        status = (c_int * max(1, len(inputs)))()
        job = Map(tasks=len(inputs), item=ctypes.cast(function, ITEM), status=status, schedule=AUTO, chunk=chunk)
        job.input, job.input_stride = ctypes.addressof(inputs), ctypes.sizeof(inputs._type_)
        job.output, job.output_stride = ctypes.addressof(outputs), ctypes.sizeof(outputs._type_)
        job.limits.hard_ns = hard_ns
        worst = self.lib.forkpool_map(self.pool, job)
        return worst, list(status)[: len(inputs)]

    def explain(self, status):
        """One phrase for a status: what the task returned, or what became of it."""
        return f"the task returned {status}" if status > 0 else self.lib.forkpool_strerror(status).decode()


def main(path, name, *numbers):
    function = getattr(ctypes.CDLL(path), name)
    with Pool() as pool:
        inputs, outputs = pool.array(len(numbers)), pool.array(len(numbers))
        inputs[:] = [float(number) for number in numbers]
        worst, status = pool.map(function, inputs, outputs)
        for made, ended in zip(outputs, status):
            print(f"{made:g}" if ended == 0 else f"failed: {pool.explain(ended)}")
    return 0 if worst == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
