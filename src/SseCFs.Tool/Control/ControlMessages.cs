using System.Text.Json.Serialization;
using SseCFs.Contract;

namespace SseCFs.Tool.Control;

/// <summary>What a command asks of the process that serves a mount: one JSON object on one line.</summary>
internal sealed record ControlRequest
{
    /// <summary>Take the mount out of the tree; the replies go on until everything is stored.</summary>
    public const string Unmount = "unmount";

    /// <summary>Tell what is unsaved, in conflict or under way: one reply.</summary>
    public const string Status = "status";

    /// <summary>Load the keys anew: one reply.</summary>
    public const string Reload = "reload";

    public required string Command { get; init; }

    /// <summary>Also while files are open.</summary>
    public bool Lazy { get; init; }
}

/// <summary>One line of an answer; the last one is not <see cref="Storing"/>.</summary>
internal sealed record ControlReply
{
    /// <summary>Unmounted; <see cref="Files"/> are not stored yet.</summary>
    public const string Storing = "storing";

    /// <summary>It is done; after an unmount: everything is stored, and the process is about to end.</summary>
    public const string Done = "done";

    /// <summary>Not done; <see cref="Message"/> says why.</summary>
    public const string Refused = "refused";

    /// <summary>The process was told to give up; <see cref="Files"/> are not stored.</summary>
    public const string GivenUp = "given-up";

    /// <summary>The answer to <see cref="ControlRequest.Status"/>.</summary>
    public const string Told = "told";

    public required string State { get; init; }

    public int ProcessId { get; init; }

    public int Files { get; init; }

    /// <summary>One of the files, with the last failure to store it if there was one.</summary>
    public string? Example { get; init; }

    public string? Message { get; init; }

    public MountStatus? Status { get; init; }

    public int ExitCode { get; init; }
}

/// <summary>What goes on in one mount. Lists are cut to a readable length; the counts are not.</summary>
internal sealed record MountStatus
{
    public required string Source { get; init; }

    public required DateTimeOffset Since { get; init; }

    public string? Journal { get; init; }

    public bool IsWriteBack { get; init; }

    public int UnsavedCount { get; init; }

    public IReadOnlyList<PendingChange> Unsaved { get; init; } = [];

    public IReadOnlyList<RenameProgress> Renames { get; init; } = [];

    public IReadOnlyList<Conflict> Conflicts { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
internal sealed partial class ControlJson : JsonSerializerContext;
