using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>What programs do to the bytes of a file.</summary>
public sealed class Contents(Target target) : Cases(target)
{
    private static readonly Dictionary<string, Case> Table = new()
    {
        ["append"] = new("printf one >f", "printf two >>f", """is "$(cat f)" onetwo""", "f"),
        ["append to a big file"] = new("noise 20000000 1 >f", "printf tail >>f",
            """cmp f <(noise 20000000 1; printf tail); is "$(stat -c %s f)" 20000004""", "f"),
        ["overwrite"] = new("noise 300000 1 >f", "noise 200000 2 >f", "cmp f <(noise 200000 2)", "f"),
        ["truncate up"] = new("printf abc >f", "truncate -s 100000 f", "cmp f <(printf abc; head -c 99997 /dev/zero)", "f"),
        ["truncate down"] = new("noise 300000 1 >f", "truncate -s 70001 f", "cmp f <(noise 70001 1)", "f"),
        ["truncate a big file down"] = new("noise 20000000 1 >f", "truncate -s 9000001 f", "cmp f <(noise 9000001 1)", "f"),
        ["truncate down, then up"] = new("noise 300000 1 >f", "truncate -s 5 f; truncate -s 9 f", "cmp f <(noise 5 1; head -c 4 /dev/zero)", "f"),
        ["truncate to nothing"] = new("noise 300000 1 >f", "truncate -s 0 f", "[ -e f ] && [ ! -s f ]", "f"),
        ["write in the middle"] = new("noise 1000000 1 >f",
            "noise 4096 2 | dd of=f bs=4096 seek=100 conv=notrunc status=none",
            "cmp f <(noise 409600 1; noise 4096 2; noise 1000000 1 | tail -c +413697)", "f"),
        ["write in the middle of a big file"] = new("noise 20000000 1 >f",
            "noise 999 2 | dd of=f bs=1 seek=11111111 conv=notrunc status=none",
            "cmp f <(noise 11111111 1; noise 999 2; noise 20000000 1 | tail -c +11112111)", "f"),
        ["write beyond the end"] = new("printf abc >f", "printf xyz | dd of=f bs=1 seek=200000 conv=notrunc status=none",
            "cmp f <(printf abc; head -c 199997 /dev/zero; printf xyz)", "f"),
        ["a sparse file"] = new("true", "truncate -s 50000000 f; printf end | dd of=f bs=1 seek=49999997 conv=notrunc status=none",
            """is "$(stat -c %s f)" 50000000; cmp f <(head -c 49999997 /dev/zero; printf end)"""),
        ["an empty file"] = new("true", ": >f", "[ -f f ] && [ ! -s f ]", "f"),
        ["write and read through one descriptor"] = new("printf 0123456789 >f", """
            python3 - <<'P'
            import os
            f = os.open("f", os.O_RDWR)
            os.pwrite(f, b"ab", 4)
            assert os.pread(f, 100, 0) == b"0123ab6789"
            os.ftruncate(f, 7)
            assert os.fstat(f).st_size == 7 and os.pread(f, 100, 0) == b"0123ab6"
            os.close(f)
            P
            """, """is "$(cat f)" 0123ab6""", "f"),
        ["two descriptors see each other's writes"] = new("printf 0123456789 >f", """
            python3 - <<'P'
            import os
            a, b = os.open("f", os.O_RDWR), os.open("f", os.O_RDWR)
            os.pwrite(a, b"AAA", 0)
            assert os.pread(b, 10, 0) == b"AAA3456789"
            os.pwrite(b, b"BBB", 7)
            assert os.pread(a, 10, 0) == b"AAA3456BBB"
            os.close(a)
            os.close(b)
            P
            """, """is "$(cat f)" AAA3456BBB""", "f"),
        ["O_APPEND writes at the end, wherever another writer put it"] = new("printf start >f", """
            python3 - <<'P'
            import os
            a, b = os.open("f", os.O_WRONLY | os.O_APPEND), os.open("f", os.O_WRONLY | os.O_APPEND)
            for i in range(20):
                os.write(a, b"a%d" % (i % 10))
                os.write(b, b"b%d" % (i % 10))
            os.close(a)
            os.close(b)
            P
            """, """
            is "$(cat f)" "start$(for i in $(seq 0 19); do printf 'a%db%d' $((i % 10)) $((i % 10)); done)"
            """, "f"),
        ["mmap, shared and writable"] = new("noise 300000 1 >f", """
            python3 - <<'P'
            import mmap, os
            f = os.open("f", os.O_RDWR)
            m = mmap.mmap(f, 0)
            m[0:5] = b"first"
            m[200000:200006] = b"middle"
            m.flush()
            m[299996:300000] = b"last"
            m.close()
            os.close(f)
            P
            """, """
            cmp f <(printf first; noise 200000 1 | tail -c 199995; printf middle
                noise 299996 1 | tail -c 99990; printf last)
            """, "f"),
        ["mmap, private"] = new("noise 10000 1 >f", """
            python3 - <<'P'
            import mmap, os
            f = os.open("f", os.O_RDONLY)
            m = mmap.mmap(f, 0, access=mmap.ACCESS_COPY)
            m[0:5] = b"never"
            m.close()
            P
            """, "cmp f <(noise 10000 1)", "f"),
        ["fallocate grows"] = new("printf abc >f", "fallocate -l 70000 f", "cmp f <(printf abc; head -c 69997 /dev/zero)", "f"),
        ["fallocate keeps the size"] = new("printf abc >f", "fallocate -n -l 70000 f", """is "$(cat f)" abc""", "f"),
        ["fallocate zeroes a range"] = new("noise 100000 1 >f", "fallocate -z -o 1000 -l 5000 f",
            "cmp f <(noise 1000 1; head -c 5000 /dev/zero; noise 100000 1 | tail -c +6001)", "f"),
        ["fallocate punches a hole"] = new("noise 100000 1 >f", "fallocate -p -o 1000 -l 5000 f",
            "cmp f <(noise 1000 1; head -c 5000 /dev/zero; noise 100000 1 | tail -c +6001)", "f"),
        ["fsync of a file and its directory"] = new("mkdir d; printf old >d/f", """
            python3 - <<'P'
            import os
            f = os.open("d/f", os.O_WRONLY | os.O_TRUNC)
            os.write(f, b"new")
            os.fsync(f)
            os.fdatasync(f)
            os.close(f)
            d = os.open("d", os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(d)
            os.close(d)
            P
            sync -f d
            """, """is "$(cat d/f)" new""", "d/f"),
        ["SEEK_DATA and SEEK_HOLE"] = new("noise 10000 1 >f", "true", """
            python3 - <<'P'
            import os
            f = os.open("f", os.O_RDONLY)
            assert os.lseek(f, 0, os.SEEK_DATA) == 0
            assert os.lseek(f, 0, os.SEEK_HOLE) == 10000
            P
            """),
        ["copy_file_range and sendfile"] = new("noise 1000000 1 >f", """
            python3 - <<'P'
            import os
            a, b, c = os.open("f", os.O_RDONLY), os.open("g", os.O_RDWR | os.O_CREAT), os.open("h", os.O_RDWR | os.O_CREAT)
            left = 1000000
            while left:
                left -= os.copy_file_range(a, b, left)
            at = 0
            while at < 1000000:
                at += os.sendfile(c, a, at, 1000000 - at)
            P
            """, "cmp g <(noise 1000000 1); cmp h <(noise 1000000 1)", "g", "h"),
    };

    public static TheoryData<string, bool> Names => Rows(Table);

    [Theory, MemberData(nameof(Names))]
    public Task Holds(string name, bool earlier) => RunCaseAsync(Table[name], earlier);
}
