using System.Security.Cryptography;
using SseCFs.Store;

namespace SseCFs.Upkeep;

/// <summary>
/// Shows that a bucket takes encrypted objects, where none that is stored shows it: better told before a mount is used than by the first file that is lost.
/// </summary>
public static class WriteProof
{
    /// <summary>Writes an object of a few bytes under a random name below the prefix, and removes it: two requests.</summary>
    /// <exception cref="FsException">Why not. <see cref="FsError.NotEncrypted"/>: the service stores it, but not encrypted.</exception>
    public static async ValueTask GiveAsync(IObjectStore store, string prefix, CancellationToken cancellation)
    {
        var key = $"{prefix}.ssecfs-mount-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        var nothing = new ObjectMetadata(new Dictionary<string, string>(), null);
        await store.PutAsync(key, ObjectContent.Of("ssecfs mount"u8.ToArray()), nothing, WriteCondition.None, cancellation).ConfigureAwait(false);
        await store.DeleteAsync(key, null, cancellation).ConfigureAwait(false);
    }
}
