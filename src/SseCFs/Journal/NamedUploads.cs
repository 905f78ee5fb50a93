using System.Text.Json;
using SseCFs.Keys;

namespace SseCFs.Journal;

/// <summary>
/// The multipart uploads that the journals of a machine name: those under way, and those that a save needs. Mounts may be running; nothing is locked or
/// changed.
/// </summary>
public sealed class NamedUploads
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    /// <summary>Files that no key opens, or that cannot be read: each of them may name an upload.</summary>
    public int Unreadable { get; private set; }

    public bool Contains(string uploadId) => _ids.Contains(uploadId);

    /// <param name="isWanted">Of which sources; see <see cref="ChangeJournal.Open"/>.</param>
    /// <param name="ring">Null: no key is known.</param>
    public static NamedUploads Read(string root, Func<string, bool> isWanted, KeyRing? ring)
    {
        var named = new NamedUploads();
        foreach (var path in Directory.Exists(root) ? Directory.EnumerateDirectories(root) : [])
        {
            if (JournalFolder.About(path) is { } about && isWanted(about.Source))
            {
                named.Add(path, about, ring?.All.FirstOrDefault(key => key.Fingerprint == about.KeyFingerprint));
            }
        }
        return named;
    }

    private void Add(string folder, JournalAbout about, CustomerKey? key)
    {
        foreach (var (path, read) in JournalFolder.LookInto(folder, about, key))
        {
            try
            {
                using var reader = read();
                var id = JournalFolder.IsSave(path)
                    ? reader?.LastHead(JournalJson.Default.SavedHead)?.Upload?.UploadId
                    : reader?.LastHead(JournalJson.Default.UploadRecord)?.UploadId;
                if (id is not null)
                {
                    _ids.Add(id);
                }
            }
            catch (FileNotFoundException)
            {
                // A mount needed it no longer.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or System.Security.Cryptography.CryptographicException)
            {
                Unreadable++;
            }
        }
    }
}
