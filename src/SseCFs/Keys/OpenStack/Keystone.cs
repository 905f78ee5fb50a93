using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SseCFs.Keys.OpenStack;

/// <summary>A token of the identity service, and where its catalogue says that the key manager is.</summary>
internal sealed record KeystoneToken(string Value, DateTimeOffset Expires, Uri KeyManager);

/// <summary>OpenStack's identity service, API version 3: POST /v3/auth/tokens of its reference. Tokens are kept as long as they are good. Thread-safe.</summary>
internal sealed class Keystone(OpenStackCloud cloud, CloudConnection connection, TimeProvider clock) : IDisposable
{
    private const string KeyManagerType = "key-manager";

    /// <summary>A token is not used up to its last second.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private KeystoneToken? _token;

    private string Service => $"Keystone at {cloud.AuthUrl}";

    /// <param name="refused">A token that the key manager did not take, and that is not to be given again.</param>
    /// <exception cref="KeySourceException">None can be had: what was refused, and what to do.</exception>
    public async ValueTask<KeystoneToken> TokenAsync(KeystoneToken? refused, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_token is null || ReferenceEquals(_token, refused) || _token.Expires - clock.GetUtcNow() < Margin)
            {
                _token = await AskAsync(cancellation).ConfigureAwait(false);
            }
            return _token;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _token = null;
        _gate.Dispose();
    }

    private async Task<KeystoneToken> AskAsync(CancellationToken cancellation)
    {
        var body = new ArrayBufferWriter<byte>();
        WriteRequest(body);
        using var reply = await connection.SendAsync(Service, () => new HttpRequestMessage(HttpMethod.Post, new Uri(cloud.AuthUrl, "auth/tokens"))
        {
            Content = new ReadOnlyMemoryContent(body.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        }, cancellation).ConfigureAwait(false);
        var text = await reply.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        if (reply.StatusCode != HttpStatusCode.Created)
        {
            throw Refused(reply.StatusCode, text);
        }
        try
        {
            using var document = JsonDocument.Parse(text);
            var token = document.RootElement.GetProperty("token");
            return new KeystoneToken(
                reply.Headers.GetValues("X-Subject-Token").First(),
                token.GetProperty("expires_at").GetDateTimeOffset(),
                KeyManagerIn(token));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new KeySourceException($"{Service} answered something that is no token: is it an identity service, version 3?", e);
        }
    }

    private void WriteRequest(IBufferWriter<byte> into)
    {
        using var json = new Utf8JsonWriter(into);
        json.WriteStartObject();
        json.WriteStartObject("auth");
        json.WriteStartObject("identity");
        json.WriteStartArray("methods");
        json.WriteStringValue(cloud.Login is PasswordLogin ? "password" : "application_credential");
        json.WriteEndArray();
        if (cloud.Login is PasswordLogin login)
        {
            json.WriteStartObject("password");
            WriteNamed(json, "user", login.User, ("password", login.Password));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("scope");
            WriteNamed(json, "project", login.Project);
            json.WriteEndObject();
        }
        else
        {
            // With its own project, and so without a scope: Keystone refuses one.
            var credential = (ApplicationCredentialLogin)cloud.Login;
            json.WriteStartObject("application_credential");
            json.WriteString("secret", credential.Secret);
            if (credential.Id is not null)
            {
                json.WriteString("id", credential.Id);
            }
            else
            {
                json.WriteString("name", credential.Name);
                WriteNamed(json, "user", credential.User!);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteNamed(Utf8JsonWriter json, string what, Named named, (string Name, string Value)? more = null)
    {
        json.WriteStartObject(what);
        if (named.Id is not null)
        {
            json.WriteString("id", named.Id);
        }
        else
        {
            json.WriteString("name", named.Name);
            json.WriteStartObject("domain");
            json.WriteString(named.DomainId is null ? "name" : "id", named.DomainId ?? named.DomainName);
            json.WriteEndObject();
        }
        if (more is { } pair)
        {
            json.WriteString(pair.Name, pair.Value);
        }
        json.WriteEndObject();
    }

    private Uri KeyManagerIn(JsonElement token)
    {
        if (!token.TryGetProperty("catalog", out var catalog))
        {
            throw new KeySourceException($"{Service} gave a token without a project, which Barbican does not take: give project_name or project_id ({cloud.Origin})");
        }
        var all = catalog.EnumerateArray()
            .Where(service => service.GetProperty("type").GetString() == KeyManagerType)
            .SelectMany(service => service.GetProperty("endpoints").EnumerateArray())
            .Select(endpoint => (Interface: Text(endpoint, "interface"), Region: Text(endpoint, "region_id") ?? Text(endpoint, "region"), Url: Text(endpoint, "url")))
            .ToList();
        if (all.Count == 0)
        {
            throw new KeySourceException($"the catalogue of {Service} has no key manager (Barbican): this cloud does not offer one to {cloud.Login}");
        }
        var fitting = all.Where(endpoint => endpoint.Interface == cloud.Interface && (cloud.Region is null || endpoint.Region == cloud.Region)).Distinct().ToList();
        var offered = string.Join(", ", all.Select(endpoint => $"{endpoint.Interface} in {endpoint.Region}").Distinct().Order(StringComparer.Ordinal));
        return fitting.Count switch
        {
            1 when Uri.TryCreate(fitting[0].Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" => url,
            1 => throw new KeySourceException($"the catalogue of {Service} has a key manager at '{fitting[0].Url}', which is no URL"),
            0 => throw new KeySourceException($"the catalogue of {Service} has no {cloud.Interface} key manager in region {cloud.Region ?? "any"}; it has {offered}"),
            _ => throw new KeySourceException($"the catalogue of {Service} has key managers in several regions: name one with region_name; it has {offered}"),
        };
    }

    private KeySourceException Refused(HttpStatusCode status, byte[] body)
    {
        var said = KeyManager.MessageOf(body);
        return new KeySourceException((status, cloud.Login) switch
        {
            (HttpStatusCode.Unauthorized, PasswordLogin) =>
                $"{Service} refused {cloud.Login}: a wrong password, an unknown user, or a project in which the user has no role ({cloud.Origin})",
            (HttpStatusCode.Unauthorized, _) => $"{Service} refused {cloud.Login}: a wrong secret, or it has expired ({cloud.Origin})",
            (HttpStatusCode.NotFound, ApplicationCredentialLogin) when said is not null => $"{Service} does not know {cloud.Login}: it was deleted, or belongs to another cloud ({cloud.Origin})",
            (HttpStatusCode.NotFound, _) => $"{Service} is no identity service, version 3: auth_url should end in /v3 ({cloud.Origin})",
            ( >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest, _) => $"{Service} redirects elsewhere, which is not followed: put the right auth_url ({cloud.Origin})",
            _ => $"{Service} answered {(int)status}{(said is null ? "" : ": " + said)}",
        });
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
