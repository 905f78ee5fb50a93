namespace SseCFs.Simulation.Checks;

/// <summary>
/// Faults of the core that are known: each is a file below Histories, with the shortest plan that shows it. Its first line names the kind and the cause of the finding, and the
/// comment below says what happens and which promise that breaks. The suite is green with them; removing the file, once the core is mended, makes such findings errors.
/// </summary>
internal sealed record Known(string Path, FindingKind Kind, Cause Cause)
{
    public static IReadOnlyList<Known> All { get; } = [.. (Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder) : []).Order(StringComparer.Ordinal).Select(Read)];

    private static string Folder => System.IO.Path.Combine(AppContext.BaseDirectory, "Histories");

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public bool IsOf(FindingKind kind, Cause cause) => kind == Kind && cause == Cause;

    private static Known Read(string path)
    {
        var words = File.ReadLines(path).First().Split(' ');
        return new Known(path, Enum.Parse<FindingKind>(words[1]), Enum.Parse<Cause>(words[2]));
    }
}
