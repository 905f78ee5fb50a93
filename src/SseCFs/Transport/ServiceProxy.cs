using System.Net;
using System.Text;
using SseCFs.Secrets;

namespace SseCFs.Transport;

/// <summary>
/// The HTTP proxy that was named for this program. https requests go through it in a tunnel (CONNECT, RFC 9110, 9.3.6), so that it sees
/// only which host they go to; other requests never do. Immutable.
/// </summary>
public sealed class ServiceProxy
{
    /// <summary>The environment variable that names it, with user and password if need be.</summary>
    public const string Variable = "SSECFS_PROXY";

    private const int LongestCredentials = 4096;

    private ServiceProxy(Uri address, NetworkCredential? credentials) => (Address, Credentials) = (address, credentials);

    /// <summary>Without user and password.</summary>
    public Uri Address { get; }

    public bool HasCredentials => Credentials is not null;

    internal NetworkCredential? Credentials { get; }

    /// <param name="text">http://HOST:PORT or https://HOST:PORT, perhaps with USER:PASSWORD@ before the host, percent-encoded as in URLs.</param>
    /// <exception cref="FormatException">It is neither. The message does not repeat it, as a password may be in it.</exception>
    public static ServiceProxy Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri is not { Scheme: "http" or "https", Host.Length: > 0, PathAndQuery: "/", Fragment: "" })
        {
            throw new FormatException("a proxy is written http://HOST:PORT, or https://HOST:PORT if it is itself reached over TLS");
        }
        var address = new UriBuilder(uri.Scheme, uri.Host, uri.Port).Uri;
        string[] parts = [.. uri.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString)];
        return new ServiceProxy(address, uri.UserInfo.Length == 0 ? null : CredentialsOf(parts));
    }

    /// <summary>
    /// The one that <see cref="Variable"/> names. If a password is in it, the variable is wiped, so that processes started later do not have it.
    /// </summary>
    /// <returns>Null if it is not set.</returns>
    /// <exception cref="FormatException">It names none.</exception>
    public static ServiceProxy? TakeFromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text)
        {
            return null;
        }
        var proxy = Parse(text);
        if (proxy.HasCredentials)
        {
            SecretVariable.Wipe(Variable);
        }
        return proxy;
    }

    /// <summary>The same with the user and password that are in a file, as USER:PASSWORD in its only line.</summary>
    /// <exception cref="InvalidDataException">It cannot be read, others can read it, or it holds something else; for a person.</exception>
    public ServiceProxy WithCredentialsOf(string file)
    {
        try
        {
            using var stream = new FileStream(file, new FileStreamOptions { BufferSize = 0 });
            SecretFile.EnsureItsOwnersAlone(stream.SafeFileHandle, file);
            var bytes = new byte[LongestCredentials];
            var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = Encoding.UTF8.GetString(bytes, 0, count).TrimEnd('\r', '\n');
            return text.Length < LongestCredentials && !text.AsSpan().ContainsAny('\r', '\n')
                ? new ServiceProxy(Address, CredentialsOf(text.Split(':', 2)))
                : throw new FormatException("it has more than one line");
        }
        catch (FormatException wrong)
        {
            throw new InvalidDataException($"{file} does not hold a proxy's USER:PASSWORD: {wrong.Message}", wrong);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"the file with the proxy's USER:PASSWORD cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>For messages: nothing secret.</summary>
    public override string ToString() => Address.GetLeftPart(UriPartial.Authority);

    private static NetworkCredential CredentialsOf(string[] parts) => parts is [{ Length: > 0 } user, var password]
        ? new NetworkCredential(user, password)
        : throw new FormatException("user and password of a proxy are written USER:PASSWORD");
}
