using System.Net;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Files that are not encrypted, on a mount that refuses or hides them. The scenario's own mount reads them.</summary>
public sealed class PlainObjects(Target target) : Scenario(target)
{
    private static readonly byte[] Content = "plain\n"u8.ToArray();

    private static readonly string[] Plain = ["plain", "empty", "d/plain", "only/plain", "link"];

    [Fact]
    public async Task RefusedOnesAreShownAndNeverOpened()
    {
        await PutAsync();
        await using var mount = await StartAsync("--plain", "refuse");
        await mount.RunAsync("""
            is "$(ls)" $'d\nempty\nlink\nmarked\nonly\nown\nplain'
            is "$(stat -c '%F %s' plain)" 'regular file 6'
            is "$(stat -c %F empty)" 'regular empty file'
            # A symbolic link, as s3fs would show it.
            is "$(stat -c %F link)" 'regular file'
            is "$(stat -c '%F %a' marked)" 'directory 700'
            is "$(cat own d/own)" $'mine\nmine'
            for file in plain empty link; do
                refused 'Permission denied' cat $file
                refused 'Permission denied' cp $file copy
                refused 'Permission denied' bash -c "echo lost >$file"
                refused 'Permission denied' bash -c "echo lost >>$file"
                refused 'Permission denied' truncate -s 1 $file
                refused 'Permission denied' chmod 600 $file
                refused 'Permission denied' mv $file elsewhere
                refused 'Permission denied' python3 -c "import os; os.rename('own', '$file')"
                refused 'File exists' mkdir $file
            done
            refused 'Permission denied' mv d e
            is "$(cat own)" mine
            is "$(ls)" $'d\nempty\nlink\nmarked\nonly\nown\nplain'
            """);
        await AreUntouchedAsync();
        Assert.Single(File.ReadLines(mount.LogFile), line => line.Contains($"{Prefix}plain cannot be opened", StringComparison.Ordinal) && line.Contains("not encrypted", StringComparison.Ordinal));
        Assert.Contains(File.ReadLines(mount.LogFile), line => line.Contains($"{Prefix}d/ is not renamed", StringComparison.Ordinal) && line.Contains($"{Prefix}d/plain", StringComparison.Ordinal));

        await mount.RunAsync("rm plain; [ ! -e plain ]; rm -r only");
        Assert.Equal(HttpStatusCode.NotFound, (await Target.S3.HeadAsync(Prefix + "plain", null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Target.S3.HeadAsync(Prefix + "only/plain", null)).Status);
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task HiddenOnesDoNotAppearAndAreNotOverwritten()
    {
        await PutAsync();
        await using var mount = await StartAsync("-o", "plain=hide");
        await mount.RunAsync("""
            is "$(ls)" $'d\nmarked\nonly\nown'
            is "$(ls -U | sort)" "$(ls -lU | awk 'NR > 1 { print $NF }' | sort)"
            is "$(find . -type f | sort)" $'./d/own\n./own'
            is "$(ls only)" ''
            is "$(stat -c '%F %a' marked)" 'directory 700'
            for file in plain empty link; do
                [ ! -e $file ] && [ ! -L $file ]
                refused 'No such file' cat $file
                refused 'No such file' rm $file
                refused 'No such file' mv $file elsewhere
                refused 'File exists' bash -c "echo lost >$file"
                refused 'File exists' python3 -c "import os; os.open('$file', os.O_RDWR | os.O_CREAT | os.O_EXCL)"
                refused 'File exists' mkdir $file
                refused 'File exists' ln -s own $file
                refused 'File exists' python3 -c "import os; os.rename('own', '$file')"
                refused 'File exists' python3 -c "import os; os.rename('marked', '$file')"
            done
            refused 'Directory not empty' rmdir only
            refused 'Directory not empty' python3 -c 'import os; os.rename("marked", "only")'
            refused 'Permission denied' mv d e
            is "$(cat own d/own)" $'mine\nmine'
            rmdir marked
            """);
        await AreUntouchedAsync();
        await mount.UnmountAsync();
    }

    /// <summary>Once another mount, which reads them, has written to it.</summary>
    [Fact]
    public async Task WhatBecomesEncryptedAppears()
    {
        await PutAsync();
        await using var mount = await StartAsync("--plain=hide");
        await mount.RunAsync("[ ! -e plain ]");
        await Mount.RemountAsync();
        await RunAsync("is \"$(cat plain)\" plain; echo more >>plain");
        await mount.RunAsync("sleep 2; is \"$(cat plain)\" $'plain\\nmore'; ls | grep -qx plain");
        await mount.UnmountAsync();
    }

    private Task<Mount> StartAsync(params string[] options) => Mount.StartAsync(Target, Source, ["--key", "file:" + KeyFile, .. options], Endpoint);

    private async Task PutAsync()
    {
        foreach (var name in Plain)
        {
            (string, string)[] metadata = name == "link" ? [("mode", "41471")] : [];
            await Target.S3.PutAsync(Prefix + name, ContentOf(name), null, metadata);
        }
        await Target.S3.PutAsync(Prefix + "marked/", [], null, ("mode", "16832"), ("uid", (await RunAsync("id -u")).Trim()), ("gid", (await RunAsync("id -g")).Trim()));
        await Target.S3.PutAsync(Prefix + "own", "mine\n"u8.ToArray(), Target.Key);
        await Target.S3.PutAsync(Prefix + "d/own", "mine\n"u8.ToArray(), Target.Key);
    }

    private async Task AreUntouchedAsync()
    {
        foreach (var name in Plain)
        {
            var reply = await Target.S3.GetAsync(Prefix + name, null);
            Assert.Equal((name, HttpStatusCode.OK), (name, reply.Status));
            Assert.Equal(ContentOf(name), reply.Content);
        }
    }

    private static byte[] ContentOf(string name) => name switch
    {
        "empty" => [],
        "link" => "own"u8.ToArray(),
        _ => Content,
    };
}
