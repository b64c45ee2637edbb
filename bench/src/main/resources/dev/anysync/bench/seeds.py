"""What the two Python libraries take for what the goals of SeedsProbe name; prints lines as Probe does."""

import asyncio
import sys
import time

import anysync
from unsync import unsync


@anysync.coroutine
async def nothing():
    return 42


@anysync.generator
async def count(many):
    for i in range(many):
        yield i


@anysync.generator
async def echo():
    sent = 0
    while True:
        sent = yield sent


@anysync.contextmanager
async def resource():
    yield 42


@unsync
async def started():
    return 42


@unsync
def called():
    return 42


def show(name, taken):
    print("figure", name, sorted(taken)[len(taken) // 2] * 1e9, "NaN", sep="\t", flush=True)


def measure(name, batches, many, batch):
    """Prints the median of what one of the many operations of a batch takes."""
    taken = []
    for _ in range(batches + batches // 5):
        start = time.perf_counter()
        batch(many)
        taken.append((time.perf_counter() - start) / many)
    show(name, taken[batches // 5:])


def runs(many):
    for _ in range(many):
        nothing().run()


async def nested(batches, many):
    measure("nested", batches, many, runs)


def elements(many):
    for _ in count(many):
        pass


def steps(many):
    generator = echo()
    generator.send(None)
    for i in range(many):
        generator.send(i)


def uses(many):
    for _ in range(many):
        with resource():
            pass


def results(many):
    for _ in range(many):
        called().result()


def chains(many):
    for _ in range(many):
        future = started()
        for _ in range(10):
            future = future.then(lambda value: value)
        future.result()


def spawns(many):
    for future in [called() for _ in range(many)]:
        future.result()


def main(batches):
    measure("run", batches, 50, runs)
    asyncio.run(nested(batches, 50))
    measure("element", batches, 1_000, elements)
    measure("step", batches, 1_000, steps)
    measure("use", batches, 50, uses)
    measure("result", batches, 100, results)
    measure("chain", batches, 20, chains)
    measure("spawn", batches, 10_000, spawns)


if __name__ == "__main__":
    main(int(sys.argv[1]))
