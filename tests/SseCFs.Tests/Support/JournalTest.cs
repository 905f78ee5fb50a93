using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Journal;
using SseCFs.Keys;

namespace SseCFs.Tests.Support;

/// <summary>A mount with a journal on disk, which can be killed and begun anew.</summary>
public abstract class JournalTest : MountTest
{
    private readonly string _root = Directory.CreateTempSubdirectory("ssecfs-journal-").FullName;
    private readonly CustomerKey _key = new(Enumerable.Range(1, CustomerKey.Length).Select(i => (byte)i).ToArray());
    private readonly bool _isWriteBack;
    private readonly SseFileSystemOptions _options = new() { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory };
    private ChangeJournal _journal;

    private protected JournalTest(bool isWriteBack, string? spillDirectory = null)
    {
        _isWriteBack = isWriteBack;
        _options = _options with { SpillDirectory = spillDirectory ?? _options.SpillDirectory };
        _journal = OpenJournal();
        Mount = new Mount(Faults, Clock, _options, _journal);
    }

    private protected string Root => _root;

    private protected SseCFs.Store.IUploadRegister Register => _journal;

    /// <summary>What is kept: one file for each inode or rename.</summary>
    private protected IReadOnlyList<string> Kept => [.. Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories)
        .Where(path => Path.GetExtension(path) is ".save" or ".rename" or ".upload" or ".damaged").Order(StringComparer.Ordinal)];

    /// <summary>The mount's keys are loaded anew.</summary>
    private protected void ReplaceKeys(byte[] key) => _journal.ReplaceKeys(new KeyRing([new CustomerKey(key)]));

    /// <summary>The process ends without storing anything more, and the next one mounts.</summary>
    private protected async Task<int> Kill(byte[]? otherKey = null)
    {
        await Mount.DisposeAsync();
        return await Begin(otherKey);
    }

    /// <summary>The next process mounts.</summary>
    private protected async Task<int> Begin(byte[]? otherKey = null)
    {
        _journal = OpenJournal(otherKey);
        Mount = new Mount(Faults, Clock, _options, _journal);
        return await Mount.Files.RestoreAsync(default);
    }

    /// <summary>Lets the background store what waits.</summary>
    private protected async Task Upload()
    {
        for (var i = 0; i < 200 && Mount.Files.Unsaved.Count > 0; i++)
        {
            Mount.Pass(1);
            await Task.Delay(10);
        }
        Assert.Empty(Mount.Files.Unsaved);
    }

    private protected async Task Drain() => Assert.Equal(0, await Mount.Files.DrainAsync(default));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _journal.Dispose();
        Directory.Delete(_root, recursive: true);
        _key.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>As another process opens it; to be disposed before the next one.</summary>
    private protected ChangeJournal Open() => OpenJournal();

    private ChangeJournal OpenJournal(byte[]? otherKey = null) => ChangeJournal.Open(
        _root, "s3://bucket at http://localhost", new KeyRing(otherKey is null ? [_key] : [new CustomerKey(otherKey)]), _isWriteBack, NullLogger.Instance);
}
