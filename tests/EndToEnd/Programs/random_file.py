"""Random operations on one file, compared with its bytes in memory: random_file.py FILE MODEL SEED COUNT SIZE.

MODEL holds the expected content before and after. Like fsx, but small: on a mismatch the last operations are printed.
"""
import mmap
import os
import random
import sys

path, model_path = sys.argv[1], sys.argv[2]
seed, count, size = (int(argument) for argument in sys.argv[3:6])
rng = random.Random(seed)
history = []

file = os.open(path, os.O_RDWR | os.O_CREAT)
model = bytearray(open(model_path, "rb").read()) if os.path.exists(model_path) else bytearray()


def fail(what, detail=""):
    print("seed %d: %s %s\nlast operations:" % (seed, what, detail), *history[-25:], sep="\n  ")
    sys.exit(1)


def span():
    offset = rng.randrange(max(len(model), 1) if rng.random() < 0.8 else size)
    longest = rng.choice((1, 100, 4096, 65536, 300000))
    return offset, min(rng.randint(1, longest), size - offset)


def put(offset, data):
    if len(model) < offset:
        model.extend(bytes(offset - len(model)))
    model[offset:offset + len(data)] = data


def write():
    offset, length = span()
    data = rng.randbytes(length)
    history.append("write %d+%d" % (offset, length))
    if os.pwrite(file, data, offset) != length:
        fail("short write")
    put(offset, data)


def append():
    global file
    data = rng.randbytes(rng.randint(1, 5000))
    if len(model) + len(data) > size:
        return
    history.append("append %d" % len(data))
    with open(path, "ab") as end:
        end.write(data)
    model.extend(data)


def read():
    offset, length = span()
    history.append("read %d+%d" % (offset, length))
    compare(offset, os.pread(file, length, offset), bytes(model[offset:offset + length]))


def compare(offset, actual, expected):
    if actual != expected:
        first = next((i for i, (a, b) in enumerate(zip(actual, expected)) if a != b), min(len(actual), len(expected)))
        fail("wrong bytes", "at %d, lengths %d and %d" % (offset + first, len(actual), len(expected)))


def truncate():
    length = rng.randrange(size) if rng.random() < 0.3 else rng.randint(0, len(model))
    history.append("truncate %d" % length)
    os.ftruncate(file, length)
    del model[length:]
    model.extend(bytes(length - len(model)))


def map_write():
    if not model:
        return
    offset, length = span()
    offset, length = min(offset, len(model) - 1), min(length, len(model) - min(offset, len(model) - 1))
    history.append("map and write %d+%d" % (offset, length))
    data = rng.randbytes(length)
    with mmap.mmap(file, len(model)) as view:
        view[offset:offset + length] = data
        if rng.random() < 0.5:
            view.flush()
    put(offset, data)


def map_read():
    if not model:
        return
    offset, length = span()
    history.append("map and read %d+%d" % (offset, length))
    with mmap.mmap(file, len(model), access=mmap.ACCESS_READ) as view:
        compare(offset, view[offset:offset + length], bytes(model[offset:offset + length]))


def sync():
    history.append("fsync")
    os.fsync(file)


def check_size():
    if os.fstat(file).st_size != len(model):
        fail("wrong size", "%d instead of %d" % (os.fstat(file).st_size, len(model)))


def reopen():
    global file
    history.append("close and open")
    os.close(file)
    if os.stat(path).st_size != len(model):
        fail("wrong size after close", "%d instead of %d" % (os.stat(path).st_size, len(model)))
    file = os.open(path, os.O_RDWR)


operations = [write] * 8 + [read] * 8 + [append, truncate, map_write, map_write, map_read, sync, check_size, reopen, reopen]
compare(0, os.pread(file, len(model) + 1, 0) if len(model) < 1 << 24 else bytes(model), bytes(model))
for _ in range(count):
    rng.choice(operations)()
    check_size()
os.close(file)
with open(path, "rb") as final:
    compare(0, final.read(), bytes(model))
with open(model_path, "wb") as kept:
    kept.write(model)
