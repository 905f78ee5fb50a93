"""Reads a directory of COUNT entries while others are made and removed in it.

Every entry that was there all the time must come exactly once; those that come or go may come once at most.
"""
import os
import sys

directory, count = sys.argv[1], int(sys.argv[2])
changes = count // 30
stays = {"entry-%04d" % i for i in range(count)} - {"entry-%04d" % i for i in range(0, count, 30)}
goes = sorted({"entry-%04d" % i for i in range(count)} - stays)

seen = []
with os.scandir(directory) as entries:
    for number, entry in enumerate(entries):
        seen.append(entry.name)
        if number % 25 == 0 and goes:
            os.unlink(os.path.join(directory, goes.pop()))
            open(os.path.join(directory, "new-%04d" % number), "w").close()
while goes:
    os.unlink(os.path.join(directory, goes.pop()))
for number in range(changes - sum(name.startswith("new-") for name in os.listdir(directory))):
    open(os.path.join(directory, "new-late-%04d" % number), "w").close()

assert len(seen) == len(set(seen)), "an entry came twice"
assert not stays - set(seen), "entries did not come: %s" % sorted(stays - set(seen))[:10]
left = set(os.listdir(directory))
assert {name for name in left if name.startswith("entry-")} == stays
assert len(left) == count
