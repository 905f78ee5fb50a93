using System.Diagnostics;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

public sealed class FaultTests
{
    private static readonly byte[] Content = Wording.Bytes(400_000);

    [Fact]
    public async Task Slow_down_strikes_as_often_as_told_and_where()
    {
        await using var store = await TestStore.StartAsync();
        store.Server.SetFaults(Fault.Parse("slow-down:count=2,skip=1,op=PutObject,key=a/*"));
        int[] statuses = [.. await InTurnAsync(5, () => store.S3.PutAsync("a/b", [1]))];
        Assert.Equal([200, 503, 503, 200, 200], statuses);
        store.Server.SetFaults(Fault.Parse("slow-down:method=PUT,key=a/*"));
        Assert.Equal((200, 503, 200), ((await store.S3.PutAsync("b", [1])).Status, (await store.S3.PutAsync("a/c", [1])).Status, (await store.S3.GetAsync("a/b")).Status));
        store.Server.SetFaults();
        Assert.Equal(200, (await store.S3.PutAsync("a/c", [1])).Status);
    }

    [Fact]
    public async Task Chance_is_the_same_for_the_same_seed()
    {
        async Task<int[]> RunAsync(int seed)
        {
            await using var store = await TestStore.StartAsync(configure: o => o with { FaultSeed = seed, Faults = [Fault.Parse("slow-down:p=0.5,method=GET")] });
            return [.. await InTurnAsync(40, () => store.S3.GetAsync(""))];
        }
        int[] first = await RunAsync(7);
        Assert.Equal(first, await RunAsync(7));
        Assert.NotEqual(first, await RunAsync(8));
        Assert.InRange(first.Count(s => s == 503), 8, 32);
    }

    [Fact]
    public async Task A_lost_reply_was_carried_out()
    {
        await using var store = await TestStore.StartAsync();
        store.Server.SetFaults(Fault.Parse("lost-reply:count=1,op=PutObject"));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => store.S3.PutAsync("o", Content, Keys(1)));
        Assert.Equal(Content, (await store.S3.GetAsync("o", Keys(1))).Body);
    }

    [Fact]
    public async Task A_cut_body_ends_in_the_middle_of_reply_and_of_request()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", Content, Keys(1));
        store.Server.SetFaults(Fault.Parse("cut:after=100000,count=1,op=GetObject"), Fault.Parse("cut:after=100000,count=1,op=PutObject"));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => store.S3.GetAsync("o", Keys(1)));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => store.S3.PutAsync("new", Content, Keys(1)));
        Assert.Equal(404, (await store.S3.HeadAsync("new", Keys(1))).Status);
        Assert.Equal(Content, (await store.S3.GetAsync("o", Keys(1))).Body);
    }

    [Fact]
    public async Task A_wrong_echo_stores_plaintext_and_says_nothing()
    {
        await using var store = await TestStore.StartAsync();
        store.Server.SetFaults(Fault.Parse("no-echo"));
        Assert.Equal("200 silent", (await store.S3.PutAsync("o", Content, Keys(1))).Word());
        Assert.Equal("plain", await store.S3.StoredAsAsync("o", Content));
        Assert.Equal("200 silent", (await store.S3.SendAsync("POST", "m", "uploads", Keys(1))).Word());
    }

    [Fact]
    public async Task Garbage_is_no_document()
    {
        await using var store = await TestStore.StartAsync();
        store.Server.SetFaults(Fault.Parse("garbage-xml:op=ListObjectsV2"));
        var list = await store.S3.GetAsync("", query: "list-type=2");
        Assert.Equal(200, list.Status);
        Assert.ThrowsAny<System.Xml.XmlException>(() => System.Xml.Linq.XDocument.Parse(list.Text));
    }

    [Fact]
    public async Task Latency_and_rate_slow_down()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("o", Content, Keys(1));
        store.Server.SetFaults(Fault.Parse("latency:ms=300,op=HeadObject"), Fault.Parse("rate:bytes=800000,key=o"));
        var watch = Stopwatch.StartNew();
        Assert.Equal(200, (await store.S3.HeadAsync("o", Keys(1))).Status);
        Assert.True(watch.ElapsedMilliseconds >= 290);
        watch.Restart();
        Assert.Equal(Content, (await store.S3.GetAsync("o", Keys(1))).Body);
        // Half a second, but for the piece of a body that is not held back.
        Assert.True(watch.ElapsedMilliseconds >= 350);
        watch.Restart();
        Assert.Equal(200, (await store.S3.PutAsync("o", Content, Keys(1))).Status);
        Assert.True(watch.ElapsedMilliseconds >= 350);
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("slow-down:p=2")]
    [InlineData("slow-down:count=x")]
    [InlineData("slow-down:op=Nothing")]
    [InlineData("slow-down:ms=3")]
    [InlineData("latency")]
    [InlineData("cut:count=1")]
    [InlineData("rate:bytes=0")]
    public void What_cannot_be_read_is_refused(string text) => Assert.Throws<FormatException>(() => Fault.Parse(text));

    [Fact]
    public async Task Requests_are_counted_and_logged_without_headers_and_queries()
    {
        string? log = null;
        await using var store = await TestStore.StartAsync(configure: o => o with { AccessLog = File.AppendText(log = o.Directory + ".log") });
        store.Server.Counts.Reset();
        await store.S3.PutAsync("a b", Content, Keys(1));
        await store.S3.GetAsync("a b", Keys(1));
        await store.S3.GetAsync("a b", Keys(2));
        await store.S3.GetAsync("", query: "list-type=2&prefix=hidden");
        Assert.Equal((1, 2, 1, 4), (store.Server.Counts[Operation.PutObject], store.Server.Counts[Operation.GetObject], store.Server.Counts[Operation.ListObjectsV2], store.Server.Counts.Total));
        // The line is written once the reply is out, which the client may see first.
        string[] lines = [];
        for (int i = 0; i < 100 && lines.Length < 5; i++)
        {
            using var reader = new StreamReader(new FileStream(log!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            lines = (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await Task.Delay(20);
        }
        string[][] fields = [.. lines.Skip(1).Select(l => l.Split(' '))];
        Assert.Equal(["200 PutObject /bucket/a%20b 400000 0", "200 GetObject /bucket/a%20b 0 400000", "403 GetObject /bucket/a%20b", "200 ListObjectsV2 /bucket"],
            fields.Select((f, i) => string.Join(' ', f.Skip(1).Take(i < 2 ? 5 : 3))));
        Assert.DoesNotContain("hidden", string.Concat(lines), StringComparison.Ordinal);
    }

    private static async Task<List<int>> InTurnAsync(int times, Func<Task<S3Answer>> send)
    {
        var statuses = new List<int>();
        for (int i = 0; i < times; i++)
            statuses.Add((await send()).Status);
        return statuses;
    }
}
