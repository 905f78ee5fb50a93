using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SseCFs.EndToEnd.Harness;

/// <summary>One request as it went to the service.</summary>
/// <param name="Line">Method and target, unescaped: "GET /bucket?list-type=2&amp;prefix=d/name".</param>
public sealed record SeenRequest(DateTime Time, string Line);

/// <summary>
/// Notes every request. Over TLS it has a certificate of its own, since only the end of a connection sees what passes through, and makes another connection to the service.
/// </summary>
public sealed class RequestLog : PassingProxy
{
    private static readonly string[] Methods = ["GET ", "PUT ", "HEAD ", "POST ", "DELETE "];

    private readonly List<SeenRequest> _seen = [];
    private readonly X509Certificate2? _certificate;

    private RequestLog(Endpoint service, string directory)
        : base(service)
    {
        if (service.Url.Scheme == Uri.UriSchemeHttps)
        {
            _certificate = MakeCertificate();
            var file = Path.Combine(directory, $"request-log-{Target.RandomName()}.pem");
            File.WriteAllText(file, _certificate.ExportCertificatePem());
            Endpoint = Endpoint with { CertificateFile = file };
        }
        Start();
    }

    /// <param name="directory">Gets the certificate that is to be trusted.</param>
    public static RequestLog Start(Endpoint service, string directory) => new(service, directory);

    /// <summary>What came in between two moments, in the order of its coming.</summary>
    public IReadOnlyList<SeenRequest> Between(DateTime start, DateTime end)
    {
        lock (_seen) return [.. _seen.Where(request => request.Time >= start && request.Time <= end)];
    }

    protected override void Dispose() => _certificate?.Dispose();

    protected override async Task CarryAsync(NetworkStream near, NetworkStream far)
    {
        await using var client = await EncryptAsync(near);
        await using var service = await EncryptToServiceAsync(far);
        var connection = new Connection();
        await Task.WhenAny(
            CopyAsync(client, service, data => Note(connection, data)),
            CopyAsync(service, client, _ => connection.IsAnswered = true));
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        if (_certificate is null) return stream;
        var encrypted = new SslStream(stream);
        await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, Stop);
        return encrypted;
    }

    private async Task<Stream> EncryptToServiceAsync(Stream stream)
    {
        if (_certificate is null) return stream;
        using var trusted = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Service.CertificateFile!));
        var encrypted = new SslStream(
            stream,
            leaveInnerStreamOpen: false,
            (_, certificate, _, _) => certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(trusted.RawData));
        await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = Service.Url.Host }, Stop);
        return encrypted;
    }

    /// <summary>
    /// A request follows an answer: clients of S3 do not send ahead. So does a body after "100 Continue", which begins otherwise.
    /// </summary>
    private void Note(Connection connection, ReadOnlyMemory<byte> data)
    {
        if (!connection.IsAnswered) return;
        var text = Encoding.ASCII.GetString(data.Span[..Math.Min(data.Length, 4096)]);
        if (!Methods.Any(method => text.StartsWith(method, StringComparison.Ordinal))) return;
        connection.IsAnswered = false;
        var line = text[..text.IndexOf(" HTTP/1.1\r\n", StringComparison.Ordinal)];
        lock (_seen) _seen.Add(new SeenRequest(DateTime.UtcNow, Uri.UnescapeDataString(line)));
    }

    private sealed class Connection
    {
        /// <summary>Nothing was asked yet, or an answer has come.</summary>
        public volatile bool IsAnswered = true;
    }
}
