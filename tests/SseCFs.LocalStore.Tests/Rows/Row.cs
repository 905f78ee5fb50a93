namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>
/// One row of the table of what services answer: a scenario that ends in a short text, and that text for each service. The texts for Ceph were
/// measured on 16.2.15, 18.2.7 and 20.2.4; those for AWS are what its documents say.
/// </summary>
internal sealed record Row(string Name, string Ceph16, string Ceph18, string Ceph20, string Aws, Func<S3Session, Task<string>> Run)
{
    public string For(string dialect) => dialect switch
    {
        "ceph16" => Ceph16,
        "ceph18" => Ceph18,
        "ceph20" => Ceph20,
        _ => Aws,
    };

    /// <summary>The same on all.</summary>
    public static Row Same(string name, string everywhere, Func<S3Session, Task<string>> run) => new(name, everywhere, everywhere, everywhere, everywhere, run);

    /// <summary>The same on Ceph.</summary>
    public static Row CephAndAws(string name, string ceph, string aws, Func<S3Session, Task<string>> run) => new(name, ceph, ceph, ceph, aws, run);

    public static IReadOnlyList<Row> All { get; } =
    [
        .. ObjectRows.All, .. CopyRows.All, .. MultipartRows.All, .. PartCopyRows.All, .. ConditionRows.All, .. ChecksumRows.All, .. OtherRows.All,
    ];

    public override string ToString() => Name;
}

/// <summary>The words of the rows.</summary>
internal static class Wording
{
    public static byte[] Bytes(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The status, and for a success whether it names the encryption.</summary>
    public static string Word(this S3Answer answer) =>
        answer.Status is >= 200 and < 300 ? $"{answer.Status} {(answer.Echoes ? "echo" : "silent")}" : $"{answer.Status}";

    /// <summary>"encrypted" where only the key gives these bytes, "plain" where no key does, else what is wrong.</summary>
    public static async Task<string> StoredAsAsync(this S3Session s3, string key, byte[] bytes, int keyNumber = 1)
    {
        var bare = await s3.GetAsync(key);
        if (bare.Status == 200)
            return bare.Body.AsSpan().SequenceEqual(bytes) ? "plain" : "plain, other bytes";
        var withKey = await s3.GetAsync(key, S3Session.Keys(keyNumber));
        return withKey.Status != 200 ? $"not readable: {withKey.Status}" : withKey.Body.AsSpan().SequenceEqual(bytes) ? "encrypted" : "encrypted, other bytes";
    }

    public static async Task<string> PutWordAsync(this S3Session s3, string key, byte[] bytes, Dictionary<string, string> headers) =>
        (await s3.PutAsync(key, bytes, headers)).Word();
}
