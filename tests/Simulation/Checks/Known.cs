namespace SseCFs.Simulation.Checks;

/// <summary>
/// Faults of the core that are known: each is a file below Histories, with the shortest plan that shows it. Its first line names the kind and the cause of the finding, and the
/// comment below says what happens and which promise that breaks. The suite is green with them; removing the file, once the core is mended, makes such findings errors.
/// </summary>
internal sealed record Known(string Name, FindingKind Kind, Cause Cause, string Plan)
{
    public static IReadOnlyList<Known> All { get; } = [.. Directory.EnumerateFiles(Folder).Order(StringComparer.Ordinal).Select(Read)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Histories");

    public bool IsSameAs(Finding finding) => finding.Kind == Kind && finding.Cause == Cause;

    private static Known Read(string path)
    {
        var text = File.ReadAllText(path);
        var words = text.Split('\n')[0].Split(' ', StringSplitOptions.TrimEntries);
        return new Known(Path.GetFileNameWithoutExtension(path), Enum.Parse<FindingKind>(words[1]), Enum.Parse<Cause>(words[2]), text);
    }
}
