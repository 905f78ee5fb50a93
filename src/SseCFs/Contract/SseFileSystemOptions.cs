namespace SseCFs.Contract;

/// <summary>How a mount behaves. All have working defaults but the owner.</summary>
public sealed record SseFileSystemOptions
{
    /// <summary>What all keys begin with: empty, or ending in '/'.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Refuse every change.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>What becomes of objects that are not encrypted.</summary>
    public PlainObjects Plain { get; init; }

    /// <summary>Owner of objects that carry none.</summary>
    public uint Uid { get; init; }

    /// <summary>Group of objects that carry none.</summary>
    public uint Gid { get; init; }

    /// <summary>Permission bits taken from 0666 and 0777 for objects that carry no mode.</summary>
    public uint Umask { get; init; } = UsualUmask;

    /// <summary>Note when a file or directory is made: POSIX shows it nowhere, Windows does.</summary>
    public bool KeepCreationTime { get; init; }

    /// <summary>Bytes of file content in memory, cached, staged and under way, and of names together; at least <see cref="SmallestMemory"/>.</summary>
    public long Memory { get; init; } = 512L << 20;

    /// <summary>Names in memory beyond which those are dropped that no program uses; null: as many as take a quarter of the memory.</summary>
    public int? MostNames { get; init; }

    /// <summary>Where staged data goes, encrypted, that finds no room in memory.</summary>
    public string SpillDirectory { get; init; } = Path.GetTempPath();

    /// <summary>How long what is appended to a file that stays open waits to be stored, and what is written to any that stays open to be saved in the journal with write-back.</summary>
    public TimeSpan StoreOpenAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long names and attributes are believed without asking the store.</summary>
    public TimeSpan AttributesValid { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a change of metadata alone waits for a rename or upload to join.</summary>
    public TimeSpan MetadataDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for the modification time that a directory gets from a change in it.</summary>
    public TimeSpan DirectoryTimeDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests for metadata under way together.</summary>
    public int MetadataRequests { get; init; } = 32;

    public const long SmallestMemory = 64L << 20;

    /// <summary>022.</summary>
    public const uint UsualUmask = 0x12;
}
