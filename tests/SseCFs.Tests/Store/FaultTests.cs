using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using SseCFs.LocalStore;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>What goes wrong on the way: each fault on a service of its own, in the dialects whose answers differ.</summary>
public abstract class FaultTests(EmbeddedService service) : IDisposable
{
    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);
    private static readonly CancellationToken None = CancellationToken.None;

    private S3ObjectStore Store => service.Store;

    public void Dispose()
    {
        Break();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(299_999)]
    public async Task ABodyThatBreaksOffIsResumedAtItsByte(int after)
    {
        var content = Bytes(300_000);
        await PutAsync("cut", content);
        Break(new Fault(FaultKind.Cut) { Amount = after, Operation = Operation.GetObject, Count = 3 });
        Assert.Equal(content, await ReadAsync("cut"));
    }

    [Fact]
    public async Task AnObjectReplacedWhileItIsReadIsStale()
    {
        await PutAsync("replaced", Bytes(300_000));
        // Every reply is cut, so that this one is, wherever in its way to us that happens.
        Break(new Fault(FaultKind.Cut) { Amount = 150_000, Operation = Operation.GetObject });
        var body = (await Store.GetAsync("replaced", 0, 300_000, null, null, None))!;
        await using (body)
        {
            await PutAsync("replaced", Bytes(299_999));
            var failure = await Assert.ThrowsAsync<FsException>(async () =>
            {
                var buffer = new byte[100_000];
                while (await body.ReadAsync(buffer, None) > 0)
                {
                }
            });
            Assert.Equal(FsError.Stale, failure.Reason);
        }
    }

    [Theory]
    [InlineData(FaultKind.SlowDown)]
    [InlineData(FaultKind.InternalError)]
    public async Task PassingTroubleIsWaitedOut(FaultKind kind)
    {
        Break(new Fault(kind) { Count = 3 });
        await PutAsync("trouble", Bytes(10));
        Break(new Fault(kind) { Count = 3 });
        Assert.Equal(Bytes(10), await ReadAsync("trouble"));
        Break(new Fault(kind) { Count = 3 });
        Assert.Single((await Store.ListAsync("trouble", null, null, 10, None)).Objects);
    }

    [Fact]
    public async Task TroubleThatStaysIsGivenUpInTime()
    {
        Break(new Fault(FaultKind.SlowDown));
        using var store = service.StoreWith(service.Key, service.Options with { RetryFor = TimeSpan.FromSeconds(1) });
        var clock = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<FsException>(() => store.HeadAsync("trouble", None).AsTask());
        Assert.Equal(FsError.Unavailable, failure.Reason);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task TheRequestsThatFollowAWaitInVainAreTriedOnce()
    {
        Break(new Fault(FaultKind.SlowDown));
        using var store = service.StoreWith(service.Key, service.Options with { RetryFor = TimeSpan.FromSeconds(3) });
        var first = await FailAsync();
        Assert.Equal((1, 1), (await FailAsync(), await FailAsync()));
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        Assert.True(first > 1 && await FailAsync() > 1);
        // The service answers: what fails now is another outage.
        Break();
        await store.ListAsync("", null, null, 1, None);
        Break(new Fault(FaultKind.SlowDown));
        Assert.True(await FailAsync() > 1);

        async Task<long> FailAsync()
        {
            var before = service.Server.Counts[Operation.HeadObject];
            Assert.Equal(FsError.Unavailable, (await Assert.ThrowsAsync<FsException>(() => store.HeadAsync("trouble", None).AsTask())).Reason);
            return service.Server.Counts[Operation.HeadObject] - before;
        }
    }

    [Fact]
    public void SteadyTrafficDoesNotShortenWaitsForLongerThanOneWait()
    {
        var clock = new FakeTimeProvider();
        var waits = new VainWaits(clock, TimeSpan.FromSeconds(10));
        Assert.False(waits.HasJustEnded);
        waits.Add(isWhole: true);
        for (var half = 0; half < 22; half++)
        {
            Assert.True(waits.HasJustEnded);
            waits.Add(isWhole: false);
            clock.Advance(TimeSpan.FromSeconds(0.5));
        }
        Assert.False(waits.HasJustEnded);
    }

    [Fact]
    public async Task AServiceThatDoesNotAnswerIsGivenUpInTime()
    {
        Break(new Fault(FaultKind.Latency) { Amount = 60_000 });
        using var store = service.StoreWith(service.Key, service.Options with { RetryFor = TimeSpan.FromMilliseconds(1), AnswerWithin = TimeSpan.FromSeconds(1) });
        var clock = Stopwatch.StartNew();
        foreach (var request in new Func<Task>[]
        {
            () => store.HeadAsync("mute", None).AsTask(),
            () => store.PutAsync("mute", ObjectContent.Of(Bytes(10)), NoMetadata, WriteCondition.None, None).AsTask(),
        })
        {
            var failure = await Assert.ThrowsAsync<FsException>(request);
            Assert.Equal(FsError.Unavailable, failure.Reason);
        }
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
        Break();
    }

    [Fact]
    public async Task ACallerMayStopWaiting()
    {
        Break(new Fault(FaultKind.Latency) { Amount = 60_000 });
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.HeadAsync("mute", impatient.Token).AsTask());
        using var again = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.PutAsync("mute", ObjectContent.Of(Bytes(10)), NoMetadata, WriteCondition.None, again.Token).AsTask());
        Break();
    }

    [Fact]
    public async Task ALostReplyIsNotTakenForAnotherWriter()
    {
        var metadata = new ObjectMetadata(new Dictionary<string, string> { ["mtime"] = "1.000000001" }, null);
        Break(new Fault(FaultKind.LostReply) { Operation = Operation.PutObject, Count = 1 });
        var first = await Store.PutAsync("lost", ObjectContent.Of(Bytes(10)), metadata, WriteCondition.Absent, None);
        Assert.Equal(first.ETag, (await Store.HeadAsync("lost", None)).ETag);
        Break(new Fault(FaultKind.LostReply) { Operation = Operation.PutObject, Count = 1 });
        var second = await Store.PutAsync("lost", ObjectContent.Of(Bytes(11)), metadata, WriteCondition.Match(first.ETag), None);
        Assert.Equal((11, second.ETag), ((await Store.HeadAsync("lost", None)).Size, (await Store.HeadAsync("lost", None)).ETag));
    }

    [Fact]
    public async Task AnotherWriterIsNotTakenForALostReply()
    {
        // Same size and no metadata: only the content tells the two apart.
        await Store.PutAsync("theirs", ObjectContent.Of(new byte[] { 1, 2, 3 }), NoMetadata, WriteCondition.None, None);
        Break(new Fault(FaultKind.InternalError) { Operation = Operation.PutObject, Count = 1 });
        var failure = await Assert.ThrowsAsync<FsException>(
            () => Store.PutAsync("theirs", ObjectContent.Of(new byte[] { 4, 5, 6 }), NoMetadata, WriteCondition.Absent, None).AsTask());
        Assert.Equal(FsError.Exists, failure.Reason);
        Assert.Equal([1, 2, 3], await ReadAsync("theirs"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALostReplyOfACompletionIsNoFailure(bool replaces)
    {
        var condition = replaces ? WriteCondition.Match((await PutAsync("lost-upload", Bytes(3))).ETag) : WriteCondition.Absent;
        var upload = await Store.StartUploadAsync("lost-upload", NoMetadata, None);
        await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
        Break(new Fault(FaultKind.LostReply) { Operation = Operation.CompleteMultipartUpload, Count = 1 });
        var written = await upload.CompleteAsync(100, condition, None);
        Assert.Equal(written.ETag, (await Store.HeadAsync("lost-upload", None)).ETag);
        Assert.Equal(Bytes(100), await ReadAsync("lost-upload"));
        await Store.DeleteAsync("lost-upload", null, None);
    }

    [Theory]
    [InlineData(Operation.CopyObject, false)]
    [InlineData(Operation.CopyObject, true)]
    [InlineData(Operation.CompleteMultipartUpload, false)]
    [InlineData(Operation.CompleteMultipartUpload, true)]
    public async Task ALostReplyOfACopyIsNoFailure(Operation operation, bool replaces)
    {
        await PutAsync("copied", Bytes(3 << 20));
        var source = await Store.HeadAsync("copied", None);
        var condition = replaces ? WriteCondition.Match((await PutAsync("lost-copy", Bytes(3))).ETag) : WriteCondition.Absent;
        Break(new Fault(FaultKind.LostReply) { Operation = operation, Count = 1 });
        var written = await Store.CopyAsync(source, "lost-copy", NoMetadata, condition, None);
        Assert.Equal(written.ETag, (await Store.HeadAsync("lost-copy", None)).ETag);
        Assert.Equal(Bytes(3 << 20), await ReadAsync("lost-copy"));
        await Store.DeleteAsync("lost-copy", null, None);
    }

    [Fact]
    public async Task ACompletionThatFailsIsNotTakenForTheVersionBefore()
    {
        var before = await UploadAsync(Bytes(100));
        Break(new Fault(FaultKind.InternalError) { Operation = Operation.CompleteMultipartUpload });
        using var store = service.StoreWith(service.Key, service.Options with { RetryFor = TimeSpan.FromSeconds(1) });
        var failure = await Assert.ThrowsAsync<FsException>(() => UploadAsync([.. Bytes(100).Reverse()], store));
        Assert.Equal(FsError.Unavailable, failure.Reason);
        Break();
        Assert.Equal(before.ETag, (await Store.HeadAsync("same-size", None)).ETag);
        Assert.Equal(Bytes(100), await ReadAsync("same-size"));

        async Task<WrittenObject> UploadAsync(byte[] content, S3ObjectStore? by = null)
        {
            var upload = await (by ?? Store).StartUploadAsync("same-size", NoMetadata, None);
            await upload.UploadPartAsync(1, ObjectContent.Of(content), None);
            return await upload.CompleteAsync(content.Length, WriteCondition.None, None);
        }
    }

    [Fact]
    public async Task WhatAnotherWriterPutsInPlaceOfACompletedUploadIsNotTakenForIt()
    {
        var upload = await Store.StartUploadAsync("replaced-upload", NoMetadata, None);
        await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
        // The look after the completion comes late enough for another writer.
        Break(new Fault(FaultKind.Latency) { Amount = 1500, Operation = Operation.HeadObject, Count = 1 });
        var completing = upload.CompleteAsync(100, WriteCondition.None, None).AsTask();
        while (!(await Store.ListAsync("replaced-upload", null, null, 1, None)).Objects.Any())
        {
            await Task.Delay(10, None);
        }
        await PutAsync("replaced-upload", [.. Bytes(100).Reverse()]);
        var failure = await Assert.ThrowsAsync<FsException>(() => completing);
        Assert.Equal(FsError.Conflict, failure.Reason);
    }

    [Fact]
    public async Task LostRepliesOfOtherRequestsDoNoHarm()
    {
        Break(new Fault(FaultKind.LostReply) { Count = 1 });
        await PutAsync("harmless", Bytes(10));
        var upload = await Store.StartUploadAsync("harmless-upload", NoMetadata, None);
        Break(new Fault(FaultKind.LostReply) { Operation = Operation.UploadPart, Count = 1 });
        await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
        await upload.CompleteAsync(100, WriteCondition.None, None);
        Break(new Fault(FaultKind.LostReply) { Count = 1 });
        await Store.DeleteAsync("harmless", null, None);
        Assert.Empty((await Store.ListAsync("harmless/", null, null, 10, None)).Objects);
    }

    [Fact]
    public async Task AWriteThatIsNotConfirmedAsEncryptedIsUndone()
    {
        Break(new Fault(FaultKind.NoEcho));
        await NotEncryptedAsync(() => PutAsync("plaintext", Bytes(10)));
        await NotEncryptedAsync(async () =>
        {
            var upload = await Store.StartUploadAsync("plaintext", NoMetadata, None);
            await upload.UploadPartAsync(1, ObjectContent.Of(Bytes(100)), None);
            await upload.CompleteAsync(100, WriteCondition.None, None);
        });
        Break();
        Assert.Empty((await Store.ListAsync("plaintext", null, null, 10, None)).Objects);
    }

    [Fact]
    public async Task ACopyThatIsNotConfirmedAsEncryptedIsUndone()
    {
        var content = Bytes(2_000_000);
        await PutAsync("copied", content);
        var source = await Store.HeadAsync("copied", None);
        Break(new Fault(FaultKind.NoEcho));
        await NotEncryptedAsync(() => Store.CopyAsync(source, "copied-plaintext", NoMetadata, WriteCondition.None, None).AsTask());
        Break();
        Assert.Empty((await Store.ListAsync("copied-", null, null, 10, None)).Objects);
        Assert.Equal(content, await ReadAsync("copied"));
    }

    [Fact]
    public async Task AReplyThatIsNoXmlIsAskedForAgain()
    {
        await PutAsync("garbage", Bytes(1));
        Break(new Fault(FaultKind.GarbageXml) { Count = 2 });
        Assert.Single((await Store.ListAsync("garbage", null, null, 10, None)).Objects);
    }

    [Fact]
    public async Task ARefusalIsNotTriedAgain()
    {
        Break(new Fault(FaultKind.AccessDenied));
        var clock = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<FsException>(() => PutAsync("refused", Bytes(1)));
        Assert.Equal(FsError.AccessDenied, failure.Reason);
        failure = await Assert.ThrowsAsync<FsException>(() => Store.HeadAsync("refused", None).AsTask());
        Assert.Equal(FsError.AccessDenied, failure.Reason);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(8));
        Break();
    }

    private void Break(params Fault[] faults) => service.Server.SetFaults(faults);

    private Task<WrittenObject> PutAsync(string key, byte[] content) =>
        Store.PutAsync(key, ObjectContent.Of(content), NoMetadata, WriteCondition.None, None).AsTask();

    private async Task<byte[]> ReadAsync(string key)
    {
        var body = (await Store.GetAsync(key, 0, 10_000_000, null, null, None))!;
        await using (body)
        {
            using var content = new MemoryStream();
            var buffer = new byte[10_000];
            while (await body.ReadAsync(buffer, None) is > 0 and var count)
                content.Write(buffer, 0, count);
            return content.ToArray();
        }
    }

    private static async Task NotEncryptedAsync(Func<Task> write)
    {
        var failure = await Assert.ThrowsAsync<FsException>(write);
        Assert.Equal(FsError.NotEncrypted, failure.Reason);
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}

public sealed class FaultsOnAwsTests(AwsService service) : FaultTests(service), IClassFixture<AwsService>;

public sealed class FaultsOnCeph16Tests(Ceph16Service service) : FaultTests(service), IClassFixture<Ceph16Service>;

public sealed class FaultsOnCeph20Tests(Ceph20Service service) : FaultTests(service), IClassFixture<Ceph20Service>;
