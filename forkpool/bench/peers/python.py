# SPDX-License-Identifier: MIT
"""Cost of a trivial task in multiprocessing.Pool with two workers, ns: python.py map|submit|apply"""
import sys
import time
from multiprocessing import Pool


def square(x):
    return x * x


if __name__ == "__main__":
    with Pool(2) as pool:
        pool.map(square, range(100), 1)
        count = {"map": 20000, "submit": 5000, "apply": 2000}[sys.argv[1]]
        start = time.perf_counter()
        if sys.argv[1] == "map":
            results = pool.map(square, range(count), 1)
        elif sys.argv[1] == "submit":
            jobs = [pool.apply_async(square, (i,)) for i in range(count)]
            results = [job.get() for job in jobs]
        else:
            results = [pool.apply(square, (i,)) for i in range(count)]
        took = time.perf_counter() - start
        assert results == [i * i for i in range(count)]
        print(took / count * 1e9)
