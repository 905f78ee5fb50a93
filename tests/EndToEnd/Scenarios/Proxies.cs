using SseCFs.EndToEnd.Harness;
using SseCFs.Tests.Support;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A mount of a service over TLS, through the proxy that was named for it.</summary>
public sealed class Proxies(Target target) : IAsyncLifetime
{
    private readonly string _bucket = "proxies-" + Target.RandomName();
    private readonly ConnectProxy _proxy = ConnectProxy.StartFor("me", "proxy-password");
    private readonly ConnectProxy _ofEnvironment = ConnectProxy.Start();
    private EmbeddedStore? _store;
    private S3Client? _s3;

    private Endpoint Endpoint => _store?.Endpoint ?? target.Endpoint;

    public async ValueTask InitializeAsync()
    {
        if (target.IsEmbedded) _store = await EmbeddedStore.StartOverTlsAsync(target);
        _s3 = new S3Client(Endpoint, _bucket);
        await _s3.MakeBucketAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_s3 is not null)
        {
            if (!target.IsEmbedded) await _s3.RemoveBucketAsync();
            _s3.Dispose();
        }

        if (_store is not null) await _store.DisposeAsync();
        await _proxy.DisposeAsync();
        await _ofEnvironment.DisposeAsync();
    }

    [Fact]
    public async Task AllGoesThroughTunnels()
    {
        var home = Path.Combine(target.Home, "proxies-" + Target.RandomName());
        Directory.CreateDirectory(home);
        var environment = target.Environment(Endpoint);
        foreach (var name in new[] { "http_proxy", "https_proxy", "ALL_PROXY" }) environment[name] = _ofEnvironment.Address.ToString();
        await Shell.RunAsync($$"""
            mkdir m; umask 077; echo me:proxy-password >credentials; umask 022
            mount_it() { "{{target.Tool}}" mount s3://{{_bucket}} m --key "file:{{target.KeyFile}}" --endpoint "{{Endpoint.Url}}" --log-file log "$@"; }
            refused 'asks for user and password' mount_it --proxy "{{_proxy.Address}}"
            mount_it -o "proxy={{_proxy.Address}},proxy-credentials=credentials"
            trap '"{{target.Tool}}" umount m' EXIT
            noise 20000000 1 >m/large; echo small >m/small; mv m/small m/moved; cp m/large m/copy
            "{{target.Tool}}" umount m
            mount_it --proxy "{{_proxy.Address}}" --proxy-credentials credentials
            cmp m/large <(noise 20000000 1); cmp m/copy m/large; is "$(cat m/moved)" small
            """, home, environment);
        Assert.All(_proxy.Heads, head => Assert.StartsWith($"CONNECT {Endpoint.Url.Authority} ", head, StringComparison.Ordinal));
        Assert.DoesNotContain(Convert.ToBase64String(target.Key), _proxy.Seen, StringComparison.Ordinal);
        Assert.Equal(0, _ofEnvironment.Connections);
    }
}
