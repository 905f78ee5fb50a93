"""side_by_side.py WORK ROUNDS TOOL...: see side-by-side.sh. Writes are timed until the service has them, reads on a fresh mount."""
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

from contenders import CONTENDERS, KEY
from s3 import S3

MIB = 1 << 20
BIG = 256 * MIB
LIMIT = 90  # seconds; what takes longer has failed
ROWS = ("write 256 MiB", "read 256 MiB", "read it again", "500 random 4 KiB reads", "create 200 small files", "read 200 small files, cold",
        "remove 200 small files", "ls -l of 2,000 entries", "ls -l of them again", "20 editor saves", "mv of a 256 MiB file", "mv of a directory of 50")


def requests_served():
    """All requests that the gateway has had, by its own counter."""
    said = subprocess.run(["ceph", "daemon", os.environ["S3_ADMIN_SOCKET"], "perf", "dump", "rgw"],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(said.stdout)["rgw"]["req"]


class Round:
    """One round of one contender, in a directory of its own."""

    def __init__(self, contender, s3, name):
        self.contender, self.s3, self.name = contender, s3, name
        self.root = os.path.join(contender.mount_point, name)
        self.results = {}

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def measure(self, row, action, stored=None):
        """Runs the action, then waits until the service shows what it should: both are the row's time, infinite if it failed."""
        served, own, start = requests_served(), self.s3.requests, time.monotonic()
        limit = threading.Timer(LIMIT, self.contender.kill)  # a system call in a mount ends with the mount
        limit.start()
        try:
            try:
                action()
            finally:
                limit.cancel()
            while stored is not None and not stored():
                if time.monotonic() - start > LIMIT:
                    raise TimeoutError("not stored after %d s" % LIMIT)
                time.sleep(0.01)
            seconds = time.monotonic() - start
        except OSError as error:
            print("%s: %s: %s" % (self.contender.name, row, error), file=sys.stderr)
            seconds = math.inf
        time.sleep(0.3)  # requests that a tool sends behind the program's back belong to the row; and a tool that crashes takes a moment to
        self.results[row] = seconds, requests_served() - served - (self.s3.requests - own)
        if not self.contender.is_alive():
            self.contender.end()
            self.contender.mount()

    def remount(self):
        self.contender.unmount()
        self.contender.mount()

    def run(self):
        self.contender.mount()
        os.mkdir(self.root)
        self.big_file()
        self.small_files()
        self.measure("ls -l of 2,000 entries", self.list_long)
        self.measure("ls -l of them again", self.list_long)
        self.editor_saves()
        self.renames()
        self.contender.unmount()
        return self.results

    def big_file(self):
        block = random.randbytes(MIB)

        def write():
            with open(self.path("big"), "wb", buffering=0) as file:
                for number in range(BIG // MIB):
                    file.write(number.to_bytes(8, "big") + block[8:])

        def read():
            with open(self.path("big"), "rb", buffering=0) as file:
                for number in range(BIG // MIB):
                    piece = b""
                    while len(piece) < MIB:
                        piece += file.read(MIB - len(piece))
                    assert piece[:8] == number.to_bytes(8, "big")

        def read_at_random():
            order = random.Random(1)
            file = os.open(self.path("big"), os.O_RDONLY)
            for _ in range(500):
                at = order.randrange(BIG // 4096) * 4096
                piece = os.pread(file, 4096, at)
                assert piece[8:] == block[at % MIB + 8:at % MIB + 4096]
            os.close(file)

        self.measure("write 256 MiB", write, lambda: self.s3.size(self.name + "/big") == BIG)
        self.remount()
        self.measure("read 256 MiB", read)
        self.measure("read it again", read)
        self.remount()
        self.measure("500 random 4 KiB reads", read_at_random)

    def small_files(self):
        names = ["file-%03d" % i for i in range(200)]

        def create():
            os.mkdir(self.path("small"))
            for name in names:
                with open(self.path("small", name), "wb") as file:
                    file.write(name.encode() * 100)

        def read():
            for name in names:
                with open(self.path("small", name), "rb") as file:
                    assert file.read() == name.encode() * 100

        def remove():
            for name in names:
                os.unlink(self.path("small", name))

        prefix = self.name + "/small/"
        self.measure("create 200 small files", create, lambda: self.s3.count(prefix, no_smaller_than=800) == 200)
        self.remount()
        self.measure("read 200 small files, cold", read)
        self.measure("remove 200 small files", remove, lambda: self.s3.count(prefix) == 0)
        self.remount()

    def list_long(self):
        said = subprocess.run(["ls", "-l", os.path.join(self.contender.mount_point, "listed")], check=True, stdout=subprocess.PIPE)
        assert said.stdout.count(b"\n") == 2001

    def editor_saves(self):
        with open(self.path("document"), "wb") as file:
            file.write(b"0" * 20000)

        def save():
            for number in range(1, 21):
                with open(self.path("document.tmp"), "wb") as file:
                    file.write(b"x" * (20000 + number))
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(self.path("document.tmp"), self.path("document"))

        def stored():
            return self.s3.size(self.name + "/document") == 20020 and self.s3.size(self.name + "/document.tmp") is None

        self.measure("20 editor saves", save, stored)

    def renames(self):
        os.mkdir(self.path("many"))
        for number in range(50):
            with open(self.path("many", "file-%02d" % number), "wb") as file:
                file.write(b"content\n" * 1000)
        while self.s3.count(self.name + "/many/", no_smaller_than=8000) < 50:
            time.sleep(0.05)
        self.remount()
        self.measure("mv of a 256 MiB file", lambda: os.rename(self.path("big"), self.path("moved")),
                     lambda: self.s3.size(self.name + "/moved") == BIG and self.s3.size(self.name + "/big") is None)
        self.measure("mv of a directory of 50", lambda: os.rename(self.path("many"), self.path("renamed")),
                     lambda: self.s3.count(self.name + "/renamed/") == 50 and self.s3.count(self.name + "/many/") == 0)
        for left in os.listdir(self.root):
            if left in ("big", "moved"):
                os.unlink(self.path(left))


def main():
    work, rounds, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    s3 = S3(os.environ["S3_ENDPOINT"], os.environ["S3_CA"], os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"],
            "bench-%d" % time.time_ns(), KEY)
    s3.make_bucket()
    metadata = (("mode", "33188"), ("uid", "0"), ("gid", "0"), ("mtime", "1700000000"))
    s3.put("listed/", b"", (("mode", "16877"),) + metadata[1:])
    for number in range(2000):
        s3.put("listed/entry-%04d" % number, b"content", metadata)

    contenders = [CONTENDERS[name](work, s3.bucket) for name in names]
    results = {name: [] for name in names}
    try:
        for number in range(rounds):
            # Each round starts with another one, so that none always finds a warm gateway.
            for contender in contenders[number % len(contenders):] + contenders[:number % len(contenders)]:
                print("round %d: %s" % (number + 1, contender.name), file=sys.stderr, flush=True)
                results[contender.name].append(Round(contender, s3, "%s-%d" % (contender.name, number)).run())
    finally:
        for contender in contenders:
            contender.end()
    report(names, results)


def report(names, results):
    first = names[0]
    print("%-28s" % "seconds, median of %d" % len(results[first]), *("%22s" % name for name in names))
    for row in ROWS:
        cells = []
        base = statistics.median(result[row][0] for result in results[first])
        for name in names:
            seconds = statistics.median(result[row][0] for result in results[name])
            requests = int(statistics.median(result[row][1] for result in results[name]))
            ratio = "%6.2fx" % (seconds / base) if name != first and seconds < math.inf else ""
            time_taken = "%.3f" % seconds if seconds < math.inf else "failed"
            cells.append("%22s" % ("%s %s %5d rq" % (time_taken, ratio, requests)))
        print("%-28s" % row, *cells)
    print("ratio: time divided by %s's; rq: requests that the gateway served; failed: an error, or not stored after %d s" % (first, LIMIT))


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
