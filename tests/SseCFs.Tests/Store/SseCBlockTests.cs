using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.LocalStore;
using SseCFs.Store;
using SseCFs.Store.S3;
using Xunit;

namespace SseCFs.Tests.Store;

/// <summary>Buckets that block SSE-C, as new ones on AWS do: what a refused write says, and what lifts the block.</summary>
public sealed class SseCBlockTests(BlockingService service) : IClassFixture<BlockingService>, IAsyncLifetime
{
    private static readonly ObjectMetadata NoMetadata = new(new Dictionary<string, string>(), null);

    // Of its own for each test, since what a bucket's settings are is remembered for a while.
    private readonly S3ObjectStore _store = service.StoreWith(service.Key);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        service.Server.SetFaults();
        await SetAsync("NONE");
        _store.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task ABucketThatIsMadeHereTakesSseC() => await PutAsync("made/here");

    [Fact]
    public async Task EveryKindOfWriteSaysWhatToDo()
    {
        await PutAsync("large", 2 << 20);
        var large = await _store.HeadAsync("large", CancellationToken.None);
        await SetAsync("SSE-C");
        var asked = service.Server.Counts[Operation.GetBucketEncryption];
        foreach (var write in new Func<Task>[]
        {
            () => PutAsync("small"),
            () => PutAsync("small"),
            async () => await _store.StartUploadAsync("upload", NoMetadata, CancellationToken.None),
            async () => await _store.CopyAsync(large, "copy", NoMetadata, WriteCondition.None, CancellationToken.None),
        })
        {
            var refusal = await RefusedAsync(write);
            Assert.Contains("the bucket blocks SSE-C", refusal, StringComparison.Ordinal);
            Assert.Contains($"aws s3api put-bucket-encryption --bucket {service.Options.Bucket} --endpoint-url {service.Options.Endpoint} ", refusal, StringComparison.Ordinal);
        }
        Assert.Equal(asked + 1, service.Server.Counts[Operation.GetBucketEncryption]);
    }

    [Fact]
    public async Task WhatTheMessageNamesLiftsTheBlock()
    {
        await SetAsync("SSE-C");
        var refusal = await RefusedAsync(() => PutAsync("o"));
        using var setting = JsonDocument.Parse(refusal[(refusal.IndexOf('\'', StringComparison.Ordinal) + 1)..refusal.LastIndexOf('\'')]);
        var rule = setting.RootElement.GetProperty("Rules").EnumerateArray().Single();
        Assert.Equal("AES256", rule.GetProperty("ApplyServerSideEncryptionByDefault").GetProperty("SSEAlgorithm").GetString());
        await SetAsync(rule.GetProperty("BlockedEncryptionTypes").GetProperty("EncryptionType").EnumerateArray().Single().GetString()!);
        await PutAsync("o");
    }

    [Fact]
    public async Task WhereTheSettingMayNotBeAskedBothReasonsAreNamed()
    {
        await SetAsync("SSE-C");
        service.Server.SetFaults(new Fault(FaultKind.AccessDenied) { Operation = Operation.GetBucketEncryption });
        var refusal = await RefusedAsync(() => PutAsync("o"));
        Assert.Contains("either these credentials may not write there, or the bucket blocks SSE-C", refusal, StringComparison.Ordinal);
        Assert.Contains("aws s3api put-bucket-encryption", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnOrdinaryDenialIsNotBlamedOnTheSetting()
    {
        service.Server.SetFaults(new Fault(FaultKind.AccessDenied) { Operation = Operation.PutObject });
        Assert.DoesNotContain("SSE-C", await RefusedAsync(() => PutAsync("o")), StringComparison.Ordinal);
    }

    [Fact]
    public void ADefaultEncryptionOfTheBucketsOwnIsKept()
    {
        var rule = new ServerSideEncryptionRule
        {
            ServerSideEncryptionByDefault = new ServerSideEncryptionByDefault
            {
                ServerSideEncryptionAlgorithm = ServerSideEncryptionMethod.AWSKMS,
                ServerSideEncryptionKeyManagementServiceKeyId = "arn:aws:kms:eu-central-1:1:key/2",
            },
            BucketKeyEnabled = true,
        };
        Assert.Equal(
            "aws s3api put-bucket-encryption --bucket b --profile 'work' --region eu-central-1 --server-side-encryption-configuration "
            + """'{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"arn:aws:kms:eu-central-1:1:key/2"},"BucketKeyEnabled":true,"BlockedEncryptionTypes":{"EncryptionType":["NONE"]}}]}'""",
            SseCBlock.CommandFor(new StoreOptions { Bucket = "b", Profile = "work", Region = "eu-central-1" }, rule));
    }

    private async Task PutAsync(string key, int size = 10) =>
        await _store.PutAsync(key, ObjectContent.Of(new byte[size]), NoMetadata, WriteCondition.None, CancellationToken.None);

    private static async Task<string> RefusedAsync(Func<Task> write)
    {
        var refusal = await Assert.ThrowsAsync<FsException>(write);
        Assert.Equal((FsError.AccessDenied, refusal.Message), (refusal.Reason, refusal.Message));
        return refusal.Message;
    }

    private async Task SetAsync(string blocked) => await service.Client.PutBucketEncryptionAsync(new PutBucketEncryptionRequest
    {
        BucketName = service.Options.Bucket,
        ServerSideEncryptionConfiguration = new ServerSideEncryptionConfiguration
        {
            ServerSideEncryptionRules = [new ServerSideEncryptionRule { BlockedEncryptionTypes = new BlockedEncryptionTypes { EncryptionType = [blocked] } }],
        },
    });
}
