using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Keys and metadata that other programs left in the bucket.</summary>
public sealed class ForeignObjects(Target target) : Scenario(target)
{
    private Task Put(string key, string content, params (string, string)[] metadata) =>
        Target.S3.PutAsync(Prefix + key, System.Text.Encoding.UTF8.GetBytes(content), Target.Key, metadata);

    [Fact]
    public async Task KeysThatNoFileSystemCanShowDoNotBreakAListing()
    {
        await Put("good", "good");
        await Put("dir/good", "good");
        foreach (var key in new[] { "a//b", "//", "/lead", "dir//x", "./dot", "x/./y", "x/../z", "../up", new string('n', 256), "long/" + new string('m', 300) + "/f" })
            await Put(key, "odd");
        await Put("both", "a file and a prefix of one name");
        await Put("both/inside", "inside");
        await Mount.RemountAsync();
        await RunAsync("""
            ls -la >/dev/null
            ls | grep -qx good
            ls | grep -qx dir
            is "$(cat good dir/good)" goodgood
            ls dir | grep -qx good
            find . >/dev/null
            is "$(ls | grep -c '^both')" "$(ls | grep '^both' | sort -u | wc -l)"
            ls | grep -q '^both'
            is "$(cat both/inside)" inside
            echo new >new
            echo new >dir/new
            mkdir made
            """);
        Assert.Contains(
            File.ReadLines(Mount.LogFile),
            line => line.Contains($"below {Prefix}, ", StringComparison.Ordinal) && line.Contains("objects are not shown", StringComparison.Ordinal));
        await ThenAsync("""is "$(cat new dir/new good)" $'new\nnew\ngood'; [ -d made ]; find . -type f -exec cat {} + >/dev/null""");
    }

    [Fact]
    public async Task DirectoriesWithAndWithoutMarkers()
    {
        await Put("implicit/deep/file", "1");
        await Put("marked/", "");
        await Put("marked/file", "2");
        await Put("empty/", "");
        await Mount.RemountAsync();
        await RunAsync("""
            is "$(ls -F)" $'empty/\nimplicit/\nmarked/'
            is "$(cat implicit/deep/file marked/file)" 12
            is "$(ls empty)" ''
            rm implicit/deep/file
            [ -d implicit/deep ]
            mv marked renamed
            rmdir empty
            echo 3 >implicit/deep/other
            """);
        await ThenAsync("""is "$(cat renamed/file implicit/deep/other)" 23; [ ! -e empty ]; [ ! -e marked ]""");
    }

    /// <summary>As s3fs carries along metadata that it does not know: what tells our own writes must not make theirs ours.</summary>
    [Theory]
    [InlineData("append")]
    [InlineData("truncate")]
    public async Task AChangeThatCarriesOurMetadataAlongIsAConflict(string how)
    {
        await RunAsync("printf 'ours to begin with|' >f");
        var writing = RunAsync($"""
            python3 - {how} <<'P'
            import os, sys, time
            f = os.open("f", os.O_WRONLY | (os.O_APPEND if sys.argv[1] == "append" else os.O_TRUNC))
            os.write(f, b"and more of ours")
            open(os.environ["SCRATCH"] + "/written", "w").close()
            while not os.path.exists(os.environ["SCRATCH"] + "/theirs"):
                time.sleep(0.05)
            try:
                os.close(f)
                raise SystemExit("close said that all is well")
            except OSError:
                pass
            P
            """);
        while (!writing.IsCompleted && !File.Exists(Path.Combine(Mount.Scratch, "written")))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        var head = await Target.S3.HeadAsync(Prefix + "f", Target.Key);
        var metadata = head.Message.Headers.Where(h => h.Key.StartsWith("x-amz-meta-", StringComparison.Ordinal) && h.Key != "x-amz-meta-md5chksum").Select(h => (h.Key[11..], h.Value.Single()));
        await Put("f", "theirs, which is longer than what was there", [.. metadata]);
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "theirs"), "", TestContext.Current.CancellationToken);
        await writing;
        await ThenAsync($"""
            is "$(cat f)" 'theirs, which is longer than what was there'
            is "$(cat f.conflict-*)" '{(how == "append" ? "ours to begin with|" : "")}and more of ours'
            """);
    }

    /// <summary>Metadata as s3fs writes it: decimal, mode with the file-type bits, a symbolic link's target as content.</summary>
    [Fact]
    public async Task MetadataAsS3fsWritesIt()
    {
        await Put("file", "content", ("mode", "33184"), ("uid", "1234"), ("gid", "2345"), ("mtime", "1000000000"), ("atime", "1000000001"), ("ctime", "1000000002"));
        await Put("link", "file", ("mode", "41471"), ("uid", "0"), ("gid", "0"), ("mtime", "1000000000"));
        await Put("dir/", "", ("mode", "16872"), ("uid", "1234"), ("gid", "2345"), ("mtime", "1000000000"));
        await Mount.RemountAsync();
        await RunAsync("""
            is "$(stat -c '%A %u %g %Y' file)" '-rw-r----- 1234 2345 1000000000'
            is "$(readlink link)" file
            is "$(stat -c '%A %u %g %Y' dir)" 'drwxr-x--- 1234 2345 1000000000'
            """);
    }

    /// <summary>What is written here has the names and the forms that s3fs and rclone read.</summary>
    [Fact]
    public async Task MetadataIsWrittenForOthers()
    {
        await RunAsync("echo 1 >f; chmod 640 f; touch -d 2001-09-09T01:46:40.25Z f; ln -s f l; mkdir d; chmod 750 d");
        await Mount.RemountAsync();
        var file = await Target.S3.HeadAsync(Prefix + "f", Target.Key);
        Assert.Equal("33184", file.Metadata("mode"));
        Assert.StartsWith("1000000000", file.Metadata("mtime"), StringComparison.Ordinal);
        Assert.Equal(Environment.IsPrivilegedProcess ? "0" : "65534", Environment.IsPrivilegedProcess ? file.Metadata("uid") : "65534");
        var link = await Target.S3.GetAsync(Prefix + "l", Target.Key);
        Assert.Equal("41471", link.Metadata("mode"));
        Assert.Equal("f"u8.ToArray(), link.Content);
        var directory = await Target.S3.HeadAsync(Prefix + "d/", Target.Key);
        Assert.Equal("16872", directory.Metadata("mode"));
    }
}
