using System.Globalization;
using SseCFs.Store;
using SseCFs.Store.S3;

namespace SseCFs.Tree;

/// <summary>
/// Owner, mode, times and extended attributes of an inode, and their form in an object's user metadata: the names and formats of s3fs
/// (mode, uid, gid, mtime, ctime, atime, xattr), whose times may have a fraction as rclone writes it, and rclone's btime and rdev. What others put there is kept.
/// Not thread-safe: guarded by its inode's lock.
/// </summary>
internal sealed class PosixMetadata
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

    private static readonly string[] Owned = [ModeName, UidName, GidName, ModifyName, ChangeName, AccessName, BirthName, ContentMd5.MetadataName, ExtendedAttributes.MetadataName];

    /// <summary>With the file type bits.</summary>
    public uint Mode { get; set; }

    /// <summary>Of a device node, as in <see cref="Attributes.Device"/>; of others 0, whatever an object carries there.</summary>
    public uint Device { get => IsDevice(Mode & FileType.Mask) ? field : 0; set; }
    public uint Uid { get; set; }
    public uint Gid { get; set; }
    public Timestamp AccessTime { get; set; }
    public Timestamp ModifyTime { get; set; }
    public Timestamp ChangeTime { get; set; }

    /// <summary>Null: not noted.</summary>
    public Timestamp? CreationTime { get; set; }
    public ExtendedAttributes Extended { get; private init; } = new();
    public string? ContentType { get; set; }

    /// <summary>What else of the object's description others have set: kept.</summary>
    public ObjectHeaders Headers { get; private init; } = ObjectHeaders.None;

    /// <summary>The times are those of the last write, and not what a program set them to.</summary>
    public bool AreTimesOfWrite { get; set; }

    /// <summary>MD5 of the content in base64, as rclone keeps it; null when it is not known.</summary>
    public string? ContentHash { get; set; }

    private Dictionary<string, string> Foreign { get; init; } = [];

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
            Foreign = user.Where(pair => !Owned.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value),
        };
    }

    /// <summary>The headers for a write. Larger than S3 allows: <see cref="FsError.MetadataTooLarge"/>.</summary>
    public ObjectMetadata ToObjectMetadata(bool withTimes = true)
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
        if (withTimes)
        {
            user[ModifyName] = Format(ModifyTime);
            user[ChangeName] = Format(ChangeTime);
            user[AccessName] = Format(AccessTime);
        }
        if (CreationTime is { } created)
        {
            user[BirthName] = Rfc3339.Format(created);
        }
        if (ContentHash is not null)
        {
            user[ContentMd5.MetadataName] = ContentHash;
        }
        if (Extended.Format() is { } extended)
        {
            user[ExtendedAttributes.MetadataName] = extended;
        }
        if (ObjectMetadata.SizeOf(user) > LargestUserMetadata)
        {
            throw new FsException(FsError.MetadataTooLarge, "attributes and extended attributes together exceed the 2 KiB that an object can carry");
        }
        return new ObjectMetadata(user, ContentType) { Headers = Headers };
    }

    /// <summary>Without times of its own, an object is shown with the time at which the service stored it.</summary>
    public void SetTimes(DateTimeOffset stored) => ModifyTime = ChangeTime = AccessTime = Timestamp.From(stored);

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
