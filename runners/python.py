# SPDX-License-Identifier: GPL-3.0-or-later
"""Python's pools over one of breakeven's kernels. Run by python.c as `python3 -I -S SCRIPT CHANNEL`.

CHANNEL is the descriptor of a socket. The first line from it is the configuration, the next are commands; each gets
one line of JSON back, with "error" where it failed:

  configuration   kernel loaded and prepared, interpreter warm, nothing of the pool yet
  start           the pool, with an answer from each worker: "workers": [[pid, tid, errno, cpus], ...]
  run N           the pool's map over range(N); "lost": [[worker, signal, code], ...] where workers died
  verify          "known", "why": the kernel's verdict on the results, and on what it keeps in its own memory
  stop            the pool's own end, waited for

Workers that are not forked from this process import this file, as they would a user's, load the kernel and prepare it
for themselves: that belongs to what starting them costs.
"""
import ctypes
import errno
import mmap
import multiprocessing
import os
import signal
import sys
import threading
import time

MEETING_SECONDS = 60
ARENA_ADDRESS, ARENA_BYTES = 0x2000000000, 1 << 34  # address space; a page of it is memory once it is touched
SHARED, PRIVATE_COPY, FIXED, FIXED_NOREPLACE = mmap.MAP_SHARED, mmap.MAP_ANONYMOUS | 0x4000, 0x10, 0x100000
RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
PREPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
VERIFY = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p,
                          ctypes.c_size_t)
ALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
MMAP = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                        ctypes.c_long, use_errno=True)

kept = []  # what C holds pointers to must live as long as the process
kernel_run = None
arena_used = 0


@ALLOC
def arena_alloc(arena, size, align):
    """Shared with the workers, zeroed, not yet touched; 0 tells the kernel that memory is short. All processes make the
    same allocations in the same order, so that they lie at the same addresses."""
    global arena_used
    at = (arena_used + align - 1) // align * align
    if at + size > ARENA_BYTES:
        return 0
    arena_used = at + size
    return ARENA_ADDRESS + at


def arena_map(flags, memory, offset):
    wanted = mmap.PROT_READ | mmap.PROT_WRITE
    at = MMAP(("mmap", ctypes.CDLL(None)))(ARENA_ADDRESS, ARENA_BYTES, wanted, SHARED | flags, memory, offset)
    if at != ARENA_ADDRESS:
        raise OSError(ctypes.get_errno(), "the kernel's shared memory")


def kernel_load(config, own):
    """Prepares the kernel in this process. Of what prepare writes into shared memory (it may count there, and is written
    for one caller) the first process's stands: workers prepare into memory that is then thrown away."""
    global kernel_run, kernel_verify, kernel_input, params, results
    memory = os.open(f"/proc/{config['interpreter']}/fd/{config['memory']}", os.O_RDWR)
    arena_at = (config["bytes"] + 4095) // 4096 * 4096
    if own:
        os.ftruncate(memory, arena_at + ARENA_BYTES)
        arena_map(FIXED_NOREPLACE, memory, arena_at)
    else:
        arena_map(FIXED_NOREPLACE | PRIVATE_COPY, -1, 0)
    library = ctypes.CDLL(config["library"])
    kernel = ctypes.addressof(ctypes.c_char.in_dll(library, config["symbol"]))

    def function(name, kind):
        at = ctypes.c_void_p.from_address(kernel + config["offsets"][name]).value
        return kind(at) if at else None

    params = ctypes.create_string_buffer(bytes.fromhex(config["params"]))
    arena = (ctypes.c_void_p * 1)(ctypes.cast(arena_alloc, ctypes.c_void_p).value)
    kernel_input = ctypes.c_void_p()
    prepare = function("prepare", PREPARE)
    status = prepare(ctypes.addressof(params), ctypes.addressof(arena), ctypes.byref(kernel_input)) if prepare else 0
    if status:
        raise RuntimeError(f"the kernel cannot prepare its input: {os.strerror(-status)}")
    if not own:
        arena_map(FIXED, memory, arena_at)
    shared = mmap.mmap(memory, config["bytes"])
    kept.extend((library, arena, shared))
    kernel_run, kernel_verify = function("run", RUN), function("verify", VERIFY)
    results = ctypes.addressof(ctypes.c_char.from_buffer(shared))
    os.close(memory)


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


def process_open(config, channel, barrier):
    """A process's initializer. It must not raise: the Pool would start such a worker again and again, so that what is
    wrong is said by its first task."""
    global meeting, placed, broken
    meeting, placed, broken = barrier, config["cpus"], None
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no worker outlives its pool
    if not multiprocessing.parent_process().is_alive():
        os._exit(0)
    try:
        if kernel_run:
            os.close(channel)  # forked; its end is how the program sees that this interpreter has ended
        else:
            kernel_load(config, False)
    except Exception as error:
        broken = f"{type(error).__name__}: {error}"


def thread_open(config, barrier):
    global meeting, placed, broken
    meeting, placed, broken = barrier, config["cpus"], None


def interpreter_open(cpus, run_at, input_at, results_at, arrive, leave):
    """An interpreter of its own shares this process's memory and none of its objects."""
    global kernel_run, kernel_input, results
    kernel_run, kernel_input, results = RUN(run_at), input_at, results_at
    thread_open({"cpus": cpus}, Gate(arrive, leave))


def worker_report(worker):
    """The first task, in which all workers meet, so that each has had one: binds the worker and says where it is."""
    error = 0
    if placed:
        try:
            wanted = cpus_parse(placed[worker % len(placed)])
            os.sched_setaffinity(0, wanted)
            error = 0 if os.sched_getaffinity(0) == wanted else errno.EINVAL
        except (OSError, ValueError, OverflowError) as failure:
            error = getattr(failure, "errno", None) or errno.EINVAL
    meeting.wait(MEETING_SECONDS)
    if broken:
        raise RuntimeError(broken)
    return os.getpid(), threading.get_native_id(), error, cpus_write(os.sched_getaffinity(0))


class Gate:
    """A barrier between interpreters, which share no objects: two pipes, and the main thread in between."""

    def __init__(self, arrive, leave):
        self.arrive, self.leave = arrive, leave

    def wait(self, seconds):
        os.write(self.arrive, b".")
        os.read(self.leave, 1)


class Pool:
    """multiprocessing.Pool by one of the start methods; None: this Python's own."""

    def __init__(self, config, channel, method):
        import multiprocessing.connection, multiprocessing.heap, multiprocessing.pool, multiprocessing.queues
        import multiprocessing.popen_fork, multiprocessing.sharedctypes, multiprocessing.synchronize
        self.context = multiprocessing.get_context(method)
        self.count, self.chunk, self.processes = config["workers"], config["chunk"] or None, []
        self.arguments = (config, channel, self.context.Barrier(self.count))

    def start(self):
        self.pool = self.context.Pool(self.count, process_open, self.arguments)
        self.processes = multiprocessing.active_children()
        self.reports = self.pool.map_async(worker_report, range(self.count), 1).get(2 * MEETING_SECONDS)
        return {"workers": self.reports}

    def run(self, tasks):
        """pool.map, but for looking after the workers: a Pool waits for ever for a task that died with its worker."""
        job = self.pool.map_async(task, range(tasks), self.chunk)
        while not job.ready():
            job.wait(0.1)
            if not job.ready() and any(process.exitcode is not None for process in self.processes):
                return self.lost("multiprocessing.Pool lost a worker and waits for its task for ever")
        return judge(len(job.get()), tasks)

    def lost(self, error):
        number = {report[0]: worker for worker, report in enumerate(self.reports)}
        codes = [(number.get(process.pid, 0), process.exitcode) for process in self.processes]
        ended = [[worker, max(-code, 0), max(code, 0)] for worker, code in codes if code is not None]
        return {"error": error, "lost": [end for end in ended if end[1] != signal.SIGTERM] or ended}

    def kill(self):
        """Not pool.terminate, which may wait for what a dead worker held. Replacements die with this process."""
        for process in multiprocessing.active_children():
            process.kill()

    def stop(self):
        self.pool.close()
        self.pool.join()


class Executor(Pool):
    """concurrent.futures.ProcessPoolExecutor, by this Python's own start method."""

    def __init__(self, config, channel):
        import concurrent.futures.process
        super().__init__(config, channel, None)

    def start(self):
        from concurrent.futures import ProcessPoolExecutor
        self.pool = ProcessPoolExecutor(self.count, self.context, process_open, self.arguments)
        return self.meet()

    def meet(self):
        answers = self.pool.map(worker_report, range(self.count), timeout=2 * MEETING_SECONDS)
        self.processes = multiprocessing.active_children()
        self.reports = list(answers)
        return {"workers": self.reports}

    def run(self, tasks):
        from concurrent.futures.process import BrokenProcessPool
        try:
            return judge(sum(1 for _ in self.pool.map(task, range(tasks), chunksize=self.chunk or 1)), tasks)
        except BrokenProcessPool:
            until = time.monotonic() + 2
            for process in self.processes:
                process.join(1)  # it ends the others by SIGTERM
                while process.exitcode is None and time.monotonic() < until:
                    time.sleep(0.01)  # a thread of its own collects it, too: who comes second learns the code from that one
            return self.lost("ProcessPoolExecutor lost a worker and gave up")

    def stop(self):
        self.pool.shutdown()


class Threads(Pool):
    """multiprocessing.pool.ThreadPool: the same interface and chunks as Pool, so that only the kind of worker differs."""

    def __init__(self, config, channel):
        import multiprocessing.pool
        self.count, self.chunk, self.processes = config["workers"], config["chunk"] or None, []
        self.arguments = (config, threading.Barrier(self.count))

    def start(self):
        from multiprocessing.pool import ThreadPool
        self.pool = ThreadPool(self.count, thread_open, self.arguments)
        self.reports = self.pool.map_async(worker_report, range(self.count), 1).get(2 * MEETING_SECONDS)
        return {"workers": self.reports}


class Interpreters(Executor):
    """concurrent.futures.InterpreterPoolExecutor (Python 3.14): threads, each with an interpreter and a lock of its own.
    Its map takes no notice of a chunk size."""

    def __init__(self, config, channel):
        import concurrent.futures.interpreter
        (self.arrived, self.arrive), (self.leave, self.leaving) = os.pipe(), os.pipe()
        self.count, self.chunk, self.processes = config["workers"], None, []
        self.arguments = (config["cpus"], ctypes.cast(kernel_run, ctypes.c_void_p).value, kernel_input.value, results,
                          self.arrive, self.leave)

    def start(self):
        from concurrent.futures import InterpreterPoolExecutor
        self.pool = InterpreterPoolExecutor(self.count, initializer=interpreter_open, initargs=self.arguments)
        threading.Thread(target=self.open_gate, daemon=True).start()
        return self.meet()

    def open_gate(self):
        for _ in range(self.count):
            os.read(self.arrived, 1)
        os.write(self.leaving, b"." * self.count)


POOLS = {
    "python": lambda config, channel: Pool(config, channel, None),
    "python:fork": lambda config, channel: Pool(config, channel, "fork"),
    "python:forkserver": lambda config, channel: Pool(config, channel, "forkserver"),
    "python:spawn": lambda config, channel: Pool(config, channel, "spawn"),
    "python:executor": Executor,
    "python:threads": Threads,
    "python:interpreters": Interpreters,
}


def judge(done, tasks):
    return {} if done == tasks else {"error": f"the pool returned {done} of {tasks} results"}


def verify():
    if not kernel_verify:
        return {"known": 0, "why": ""}
    why = ctypes.create_string_buffer(256)
    known = kernel_verify(kernel_input, ctypes.addressof(params), results, why, 256)
    return {"known": known, "why": why.value.decode(errors="replace")}


def serve(number):
    import json
    import socket
    channel = socket.socket(fileno=number)

    def answer(fields):
        channel.sendall((json.dumps(fields) + "\n").encode())
        return "error" not in fields

    pool = None
    try:
        lines = channel.makefile("r")
        config = json.loads(lines.readline())
        config["interpreter"] = os.getpid()
        # Semaphores have names until the pool is gone, which who kills this program finds by its number (scratch.h).
        multiprocessing.process.current_process()._config["semprefix"] = f"/breakeven-{os.getppid()}"
        kernel_load(config, True)
        pool = POOLS[config["runner"]](config, number)
        good = answer({})
        while good and (words := lines.readline().split()):
            if words[0] == "start":
                good = answer(pool.start())
            elif words[0] == "run":
                good = answer(pool.run(int(words[1])))
            elif words[0] == "verify":
                good = answer(verify())
            elif words[0] == "stop":
                pool.stop()
                good = answer({})
    except BaseException as error:
        answer({"error": " ".join(f"{type(error).__name__}: {error}".split())})
    finally:
        if pool:
            pool.kill()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program that measures ends its group itself
    try:
        serve(int(sys.argv[1]))
    finally:
        os._exit(0)  # the workers are gone; taking the interpreter down is no part of what is timed
