using System.Text;
using SseCFs.Secrets;

namespace SseCFs.Keys;

/// <summary>
/// An environment variable. Once read it is overwritten and removed, so that neither /proc/PID/environ nor any process started later shows it.
/// </summary>
internal sealed class EnvironmentKeySource(string name) : KeySource
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
        if (!SecretVariable.TryGet(name, out var bytes))
        {
            throw Missing();
        }
        try
        {
            return KeyFormat.Parse(bytes, ToString());
        }
        finally
        {
            SecretVariable.Wipe(name);
        }
    }

    private KeySourceException Missing() => new($"the environment variable {name} is not set");
}
