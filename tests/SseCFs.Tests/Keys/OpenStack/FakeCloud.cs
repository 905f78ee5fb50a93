using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace SseCFs.Tests.Keys.OpenStack;

/// <summary>Keystone and Barbican as the real ones answer (measured), with a few users and what is stored while it lives.</summary>
internal sealed class FakeCloud : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly Dictionary<string, (string Project, byte[] Payload)> _secrets = [];
    private readonly Dictionary<string, string> _tokens = [];
    private readonly Task _serving;

    public FakeCloud()
    {
        (_listener, Url) = Listen();
        _serving = ServeAsync();
    }

    public string Url { get; }

    /// <summary>Tokens that were given out.</summary>
    public int Tokens { get; private set; }

    public void RevokeTokens() => _tokens.Clear();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        for (; ; )
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            using var reader = new StreamReader(context.Request.InputStream);
            var (status, body) = Answer(context, await reader.ReadToEndAsync());
            context.Response.StatusCode = status;
            context.Response.Close(body, willBlock: true);
        }
    }

    /// <summary>On a port that was free a moment ago: it cannot take one of itself, and somebody may be faster.</summary>
    private static (HttpListener, string Url) Listen()
    {
        for (var tries = 0; ; tries++)
        {
            string url;
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
            }
            var listener = new HttpListener();
            listener.Prefixes.Add(url + "/");
            try
            {
                listener.Start();
                return (listener, url);
            }
            catch (HttpListenerException) when (tries < 10)
            {
            }
        }
    }

    private (int Status, byte[] Body) Answer(HttpListenerContext context, string body)
    {
        var (method, path) = (context.Request.HttpMethod, context.Request.Url!.AbsolutePath);
        if ((method, path) == ("POST", "/v3/auth/tokens"))
        {
            return GiveToken(context.Response, JsonNode.Parse(body)!["auth"]!);
        }
        if (!_tokens.TryGetValue(context.Request.Headers["X-Auth-Token"] ?? "", out var project))
        {
            return (401, Error(401, "The request you have made requires authentication."));
        }
        if ((method, path) == ("POST", "/v1/secrets"))
        {
            var secret = JsonNode.Parse(body)!;
            var id = Guid.NewGuid().ToString("D");
            var payload = secret["payload"]?.GetValue<string>() ?? "";
            _secrets[id] = (project, secret["payload_content_encoding"] is null ? Encoding.UTF8.GetBytes(payload) : Convert.FromBase64String(payload));
            context.Response.Headers["Location"] = $"http://elsewhere.example.org/v1/secrets/{id}";
            return (201, []);
        }
        if (context.Request.Headers["Accept"] != "application/octet-stream")
        {
            return (406, Described(406, "Secret payload retrieval issue seen - Wrong payload content-type."));
        }
        return !_secrets.TryGetValue(path.Replace("/v1/secrets/", "", StringComparison.Ordinal).Replace("/payload", "", StringComparison.Ordinal), out var found) ? (404, Described(404, "Secret not found."))
            : found.Project != project ? (403, Described(403, "Secret payload retrieval attempt not allowed - please review your user/project privileges"))
            : found.Payload.Length == 0 ? (404, Described(404, "Not Found. Sorry but your secret has no payload."))
            : (200, found.Payload);
    }

    private (int Status, byte[] Body) GiveToken(HttpListenerResponse response, JsonNode auth)
    {
        var identity = auth["identity"]!;
        string? project;
        if (identity["application_credential"] is { } credential)
        {
            if (credential["id"]?.GetValue<string>() != "known")
            {
                return (404, Error(404, "Could not find Application Credential: nobody."));
            }
            project = credential["secret"]?.GetValue<string>() == "fixture" && auth["scope"] is null ? "demo" : null;
        }
        else
        {
            var user = identity["password"]!["user"]!;
            var name = user["name"]?.GetValue<string>();
            project = user["password"]?.GetValue<string>() == "fixture" && auth["scope"]?["project"]?["name"]?.GetValue<string>() == name ? name : null;
        }
        if (project is null)
        {
            return (401, Error(401, "The request you have made requires authentication."));
        }
        Tokens++;
        var token = Guid.NewGuid().ToString("N");
        _tokens[token] = project;
        response.Headers["X-Subject-Token"] = token;
        JsonObject EndpointOf(string face) => new() { ["interface"] = face, ["region"] = "RegionOne", ["region_id"] = "RegionOne", ["url"] = Url };
        var manager = new JsonObject { ["type"] = "key-manager", ["endpoints"] = new JsonArray(EndpointOf("public"), EndpointOf("internal")) };
        return (201, Bytes(new JsonObject
        {
            ["token"] = new JsonObject { ["expires_at"] = DateTime.UtcNow.AddHours(1).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture), ["catalog"] = new JsonArray(manager) },
        }));
    }

    private static byte[] Error(int code, string message) =>
        Bytes(new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["title"] = "Error", ["message"] = message } });

    private static byte[] Described(int code, string description) => Bytes(new JsonObject { ["code"] = code, ["title"] = "Error", ["description"] = description });

    private static byte[] Bytes(JsonObject body) => Encoding.UTF8.GetBytes(body.ToJsonString());
}
