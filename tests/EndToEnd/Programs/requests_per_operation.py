"""requests_per_operation.py DIRECTORY NAME PART: does one thing after the other, and prints which, and when it began and ended.

The directory has files 00000 to 00009, of which PART (0 or 1) uses its own. New files have NAME in theirs."""
import os
import subprocess
import sys
import time

directory, new, part = sys.argv[1], sys.argv[2], int(sys.argv[3])


def path(name):
    return os.path.join(directory, name)


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


def write(name, content):
    with open(path(name), "w") as file:
        file.write(content)


def measure(name, work):
    for attempt in range(5):
        # Linux asks again for an entry that is older than a second. That of the directory is no part of what is measured: it is
        # made new here, once it is old for certain, and must stay so until the end.
        time.sleep(1.1)
        os.stat(directory)
        begin = time.time()
        work(attempt)
        end = time.time()
        if end - begin < 0.9:
            print(f"{name} {begin:.6f} {end:.6f}")
            return
    sys.exit(f"{name}: takes longer than an entry is believed")


def save(attempt):
    write(f"{new}-{attempt}.tmp", "the next version")
    os.rename(path(f"{new}-{attempt}.tmp"), path(f"0000{4 * part}"))


# Each attempt of reading needs a file that was not read before.
measure("read", lambda attempt: read(f"0000{4 * part + 1 + attempt % 3}"))
measure("create", lambda attempt: write(f"{new}-{attempt}.created", "x"))
measure("echo", lambda attempt: subprocess.run(["bash", "-c", 'echo x >"$1"', "bash", path(f"{new}-{attempt}.echoed")], check=True))
read(f"0000{4 * part}")
measure("save", save)
