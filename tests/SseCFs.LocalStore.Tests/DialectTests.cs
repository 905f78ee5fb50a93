using SseCFs.LocalStore.Tests.Rows;

namespace SseCFs.LocalStore.Tests;

/// <summary>Every row of the table, on every dialect; and the same rows on a real Ceph, which shows that the table is right.</summary>
public sealed class DialectTests
{
    public static TheoryData<string, string> Rows
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var row in Row.All)
            {
                foreach (var dialect in Dialect.All)
                    data.Add(dialect.Name, row.Name);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Answers_as_measured(string dialect, string name)
    {
        var row = Row.All.Single(r => r.Name == name);
        await using var store = await TestStore.StartAsync(Dialect.Parse(dialect));
        Assert.Equal(row.For(dialect), await row.Run(store.S3));
    }

    /// <summary>Set SSECFS_TEST_CEPH16 to the http endpoint of a Ceph 16.2 (with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) to compare the table with it.</summary>
    [Fact]
    public async Task A_real_Ceph_16_answers_as_the_table_says()
    {
        string? endpoint = Environment.GetEnvironmentVariable("SSECFS_TEST_CEPH16");
        Assert.SkipWhen(string.IsNullOrEmpty(endpoint), "SSECFS_TEST_CEPH16 names no endpoint");
        string bucket = $"localstore-{Guid.NewGuid():n}"[..30];
        using var s3 = new S3Session(new Uri(endpoint), Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")!, Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")!, bucket);
        Assert.Equal(200, (await s3.SendAsync("PUT", "", "")).Status);
        var wrong = new List<string>();
        try
        {
            foreach (var row in Row.All)
            {
                string actual = await row.Run(s3);
                if (actual != row.Ceph16)
                    wrong.Add($"{row.Name}: {actual}, and not {row.Ceph16}");
                await EmptyAsync(s3);
            }
        }
        finally
        {
            await s3.SendAsync("DELETE", "", "");
        }
        Assert.Empty(wrong);
    }

    private static async Task EmptyAsync(S3Session s3)
    {
        foreach (string key in (await s3.GetAsync("")).Elements("Key"))
            await s3.DeleteAsync(key);
        var uploads = await s3.GetAsync("", query: "uploads");
        foreach (var (key, id) in uploads.Elements("Key").Zip(uploads.Elements("UploadId")))
            await s3.SendAsync("DELETE", key, "uploadId=" + Uri.EscapeDataString(id));
    }
}
