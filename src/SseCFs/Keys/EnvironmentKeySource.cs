using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SseCFs.Keys;

/// <summary>
/// An environment variable. Once read it is overwritten and removed, so that neither /proc/PID/environ nor any process started later shows it.
/// </summary>
internal sealed unsafe partial class EnvironmentKeySource(string name) : KeySource
{
    public override string ToString() => "env:" + name;

    public override Task<CustomerKey> LoadAsync(CancellationToken cancellation) => Task.FromResult(Load());

    private CustomerKey Load()
    {
        if (OperatingSystem.IsWindows())
        {
            var value = Environment.GetEnvironmentVariable(name) ?? throw Missing();
            Environment.SetEnvironmentVariable(name, null);
            return KeyFormat.Parse(Encoding.UTF8.GetBytes(value), ToString());
        }
        // The C library has the bytes as they are; .NET's own view decodes them as UTF-8, and a key need not be text.
        var raw = getenv(name);
        if (raw == null)
        {
            throw Missing();
        }
        var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(raw);
        try
        {
            return KeyFormat.Parse(bytes, ToString());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(raw, bytes.Length));
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    private KeySourceException Missing() => new($"the environment variable {name} is not set");

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial byte* getenv(string name);
}
