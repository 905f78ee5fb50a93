using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation.Programs;

internal enum OperationKind
{
    Open,
    Write,
    Truncate,
    Flush,
    Sync,
    Read,
    Rename,
    Unlink,
    MakeDirectory,
    RemoveDirectory,
    ChangeMode,
    ChangeTime,
    SetAttribute,
    List,
    Mount,
    Unmount,
}

/// <summary>How a call ended, as its program saw it.</summary>
internal enum Outcome
{
    /// <summary>It did not return before the process or the run ended.</summary>
    None,
    Done,
    Failed,
    Cancelled,

    /// <summary>The process ended first.</summary>
    Crashed,
}

/// <summary>One call of a program. Start and End are moments of the world; what did not return has no end.</summary>
internal sealed class Operation(OperationKind kind, int machine, string path, long start)
{
    public OperationKind Kind => kind;
    public int Machine => machine;
    public string Path => path;
    public long Start => start;
    public long End { get; set; } = long.MaxValue;
    public Outcome Outcome { get; set; }
    public FsError? Error { get; set; }

    /// <summary>Of a rename: the new path.</summary>
    public string? To { get; init; }

    /// <summary>Of a call on an open file; of an open the one that it made.</summary>
    public Session? Session { get; set; }

    /// <summary>Of a write or of a change of attributes: what it can be told by.</summary>
    public long Tag { get; init; }

    /// <summary>Of a write: its first record, or -1 to append; of a truncation the new number of records.</summary>
    public int Offset { get; init; }

    public int Records { get; init; }

    /// <summary>An open that empties the file.</summary>
    public bool Truncates { get; init; }

    /// <summary>Of a read: all of the file.</summary>
    public byte[]? Found { get; set; }

    public bool IsDone => Outcome == Outcome.Done;

    public bool IsOver => Outcome != Outcome.None;

    public override string ToString()
    {
        var arguments = kind switch
        {
            OperationKind.Write => $"{path} {(Offset < 0 ? "append" : $"at {Offset}")} {Tag}x{Records}",
            OperationKind.Truncate => $"{path} to {Offset}",
            OperationKind.Open => $"{path}{(Truncates ? " truncating" : "")}",
            OperationKind.Rename => $"{path} {To}",
            OperationKind.ChangeMode or OperationKind.ChangeTime or OperationKind.SetAttribute => $"{path} {Tag}",
            OperationKind.Read => $"{path}{(Found is null ? "" : " " + Tagged.Text(Found))}",
            _ => path,
        };
        return $"m{machine} {kind} {arguments}: {(Outcome == Outcome.Failed ? Error.ToString() : Outcome.ToString())}";
    }
}

/// <summary>A file that a program has open.</summary>
internal sealed class Session(int machine, Process process, string path, ulong inode, ulong handle)
{
    public int Machine => machine;
    public Process Process => process;
    public string Path => path;
    public ulong Inode => inode;
    public ulong Handle => handle;

    /// <summary>A call on it is under way: its program waits for that.</summary>
    public bool IsBusy { get; set; }
}
