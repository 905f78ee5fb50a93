using System.Security.Cryptography;
using SseCFs.Keys;
using SseCFs.Keys.OpenStack;
using Xunit;

namespace SseCFs.Tests.Keys.OpenStack;

/// <summary>Keys in Barbican, behind Keystone: on a double, and on the real ones that tests/real/barbican.sh starts.</summary>
public abstract class BarbicanTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>OS_ variables of a user: demo, other (in a project of its own) or appcred.</summary>
    private protected abstract Dictionary<string, string> VariablesOf(string user);

    [Theory]
    [InlineData("demo")]
    [InlineData("appcred")]
    public async Task AKeyComesBackAsItWasStored(string user)
    {
        using var cloud = Connect(VariablesOf(user));
        using var key = new CustomerKey(RandomNumberGenerator.GetBytes(CustomerKey.Length));
        var address = await cloud.Manager.StoreAsync("test", key, None);
        Assert.Contains("/v1/secrets/", address, StringComparison.Ordinal);
        using var back = await LoadAsync(cloud, address);
        Assert.Equal(key.Bytes.ToArray(), back.Bytes.ToArray());
        using var again = await LoadAsync(cloud, KeyManager.IdOf(address).ToUpperInvariant());
        Assert.Equal(key.Fingerprint, again.Fingerprint);
    }

    [Theory]
    [InlineData("demo", "OS_PASSWORD", "wrong", "refused user demo")]
    [InlineData("demo", "OS_USERNAME", "nobody", "refused user nobody")]
    [InlineData("demo", "OS_PROJECT_NAME", "other", "refused user demo (Default), project other")]
    [InlineData("demo", "OS_REGION_NAME", "Elsewhere", "no public key manager in region Elsewhere; it has")]
    [InlineData("appcred", "OS_APPLICATION_CREDENTIAL_SECRET", "wrong", "a wrong secret")]
    [InlineData("appcred", "OS_APPLICATION_CREDENTIAL_ID", "nobody", "does not know application credential nobody")]
    [InlineData("demo", "OS_AUTH_URL", "http://127.0.0.1:1/v3", "Keystone at http://127.0.0.1:1/v3/ cannot be reached")]
    [InlineData("demo", "OS_AUTH_URL", "http://id.example.org/v3", "plain http")]
    public async Task ARefusalSaysWhatToDo(string user, string variable, string value, string expected)
    {
        var variables = VariablesOf(user);
        variables[variable] = value;
        using var cloud = Connect(variables);
        var refusal = await Assert.ThrowsAsync<KeySourceException>(() => LoadAsync(cloud, Guid.NewGuid().ToString("D")));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fixture", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASecretOfAnotherProjectAndOneThatIsNotThereAreToldApart()
    {
        using var demo = Connect(VariablesOf("demo"));
        using var other = Connect(VariablesOf("other"));
        using var key = new CustomerKey(RandomNumberGenerator.GetBytes(CustomerKey.Length));
        var address = await demo.Manager.StoreAsync("test", key, None);
        Assert.Contains("belongs to another project", (await Assert.ThrowsAsync<KeySourceException>(() => LoadAsync(other, address))).Message, StringComparison.Ordinal);
        Assert.Contains("it was deleted", (await Assert.ThrowsAsync<KeySourceException>(() => LoadAsync(demo, Guid.NewGuid().ToString("D")))).Message, StringComparison.Ordinal);
    }

    private protected static CloudOfTest Connect(Dictionary<string, string> variables) => new(new CloudSettings(variables.GetValueOrDefault, []).Find(null));

    private protected static async Task<CustomerKey> LoadAsync(CloudOfTest cloud, string secret)
    {
        using var reply = await cloud.Manager.GetPayloadAsync(KeyManager.IdOf(secret), None);
        return KeyFormat.Parse(await reply.Content.ReadAsByteArrayAsync(None), "barbican");
    }

    private protected sealed class CloudOfTest(OpenStackCloud cloud) : IDisposable
    {
        private readonly CloudConnection _connection = new(cloud.CaFile, proxy: null, allowPlainHttp: false);
        private Keystone? _keystone;

        public KeyManager Manager => new(_keystone ??= new Keystone(cloud, _connection, TimeProvider.System), _connection);

        public void Dispose()
        {
            _keystone?.Dispose();
            _connection.Dispose();
        }
    }
}

public sealed class BarbicanOnDoubleTests : BarbicanTests, IAsyncLifetime
{
    private readonly FakeCloud _cloud = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cloud.DisposeAsync();

    [Fact]
    public async Task ATokenIsUsedAgainAndRenewedWhenItIsRefused()
    {
        using var cloud = Connect(VariablesOf("demo"));
        using var key = new CustomerKey(new byte[CustomerKey.Length]);
        var manager = cloud.Manager;
        var address = await manager.StoreAsync("test", key, CancellationToken.None);
        using (await manager.GetPayloadAsync(KeyManager.IdOf(address), CancellationToken.None))
            Assert.Equal(1, _cloud.Tokens);
        _cloud.RevokeTokens();
        using (await manager.GetPayloadAsync(KeyManager.IdOf(address), CancellationToken.None))
            Assert.Equal(2, _cloud.Tokens);
    }

    private protected override Dictionary<string, string> VariablesOf(string user) => user == "appcred"
        ? new() { ["OS_AUTH_URL"] = _cloud.Url, ["OS_AUTH_TYPE"] = "v3applicationcredential", ["OS_APPLICATION_CREDENTIAL_ID"] = "known", ["OS_APPLICATION_CREDENTIAL_SECRET"] = "fixture" }
        : new()
        {
            ["OS_AUTH_URL"] = _cloud.Url,
            ["OS_USERNAME"] = user,
            ["OS_PASSWORD"] = "fixture",
            ["OS_PROJECT_NAME"] = user,
            ["OS_USER_DOMAIN_NAME"] = "Default",
            ["OS_PROJECT_DOMAIN_NAME"] = "Default",
            ["OS_REGION_NAME"] = "RegionOne",
        };
}

public sealed class BarbicanOnRealServiceTests : BarbicanTests
{
    private protected override Dictionary<string, string> VariablesOf(string user)
    {
        var folder = Environment.GetEnvironmentVariable("BARBICAN");
        if (folder is null && Environment.GetEnvironmentVariable("SSECFS_REQUIRE_REAL") is null)
            Assert.Skip("BARBICAN is not set: tests/real/barbican.sh starts one");
        var name = user switch { "appcred" => "appcred.env", "demo" => "openrc", _ => "openrc." + user };
        return File.ReadLines(Path.Combine(folder!, name)).Where(line => line.StartsWith("export ", StringComparison.Ordinal))
            .Select(line => line["export ".Length..].Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }
}
