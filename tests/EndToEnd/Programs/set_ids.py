"""set_ids.py MOUNTED LOCAL: does everything that may take a file's set-user-id and set-group-id bits, as several users, in two directories. They must agree;
what the local file system does not offer is left out. As root; anybody else tries as themselves."""
import ctypes
import errno
import mmap
import os
import struct
import sys

import asynchronous

SIZE, FSETID, KEEPCAPS = 8192, 1 << 4, 8
OWNER, OTHER = (65534, 65533) if os.getuid() == 0 else (os.getuid(), os.getgid())
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


# ---- what is done. All are given a descriptor of the file, which is "f" in the working directory; to write, unless the name starts with "ch".

def fallocate(mode, start, length):
    return lambda f: must(libc.fallocate(f, mode, ctypes.c_long(start), ctypes.c_long(length)))


def with_another(flags, act):
    def run(_):
        another = os.open("f", flags)
        act(another)
        os.close(another)
    return run


def direct(f):
    os.pwritev(f, [mmap.mmap(-1, 4096)], 0)


def asynchronously(f):
    writes = asynchronous.Writes(1)
    writes.submit(f, bytes(4096), 0)
    writes.wait()


def mapped(f):
    with mmap.mmap(f, SIZE) as m:
        m[0:4] = b"here"
        m.flush()


def splice(f):
    r, w = os.pipe()
    os.write(w, b"here")
    os.splice(r, f, 4, offset_dst=0)


def with_source(act):
    return lambda f: act(f, os.open("source", os.O_RDONLY))


def nothing(_):
    pass


CHANGES = {
    "write": lambda f: os.pwrite(f, b"here", 0),
    "write of nothing": lambda f: os.pwrite(f, b"", 0),
    "append": with_another(os.O_WRONLY | os.O_APPEND, lambda f: os.write(f, b"here")),
    "direct write": with_another(os.O_RDWR | os.O_DIRECT, direct),
    "asynchronous direct write": with_another(os.O_RDWR | os.O_DIRECT, asynchronously),
    "write to a mapping": mapped,
    "splice": splice,
    "sendfile": with_source(lambda f, source: os.sendfile(f, source, 0, SIZE)),
    "copy_file_range": with_source(lambda f, source: os.copy_file_range(source, f, SIZE, 0, 0)),
    "ftruncate": lambda f: os.ftruncate(f, 10),
    "ftruncate to the same": lambda f: os.ftruncate(f, SIZE),
    "ftruncate further": lambda f: os.ftruncate(f, 2 * SIZE),
    "truncate": lambda f: os.truncate("f", 10),
    "O_TRUNC": with_another(os.O_WRONLY | os.O_TRUNC, nothing),
    "O_CREAT and O_TRUNC": with_another(os.O_WRONLY | os.O_CREAT | os.O_TRUNC, nothing),
    "O_CREAT": with_another(os.O_WRONLY | os.O_CREAT, nothing),
    "allocate": fallocate(0, 0, 2 * SIZE),
    "allocate inside": fallocate(0, 0, 4096),
    "allocate and keep the size": fallocate(1, 0, 2 * SIZE),
    "punch a hole": fallocate(3, 0, 4096),
    "zero a range": fallocate(0x10, 0, 4096),
    "zero a range and keep the size": fallocate(0x11, 4096, SIZE),
    "utime": lambda f: os.utime("f"),
    "chown without an owner": lambda f: os.chown("f", -1, -1),
    "chown of the group": lambda f: os.chown("f", -1, os.getegid()),
    "chown of the owner": lambda f: os.chown("f", OWNER, -1),
    "chmod": lambda f: os.chmod("f", os.fstat(f).st_mode & 0o7777),
}

MODES = [0o6777, 0o2676]
if tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2]) >= (6, 2):
    # Before, a set-group-id bit without execute depended on less.
    MODES.append(0o6666)


# ---- who does it. The file belongs to OWNER and the group of the same number.

def keep_capabilities(mask):
    header = struct.pack("=Ii", 0x20080522, 0)
    must(libc.capset(header, struct.pack("=6I", mask & 0xFFFFFFFF, mask & 0xFFFFFFFF, 0, mask >> 32, mask >> 32, 0)))


def become(uid, gid, groups=(), fsetid=False):
    def run():
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        if uid == 0:
            if not fsetid:
                with open("/proc/self/status") as status:
                    keep_capabilities(next(int(line.split()[1], 16) for line in status if line.startswith("CapEff")) & ~FSETID)
            return
        if fsetid:
            must(libc.prctl(KEEPCAPS, 1, 0, 0, 0))
        os.setresuid(uid, uid, uid)
        if fsetid:
            keep_capabilities(FSETID)
    return run


CALLERS = {
    "the owner": become(OWNER, OWNER),
    "the owner out of the group": become(OWNER, OTHER),
    "another": become(OTHER, OTHER),
    "another in the group": become(OTHER, OWNER),
    "another with the group besides": become(OTHER, OTHER, [1, OWNER]),
    "another with CAP_FSETID": become(OTHER, OTHER, fsetid=True),
    "root": become(0, 0, fsetid=True),
    "root without CAP_FSETID": become(0, 0),
} if os.getuid() == 0 else {"oneself": lambda: None}


def result_of(change, caller, mode):
    """The mode afterwards, or the error; run in the working directory."""
    f = os.open("f", os.O_RDWR | os.O_CREAT, 0o666)
    os.pwrite(f, bytes(SIZE), 0)
    os.ftruncate(f, SIZE)
    if os.getuid() == 0:
        os.fchown(f, OWNER, OWNER)
    os.fchmod(f, mode)
    if change.startswith("ch"):
        os.close(f)
        f = os.open("f", os.O_RDONLY)
    child = os.fork()
    if child == 0:
        try:
            CALLERS[caller]()
            CHANGES[change](f)
            os._exit(0)
        except OSError as e:
            os._exit(e.errno)
    error = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    after = os.fstat(f).st_mode & 0o7777
    os.close(f)
    return error, after


os.umask(0)
mounted, local = [os.path.realpath(directory) for directory in sys.argv[1:]]
for directory in mounted, local:
    os.chmod(directory, 0o777)
    with open(os.path.join(directory, "source"), "wb") as source:
        source.write(bytes(SIZE))
wrong = compared = lost = 0
for change in CHANGES:
    for caller in CALLERS:
        for mode in MODES:
            os.chdir(local)
            should = result_of(change, caller, mode)
            if should[0] == errno.EOPNOTSUPP:
                continue
            os.chdir(mounted)
            found = result_of(change, caller, mode)
            compared += 1
            lost += should[1] != mode
            if found != should:
                wrong += 1
                text = lambda result: f"{result[1]:o}" + (f" and {os.strerror(result[0])}" if result[0] else "")
                print(f"{change} by {caller}, mode {mode:o}: {text(found)}, on the local disk {text(should)}")
print(f"{compared} compared, {lost} lose bits, {wrong} differ")
sys.exit(wrong != 0 or lost == 0)
