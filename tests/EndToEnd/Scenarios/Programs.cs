using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Ordinary programs that work on many files.</summary>
public sealed class Programs(Target target) : Scenario(target)
{
    /// <summary>As on a disk: a timer's signals, and Ctrl-Z with fg after it, end no call. (The handler restarts calls, as git's for its progress does.)</summary>
    [Fact]
    public async Task SignalsDisturbNothing() => await RunAsync("""
        cat >"$SCRATCH/signals.c" <<'C'
        #include <errno.h>
        #include <fcntl.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/time.h>
        #include <unistd.h>
        static void nothing(int signal) { (void)signal; }
        static void must(long result, const char *what) { if (result < 0) { fprintf(stderr, "%s: %s\n", what, strerror(errno)); exit(1); } }
        int main(void) {
            struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
            must(sigaction(SIGALRM, &action, NULL), "sigaction");
            struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
            must(setitimer(ITIMER_REAL, &often, NULL), "setitimer");
            char data[20000], name[20];
            memset(data, 7, sizeof data);
            for (int i = 0; i < 60; i++) {
                snprintf(name, sizeof name, "f%d", i % 5);
                int file = open(name, O_RDWR | O_CREAT, 0644);
                must(file, "open");
                must(pwrite(file, data, sizeof data, i * 100), "pwrite");
                if (i % 3 == 0) must(fsync(file), "fsync");
                must(pread(file, data, sizeof data, 0), "pread");
                must(close(file), "close");
                if (i % 7 == 0) must(rename(name, "renamed"), "rename");
            }
            return 0;
        }
        C
        gcc -o "$SCRATCH/signals" "$SCRATCH/signals.c"
        "$SCRATCH/signals" & program=$!
        for i in $(seq 20); do sleep 0.02; kill -STOP $program 2>/dev/null || break; kill -CONT $program; done
        wait $program
        """);

    [Theory, MemberData(nameof(Moments))]
    public async Task Git(bool earlier)
    {
        await GivenAsync(earlier, """
            git init -q -b main repository
            cd repository
            git config user.name test
            git config user.email test@example.org
            git config core.fsync all
            for i in $(seq 200); do mkdir -p d$((i % 7)); seq $i >d$((i % 7))/file$i; done
            git add -A
            git commit -qm first
            """);
        await RunAsync("""
            cd repository
            is "$(git status --porcelain)" ''
            echo changed >d1/file1
            git mv d2/file2 d3/renamed
            chmod +x d4/file4
            git add -A
            git commit -qm second
            git checkout -q -b side HEAD~1
            echo side >side
            git add side
            git commit -qm side
            git merge -q -m merged main
            git gc -q
            git fsck --strict
            git stash list
            """);
        await ThenAsync("""
            cd repository
            is "$(git status --porcelain)" ''
            git fsck --strict
            is "$(git rev-list --count HEAD)" 4
            is "$(git show HEAD:d1/file1)" changed
            rm -rf "$SCRATCH/clone" "$MNT/clone"
            git clone -q . "$SCRATCH/clone"
            git clone -q . "$MNT/clone"
            diff -r --exclude=.git . "$SCRATCH/clone"
            diff -r --exclude=.git . "$MNT/clone"
            is "$(git -C "$MNT/clone" status --porcelain)" ''
            """);
        await SealedAsync("repository/d1/file1", "repository/.git/HEAD");
    }

    [Theory]
    [InlineData("delete", false)]
    [InlineData("delete", true)]
    [InlineData("truncate", true)]
    [InlineData("wal", false)]
    [InlineData("wal", true)]
    public async Task Sqlite(string journal, bool earlier)
    {
        await GivenAsync(earlier, $"""
            sqlite3 db 'pragma journal_mode={journal}; create table t(id integer primary key, text); insert into t(text) values ("first");' >"$SCRATCH/mode"
            is "$(cat "$SCRATCH/mode")" {journal}
            """);
        await RunAsync($$"""
            { for i in $(seq 10); do
                echo "begin; $(for j in $(seq 50); do echo "insert into t(text) values ('row $i $j');"; done) commit;"
                echo "begin; delete from t; rollback;"
              done
              echo "update t set text = 'changed' where id = 1; vacuum; pragma integrity_check;"
            } | sqlite3 -bail -cmd '.timeout 10000' db >"$SCRATCH/said"
            is "$(tail -n 1 "$SCRATCH/said")" ok
            # Two connections at once, which have to lock.
            for n in 1 2; do
                for i in $(seq 5); do echo "begin immediate; insert into t(text) values ('writer $n $i'); commit;"; done |
                    sqlite3 -bail -cmd '.timeout 20000' db & pids[n]=$!
            done
            wait ${pids[1]}; wait ${pids[2]}
            """);
        await ThenAsync($"""
            is "$(sqlite3 db 'pragma integrity_check; select count(*) from t; select text from t where id = 1;')" $'ok\n511\nchanged'
            if [ {journal} = wal ]; then is "$(sqlite3 db 'pragma journal_mode')" wal; fi # only this mode is kept in the file
            """);
        await SealedAsync("db");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task RsyncSendsNothingTheSecondTime(bool earlier)
    {
        await RunAsync("""
            mkdir -p "$SCRATCH/from/sub dir/deep"
            cd "$SCRATCH/from"
            for i in $(seq 40); do seq $i >"sub dir/f$i"; touch -d "2020-01-$((i % 28 + 1))T01:02:03.$((i * 1000))Z" "sub dir/f$i"; done
            noise 3000000 1 >big; chmod 600 big; ln -s big link; mkdir empty; chmod 700 empty; : >"sub dir/deep/nothing"
            touch -d 2019-01-01T00:00:00Z "sub dir/deep" "sub dir" empty
            """);
        await GivenAsync(earlier, "rsync -a \"$SCRATCH/from/\" to/");
        await RunAsync("""
            sent=$(rsync -a --itemize-changes --stats "$SCRATCH/from/" to/)
            if grep -E '^[<>ch*.]' <<<"$sent"; then echo "the second rsync sent something" >&2; exit 1; fi
            grep -q 'Number of regular files transferred: 0' <<<"$sent"
            echo more >>"$SCRATCH/from/big"; rm "$SCRATCH/from/sub dir/f3"
            rsync -a --delete "$SCRATCH/from/" to/
            """);
        await ThenAsync("""
            same_tree "$SCRATCH/from" to
            is "$(rsync -a --delete --checksum --itemize-changes "$SCRATCH/from/" to/)" ''
            is "$(rsync -a --delete --itemize-changes to/ "$SCRATCH/from/")" ''
            """);
        await SealedAsync("to/big");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task TarWithSymlinksAndModes(bool earlier)
    {
        await RunAsync("""
            mkdir -p "$SCRATCH/from/d/e"
            cd "$SCRATCH/from"
            for i in $(seq 50); do seq $i >d/f$i; done
            chmod 600 d/f1; chmod 755 d/f2; chmod 444 d/f3; chmod 1777 d/e; ln -s ../d/f4 d/e/link; ln -s nowhere dangling; mkfifo fifo
            noise 1000000 1 >big; touch -d 2011-11-11T11:11:11Z big d/f5
            tar -cf "$SCRATCH/archive.tar" .
            """);
        await GivenAsync(earlier, "mkdir to; tar -C to -xpf \"$SCRATCH/archive.tar\"");
        await RunAsync("tar -C to -czf back.tar.gz .; mkdir again; tar -C again -xpzf back.tar.gz");
        await ThenAsync("""
            for copy in to again; do
                (cd "$copy"; find . ! -type d -printf '%P %y %m %l %s %Ty\n'; find . -type d -printf '%P %y %m\n') | sort >"$SCRATCH/is"
                (cd "$SCRATCH/from"; find . ! -type d -printf '%P %y %m %l %s %Ty\n'; find . -type d -printf '%P %y %m\n') | sort >"$SCRATCH/should"
                sed -i '/^ d /d' "$SCRATCH/is" "$SCRATCH/should" # the directory itself is not tar's
                diff "$SCRATCH/is" "$SCRATCH/should"
                for f in big d/f1 d/f2 d/f3 d/f50; do cmp "$copy/$f" "$SCRATCH/from/$f"; done
            done
            is "$(stat -c %Y to/big)" 1321009871
            tar -tzf back.tar.gz >/dev/null
            tar -C to --compare -f "$SCRATCH/archive.tar" --exclude=. ./big ./d
            """);
        await SealedAsync("back.tar.gz", "to/big", "again/d/f1");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task ZipAndUnzip(bool earlier)
    {
        await GivenAsync(earlier, "mkdir d; for i in $(seq 30); do seq $((i * 50)) >d/f$i; done; noise 500000 1 >d/big");
        await RunAsync("zip -q -r a.zip d; zip -q a.zip -d d/f1; (cd d; zip -q -u ../a.zip f2); mkdir to; unzip -q a.zip -d to");
        await ThenAsync("unzip -qt a.zip; rm -rf \"$SCRATCH/to\"; unzip -q a.zip -d \"$SCRATCH/to\"; diff -r to \"$SCRATCH/to\"; cmp to/d/big d/big; [ ! -e to/d/f1 ]");
        await SealedAsync("a.zip");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task CpThenDiffAfterRemount(bool earlier)
    {
        await GivenAsync(earlier, """
            mkdir -p from/d/e
            for i in $(seq 60); do seq $i >from/d/f$i; done
            chmod 750 from/d; chmod 400 from/d/f9; ln -s f1 from/d/e/l; noise 9000000 1 >from/big; touch -d 2012-12-12T12:12:12.125Z from/big
            """);
        await RunAsync("cp -a from to; cp -r --reflink=auto from/d plain");
        await ThenAsync("""
            same_tree from to
            diff -r --no-dereference from/d plain
            is "$(stat -c %y to/big)" "$(stat -c %y from/big)"
            """);
        await SealedAsync("to/big", "to/d/f9");
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task CompilerAndMake(bool earlier)
    {
        await GivenAsync(earlier, """
            printf '#include <stdio.h>\nint f(void);\nint main(void) { printf("%%d\\n", f()); return 0; }\n' >main.c
            printf 'int f(void) { return 41; }\n' >f.c
            """);
        await RunAsync("""
            gcc -c main.c; gcc -c f.c; ar rc lib.a f.o; gcc -o program main.o lib.a; is "$(./program)" 41
            printf 'int f(void) { return 42; }\n' >f.c; gcc -c f.c; ar rc lib.a f.o; gcc -o program main.o lib.a
            """);
        await ThenAsync("is \"$(./program)\" 42");
        await SealedAsync("program");
    }
}
