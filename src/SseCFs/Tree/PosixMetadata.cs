using System.Globalization;
using SseCFs.Store;
using SseCFs.Store.S3;

namespace SseCFs.Tree;

/// <summary>
/// Owner, mode, times and extended attributes of an inode, and their form in an object's user metadata: the names and formats of s3fs
/// (mode, uid, gid, mtime, ctime, atime, xattr), whose times may have a fraction as rclone writes it, and rclone's btime and rdev. What others put there is kept.
/// Immutable.
/// </summary>
internal sealed record PosixMetadata
{
    private const string ModeName = "mode";
    private const string UidName = "uid";
    private const string GidName = "gid";
    private const string ModifyName = "mtime";
    private const string ChangeName = "ctime";
    private const string AccessName = "atime";
    private const string BirthName = "btime";
    private const string DeviceName = "rdev";

    /// <summary>The store adds the id of the attempt, and the fingerprint of the key where it has room.</summary>
    private const int LargestUserMetadata = ObjectMetadata.LargestUser - WriteAttempt.MetadataSize;

    /// <summary>Bytes of a mode, an owner and a time as large as they become in ordinary use.</summary>
    private const int LongestMode = 6, LongestOwner = 10, LongestTime = 11 + 1 + 9;

    /// <summary>Bytes of an MD5 in base64.</summary>
    private const int HashLength = 24;

    private static readonly Dictionary<string, string> None = [];

    private static readonly string[] Owned = [ModeName, UidName, GidName, ModifyName, ChangeName, AccessName, BirthName, ContentMd5.MetadataName, ExtendedAttributes.MetadataName];

    /// <summary>With the file type bits.</summary>
    public uint Mode { get; init; }

    /// <summary>Of a device node, as in <see cref="Attributes.Device"/>; of others 0, whatever an object carries there.</summary>
    public uint Device { get => IsDevice(Mode & FileType.Mask) ? field : 0; init; }
    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public Timestamp AccessTime { get; init; }
    public Timestamp ModifyTime { get; init; }
    public Timestamp ChangeTime { get; init; }

    /// <summary>Null: not noted.</summary>
    public Timestamp? CreationTime { get; init; }
    public ExtendedAttributes Extended { get; init; } = ExtendedAttributes.None;
    public string? ContentType { get; init; }

    /// <summary>What else of the object's description others have set: kept.</summary>
    public ObjectHeaders Headers { get; private init; } = ObjectHeaders.None;

    /// <summary>MD5 of the content in base64, as rclone keeps it; null when it is not known.</summary>
    public string? ContentHash { get; init; }

    private Dictionary<string, string> Foreign { get; init; } = None;

    public static PosixMetadata Create(uint mode, uint uid, uint gid, Timestamp now) => new()
    {
        Mode = mode,
        Uid = uid,
        Gid = gid,
        AccessTime = now,
        ModifyTime = now,
        ChangeTime = now,
        ContentType = (mode & FileType.Mask) == FileType.Directory ? "application/x-directory" : null,
    };

    /// <param name="type">The file type where the metadata names none that fits.</param>
    /// <param name="defaults">Owner and mode for objects that others wrote without them.</param>
    public static PosixMetadata Parse(ObjectInfo info, uint type, OwnerDefaults defaults)
    {
        var user = info.Metadata.User;
        var written = Timestamp.From(info.LastModified);
        var device = ParseDevice(user);
        var modified = Time(user, ModifyName) ?? written;
        return new PosixMetadata
        {
            Mode = ParseMode(user, type, device, defaults),
            Device = device ?? 0,
            Uid = Number(user, UidName) ?? defaults.Uid,
            Gid = Number(user, GidName) ?? defaults.Gid,
            ModifyTime = modified,
            ChangeTime = Time(user, ChangeName) ?? (modified > written ? modified : written),
            AccessTime = Time(user, AccessName) ?? modified,
            CreationTime = Rfc3339.Parse(user.GetValueOrDefault(BirthName)),
            Extended = ExtendedAttributes.Parse(user.GetValueOrDefault(ExtendedAttributes.MetadataName)),
            ContentType = info.Metadata.ContentType,
            Headers = info.Metadata.Headers,
            ContentHash = user.GetValueOrDefault(ContentMd5.MetadataName),
            Foreign = user.Keys.All(Owned.Contains) ? None : user.Where(pair => !Owned.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value),
        };
    }

    /// <summary>
    /// The headers for a write. What S3 has no room for is left out where the file can do without it: the hash of the content, then the times of access and of change.
    /// Still larger: <see cref="FsError.MetadataTooLarge"/>, which <see cref="EnsureFits"/> tells beforehand.
    /// </summary>
    public ObjectMetadata ToObjectMetadata(bool withTimes = true)
    {
        var user = Needed();
        if (withTimes)
        {
            user[ModifyName] = Format(ModifyTime);
        }
        if (ObjectMetadata.SizeOf(user) > LargestUserMetadata)
        {
            throw TooLarge();
        }
        if (withTimes)
        {
            AddIfFits(user, ChangeName, Format(ChangeTime));
            AddIfFits(user, AccessName, Format(AccessTime));
        }
        if (ContentHash is not null)
        {
            AddIfFits(user, ContentMd5.MetadataName, ContentHash);
        }
        return new ObjectMetadata(user, ContentType) { Headers = Headers };
    }

    /// <summary>
    /// Throws <see cref="FsError.MetadataTooLarge"/> if an object has no room for all of it. The owner, the times and the hash count with the length that they may grow to, so
    /// that what was accepted can be stored whatever else changes.
    /// </summary>
    /// <param name="before">What it was made from: an object that others have overfilled can still be changed in ways that need no more room.</param>
    public void EnsureFits(PosixMetadata? before)
    {
        var size = LargestSize();
        if (size > LargestUserMetadata && (before is null || size > before.LargestSize() || LeastSize() > LargestUserMetadata))
        {
            throw TooLarge();
        }
    }

    /// <summary>Without times of its own, an object is shown with the time at which the service stored it.</summary>
    public PosixMetadata WithTimes(Timestamp all) => this with { ModifyTime = all, ChangeTime = all, AccessTime = all };

    /// <summary>Whether both are stored in the same way, times aside.</summary>
    public bool IsStoredAs(PosixMetadata other) =>
        Mode == other.Mode && Uid == other.Uid && Gid == other.Gid && Device == other.Device && CreationTime == other.CreationTime && Extended.HasSameAs(other.Extended);

    private Dictionary<string, string> Needed()
    {
        var user = new Dictionary<string, string>(Foreign)
        {
            [ModeName] = Mode.ToString(CultureInfo.InvariantCulture),
            [UidName] = Uid.ToString(CultureInfo.InvariantCulture),
            [GidName] = Gid.ToString(CultureInfo.InvariantCulture),
        };
        if (IsDevice(Mode & FileType.Mask))
        {
            user[DeviceName] = Device.ToString("x", CultureInfo.InvariantCulture);
        }
        if (CreationTime is { } created)
        {
            user[BirthName] = Rfc3339.Format(created);
        }
        if (Extended.Format() is { } extended)
        {
            user[ExtendedAttributes.MetadataName] = extended;
        }
        return user;
    }

    private static void AddIfFits(Dictionary<string, string> user, string name, string value)
    {
        if (ObjectMetadata.SizeOf(user) + name.Length + value.Length <= LargestUserMetadata)
        {
            user[name] = value;
        }
    }

    /// <summary>Bytes that it takes at most, for as long as its extended attributes stay as they are.</summary>
    private int LargestSize() => LeastSize()
        + ChangeName.Length + Math.Max(LongestTime, Format(ChangeTime).Length)
        + AccessName.Length + Math.Max(LongestTime, Format(AccessTime).Length)
        + ContentMd5.MetadataName.Length + HashLength;

    /// <summary>The same without what may be left out.</summary>
    private int LeastSize()
    {
        var user = Needed();
        user[ModeName] = new string('0', LongestMode);
        user[UidName] = user[GidName] = new string('0', LongestOwner);
        return ObjectMetadata.SizeOf(user) + ModifyName.Length + Math.Max(LongestTime, Format(ModifyTime).Length);
    }

    private static FsException TooLarge() =>
        new(FsError.MetadataTooLarge, "attributes and extended attributes together exceed the 2 KiB that an object can carry");

    private static uint ParseMode(IReadOnlyDictionary<string, string> user, uint type, uint? device, OwnerDefaults defaults)
    {
        if (Number(user, ModeName) is not { } mode)
        {
            return type | (type == FileType.Directory ? defaults.DirectoryMode : defaults.FileMode);
        }
        var named = mode & FileType.Mask;
        var fits = type == FileType.Directory
            ? named == FileType.Directory
            : named is FileType.Regular or FileType.SymbolicLink or FileType.Fifo or FileType.Socket || (IsDevice(named) && device is not null);
        return (fits ? named : type) | mode & FileType.PermissionMask;
    }

    private static bool IsDevice(uint type) => type is FileType.BlockDevice or FileType.CharacterDevice;

    private static uint? ParseDevice(IReadOnlyDictionary<string, string> user) =>
        uint.TryParse(user.GetValueOrDefault(DeviceName), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var device) ? device : null;

    private static uint? Number(IReadOnlyDictionary<string, string> user, string name) =>
        user.TryGetValue(name, out var text) && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static Timestamp? Time(IReadOnlyDictionary<string, string> user, string name)
    {
        if (!user.TryGetValue(name, out var text))
        {
            return null;
        }
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text : text[..point];
        if (!long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            return null;
        }
        var fraction = point < 0 ? "" : text[(point + 1)..];
        fraction = fraction.Length > 9 ? fraction[..9] : fraction.PadRight(9, '0');
        return uint.TryParse(fraction, NumberStyles.None, CultureInfo.InvariantCulture, out var nanoseconds)
            ? new Timestamp(seconds, nanoseconds)
            : new Timestamp(seconds, 0);
    }

    // Seconds first, so that a reader who stops at the point still has the right second; nanoseconds count forward also before 1970.
    private static string Format(Timestamp time) => time.Nanoseconds == 0
        ? time.Seconds.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:D9}");
}

/// <summary>What an object without owner and mode is shown with. Modes are permission bits.</summary>
internal readonly record struct OwnerDefaults(uint Uid, uint Gid, uint FileMode, uint DirectoryMode);
