using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SseCFs.Keys;

namespace SseCFs.Journal;

/// <summary>
/// One folder of a journal: what it is about, its key, and a file for each thing that is not in the store yet. A lock keeps other processes out for as long as it is
/// open. Thread-safe.
/// </summary>
internal sealed class JournalFolder : IDisposable
{
    private const string AboutName = "about.json";
    private const string NextSuffix = ".next";
    private const string LockName = "lock";
    private const string SaveSuffix = ".save";
    private const string RenameSuffix = ".rename";
    private const string UploadSuffix = ".upload";

    // EWOULDBLOCK of Linux as .NET passes it on, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] Taken = [11, unchecked((int)0x80070020)];

    private readonly string _path;
    private readonly FileStream _lock;
    private readonly byte[] _key;
    private long _lastFile;

    private JournalFolder(string path, FileStream locked, byte[] key)
    {
        _path = path;
        _lock = locked;
        _key = key;
        Saves = Present(SaveSuffix);
        Renames = Present(RenameSuffix);
        Uploads = Present(UploadSuffix);
        _lastFile = Saves.Concat(Renames).Concat(Uploads).Select(NumberOf).DefaultIfEmpty().Max();
    }

    /// <summary>Saves that were there when it was opened, in order.</summary>
    public IReadOnlyList<string> Saves { get; }

    /// <summary>Renames that were there when it was opened, in order.</summary>
    public IReadOnlyList<string> Renames { get; }

    /// <summary>Multipart uploads that were under way when it was opened.</summary>
    public IReadOnlyList<string> Uploads { get; }

    /// <summary>A folder of its own for one source and key.</summary>
    public static JournalFolder Create(string root, string source, CustomerKey key)
    {
        for (var number = 1; ; number++)
        {
            var path = Path.Combine(root, $"{NameOf(source)}-{number.ToString(CultureInfo.InvariantCulture)}");
            MakeFolder(path);
            if (TryLock(path) is not { } locked)
            {
                continue;
            }
            try
            {
                var about = Path.Combine(path, AboutName);
                if (File.Exists(about))
                {
                    locked.Dispose();
                    continue;
                }
                var journalKey = GC.AllocateUninitializedArray<byte>(CustomerKey.Length, pinned: true);
                RandomNumberGenerator.Fill(journalKey);
                WriteAbout(about, Wrap(source, key, journalKey));
                return new JournalFolder(path, locked, journalKey);
            }
            catch
            {
                // No room, most likely: the next attempt is to find the number free.
                RemoveFolder(path);
                locked.Dispose();
                throw;
            }
        }
    }

    /// <summary>What a folder is about; null if that cannot be read.</summary>
    public static JournalAbout? About(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(path, AboutName)), JournalJson.Default.JournalAbout);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public static bool IsSave(string path) => path.EndsWith(SaveSuffix, StringComparison.Ordinal);

    /// <summary>Saves and uploads in a folder that a process may be using, each with what reads it.</summary>
    /// <param name="key">Null: none is known, and reading fails.</param>
    public static IEnumerable<(string Path, Func<JournalReader?> Read)> LookInto(string folder, JournalAbout about, CustomerKey? key)
    {
        foreach (var path in Directory.EnumerateFiles(folder).Where(path => IsSave(path) || path.EndsWith(UploadSuffix, StringComparison.Ordinal)))
        {
            yield return (path, () => JournalReader.Open(path, key is null ? throw new CryptographicException("no key") : Unwrap(about, key)));
        }
    }

    /// <returns>Null: another process has it, or the key does not open it.</returns>
    public static JournalFolder? TryOpen(string path, JournalAbout about, CustomerKey key)
    {
        if (about.KeyFingerprint != key.Fingerprint || TryLock(path) is not { } locked)
        {
            return null;
        }
        try
        {
            return new JournalFolder(path, locked, Unwrap(about, key));
        }
        catch (CryptographicException)
        {
            locked.Dispose();
            return null;
        }
        catch
        {
            locked.Dispose();
            throw;
        }
    }

    public JournalWriter NewSave() => NewFile(SaveSuffix);

    public JournalWriter NewRename() => NewFile(RenameSuffix);

    public JournalWriter NewUpload() => NewFile(UploadSuffix);

    public JournalReader? Read(string path) => JournalReader.Open(path, _key);

    /// <summary>From now on this key opens it.</summary>
    /// <exception cref="IOException">It stays as it was.</exception>
    public void Rewrap(string source, CustomerKey key)
    {
        var about = Path.Combine(_path, AboutName);
        var next = about + NextSuffix;
        File.Delete(next);
        WriteAbout(next, Wrap(source, key, _key));
        File.Move(next, about, overwrite: true);
    }

    /// <summary>A folder in which nothing is kept goes.</summary>
    public void Dispose()
    {
        RemoveFolder(_path);
        _lock.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    /// <summary>Removes a folder in which nothing is kept.</summary>
    private static void RemoveFolder(string folder)
    {
        try
        {
            if (Directory.EnumerateFiles(folder).All(path => Path.GetFileName(path) is AboutName or AboutName + NextSuffix or LockName))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An empty folder that stays does no harm.
        }
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is DirectoryNotFoundException || e is IOException && Taken.Contains(e.HResult))
        {
            return null;
        }
    }

    // A name that a person recognizes, and that no two sources share.
    private static string NameOf(string source)
    {
        var bucket = source.StartsWith("s3://", StringComparison.Ordinal) ? source[5..].Split('/', ' ')[0] : "journal";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)).AsSpan(0, 4));
        return $"{bucket}-{hash}";
    }

    private static JournalAbout Wrap(string source, CustomerKey key, ReadOnlySpan<byte> journalKey)
    {
        var salt = RandomNumberGenerator.GetBytes(JournalFile.SaltSize);
        var wrapped = new byte[CustomerKey.Length + JournalFile.TagSize];
        using var cipher = JournalFile.CipherOf(key.Bytes, salt, JournalFile.WrappingPurpose);
        // The salt is random, and so is the key made of it: a nonce of zeros is used once.
        cipher.Encrypt(new byte[12], journalKey, wrapped.AsSpan(0, CustomerKey.Length), wrapped.AsSpan(CustomerKey.Length));
        return new JournalAbout { Source = source, KeyFingerprint = key.Fingerprint, Salt = salt, WrappedKey = wrapped };
    }

    private static byte[] Unwrap(JournalAbout about, CustomerKey key)
    {
        if (about.WrappedKey.Length != CustomerKey.Length + JournalFile.TagSize)
        {
            throw new CryptographicException("a wrapped key of another length");
        }
        var journalKey = GC.AllocateUninitializedArray<byte>(CustomerKey.Length, pinned: true);
        using var cipher = JournalFile.CipherOf(key.Bytes, about.Salt, JournalFile.WrappingPurpose);
        cipher.Decrypt(new byte[12], about.WrappedKey.AsSpan(0, CustomerKey.Length), about.WrappedKey.AsSpan(CustomerKey.Length), journalKey);
        return journalKey;
    }

    private static void WriteAbout(string path, JournalAbout about)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        JsonSerializer.Serialize(file, about, JournalJson.Default.JournalAbout);
        file.Flush(flushToDisk: true);
    }

    private static long NumberOf(string path) =>
        long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private List<string> Present(string suffix) => [.. Directory.EnumerateFiles(_path, "*" + suffix).Order(StringComparer.Ordinal)];

    private JournalWriter NewFile(string suffix) => JournalWriter.Create(
        Path.Combine(_path, Interlocked.Increment(ref _lastFile).ToString("D12", CultureInfo.InvariantCulture) + suffix), _key);
}
