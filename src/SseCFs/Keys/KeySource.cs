using System.Security.Cryptography;
using SseCFs.Keys.OpenStack;

namespace SseCFs.Keys;

/// <summary>
/// Where a key comes from: <c>file:PATH</c>, <c>env:NAME</c>, <c>stdin</c>, <c>command:LINE</c>, <c>credential:NAME</c>, <c>dpapi:PATH</c> or <c>barbican:SECRET</c>. What passes through
/// memory here is pinned and wiped.
/// </summary>
public abstract class KeySource
{
    private const int BufferSize = 4096;

    /// <summary>As the user wrote it; not secret.</summary>
    public abstract override string ToString();

    /// <exception cref="KeySourceException">No source is written so.</exception>
    public static KeySource Parse(string text, KeySourceOptions? options = null)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, rest) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        return (kind, rest) switch
        {
            ("stdin", "") => new StreamKeySource("stdin", Console.OpenStandardInput),
            ("file", { Length: > 0 }) => new FileKeySource(rest),
            ("env", { Length: > 0 }) when !rest.Contains('=', StringComparison.Ordinal) => new EnvironmentKeySource(rest),
            ("command", { Length: > 0 }) => new CommandKeySource(rest),
            ("dpapi", { Length: > 0 }) => new DpapiKeySource(rest),
            ("credential", { Length: > 0 }) => new CredentialKeySource(rest),
            ("barbican", { Length: > 0 }) => new BarbicanKeySource(rest, options ?? KeySourceOptions.None),
            // What is written here may be a key by mistake, and so is not repeated.
            _ => throw new KeySourceException("a key's source is file:PATH, env:NAME, stdin, command:LINE, credential:NAME, dpapi:PATH or barbican:SECRET, not the key itself"),
        };
    }

    /// <summary>Gets the key; each call asks the source again.</summary>
    /// <exception cref="KeySourceException">It cannot be had, or is no key.</exception>
    public abstract Task<CustomerKey> LoadAsync(CancellationToken cancellation);

    /// <summary>Reads a stream to its end, and makes a key of it.</summary>
    /// <param name="ended">Run once all is read and before it is looked at; throws if the source failed.</param>
    protected async Task<CustomerKey> ReadAsync(Stream stream, Func<Task>? ended, CancellationToken cancellation)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
        try
        {
            var length = await stream.ReadAtLeastAsync(buffer, BufferSize, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            if (length == BufferSize)
            {
                throw KeyFormat.WrongLength($"{BufferSize} or more", ToString());
            }
            if (ended is not null)
            {
                await ended().ConfigureAwait(false);
            }
            return KeyFormat.Parse(buffer.AsSpan(0, length), ToString());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }
}

/// <summary>A stream that is read to its end.</summary>
internal sealed class StreamKeySource(string name, Func<Stream> open) : KeySource
{
    private bool _isRead;

    public override string ToString() => name;

    public override async Task<CustomerKey> LoadAsync(CancellationToken cancellation)
    {
        if (_isRead)
        {
            throw new KeySourceException($"{name} was read already, and cannot be read again; keys that are to be loaded anew come from file:, command:, credential:, dpapi: or barbican:");
        }
        _isRead = true;
        try
        {
            var stream = open();
            await using (stream.ConfigureAwait(false))
            {
                return await ReadAsync(stream, null, cancellation).ConfigureAwait(false);
            }
        }
        catch (IOException failure)
        {
            throw new KeySourceException($"{name} cannot be read: {failure.Message}", failure);
        }
    }
}
