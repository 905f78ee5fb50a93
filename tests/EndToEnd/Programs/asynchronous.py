"""Asynchronous direct I/O by the kernel's own calls (io_submit(2)), for programs that import it."""
import ctypes
import mmap
import os
import platform
import struct

SETUP, DESTROY, SUBMIT, GETEVENTS = {"x86_64": (206, 207, 209, 208), "aarch64": (0, 1, 2, 4)}[platform.machine()]
PWRITE = 1

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


class Writes:
    """Writes under way on files opened with O_DIRECT."""

    def __init__(self, depth):
        self.depth = depth
        self.context = ctypes.c_ulong(0)
        self.kept = []
        call(SETUP, ctypes.c_long(depth), ctypes.byref(self.context))

    def submit(self, file, data, offset):
        """The data's length and offset are multiples of 4,096."""
        memory = mmap.mmap(-1, len(data))
        memory[:] = data
        at = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        block = ctypes.create_string_buffer(struct.pack("=QIiHhIQQqQII", len(data), 0, 0, PWRITE, 0, file, at, len(data), offset, 0, 0, 0), 64)
        self.kept.append((memory, block))
        call(SUBMIT, self.context, ctypes.c_long(1), (ctypes.c_void_p * 1)(ctypes.addressof(block)))

    def wait(self):
        """Waits for all that was submitted, each of which must have been written whole."""
        while self.kept:
            events = ctypes.create_string_buffer(32 * self.depth)
            ended = call(GETEVENTS, self.context, ctypes.c_long(1), ctypes.c_long(self.depth), events, None)
            for i in range(ended):
                size, _, result, _ = struct.unpack_from("=QQqq", events, 32 * i)
                if result != size:
                    raise OSError(-result, f"{result} of {size} bytes were written")
            del self.kept[:ended]

    def close(self):
        call(DESTROY, self.context)
