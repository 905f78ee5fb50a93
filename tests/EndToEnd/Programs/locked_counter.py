"""Adds one to a number in a file, TIMES times, under an exclusive lock: no addition is lost if the lock holds."""
import fcntl
import os
import sys

kind, path, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
take = fcntl.lockf if kind == "fcntl" else fcntl.flock
for _ in range(times):
    file = os.open(path, os.O_RDWR)
    take(file, fcntl.LOCK_EX)
    number = int(os.pread(file, 100, 0)) + 1
    os.pwrite(file, b"%d\n" % number, 0)
    os.fsync(file)
    take(file, fcntl.LOCK_UN)
    os.close(file)
