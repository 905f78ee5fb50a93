"""full_disk.py full: writes a file in random order until the disk under the spill file is full and further, and does this and that meanwhile.
full_disk.py room-again: makes the file $SCRATCH/is-full when the disk is full, waits for $SCRATCH/has-room, and writes the rest.

What files must hold afterwards is in $SCRATCH, under the same names. Runs in the mount."""
import errno
import os
import random
import subprocess
import sys
import time

MIB = 1 << 20
scratch = os.environ["SCRATCH"]


class Written:
    """A file, and beside it what it must hold: all that was acknowledged, and nothing else."""

    def __init__(self, name):
        self.name = name
        self.file = os.open(name, os.O_RDWR | os.O_CREAT)
        self.model = bytearray()

    def write(self, offset, data):
        """Whether all of it was taken; what else may happen is ENOSPC."""
        while data:
            try:
                taken = os.pwrite(self.file, data, offset)
            except OSError as e:
                assert e.errno == errno.ENOSPC, e
                return False
            self.model.extend(bytes(max(0, offset + taken - len(self.model))))
            self.model[offset:offset + taken] = data[:taken]
            offset, data = offset + taken, data[taken:]
        return True

    def check(self, offset, length):
        # From the mount, not from the kernel's pages.
        os.posix_fadvise(self.file, offset, length, os.POSIX_FADV_DONTNEED)
        assert os.pread(self.file, length, offset) == self.model[offset:offset + length], (self.name, offset)

    def close(self):
        assert os.fstat(self.file).st_size == len(self.model), (self.name, os.fstat(self.file).st_size, len(self.model))
        os.close(self.file)
        with open(os.path.join(scratch, self.name), "wb") as expected:
            expected.write(self.model)


def pieces(count, seed):
    """Numbered pieces in random order."""
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return [(i * MIB, random.Random(i).randbytes(MIB)) for i in order]


def full():
    kept = Written("kept")
    for offset in (3 * MIB, MIB, 2 * MIB, 0):
        assert kept.write(offset, random.Random(offset).randbytes(200_000))

    big = Written("big")
    taken, refused = [], []
    for offset, data in pieces(100, 1):
        (taken if big.write(offset, data) else refused).append(offset)
    assert len(taken) >= 25 and len(refused) >= 50, (len(taken), len(refused))
    for _ in range(5):
        for offset in refused:
            assert not big.write(offset + MIB // 2, bytes(MIB // 2)), "there was room after all"

    # What is there is read, and written over.
    for offset in taken:
        big.check(offset, MIB)
    for offset in taken[::5]:
        assert big.write(offset, random.Random(offset).randbytes(MIB // 2)), "in place, and no room for it"
        big.check(offset, MIB)
    kept.check(0, 4 * MIB)
    with open("stored", "rb") as stored:
        assert len(stored.read()) == 8_000_000

    # Other files are written, synchronized, made, renamed and removed.
    assert kept.write(3 * MIB + 100, b"patched") and kept.write(5 * MIB, b"behind the end")
    os.fsync(kept.file)
    log = Written("log")
    for i in range(50):
        assert log.write(len(log.model), b"line %d\n" % i)
        os.fsync(log.file)
    os.rename("d/f", "moved")
    for i in range(1, 21):
        subprocess.check_call(["bash", "-c", '. "$PROGRAMS/prelude.sh"; noise 100000 %d >d/%d' % (i, i)])
    os.remove("d/20")
    subprocess.check_call(["bash", "-c", '. "$PROGRAMS/prelude.sh"; noise 100000 20 >d/20'])

    # It is stored as it was acknowledged, and its room is free again.
    big.close()
    log.close()
    kept.close()
    again = Written("again")
    for offset, data in pieces(30, 2):
        assert again.write(offset, data), "no room, although the large file is stored"
    again.close()


def room_again():
    big = Written("big")
    refused = [(offset, data) for offset, data in pieces(30, 3) if not big.write(offset, data)]
    assert refused, "the disk was not full"
    # A program that is refused tries again, and is not to have it twice.
    end = os.open("big", os.O_WRONLY | os.O_APPEND)
    for _ in range(3):
        try:
            os.write(end, bytes(MIB))
            raise SystemExit("there was room to append")
        except OSError as e:
            assert e.errno == errno.ENOSPC, e
    open(os.path.join(scratch, "is-full"), "w").close()
    while not os.path.exists(os.path.join(scratch, "has-room")):
        time.sleep(0.02)
    for offset, data in refused:
        assert big.write(offset, data), "no room, although the disk has some again"
    line = b"appended at last"
    assert os.write(end, line) == len(line)
    big.model.extend(line)
    os.close(end)
    big.close()


{"full": full, "room-again": room_again}[sys.argv[1]]()
