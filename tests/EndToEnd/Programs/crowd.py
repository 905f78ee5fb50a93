"""crowd.py DIR SECONDS: 32 writers and 32 readers at once. Whatever a reader finds in a file is one whole version of it, and not older than the last one closed before."""
import hashlib
import os
import random
import sys
import threading
import time

WRITERS, READERS, FILES = 32, 32, 8


def version(file, number):
    rng = random.Random(file * 1_000_003 + number)
    body = rng.randbytes(rng.choice([10, 3000, 150_000]))
    head = f"{file} {number} {len(body)} {hashlib.sha256(body).hexdigest()}\n".encode()
    return head + body


def check(file, data):
    head, _, body = data.partition(b"\n")
    name, number, size, digest = head.decode().split()
    assert int(name) == file and int(size) == len(body) and hashlib.sha256(body).hexdigest() == digest, f"file {file} is mixed: {head!r}, {len(body)} bytes"
    return int(number)


def main(root, seconds):
    end = time.monotonic() + seconds
    closed = [0] * FILES
    locks = [threading.Lock() for _ in range(FILES)]
    failures, reads, writes = [], [0], [0]

    def write(me):
        rng = random.Random(me)
        while time.monotonic() < end:
            file = rng.randrange(FILES)
            path = os.path.join(root, str(file))
            if rng.randrange(3) == 0:
                # A file of its own, made and removed in between.
                own = os.path.join(root, f"own-{me}")
                with open(own, "wb") as out:
                    out.write(version(0, me))
                with open(own, "rb") as there:
                    check(0, there.read())
                os.rename(own, own + "-moved")
                os.unlink(own + "-moved")
            with locks[file]:
                number = closed[file] + 1
                with open(path + ".new", "wb") as out:
                    out.write(version(file, number))
                os.rename(path + ".new", path)
                closed[file] = number
            writes[0] += 1

    def read(me):
        rng = random.Random(1000 + me)
        while time.monotonic() < end:
            file = rng.randrange(FILES)
            least = closed[file]
            if least == 0:
                time.sleep(0.01)
                continue
            with open(os.path.join(root, str(file)), "rb") as there:
                number = check(file, there.read())
            assert number >= least, f"file {file} was at {least}, and {number} was read"
            os.listdir(root)
            reads[0] += 1

    def guarded(act, me):
        try:
            act(me)
        except BaseException as e:
            failures.append(repr(e))

    threads = [threading.Thread(target=guarded, args=(write, i)) for i in range(WRITERS)]
    threads += [threading.Thread(target=guarded, args=(read, i)) for i in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:5]
    assert reads[0] and writes[0], (reads, writes)
    for file in range(FILES):
        if closed[file]:
            with open(os.path.join(root, str(file)), "rb") as there:
                assert check(file, there.read()) == closed[file]


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
