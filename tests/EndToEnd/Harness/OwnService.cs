using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SseCFs.EndToEnd.Harness;

/// <summary>A service that one scenario has for itself, and may take away.</summary>
public interface IOwnService : IAsyncDisposable
{
    Endpoint Endpoint { get; }

    /// <summary>Ends the service without a word, as a crash does. What it stored stays.</summary>
    Task KillAsync();

    /// <summary>The service comes back, with the same objects at the same address. Waits until it can be reached.</summary>
    Task StartAgainAsync();
}

internal static class Listening
{
    /// <returns>False: nobody listens there in time, or the process has ended.</returns>
    public static async Task<bool> ListensAsync(this Background process, Endpoint endpoint)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Background.HangLimit && !process.HasExited; await Task.Delay(100))
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, endpoint.Url.Port);
                return true;
            }
            catch (SocketException)
            {
                // Not yet.
            }
        }

        return false;
    }
}
