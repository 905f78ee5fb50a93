"""many_handles.py DIR COUNT: COUNT open files at once, each of which is written, read and still right when all the others are open. As many processes as the limit of each needs."""
import os
import sys

EACH = 500


def content(number):
    return f"file {number}\n".encode() * 50


def hold(root, first, last, mine, others):
    handles = []
    for number in range(first, last):
        # Every tenth is a file of its own, the others are opened again and again.
        name = os.path.join(root, str(number - number % 10))
        handle = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
        if number % 10 == 0:
            os.write(handle, content(number))
        handles.append((number, handle))
    os.write(mine, b"x")
    # Until all have theirs.
    os.read(others, 1)
    for number, handle in handles:
        assert os.pread(handle, 10_000, 0) == content(number - number % 10), number
    for _, handle in handles:
        os.close(handle)


def main(root, count):
    ready, all_ready = os.pipe(), os.pipe()
    children = []
    for first in range(0, count, EACH):
        child = os.fork()
        if child == 0:
            os.close(ready[0])
            os.close(all_ready[1])
            hold(root, first, min(count, first + EACH), ready[1], all_ready[0])
            os._exit(0)
        children.append(child)
    os.close(ready[1])
    for _ in children:
        assert os.read(ready[0], 1) == b"x", "a process could not open its files"
    os.close(all_ready[1])
    for child in children:
        assert os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
