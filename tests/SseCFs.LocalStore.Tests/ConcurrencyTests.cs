using System.Globalization;
using System.Text;
using SseCFs.LocalStore.Tests.Rows;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task Of_many_exclusive_creates_one_wins()
    {
        await using var store = await TestStore.StartAsync();
        for (int round = 0; round < 10; round++)
        {
            string key = $"o{round}";
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => store.S3.PutAsync(key, [(byte)i], Merge(Keys(1), H("If-None-Match", "*")))));
            int winner = Array.FindIndex(answers, a => a.Status == 200);
            Assert.Equal(15, answers.Count(a => a.Status == 412));
            Assert.Equal([(byte)winner], (await store.S3.GetAsync(key, Keys(1))).Body);
        }
    }

    [Fact]
    public async Task No_conditional_update_is_lost()
    {
        await using var store = await TestStore.StartAsync();
        await store.S3.PutAsync("counter", "0"u8.ToArray(), Keys(1));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int done = 0; done < 10;)
            {
                var get = await store.S3.GetAsync("counter", Keys(1));
                int next = int.Parse(get.Text, CultureInfo.InvariantCulture) + 1;
                var put = await store.S3.PutAsync("counter", Encoding.ASCII.GetBytes($"{next}"), Merge(Keys(1), H("If-Match", get.ETag)));
                if (put.Status == 200)
                    done++;
                else
                    Assert.Equal(412, put.Status);
            }
        }));
        Assert.Equal("80", (await store.S3.GetAsync("counter", Keys(1))).Text);
    }

    [Fact]
    public async Task Readers_see_one_version_whole_while_writers_replace_it()
    {
        await using var store = await TestStore.StartAsync(configure: o => o with { MinimumPartSize = 1 });
        byte[][] versions = [Wording.Bytes(300_000, 1), Wording.Bytes(300_000, 2), Wording.Bytes(300_000, 3)];
        await store.S3.PutAsync("o", versions[0], Keys(1));
        var writing = Task.Run(async () =>
        {
            for (int i = 0; i < 40; i++)
            {
                byte[] version = versions[i % 3];
                var put = i % 2 == 0 ? await store.S3.PutAsync("o", version, Keys(1)) : await store.S3.UploadAsync("o", Keys(1), version[..100_000], version[100_000..]);
                Assert.Equal(200, put.Status);
            }
        });
        int reads = 0;
        while (!writing.IsCompleted)
        {
            byte[] body = (await store.S3.GetAsync("o", Keys(1))).Body;
            Assert.Contains(versions, v => v.AsSpan().SequenceEqual(body));
            reads++;
        }
        await writing;
        Assert.True(reads > 0);
    }
}
