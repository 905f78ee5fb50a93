using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;

namespace SseCFs.Keys.OpenStack;

/// <summary>
/// OpenStack's key manager, Barbican, API version 1. Always the one of the catalogue: of the address of a secret only its id is used, so that no token goes to a host
/// that such an address names. Thread-safe.
/// </summary>
internal sealed class KeyManager(Keystone keystone, CloudConnection connection)
{
    private const int LongestMessage = 300;

    /// <summary>The id in the address of a secret, or the id alone; Barbican knows ids in lower case only.</summary>
    /// <exception cref="KeySourceException">There is none.</exception>
    public static string IdOf(string secret)
    {
        var last = secret.TrimEnd('/').Split('/')[^1];
        return Guid.TryParseExact(last, "D", out var id)
            ? id.ToString("D")
            : throw new KeySourceException("barbican: takes a secret's address or id, as in barbican:https://…/v1/secrets/6937a5d6-75e8-4325-bb1c-ee1b77416f3a");
    }

    /// <summary>The payload's bytes, as they are, whatever their type.</summary>
    public async Task<HttpResponseMessage> GetPayloadAsync(string id, CancellationToken cancellation)
    {
        var (manager, reply) = await SendAsync(url => new HttpRequestMessage(HttpMethod.Get, new Uri(url, $"secrets/{id}/payload"))
        {
            // The one type that every secret can be had as; Barbican compares it as a whole.
            Headers = { Accept = { new MediaTypeWithQualityHeaderValue("application/octet-stream") } },
        }, cancellation).ConfigureAwait(false);
        if (reply.StatusCode == HttpStatusCode.OK)
        {
            return reply;
        }
        using (reply)
        {
            throw Refused(manager, reply.StatusCode, await reply.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false), $"secret {id}");
        }
    }

    /// <returns>The address of the new secret.</returns>
    public async Task<string> StoreAsync(string name, CustomerKey key, CancellationToken cancellation)
    {
        var body = GC.AllocateArray<byte>(4096, pinned: true);
        try
        {
            var length = WriteSecret(body, name, key);
            var (manager, reply) = await SendAsync(url => new HttpRequestMessage(HttpMethod.Post, new Uri(url, "secrets"))
            {
                Content = new ReadOnlyMemoryContent(body.AsMemory(0, length)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            }, cancellation).ConfigureAwait(false);
            using (reply)
            {
                return reply.StatusCode == HttpStatusCode.Created && reply.Headers.Location is { } location
                    ? location.ToString()
                    : throw Refused(manager, reply.StatusCode, await reply.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false), "a new secret");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(body);
        }
    }

    /// <summary>The message in an error of Barbican or Keystone; null if it has another form.</summary>
    public static string? MessageOf(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var text = root.TryGetProperty("error", out var error) && error.TryGetProperty("message", out var message) ? message.GetString()
                : root.TryGetProperty("description", out var description) ? description.GetString()
                : null;
            text = text?.ReplaceLineEndings(" ");
            return text?.Length > LongestMessage ? text[..LongestMessage] + "…" : text;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static int WriteSecret(byte[] body, string name, CustomerKey key)
    {
        using var stream = new MemoryStream(body);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("algorithm", "aes");
            json.WriteNumber("bit_length", 8 * CustomerKey.Length);
            json.WriteString("mode", "ctr");
            json.WriteString("secret_type", "symmetric");
            json.WriteString("payload_content_type", "application/octet-stream");
            json.WriteString("payload_content_encoding", "base64");
            json.WriteBase64String("payload", key.Bytes);
            json.WriteEndObject();
        }
        return (int)stream.Position;
    }

    private async Task<(Uri Manager, HttpResponseMessage Reply)> SendAsync(Func<Uri, HttpRequestMessage> make, CancellationToken cancellation)
    {
        KeystoneToken? refused = null;
        for (; ; )
        {
            var token = await keystone.TokenAsync(refused, cancellation).ConfigureAwait(false);
            var manager = WithVersion(token.KeyManager);
            var reply = await connection.SendAsync($"Barbican at {token.KeyManager}", () =>
            {
                var request = make(manager);
                request.Headers.Add("X-Auth-Token", token.Value);
                return request;
            }, cancellation).ConfigureAwait(false);
            if (reply.StatusCode != HttpStatusCode.Unauthorized || refused is not null)
            {
                return (token.KeyManager, reply);
            }
            // Expired or revoked before its time: another one, once.
            reply.Dispose();
            refused = token;
        }
    }

    private static KeySourceException Refused(Uri manager, HttpStatusCode status, byte[] body, string what)
    {
        var said = MessageOf(body);
        return new KeySourceException(status switch
        {
            HttpStatusCode.Unauthorized => $"Barbican at {manager} does not take Keystone's token; they belong to different clouds, or the credential was deleted meanwhile",
            HttpStatusCode.Forbidden =>
                $"Barbican at {manager} does not give {what} to this user and project: it belongs to another project, its access list is private, or the user lacks the role 'creator'",
            HttpStatusCode.NotFound when said?.Contains("no payload", StringComparison.Ordinal) == true => $"Barbican at {manager} has {what}, but without a payload",
            HttpStatusCode.NotFound => $"Barbican at {manager} has no {what}: it was deleted, has expired, or is in another region",
            HttpStatusCode.RequestEntityTooLarge => $"Barbican at {manager} refuses {what}: a quota is used up{(said is null ? "" : $" ({said})")}",
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => $"Barbican at {manager} redirects elsewhere, which is not followed: the catalogue names a wrong address",
            _ => $"Barbican at {manager} answered {(int)status} for {what}{(said is null ? "" : ": " + said)}",
        });
    }

    /// <summary>Catalogues name the service with its version or without.</summary>
    private static Uri WithVersion(Uri url)
    {
        var path = url.AbsolutePath.TrimEnd('/');
        return new Uri(url, (path.EndsWith("/v1", StringComparison.Ordinal) ? path : path + "/v1") + "/");
    }
}
