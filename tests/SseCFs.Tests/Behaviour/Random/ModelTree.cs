namespace SseCFs.Tests.Behaviour.Random;

/// <summary>A file of the model; handles hold it, whatever becomes of its name.</summary>
internal sealed class ModelFile
{
    public byte[] Data { get; set; } = [];

    public uint Mode { get; set; } = 0x1A4;

    public void Write(int offset, byte[] data)
    {
        if (data.Length == 0)
        {
            return;
        }
        Resize(Math.Max(Data.Length, offset + data.Length));
        data.CopyTo(Data, offset);
    }

    public void Resize(int size)
    {
        var data = Data;
        Array.Resize(ref data, size);
        Data = data;
    }
}

/// <summary>What a tree of files and directories should be: paths to files, or to null for a directory. Answers with the errors POSIX names.</summary>
internal sealed class ModelTree
{
    public SortedDictionary<string, ModelFile?> Paths { get; } = new(StringComparer.Ordinal);

    public ModelFile? FileAt(string path) => Paths.GetValueOrDefault(path);

    public bool IsDirectory(string path) => path.Length == 0 || Paths.TryGetValue(path, out var file) && file is null;

    public IEnumerable<string> Below(string path) => Paths.Keys.Where(p => p.StartsWith(path + "/", StringComparison.Ordinal));

    /// <summary>The error of walking to the path's directory, if there is one.</summary>
    public FsError? WalkTo(string path)
    {
        for (var cut = path.IndexOf('/', StringComparison.Ordinal); cut >= 0; cut = path.IndexOf('/', cut + 1))
        {
            var above = path[..cut];
            if (!IsDirectory(above))
            {
                return Paths.ContainsKey(above) ? FsError.NotDirectory : FsError.NotFound;
            }
        }
        return null;
    }

    public FsError? CheckFile(string path) =>
        WalkTo(path) ?? (!Paths.TryGetValue(path, out var file) ? FsError.NotFound : file is null ? FsError.IsDirectory : null);

    public FsError? CheckCreate(string path) => WalkTo(path) ?? (IsDirectory(path) ? FsError.IsDirectory : null);

    public FsError? CheckMakeDirectory(string path) => WalkTo(path) ?? (Paths.ContainsKey(path) ? FsError.Exists : null);

    public FsError? CheckRemoveDirectory(string path) =>
        WalkTo(path)
        ?? (!Paths.ContainsKey(path) ? FsError.NotFound : !IsDirectory(path) ? FsError.NotDirectory : Below(path).Any() ? FsError.NotEmpty : null);

    public FsError? CheckRename(string from, string to)
    {
        if ((WalkTo(from) ?? WalkTo(to)) is { } error)
        {
            return error;
        }
        if (!Paths.TryGetValue(from, out var source))
        {
            return FsError.NotFound;
        }
        if (from == to)
        {
            return null;
        }
        if (source is not null)
        {
            return IsDirectory(to) ? FsError.IsDirectory : null;
        }
        return to.StartsWith(from + "/", StringComparison.Ordinal) ? FsError.InvalidArgument
            : FileAt(to) is not null ? FsError.NotDirectory
            : Below(to).Any() ? FsError.NotEmpty
            : null;
    }

    public void Rename(string from, string to)
    {
        foreach (var path in Below(from).Prepend(from).ToList())
        {
            Paths.Remove(path, out var file);
            Paths[to + path[from.Length..]] = file;
        }
    }
}
