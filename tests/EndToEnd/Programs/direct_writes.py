"""direct_writes.py ROUNDS: asynchronous direct writes to f, many at a time, while others read f through the page cache. What has been written must be seen."""
import mmap
import os
import signal
import sys

import asynchronous

PAGE = 4096
LENGTHS = [1, 300, 7, 16, 64, 2, 33, 100]  # in pages; one is larger than a request
SIZE = sum(LENGTHS) * PAGE


def read_again_and_again():
    f = os.open("f", os.O_RDONLY)
    while True:
        at = 0
        while data := os.pread(f, 128 << 10, at):
            at += len(data)


with open("f", "wb") as f:
    f.write(bytes(SIZE))
direct, cached = os.open("f", os.O_RDWR | os.O_DIRECT), os.open("f", os.O_RDONLY)
mapped = mmap.mmap(cached, SIZE, prot=mmap.PROT_READ)
readers = []
for _ in range(2):
    reader = os.fork()
    if reader == 0:
        try:
            read_again_and_again()
        finally:
            os._exit(1)
    readers.append(reader)
try:
    for number in range(1, int(sys.argv[1]) + 1):
        expected = b"".join(bytes([(number * 7 + i) % 251]) * (length * PAGE) for i, length in enumerate(LENGTHS))
        writes = asynchronous.Writes(len(LENGTHS))
        at = 0
        for length in LENGTHS:
            writes.submit(direct, expected[at:at + length * PAGE], at)
            at += length * PAGE
        writes.wait()
        writes.close()
        for how, found in ("read", os.pread(cached, SIZE, 0)), ("mapped", mapped[:]):
            stale = sum(found[page] != expected[page] for page in range(0, SIZE, PAGE))
            if stale:
                sys.exit(f"round {number}: {stale} of {SIZE // PAGE} pages are stale when {how}")
finally:
    for reader in readers:
        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)
