using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Modes, owners, times and extended attributes: kept, and true after a remount.</summary>
public sealed class Metadata(Target target) : Cases(target)
{
    private static readonly Dictionary<string, Case> Table = new()
    {
        ["chmod"] = new("echo 1 >f; mkdir d", "chmod 640 f; chmod 2750 d", """is "$(stat -c %a f d)" $'640\n2750'; is "$(cat f)" 1""", "f"),
        ["chmod of a big file"] = new("noise 20000000 1 >f", "chmod 600 f", """is "$(stat -c %a f)" 600; cmp f <(noise 20000000 1)""", "f"),
        ["the creator's mode and umask"] = new("true", "umask 027; echo 1 >f; mkdir d; touch x; chmod +x x", """
            is "$(stat -c '%a %U' f d x)" "$(printf '640 %s\n750 %s\n750 %s' $(id -un) $(id -un) $(id -un))"
            """),
        ["touch -d in nanoseconds"] = new("echo 1 >f; mkdir d; ln -s f l",
            "touch -d 2003-04-05T06:07:08.123456789Z f d; touch -h -d 1999-12-31T23:59:59.999999999Z l",
            """
            is "$(stat -c %y f)" '2003-04-05 06:07:08.123456789 +0000'
            is "$(stat -c %y d)" '2003-04-05 06:07:08.123456789 +0000'
            is "$(stat -c %y l)" '1999-12-31 23:59:59.999999999 +0000'
            """, "f"),
        ["times before 1970 and after 2038"] = new("touch f g", "touch -d 1965-01-01T00:00:00.5Z f; touch -d 2106-02-07T06:28:17.25Z g", """
            is "$(stat -c %y f)" '1965-01-01 00:00:00.500000000 +0000'
            is "$(stat -c %y g)" '2106-02-07 06:28:17.250000000 +0000'
            """),
        ["atime is set with touch -a"] = new("echo 1 >f", "touch -a -d 2005-05-05T05:05:05Z f",
            """is "$(stat -c %x f)" '2005-05-05 05:05:05.000000000 +0000'"""),
        ["a write moves mtime, a read does not"] = new("echo 1 >f; touch -d 2001-01-01T00:00:00Z f; echo 1 >g; touch -d 2001-01-01T00:00:00Z g",
            "echo 2 >>f; cat g", """
            [ "$(stat -c %Y f)" -gt 1700000000 ]
            is "$(stat -c %Y g)" 978307200
            """),
        ["mtime survives a write that came before it"] = new("true", """
            python3 - <<'P'
            import os
            f = os.open("f", os.O_WRONLY | os.O_CREAT)
            os.write(f, b"content")
            os.utime(f, ns=(10**18, 10**18 + 7))
            os.close(f)
            P
            """, """is "$(stat -c '%Y %y' f)" '1000000000 2001-09-09 01:46:40.000000007 +0000'""", "f"),
        ["mtime is the same after a remount"] = new("echo 1 >f; mkdir d; touch d/x", "stat -c '%n %y %a %u %g %s' f d/x >\"$SCRATCH/before\"",
            "diff \"$SCRATCH/before\" <(stat -c '%n %y %a %u %g %s' f d/x)"),
        ["chown"] = new("echo 1 >f; mkdir d; ln -s f l", """
            if [ $(id -u) = 0 ]; then chown 1234:5678 f d; chown -h 12:34 l
            else refused 'Operation not permitted' chown 1234 f; fi
            """, """
            if [ $(id -u) = 0 ]; then is "$(stat -c %u:%g f d l)" $'1234:5678\n1234:5678\n12:34'
            else is "$(stat -c %u f)" $(id -u); fi
            """, "f"),
        ["set-id bits go with a write by an ordinary user"] = new("echo 1 >f; chmod 6755 f", """
            if [ $(id -u) = 0 ]; then
                chmod 6777 f; chmod 777 .
                setpriv --reuid=65534 --regid=65534 --clear-groups bash -c 'echo 2 >>f'
            else echo 2 >>f; fi
            """, """case $(stat -c %a f) in 755 | 777) ;; *) stat f; false ;; esac""", "f"),
        ["set-id bits go with chown"] = new("echo 1 >f; mkfifo p; mkdir d; chmod 6755 f p d", "chown $(id -u):$(id -g) f p d", """is "$(stat -c %a f p d)" $'755\n755\n6755'"""),
        ["set-id bits stay with chmod and reading"] = new("echo 1 >f", "chmod 6755 f; cat f", """is "$(stat -c %a f)" 6755"""),
        ["user xattrs"] = new("echo 1 >f; mkdir d; setfattr -n user.old -v gone f", """
            setfattr -n user.color -v blue f
            setfattr -n user.bytes -v 0x00ff0a f
            setfattr -n user.empty f
            setfattr -n user.dir -v yes d
            setfattr -x user.old f
            refused 'No such attribute' getfattr -n user.old f
            """, """
            is "$(getfattr --only-values -n user.color f)" blue
            is "$(getfattr -e hex -n user.bytes f | grep =)" user.bytes=0x00ff0a
            is "$(getfattr --only-values -n user.dir d)" yes
            is "$(getfattr f | grep ^user | sort)" $'user.bytes\nuser.color\nuser.empty'
            is "$(cat f)" 1
            """, "f"),
        ["xattrs go along with mv"] = new("echo 1 >f; setfattr -n user.color -v blue f", "mv f g",
            """is "$(getfattr --only-values -n user.color g)" blue""", "g"),
        ["XATTR_CREATE and XATTR_REPLACE"] = new("echo 1 >f; setfattr -n user.a -v 1 f", """
            python3 - <<'P'
            import errno, os
            def error(flags, name):
                try:
                    os.setxattr("f", name, b"2", flags)
                    return 0
                except OSError as e:
                    return e.errno
            assert error(os.XATTR_CREATE, "user.a") == errno.EEXIST
            assert error(os.XATTR_REPLACE, "user.b") == errno.ENODATA
            assert error(os.XATTR_REPLACE, "user.a") == 0
            P
            """, """is "$(getfattr --only-values -n user.a f)" 2"""),
        ["a sticky directory"] = new("mkdir d; chmod 1777 d; echo 1 >d/f", """
            if [ $(id -u) = 0 ]; then
                chmod 755 .
                refused 'Operation not permitted' setpriv --reuid=65534 --regid=65534 --clear-groups rm -f d/f
                refused 'Operation not permitted' setpriv --reuid=65534 --regid=65534 --clear-groups mv d/f d/g
                setpriv --reuid=65534 --regid=65534 --clear-groups touch d/own
                setpriv --reuid=65534 --regid=65534 --clear-groups rm d/own
            fi
            """, """is "$(stat -c %a d)" 1777; is "$(cat d/f)" 1"""),
        ["permissions are checked"] = new("mkdir d; echo 1 >d/f; chmod 000 d/f; mkdir locked; touch locked/x; chmod 555 locked", """
            as=()
            [ $(id -u) != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
            refused 'Permission denied' "${as[@]}" cat d/f
            refused 'Permission denied' "${as[@]}" touch locked/new
            refused 'Permission denied' "${as[@]}" rm -f locked/x
            """, """is "$(stat -c %a d/f locked)" $'0\n555'; [ -e locked/x ]"""),
    };

    public static TheoryData<string, bool> Rows() => Rows(Table);

    /// <summary>As root, other users must be let in, or nothing could be refused to them.</summary>
    protected override string[] Options => Environment.IsPrivilegedProcess ? ["--allow-other"] : [];

    [Theory, MemberData(nameof(Rows))]
    public Task Holds(string name, bool earlier) => RunCaseAsync(Table[name], earlier);
}
