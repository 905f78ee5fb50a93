using Microsoft.Extensions.Logging;
using SseCFs.Content;
using SseCFs.Journal;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>What the operations of one mount share. Immutable but for <see cref="Invalidation"/>; its parts are thread-safe each.</summary>
internal sealed class Mounted : IDisposable
{
    public Mounted(IObjectStore store, SseFileSystemOptions options, ChangeJournal? journal, TimeProvider clock, ILogger log)
    {
        Store = options.Plain == PlainObjects.Read ? store : new EncryptedOnlyStore(store);
        Options = options;
        Journal = journal;
        Clock = clock;
        Log = log;
        Names = new Namespace(options.Prefix, clock);
        // A quarter each for the cache's and the writers' transients (fetches, parts on their way), the rest for what is kept.
        Memory = Math.Max(options.Memory, SseFileSystemOptions.SmallestMemory);
        Pool = new BlockPool(Memory / 8);
        Cache = new BlockCache(Memory * 3 / 8, Pool);
        Staging = new StagingArea(Memory * 3 / 8, Pool, new SpillFile(options.SpillDirectory));
        Upload = new Upload(store, (int)Math.Clamp(Memory / 8 / UploadPart.SmallestSize, 1, 4), Staging.Limit);
        Owners = new OwnerDefaults(options.Uid, options.Gid, 0x1B6 & ~options.Umask, 0x1FF & ~options.Umask);
    }

    public IObjectStore Store { get; }
    public SseFileSystemOptions Options { get; }

    /// <summary>Null where there is no disk for one.</summary>
    public ChangeJournal? Journal { get; }
    public TimeProvider Clock { get; }
    public ILogger Log { get; }
    public Namespace Names { get; }

    /// <summary>Bytes for all that is kept.</summary>
    public long Memory { get; }
    public BlockPool Pool { get; }
    public BlockCache Cache { get; }
    public StagingArea Staging { get; }
    public Upload Upload { get; }
    public OwnerDefaults Owners { get; }
    public Activity Activity { get; } = new();
    public Unanswered Unanswered { get; } = new();

    public IInvalidationSink? Invalidation { get; set; }

    public Timestamp Now() => Timestamp.From(Clock.GetUtcNow());

    /// <summary>The timestamp that the clock reaches after a while.</summary>
    public long After(TimeSpan span) => Clock.GetTimestamp() + (long)(span.TotalSeconds * Clock.TimestampFrequency);

    public bool IsWithin(long timestamp, TimeSpan span) => Clock.GetElapsedTime(timestamp) < span;

    public void Dispose()
    {
        Cache.Dispose();
        Staging.Dispose();
    }
}
