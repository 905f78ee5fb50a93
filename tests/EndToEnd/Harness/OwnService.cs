namespace SseCFs.EndToEnd.Harness;

/// <summary>A service that one scenario has for itself, and may take away.</summary>
public interface IOwnService : IAsyncDisposable
{
    Endpoint Endpoint { get; }

    /// <summary>Ends the service without a word, as a crash does. What it stored stays.</summary>
    Task KillAsync();

    /// <summary>The service comes back, with the same objects at the same address. Does not wait until it answers.</summary>
    void StartAgain();
}
