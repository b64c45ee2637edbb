"""What Python's process pool takes for what RemoteProbe measures; prints lines as Probe does."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor


def nothing():
    return 42


def echo(value):
    return value


def show(name, seconds):
    print("figure", name, seconds * 1e9, "NaN", sep="\t", flush=True)


def times(rounds, call):
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return sorted(taken)


def main(rounds):
    firsts = []
    for _ in range(10):
        start = time.perf_counter()
        pool = ProcessPoolExecutor(1)
        pool.submit(nothing).result()
        firsts.append(time.perf_counter() - start)
        pool.shutdown()
    show("pythonFirst", sorted(firsts)[len(firsts) // 2])

    with ProcessPoolExecutor(1) as pool:
        times(rounds // 4, lambda: pool.submit(nothing).result())
        taken = times(rounds, lambda: pool.submit(nothing).result())
        show("pythonCall", taken[rounds // 2])
        show("pythonCall p99", taken[rounds * 99 // 100])
        for name, size, repeated in ("1 KiB", 1 << 10, 500), ("1 MiB", 1 << 20, 50), ("100 MiB", 100 << 20, 5):
            value = bytes(size)
            times(max(repeated // 5, 1), lambda: pool.submit(echo, value).result())
            show("pythonEcho " + name, times(repeated, lambda: pool.submit(echo, value).result())[repeated // 2])

    with ProcessPoolExecutor(2) as pool:
        list(pool.map(nothing_of, range(100)))
        start = time.perf_counter()
        for task in [pool.submit(nothing) for _ in range(rounds)]:
            task.result()
        show("pythonMany", (time.perf_counter() - start) / rounds)


def nothing_of(_):
    return 42


if __name__ == "__main__":
    main(int(sys.argv[1]))
