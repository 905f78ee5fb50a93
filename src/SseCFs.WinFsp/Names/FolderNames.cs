using System.Text;

namespace SseCFs.WinFsp.Names;

/// <summary>How the names of one folder appear, and which of them a name of Windows means. Thread-safe.</summary>
internal sealed class FolderNames(IFileSystem files)
{
    /// <summary>One name of the folder.</summary>
    /// <param name="Shown">As Windows shows it.</param>
    /// <param name="Name">As it is.</param>
    public readonly record struct Shown(string Text, byte[] Name);

    /// <summary>All names as they are shown, in the order that Windows lists them.</summary>
    public static List<Shown> Show(IEnumerable<byte[]> names)
    {
        var result = new List<Shown>();
        foreach (var same in names.Select(name => new Shown(WindowsName.Of(name), name)).GroupBy(one => one.Text, StringComparer.OrdinalIgnoreCase))
        {
            var isFirst = true;
            foreach (var one in same.OrderBy(one => Encoding.UTF8.GetString(one.Name), StringComparer.Ordinal))
            {
                result.Add(isFirst ? one : one with { Text = CaseAlias.Of(one.Text, one.Name) });
                isFirst = false;
            }
        }
        result.Sort((a, b) => StringComparer.OrdinalIgnoreCase.Compare(a.Text, b.Text));
        return result;
    }

    /// <summary>
    /// The entry that a name means, with its lookup count grown by one; null if there is none.
    /// </summary>
    /// <param name="caller">Who may open it next; null: nobody, only its attributes are wanted.</param>
    public async ValueTask<(Shown Shown, Entry Entry)?> FindAsync(ulong folder, string windowsName, Caller? caller, CancellationToken cancellation)
    {
        foreach (var name in await CandidatesAsync(folder, windowsName, cancellation).ConfigureAwait(false))
        {
            if (await TryLookupAsync(folder, name, caller, cancellation).ConfigureAwait(false) is { } entry)
            {
                return (new Shown(WindowsName.Of(name), name), entry);
            }
        }
        if (!CaseAlias.TryParse(windowsName, out var original, out var digits))
        {
            return null;
        }
        // The one it stands for is the first itself, once the others before it have gone.
        var isFirst = true;
        foreach (var name in await CandidatesAsync(folder, original, cancellation).ConfigureAwait(false))
        {
            var isIt = CaseAlias.DigitsOf(name) == digits;
            if (!isIt && !isFirst)
            {
                continue;
            }
            if (await TryLookupAsync(folder, name, caller, cancellation).ConfigureAwait(false) is not { } entry)
            {
                continue;
            }
            if (isIt)
            {
                // As it was asked for, though it may be the first now: the driver takes a name that differs in the case of letters, and in nothing else.
                return (new Shown(CaseAlias.Of(WindowsName.Of(name), name), name), entry);
            }
            files.Forget(entry.Attributes.Inode, 1);
            isFirst = false;
        }
        return null;
    }

    private async ValueTask<IEnumerable<byte[]>> CandidatesAsync(ulong folder, string windowsName, CancellationToken cancellation) =>
        WindowsName.ToName(windowsName) is { } decoded ? (await files.FindNamesAsync(folder, decoded, cancellation).ConfigureAwait(false)).Select(name => name.ToArray()) : [];

    /// <summary>Null: gone since it was listed, or not to be shown.</summary>
    private async ValueTask<Entry?> TryLookupAsync(ulong folder, byte[] name, Caller? caller, CancellationToken cancellation)
    {
        try
        {
            return caller is { } opener
                ? await files.LookupAsync(folder, name, opener, cancellation).ConfigureAwait(false)
                : await files.LookupAttributesAsync(folder, name, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return null;
        }
    }
}
