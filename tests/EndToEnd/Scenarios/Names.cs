using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Creating, opening, renaming and removing: what happens to names.</summary>
public sealed class Names(Target target) : Cases(target)
{
    private static readonly Dictionary<string, Case> Table = new()
    {
        ["mv of a file"] = new("noise 100000 1 >a", "mv a b", "[ ! -e a ]; cmp b <(noise 100000 1)", "b"),
        ["mv of a big file"] = new("noise 20000000 1 >a; chmod 640 a; touch -d 2001-02-03T04:05:06.789Z a", "mv a b",
            """[ ! -e a ]; cmp b <(noise 20000000 1); is "$(stat -c '%a %y' b)" '640 2001-02-03 04:05:06.789000000 +0000'""", "b"),
        ["mv into another directory"] = new("mkdir d; printf x >a", "mv a d/b", """[ ! -e a ]; is "$(cat d/b)" x""", "d/b"),
        ["mv of a directory"] = new("mkdir -p d/e/g; for i in $(seq 30); do echo $i >d/f$i; echo e$i >d/e/f$i; done; ln -s f1 d/l",
            "mv d new", """
            [ ! -e d ]; is "$(find new | wc -l)" 64; is "$(cat new/l)" 1; [ -d new/e/g ]
            for i in $(seq 30); do is "$(cat new/f$i)" $i; is "$(cat new/e/f$i)" e$i; done
            """, "new/f7", "new/e/f30"),
        ["mv of a directory over an empty one"] = new("mkdir d e; echo 1 >d/f", "mv -T d e", """[ ! -e d ]; is "$(cat e/f)" 1""", "e/f"),
        ["mv of a directory over a full one"] = new("mkdir d e; echo 1 >d/f; echo 2 >e/g",
            "refused 'Directory not empty' mv -T d e", """is "$(cat d/f)" 1; is "$(cat e/g)" 2"""),
        ["mv of a directory into itself"] = new("mkdir d; echo 1 >d/f",
            """refused 'Invalid argument' python3 -c 'import os; os.rename("d", "d/e")'""", """is "$(cat d/f)" 1"""),
        ["mv over an existing file"] = new("echo old >b; noise 5000 1 >a", "mv a b", "[ ! -e a ]; cmp b <(noise 5000 1)", "b"),
        ["mv of an open file that was not stored yet"] = new("true", "exec 3>a; echo one >&3; mv a b; echo two >&3; exec 3>&-",
            """[ ! -e a ]; is "$(cat b)" $'one\ntwo'""", "b"),
        ["mv of an open, stored file"] = new("echo one >a", "exec 3>>a; echo two >&3; mv a b; echo three >&3; exec 3>&-",
            """[ ! -e a ]; is "$(cat b)" $'one\ntwo\nthree'""", "b"),
        ["mv over an open file leaves its reader the old bytes"] = new("echo old >b; echo new >a",
            """exec 3<b; mv a b; is "$(cat <&3)" old""", """is "$(cat b)" new""", "b"),
        ["RENAME_NOREPLACE"] = new("echo a >a; echo b >b", """
            python3 - <<'P'
            import ctypes, errno
            libc = ctypes.CDLL(None, use_errno=True)
            def rename(old, new):
                ok = libc.syscall(316, -100, old, -100, new, 1) == 0
                return 0 if ok else ctypes.get_errno()
            assert rename(b"a", b"b") == errno.EEXIST
            assert rename(b"a", b"c") == 0
            P
            """, """[ ! -e a ]; is "$(cat b)$(cat c)" ba"""),
        ["names that differ only at the end"] = new("echo 1 >a; mkdir a.d; echo 2 >a.d/a; echo 3 >a-", "mv a a0; mv a- a1",
            """is "$(ls)" $'a.d\na0\na1'; is "$(cat a0 a1 a.d/a)" $'1\n3\n2'"""),
        ["rm"] = new("echo 1 >a; echo 2 >b", "rm a", """is "$(ls)" b"""),
        ["rm -r"] = new("mkdir -p d/e; touch d/{1..40} d/e/{1..40}", "rm -r d", """is "$(ls)" ''"""),
        ["rmdir of a full directory"] = new("mkdir d; touch d/f", "refused 'Directory not empty' rmdir d; rm d/f; rmdir d", """is "$(ls)" ''"""),
        ["a directory outlives its last file"] = new("mkdir d; touch d/f", "rm d/f", "[ -d d ]; is \"$(ls d)\" ''"),
        ["unlink while open"] = new("noise 200000 1 >f", """
            exec 3<>f
            rm f
            [ ! -e f ]
            cmp <(noise 200000 1) /dev/fd/3
            is "$(stat -Lc %h /dev/fd/3)" 0
            """, "[ ! -e f ]"),
        ["unlink while open, then write and read"] = new("echo old >f", """
            python3 - <<'P'
            import os
            f = os.open("f", os.O_RDWR)
            os.unlink("f")
            os.pwrite(f, b"new content", 0)
            assert os.pread(f, 100, 0) == b"new content"
            assert os.fstat(f).st_size == 11
            with open("f", "w") as g:
                g.write("another")
            assert os.pread(f, 100, 0) == b"new content"
            os.close(f)
            P
            """, """is "$(cat f)" another""", "f"),
        ["O_EXCL"] = new("echo 1 >f", """
            python3 - <<'P'
            import os
            try:
                os.open("f", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
                raise SystemExit("made what existed")
            except FileExistsError:
                pass
            os.close(os.open("g", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            P
            """, """is "$(cat f)" 1; [ -f g ]"""),
        ["O_TRUNC, O_DIRECTORY, O_NOFOLLOW, and the errors of open"] = new("echo 1 >f; mkdir d; ln -s f l", """
            python3 - <<'P'
            import errno, os
            def error(path, flags):
                try:
                    os.close(os.open(path, flags))
                    return 0
                except OSError as e:
                    return e.errno
            assert error("f", os.O_RDONLY | os.O_DIRECTORY) == errno.ENOTDIR
            assert error("l", os.O_RDONLY | os.O_NOFOLLOW) == errno.ELOOP
            assert error("d", os.O_WRONLY) == errno.EISDIR
            assert error("none", os.O_RDONLY) == errno.ENOENT
            assert error("f/none", os.O_RDONLY) == errno.ENOTDIR
            assert error("none/f", os.O_WRONLY | os.O_CREAT) == errno.ENOENT
            assert error("f", os.O_WRONLY | os.O_TRUNC) == 0
            P
            """, "[ -f f ]; [ ! -s f ]"),
        ["errors of mkdir, rmdir, rm and mv"] = new("echo 1 >f; mkdir d", """
            refused 'File exists' mkdir d
            refused 'File exists' mkdir f
            refused 'No such file' mkdir none/d
            refused 'Not a directory' rmdir f
            refused 'No such file' rm none
            refused 'Is a directory' rm d
            refused 'No such file' mv none x
            refused 'Not a directory' python3 -c 'import os; os.rename("d", "f")'
            refused 'Is a directory' python3 -c 'import os; os.rename("f", "d")'
            """, """is "$(cat f)" 1; [ -d d ]"""),
        ["hard links"] = new("echo 1 >f", "refused 'Operation not permitted' ln f g", """is "$(stat -c %h f)" 1; [ ! -e g ]"""),
        ["symbolic links"] = new("echo 1 >f; mkdir d; ln -s ../f d/l; ln -s none dangling; ln -s /etc/hostname abs",
            "mv d/l d/m; ln -sf f dangling2", """
            is "$(cat d/m)" 1
            is "$(readlink d/m)" ../f
            is "$(readlink dangling)" none
            is "$(readlink dangling2)" f
            is "$(readlink abs)" /etc/hostname
            is "$(stat -c %F d/m)" 'symbolic link'
            is "$(stat -c %s dangling)" 4
            """),
        ["a symbolic link with a long target"] = new("true", """ln -s "$(printf 'x%.0s' $(seq 1000))" l""", """is "$(readlink l | wc -c)" 1001"""),
        ["a FIFO and a socket"] = new("mkfifo p; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'", """
            (cat p >"$SCRATCH/through") & echo hello >p; wait; is "$(cat "$SCRATCH/through")" hello
            """, """is "$(stat -c %F p)" fifo; is "$(stat -c %F s)" socket"""),
        ["device nodes"] = new("true", """
            if [ $(id -u) = 0 ]; then mknod null c 1 3; mknod disk b 259 70000; mv disk sda; chmod 600 sda
            else refused 'Operation not permitted' mknod null c 1 3; fi
            """, """
            [ $(id -u) = 0 ] || exit 0
            is "$(stat -c '%F %t:%T %a' null)" 'character special file 1:3 644'
            is "$(stat -c '%F %t:%T %a' sda)" 'block special file 103:11170 600'
            refused 'Permission denied' cat null
            """),
        ["names of 255 bytes"] = new("""
            python3 - <<'P'
            import os
            for name in (b"n" * 255, ("ü" * 127).encode() + b"x", ("漢" * 85).encode(), ("😀" * 63).encode() + b"abc"):
                assert len(name) == 255
                with open(name, "wb") as f:
                    f.write(name)
            P
            """, """
            refused 'File name too long' touch "$(printf 'n%.0s' $(seq 256))"
            refused 'File name too long' mkdir "$(printf 'n%.0s' $(seq 256))"
            """, """
            python3 - <<'P'
            import os
            names = os.listdir(b".")
            assert len(names) == 4, names
            for name in names:
                assert len(name) == 255 and open(name, "rb").read() == name
            P
            """),
        ["names with bytes that are no UTF-8, and other odd ones"] = new("""
            python3 - <<'P'
            import os
            for name in (b"\xff\xfe", b"caf\xe9", b"\xc0\x80", b"\xed\xa0\x80", b"a\nb", b"tab\t", b" lead", b"trail ", b"*?[", b"100%", b"%41", b"+",
                         b"&amp;", b"<x>", b"'\"", b"\\", b"#", b"\x01\x7f", b"...", b"a:b", b"~", b"=", b"\xef\xbf\xbd", "e\u0301".encode(), "\u00e9".encode()):
                with open(name, "wb") as f:
                    f.write(name)
            P
            """, """
            python3 - <<'P'
            import os
            os.mkdir(b"d\xff")
            os.rename(b"\xff\xfe", b"d\xff/\xff\xfd")
            os.symlink(b"caf\xe9", b"link\xe9")
            P
            """, """
            python3 - <<'P'
            import os
            names = sorted(os.listdir(b"."))
            assert len(names) == 26, (len(names), names)
            for name in names:
                if name not in (b"d\xff", b"link\xe9"):
                    assert open(name, "rb").read() == name, name
            assert os.listdir(b"d\xff") == [b"\xff\xfd"]
            assert open(b"d\xff/\xff\xfd", "rb").read() == b"\xff\xfe"
            assert os.readlink(b"link\xe9") == b"caf\xe9"
            P
            """),
        ["a deep path"] = new("""
            python3 - <<'P'
            import os
            for i in range(20):
                os.mkdir("directory-%02d" % i)
                os.chdir("directory-%02d" % i)
            open("f", "w").write("deep")
            P
            """, "mv directory-00 moved", """is "$(cat $(find moved -name f))" deep"""),
    };

    public static TheoryData<string, bool> Rows() => Rows(Table);

    [Theory, MemberData(nameof(Rows))]
    public Task Holds(string name, bool earlier) => RunCaseAsync(Table[name], earlier);
}
