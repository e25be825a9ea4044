# SPDX-License-Identifier: GPL-3.0-or-later
"""Python's multiprocessing.Pool over one of breakeven's kernels. Run by python.c as `python3 -I -c SCRIPT CHANNEL`.

CHANNEL is the descriptor of a socket. The first line from it is the configuration, the next are commands; each gets
one line of JSON back, with "error" where it failed:

  configuration   kernel loaded and prepared, interpreter warm
  start           the Pool, with an answer from each worker: "workers": [[pid, tid, errno, cpus], ...]
  run N           pool.map over range(N); "lost": [[worker, signal, code], ...] where workers died
  verify          "known", "why": the kernel's verdict on the results, and on what it keeps in its own memory
  stop            close and join
"""
import ctypes
import errno
import json
import mmap
import multiprocessing
import multiprocessing.connection
import multiprocessing.heap
import multiprocessing.pool
import multiprocessing.popen_fork
import multiprocessing.queues
import multiprocessing.sharedctypes
import multiprocessing.synchronize
import os
import signal
import socket
import sys
import threading

BARRIER_SECONDS = 60
RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
PREPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
VERIFY = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p,
                          ctypes.c_size_t)
ALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)

kept = []  # what C holds pointers to must live as long as the process


def address_of(memory):
    kept.append(memory)
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


@ALLOC
def arena_alloc(arena, size, align):
    """Shared with the Pool's workers, zeroed, not yet touched; 0 tells the kernel that memory is short."""
    try:
        at = address_of(mmap.mmap(-1, size + align, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
        return (at + align - 1) // align * align
    except Exception:
        return 0


def kernel_load(config):
    """Prepares the kernel in this process: its workers are forked from here, not from the one that measures."""
    global kernel_run, kernel_verify, kernel_input, params, results
    library = ctypes.CDLL(config["library"])
    kept.append(library)
    kernel = ctypes.addressof(ctypes.c_char.in_dll(library, config["symbol"]))

    def function(name, kind):
        at = ctypes.c_void_p.from_address(kernel + config["offsets"][name]).value
        return kind(at) if at else None

    params = ctypes.create_string_buffer(bytes.fromhex(config["params"]))
    arena = (ctypes.c_void_p * 1)(ctypes.cast(arena_alloc, ctypes.c_void_p).value)
    kept.append(arena)
    kernel_input = ctypes.c_void_p()
    prepare = function("prepare", PREPARE)
    status = prepare(ctypes.addressof(params), ctypes.addressof(arena), ctypes.byref(kernel_input)) if prepare else 0
    if status:
        raise RuntimeError(f"the kernel cannot prepare its input: {os.strerror(-status)}")
    kernel_run, kernel_verify = function("run", RUN), function("verify", VERIFY)
    results = address_of(mmap.mmap(config["memory"], config["bytes"]))


def task(index):
    kernel_run(kernel_input, index, index + 1, results)


def cpus_parse(text):
    ranges = (part.split("-") for part in text.split(","))
    return {cpu for part in ranges for cpu in range(int(part[0]), int(part[-1]) + 1)}


def cpus_write(cpus):
    parts, cpus = [], sorted(cpus)
    for cpu in cpus:
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in parts)


def worker_start(pool, channel, counter, barrier, cpus):
    """The Pool's initializer. It must not raise: the Pool would start such a worker again and again."""
    global report, meeting
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no worker outlives its Pool
    if os.getppid() != pool:
        os._exit(0)
    os.close(channel)  # its end is how the program sees that this interpreter has ended
    with counter.get_lock():
        worker = counter.value
        counter.value += 1
    error = 0
    if cpus:
        try:
            wanted = cpus_parse(cpus[worker % len(cpus)])
            os.sched_setaffinity(0, wanted)
            error = 0 if os.sched_getaffinity(0) == wanted else errno.EINVAL
        except (OSError, ValueError, OverflowError) as failure:
            error = getattr(failure, "errno", None) or errno.EINVAL
    meeting = barrier
    report = [worker, os.getpid(), threading.get_native_id(), error, cpus_write(os.sched_getaffinity(0))]


def worker_report(_):
    """All workers meet in their first task, so that each has had one."""
    meeting.wait(BARRIER_SECONDS)
    return report


class Team:
    """What a program that uses a Pool has loaded, and what only the reports need, is made here and not in start."""

    def __init__(self, config, channel):
        self.context = multiprocessing.get_context("fork")
        self.count, self.chunk = config["processes"], config["chunk"] or None
        self.arguments = (os.getpid(), channel, self.context.Value("i", 0), self.context.Barrier(self.count),
                          config["cpus"])
        self.processes = []

    def start(self):
        self.pool = self.context.Pool(self.count, worker_start, self.arguments)
        self.processes = multiprocessing.active_children()
        self.reports = sorted(self.pool.map_async(worker_report, range(self.count), 1).get(2 * BARRIER_SECONDS))
        return {"workers": [report[1:] for report in self.reports]}

    def run(self, tasks):
        """pool.map, but for looking after the workers: a Pool waits for ever for a task that died with its worker."""
        job = self.pool.map_async(task, range(tasks), self.chunk)
        while not job.ready():
            job.wait(0.1)
            if not job.ready() and any(process.exitcode is not None for process in self.processes):
                return {"error": "multiprocessing.Pool lost a worker and waits for its task for ever",
                        "lost": self.lost()}
        done = len(job.get())
        return {} if done == tasks else {"error": f"multiprocessing.Pool returned {done} of {tasks} results"}

    def lost(self):
        number = {report[1]: report[0] for report in self.reports}
        codes = [(number.get(process.pid, 0), process.exitcode) for process in self.processes]
        return [[worker, max(-code, 0), max(code, 0)] for worker, code in codes if code is not None]

    def kill(self):
        """Not pool.terminate, which may wait for what a dead worker held. Replacements die with this process."""
        for process in multiprocessing.active_children():
            process.kill()

    def stop(self):
        self.pool.close()
        self.pool.join()


def verify():
    if not kernel_verify:
        return {"known": 0, "why": ""}
    why = ctypes.create_string_buffer(256)
    known = kernel_verify(kernel_input, ctypes.addressof(params), results, why, 256)
    return {"known": known, "why": why.value.decode(errors="replace")}


def serve(channel):
    def answer(fields):
        channel.sendall((json.dumps(fields) + "\n").encode())
        return "error" not in fields

    team = None
    try:
        lines = channel.makefile("r")
        config = json.loads(lines.readline())
        kernel_load(config)
        team = Team(config, channel.fileno())
        good = answer({})
        while good and (words := lines.readline().split()):
            if words[0] == "start":
                good = answer(team.start())
            elif words[0] == "run":
                good = answer(team.run(int(words[1])))
            elif words[0] == "verify":
                good = answer(verify())
            elif words[0] == "stop":
                team.stop()
                good = answer({})
    except BaseException as error:
        answer({"error": " ".join(f"{type(error).__name__}: {error}".split())})
    finally:
        if team:
            team.kill()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program that measures ends its group itself
    try:
        serve(socket.socket(fileno=int(sys.argv[1])))
    finally:
        os._exit(0)  # the workers are gone; taking the interpreter down is no part of what is timed
