namespace SseCFs.Keys.OpenStack;

/// <summary>
/// A secret in OpenStack's Barbican: 32 bytes (octet-stream), or their text (32 characters, base64 or hexadecimal). Each load asks for a token and the secret anew.
/// </summary>
internal sealed class BarbicanKeySource(string secret, KeySourceOptions options) : KeySource
{
    private readonly string _id = KeyManager.IdOf(secret);
    private readonly CloudSettings _clouds = CloudSettings.OfThisUser();

    public override string ToString() => "barbican:" + _id;

    public override async Task<CustomerKey> LoadAsync(CancellationToken cancellation)
    {
        var cloud = _clouds.Find(options.Cloud);
        using var connection = new CloudConnection(cloud.CaFile, options.Proxy, options.AllowPlainHttp);
        using var keystone = new Keystone(cloud, connection, TimeProvider.System);
        using var reply = await new KeyManager(keystone, connection).GetPayloadAsync(_id, cancellation).ConfigureAwait(false);
        var stream = await reply.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            return await ReadAsync(stream, null, cancellation).ConfigureAwait(false);
        }
    }
}

/// <summary>Puts keys into Barbican.</summary>
public static class BarbicanStore
{
    /// <returns>The address of the new secret; <c>barbican:ADDRESS</c> is its source.</returns>
    /// <exception cref="KeySourceException">It cannot be stored.</exception>
    public static async Task<string> StoreAsync(string name, CustomerKey key, KeySourceOptions options, CancellationToken cancellation)
    {
        var cloud = CloudSettings.OfThisUser().Find(options.Cloud);
        using var connection = new CloudConnection(cloud.CaFile, options.Proxy, options.AllowPlainHttp);
        using var keystone = new Keystone(cloud, connection, TimeProvider.System);
        return await new KeyManager(keystone, connection).StoreAsync(name, key, cancellation).ConfigureAwait(false);
    }
}
