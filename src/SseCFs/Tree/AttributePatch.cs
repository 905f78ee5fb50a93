using System.Collections.Immutable;

namespace SseCFs.Tree;

/// <summary>A change of attributes that the store does not have yet; null members are unchanged. Immutable.</summary>
internal sealed record AttributePatch
{
    /// <summary>Permission bits; the type of a file does not change.</summary>
    public uint? Permissions { get; init; }

    public uint? Uid { get; init; }

    public uint? Gid { get; init; }

    public Timestamp? AccessTime { get; init; }

    public Timestamp? ModifyTime { get; init; }

    public Timestamp? ChangeTime { get; init; }

    public Timestamp? CreationTime { get; init; }

    /// <summary>Extended attributes by name; null: removed.</summary>
    public ImmutableDictionary<string, byte[]?> Extended { get; init; } = ImmutableDictionary<string, byte[]?>.Empty;

    /// <summary>What makes one from the other. Both have the same type.</summary>
    public static AttributePatch Between(PosixMetadata from, PosixMetadata to)
    {
        var extended = from.Extended.Names.Where(name => !to.Extended.TryGet(name, out _)).ToImmutableDictionary(name => name, _ => (byte[]?)null);
        return new AttributePatch
        {
            Permissions = to.Mode & FileType.PermissionMask,
            Uid = to.Uid,
            Gid = to.Gid,
            AccessTime = to.AccessTime,
            ModifyTime = to.ModifyTime,
            ChangeTime = to.ChangeTime,
            CreationTime = to.CreationTime,
            Extended = extended.SetItems(to.Extended.Names.Select(name => KeyValuePair.Create(name, to.Extended.TryGet(name, out var value) ? value : null))),
        };
    }

    /// <summary>This, and then another one.</summary>
    public AttributePatch Then(AttributePatch later) => new()
    {
        Permissions = later.Permissions ?? Permissions,
        Uid = later.Uid ?? Uid,
        Gid = later.Gid ?? Gid,
        AccessTime = later.AccessTime ?? AccessTime,
        ModifyTime = later.ModifyTime ?? ModifyTime,
        ChangeTime = later.ChangeTime ?? ChangeTime,
        CreationTime = later.CreationTime ?? CreationTime,
        Extended = Extended.SetItems(later.Extended),
    };

    public PosixMetadata ApplyTo(PosixMetadata known) => known with
    {
        Mode = Permissions is { } permissions ? known.Mode & FileType.Mask | permissions : known.Mode,
        Uid = Uid ?? known.Uid,
        Gid = Gid ?? known.Gid,
        AccessTime = AccessTime ?? known.AccessTime,
        ModifyTime = ModifyTime ?? known.ModifyTime,
        ChangeTime = ChangeTime ?? known.ChangeTime,
        CreationTime = CreationTime ?? known.CreationTime,
        Extended = Extended.Aggregate(known.Extended, (extended, pair) => extended.With(pair.Key, pair.Value)),
    };
}
