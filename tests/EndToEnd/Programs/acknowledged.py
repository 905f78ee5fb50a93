"""acknowledged.py work DIR LOG SEED: changes files in DIR at random until DIR fails, and notes in LOG what was begun and what was acknowledged.
acknowledged.py check DIR LOG: every file has what was acknowledged last; only the one change that was under way may have happened or not."""
import json
import os
import random
import sys

FILES = [f"d{d}/f{f}" for d in range(2) for f in range(4)]


def content(seed, size):
    return random.Random(seed).randbytes(size)


def size_of(rng):
    return rng.choice([0, 1, 100, 5000, 70_000, 300_000, 3_000_000])


def draw(rng, there):
    kind = rng.choice(["write"] * 4 + ["append", "append", "patch", "patch", "rename", "rename", "unlink", "move"])
    name = rng.choice(FILES)
    if kind == "move":
        return {"kind": kind}
    if kind != "write" and name not in there:
        kind = "write"
    change = {"kind": kind, "name": name, "seed": rng.randrange(1 << 30), "size": size_of(rng)}
    if kind == "patch":
        change["at"] = rng.randrange(max(1, len(there[name])))
    if kind == "rename":
        change["to"] = rng.choice([other for other in FILES if other != name])
    return change


def apply(there, change):
    """The names and contents after a change."""
    there = dict(there)
    kind, name = change["kind"], change.get("name")
    if kind == "write":
        there[name] = content(change["seed"], change["size"])
    elif kind == "append":
        there[name] += content(change["seed"], change["size"])
    elif kind == "patch":
        old, new = there[name], content(change["seed"], change["size"])
        there[name] = old[:change["at"]] + new + old[change["at"] + len(new):]
    elif kind == "rename":
        there[change["to"]] = there.pop(name)
    elif kind == "unlink":
        del there[name]
    return there


def perform(root, change, moved):
    """Does it; what returns is acknowledged."""
    kind = change["kind"]
    top = os.path.join(root, "moved" if moved else "top")
    if kind == "move":
        os.rename(top, os.path.join(root, "top" if moved else "moved"))
        return
    path = os.path.join(top, change["name"])
    if kind == "rename":
        os.rename(path, os.path.join(top, change["to"]))
    elif kind == "unlink":
        os.unlink(path)
    else:
        flags = {"write": os.O_CREAT | os.O_TRUNC, "append": os.O_APPEND, "patch": 0}[kind]
        handle = os.open(path, os.O_WRONLY | flags, 0o644)
        try:
            if kind == "patch":
                os.lseek(handle, change["at"], os.SEEK_SET)
            data = memoryview(content(change["seed"], change["size"]))
            while data:
                data = data[os.write(handle, data):]
            if change["seed"] % 3 == 0:
                os.fsync(handle)
        finally:
            os.close(handle)


def replay(log):
    """The state that was acknowledged, whether the directory is moved, and the change that was under way."""
    there, moved, begun = {}, False, None
    if not os.path.exists(log):
        # Killed before it began.
        return there, moved, begun
    with open(log) as lines:
        for line in lines:
            if not line.endswith("\n"):
                break
            entry = json.loads(line)
            if entry == "done":
                there, moved, begun = apply(there, begun), moved ^ (begun["kind"] == "move"), None
            elif entry == "settled":
                begun = None
            else:
                begun = entry
    return there, moved, begun


def work(root, log, seed):
    rng = random.Random(seed)
    there, moved, begun = replay(log)
    assert begun is None
    # Inside, so that nothing is ever done to the directory under a mount that is gone.
    try:
        os.chdir(root)
        if not os.path.ismount("."):
            return
        root = "."
        for directory in range(2):
            os.makedirs(os.path.join(root, "moved" if moved else "top", f"d{directory}"), exist_ok=True)
    except OSError:
        return
    with open(log, "a") as notes:
        while True:
            change = draw(rng, there)
            notes.write(json.dumps(change) + "\n")
            notes.flush()
            try:
                perform(root, change, moved)
            except OSError:
                return
            notes.write('"done"\n')
            notes.flush()
            there, moved = apply(there, change), moved ^ (change["kind"] == "move")


def read_all(top):
    found = {}
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


def describe(state):
    return {name: len(data) for name, data in sorted(state.items())}


def check(root, log):
    there, moved, begun = replay(log)
    tops = [name for name in os.listdir(root) if name in ("top", "moved")]
    assert tops, "neither top nor moved is there"
    if not (begun and begun["kind"] == "move"):
        assert tops == ["moved" if moved else "top"], tops
    assert len(tops) == 1, f"the interrupted rename of the directory is neither finished nor undone: {tops}"
    found = read_all(os.path.join(root, tops[0]))
    possible = [there] + ([apply(there, begun)] if begun else [])
    happened = [state == found for state in possible]
    assert any(happened), f"under way: {begun}\nfound:    {describe(found)}\nexpected: " + "\n      or: ".join(str(describe(state)) for state in possible)
    with open(log, "a") as notes:
        if begun:
            is_moved = begun["kind"] == "move" and (tops == ["moved"]) != moved
            notes.write('"done"\n' if is_moved or begun["kind"] != "move" and happened[-1] else '"settled"\n')


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        check(sys.argv[2], sys.argv[3])
