using System.Runtime.CompilerServices;

namespace SseCFs.Tests.Support;

/// <summary>Without a real service's credentials in the environment, the tests have some for the embedded store, which takes any.</summary>
internal static class EmbeddedCredentials
{
    // Before any test, as they run at once and share the environment.
    [ModuleInitializer]
    internal static void Set()
    {
        if (Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") is null)
        {
            Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "TESTACCESSKEY");
            Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "testsecretkey");
        }
    }
}
