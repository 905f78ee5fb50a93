using SseCFs.Tool.Logging;
using Xunit;

namespace SseCFs.Tool.Tests.Logging;

public sealed class AppendedFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tool-tests-").FullName;

    private string Log => Path.Combine(_folder, "log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TwoWritersLoseNothingOfOneAnother()
    {
        using (var one = AppendedFile.OpenText(Log))
        using (var other = AppendedFile.OpenText(Log))
        {
            for (var i = 0; i < 3; i++)
            {
                Write(one, $"one {i}");
                Write(other, $"other {i}");
            }
        }
        Assert.Equal(["one 0", "other 0", "one 1", "other 1", "one 2", "other 2"], File.ReadAllLines(Log));
    }

    [Fact]
    public async Task LinesOfManyWritersStayWhole()
    {
        var longest = new string('x', 20_000);
        await Parallel.ForAsync(0, 4, (writer, _) =>
        {
            using var text = AppendedFile.OpenText(Log);
            for (var i = 0; i < 50; i++)
            {
                Write(text, $"{writer} {longest}");
            }
            return ValueTask.CompletedTask;
        });
        var lines = await File.ReadAllLinesAsync(Log);
        Assert.Equal(200, lines.Length);
        Assert.All(lines, line => Assert.EndsWith(" " + longest, line, StringComparison.Ordinal));
    }

    /// <summary>What logrotate's copytruncate does.</summary>
    [Fact]
    public void AFileThatIsTruncatedIsGoneOnWithFromItsStart()
    {
        using var text = AppendedFile.OpenText(Log);
        Write(text, "before");
        File.Copy(Log, Log + ".1");
        using (var other = new FileStream(Log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            other.SetLength(0);
        }
        Write(text, "after");
        Assert.Equal("before\n", File.ReadAllText(Log + ".1"));
        Assert.Equal("after\n", File.ReadAllText(Log));
    }

    [Fact]
    public void ItIsItsOwnersAloneAndKeepsWhatItHas()
    {
        AppendedFile.OpenText(Log).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Log));
        File.WriteAllText(Log, "there\n");
        using (var text = AppendedFile.OpenText(Log))
        {
            Write(text, "ä");
        }
        Assert.Equal("there\nä\n", File.ReadAllText(Log));
    }

    [Fact]
    public void WhatCannotBeOpenedIsNamed() =>
        Assert.Contains("none/log", Assert.Throws<IOException>(() => AppendedFile.OpenText(Path.Combine(_folder, "none/log"))).Message, StringComparison.Ordinal);

    private static void Write(StreamWriter text, string line)
    {
        text.WriteLine(line);
        text.Flush();
    }
}
