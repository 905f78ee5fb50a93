"""telldir(3) and seekdir(3): every position remembered while reading leads back to the entry that followed it."""
import ctypes
import random
import sys


class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_uint64), ("off", ctypes.c_int64), ("reclen", ctypes.c_uint16), ("type", ctypes.c_uint8), ("name", ctypes.c_char * 256)]


libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = ctypes.c_void_p
libc.opendir.argtypes = [ctypes.c_char_p]
libc.readdir.restype = ctypes.POINTER(Dirent)
libc.telldir.restype = ctypes.c_long
for function in (libc.readdir, libc.telldir, libc.rewinddir, libc.closedir):
    function.argtypes = [ctypes.c_void_p]
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]

directory, expected = sys.argv[1], int(sys.argv[2])
stream = libc.opendir(directory.encode())
assert stream


def read():
    entry = libc.readdir(stream)
    return entry.contents.name if entry else None


places = []
while True:
    place = libc.telldir(stream)
    name = read()
    places.append((place, name))
    if name is None:
        break
names = [name for _, name in places[:-1]]
assert len(set(names)) == len(names) == expected + 2, len(names)

random.Random(1).shuffle(places)
for place, name in places[:200]:
    libc.seekdir(stream, place)
    assert read() == name
libc.rewinddir(stream)
again = []
while (name := read()) is not None:
    again.append(name)
assert sorted(again) == sorted(names)
libc.closedir(stream)
