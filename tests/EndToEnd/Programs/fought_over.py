"""fought_over.py write WHO SECONDS HISTORY: adds lines to the files f0 to f3 of the current directory, which others on other machines change, too, and notes in HISTORY which
were acknowledged and which refused.
fought_over.py check HISTORY...: every acknowledged line is in its file, once, and in its writer's order; every refused one is in a conflict copy of the file, or at least there is one."""
import glob
import os
import random
import sys
import time

FILES = 4


def write(who, seconds, history):
    rng = random.Random(who)
    end = time.monotonic() + seconds
    number = 0
    with open(history, "w") as notes:
        while time.monotonic() < end:
            name = f"f{rng.randrange(FILES)}"
            number += 1
            line = f"{who} {number}\n"
            handle = os.open(name, os.O_RDWR)
            try:
                # The new content stands upon the version that was opened: whoever changed the file meanwhile must not be written over.
                content = b""
                while piece := os.pread(handle, 1 << 20, len(content)):
                    content += piece
                if rng.randrange(2):
                    time.sleep(rng.random() / 50)
                os.pwrite(handle, line.encode(), len(content))
            except OSError:
                # Another version is there: nothing was written.
                os.close(handle)
                continue
            try:
                os.close(handle)
                notes.write(f"acknowledged {name} {line}")
            except OSError:
                notes.write(f"refused {name} {line}")


def check(histories):
    acknowledged, refused = {f"f{i}": [] for i in range(FILES)}, 0
    for history in histories:
        with open(history) as notes:
            for note in notes:
                how, name, who, number = note.split()
                if how == "acknowledged":
                    acknowledged[name].append((who, int(number)))
                else:
                    refused += 1
                    copies = "".join(open(path).read() for path in glob.glob(f"{name}.conflict-*"))
                    assert f"{who} {number}\n" in copies, f"{name}: what {who} wrote as {number} was refused and is nowhere"
    for name, lines in acknowledged.items():
        with open(name) as file:
            found = [(who, int(number)) for who, number in (line.split() for line in file)]
        assert sorted(found) == sorted(lines), f"{name}: acknowledged but lost {set(lines) - set(found)}, there but not acknowledged {set(found) - set(lines)}"
        for who in {who for who, _ in found}:
            own = [number for other, number in found if other == who]
            assert own == sorted(own), f"{name}: the lines of {who} are out of order"
    total = sum(len(lines) for lines in acknowledged.values())
    assert total
    print(f"{total} acknowledged, {refused} refused")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], float(sys.argv[3]), sys.argv[4])
    else:
        check(sys.argv[2:])
