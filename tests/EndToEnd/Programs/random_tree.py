"""The same random operations on two trees: random_tree.py MOUNT LOCAL SEED COUNT.

Each operation must end alike on both (the same result or the same errno), and afterwards the trees must be equal:
names, types, modes, sizes, contents, link targets, extended attributes, and the times that were set.
"""
import errno
import os
import random
import stat
import sys

mount, local = sys.argv[1], sys.argv[2]
seed, count = int(sys.argv[3]), int(sys.argv[4])
rng = random.Random(seed)
names = ["a", "b", "c", "d", "name with blanks", "ünïcode", "e.txt"]
history = []
LAST_SET_TIME = 17 * 10**17  # nanoseconds; November 2023


def path():
    return "/".join(rng.choice(names) for _ in range(rng.choice((1, 1, 2, 2, 3))))


def write(root, at, data, append):
    with open(os.path.join(root, at), "ab" if append else "wb") as file:
        file.write(data)


def patch(root, at, offset, data):
    file = os.open(os.path.join(root, at), os.O_RDWR)
    try:
        os.pwrite(file, data, offset)
    finally:
        os.close(file)


def read(root, at):
    with open(os.path.join(root, at), "rb") as file:
        return file.read()


def rename(root, a, b):
    os.rename(os.path.join(root, a), os.path.join(root, b))


def set_time(root, at, time):
    os.utime(os.path.join(root, at), ns=(time, time), follow_symlinks=False)
    return os.lstat(os.path.join(root, at)).st_mtime_ns


def list_names(root, at):
    return sorted(os.listdir(os.path.join(root, at)))


def set_attribute(root, at, name, value):
    os.setxattr(os.path.join(root, at), name, value)


def choose():
    data = rng.randbytes(rng.choice((0, 1, 10, 5000, 70000)))
    return rng.choice((
        lambda a=path(): ("mkdir", lambda r: os.mkdir(os.path.join(r, a)), a),
        lambda a=path(): ("mkdir", lambda r: os.mkdir(os.path.join(r, a)), a),
        lambda a=path(): ("rmdir", lambda r: os.rmdir(os.path.join(r, a)), a),
        lambda a=path(): ("unlink", lambda r: os.unlink(os.path.join(r, a)), a),
        lambda a=path(): ("write", lambda r: write(r, a, data, False), a, len(data)),
        lambda a=path(): ("write", lambda r: write(r, a, data, False), a, len(data)),
        lambda a=path(): ("append", lambda r: write(r, a, data, True), a, len(data)),
        lambda a=path(), o=rng.randrange(80000): ("patch", lambda r: patch(r, a, o, data), a, o, len(data)),
        lambda a=path(): ("read", lambda r: read(r, a), a),
        lambda a=path(), n=rng.randrange(80000): ("truncate", lambda r: os.truncate(os.path.join(r, a), n), a, n),
        lambda a=path(), b=path(): ("rename", lambda r: rename(r, a, b), a, b),
        lambda a=path(), b=path(): ("rename", lambda r: rename(r, a, b), a, b),
        lambda a=path(), b=path(): ("symlink", lambda r: os.symlink(b, os.path.join(r, a)), a, b),
        lambda a=path(), m=rng.choice((0o700, 0o711, 0o750, 0o755)): ("chmod", lambda r: os.chmod(os.path.join(r, a), m), a, m),
        lambda a=path(), t=rng.randrange(10**18, LAST_SET_TIME): ("utime", lambda r: set_time(r, a, t), a, t),
        lambda a=path(): ("list", lambda r: list_names(r, a), a),
        lambda a=path(): ("setxattr", lambda r: set_attribute(r, a, "user.x", data[:100]), a),
    ))()


def outcome(operation, root):
    try:
        return operation(root)
    except OSError as error:
        return "errno " + errno.errorcode[error.errno]


def describe(root):
    tree = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            full = os.path.join(directory, name)
            status = os.lstat(full)
            item = [stat.S_IFMT(status.st_mode)]
            if stat.S_ISLNK(status.st_mode):
                item.append(os.readlink(full))
            else:
                item.append(oct(status.st_mode))
                item.append([(x, os.getxattr(full, x)) for x in sorted(os.listxattr(full)) if x.startswith("user.")])
            if stat.S_ISREG(status.st_mode):
                content = read("", full)
                item += [status.st_size, hash(content), len(content)]
            # What was not set with utime is "now", and so a little different in each tree.
            if not stat.S_ISDIR(status.st_mode) and status.st_mtime_ns < LAST_SET_TIME:
                item.append(status.st_mtime_ns)
            tree[full[len(root) + 1:]] = item
    return tree


for _ in range(count):
    name, operation, *arguments = choose()
    results = outcome(operation, local), outcome(operation, mount)
    history.append("%s %s -> %s" % (name, arguments, results[0] if not isinstance(results[0], bytes) else "%d bytes" % len(results[0])))
    if results[0] != results[1]:
        print("seed %d: the local disk says %.200r, the mount %.200r to:" % (seed, *results), *history[-25:], sep="\n  ")
        sys.exit(1)

expected, actual = describe(local), describe(mount)
if expected != actual:
    print("seed %d: the trees differ:" % seed)
    for key in sorted(set(expected) | set(actual)):
        if expected.get(key) != actual.get(key):
            print("  %r\n    local %.300r\n    mount %.300r" % (key, expected.get(key), actual.get(key)))
    print("last operations:", *history[-40:], sep="\n  ")
    sys.exit(1)
