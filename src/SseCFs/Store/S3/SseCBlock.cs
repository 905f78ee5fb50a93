using System.Net;
using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;

namespace SseCFs.Store.S3;

/// <summary>
/// A bucket's setting that refuses writes with SSE-C: BlockedEncryptionTypes in its encryption configuration, which AWS switches on in new buckets since April 2026
/// (S3 user guide, "Blocking or unblocking SSE-C for a general purpose bucket"). Other services know of no such setting. Stateless.
/// </summary>
internal static class SseCBlock
{
    private const string Blocked = "SSE-C";
    private const string NothingBlocked = "NONE";

    /// <summary>The rule of the bucket's encryption configuration that blocks SSE-C; null if none does, or the service has no such setting.</summary>
    /// <exception cref="FsException"><see cref="FsError.AccessDenied"/>: this may not be asked (s3:GetEncryptionConfiguration).</exception>
    public static async ValueTask<ServerSideEncryptionRule?> FindAsync(IAmazonS3 client, StoreOptions options, S3Retries retries, CancellationToken cancellation)
    {
        try
        {
            var reply = await retries.RunAsync(
                $"encryption of bucket {options.Bucket}",
                0,
                (_, token) => client.GetBucketEncryptionAsync(new GetBucketEncryptionRequest { BucketName = options.Bucket }, token),
                cancellation).ConfigureAwait(false);
            return reply.ServerSideEncryptionConfiguration?.ServerSideEncryptionRules?.Find(rule => rule.BlockedEncryptionTypes?.EncryptionType?.Contains(Blocked) == true);
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception
        {
            StatusCode: HttpStatusCode.NotFound or HttpStatusCode.BadRequest or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented,
        })
        {
            return null;
        }
    }

    /// <summary>Allows SSE-C in the bucket of the options, and leaves its default encryption as it is.</summary>
    /// <param name="rule">As <see cref="FindAsync"/> found it; null: the default encryption is that of new buckets.</param>
    public static async ValueTask LiftAsync(IAmazonS3 client, StoreOptions options, S3Retries retries, ServerSideEncryptionRule? rule, CancellationToken cancellation)
    {
        var request = new PutBucketEncryptionRequest
        {
            BucketName = options.Bucket,
            ServerSideEncryptionConfiguration = new ServerSideEncryptionConfiguration
            {
                ServerSideEncryptionRules =
                [
                    new ServerSideEncryptionRule
                    {
                        ServerSideEncryptionByDefault = DefaultOf(rule),
                        BucketKeyEnabled = rule?.BucketKeyEnabled,
                        BlockedEncryptionTypes = new BlockedEncryptionTypes { EncryptionType = [NothingBlocked] },
                    },
                ],
            },
        };
        await retries.RunAsync(
            $"allowing SSE-C in bucket {options.Bucket}", 0, (_, token) => client.PutBucketEncryptionAsync(request, token), cancellation).ConfigureAwait(false);
    }

    /// <summary>What somebody who may (s3:PutEncryptionConfiguration) types to do the same.</summary>
    public static string CommandFor(StoreOptions options, ServerSideEncryptionRule? rule)
    {
        var place = string.Concat(
            options.Profile is { } profile ? $" --profile '{profile.Replace("'", "'\\''", StringComparison.Ordinal)}'" : "",
            options.Region is { } region ? $" --region {region}" : "",
            options.Endpoint is { } endpoint ? $" --endpoint-url {endpoint}" : "");
        return $"aws s3api put-bucket-encryption --bucket {options.Bucket}{place} --server-side-encryption-configuration '{ToJson(rule)}'";
    }

    private static ServerSideEncryptionByDefault DefaultOf(ServerSideEncryptionRule? rule) =>
        rule?.ServerSideEncryptionByDefault ?? new ServerSideEncryptionByDefault { ServerSideEncryptionAlgorithm = ServerSideEncryptionMethod.AES256 };

    private static string ToJson(ServerSideEncryptionRule? rule)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("Rules");
            json.WriteStartObject();
            json.WriteStartObject("ApplyServerSideEncryptionByDefault");
            json.WriteString("SSEAlgorithm", DefaultOf(rule).ServerSideEncryptionAlgorithm.Value);
            if (DefaultOf(rule).ServerSideEncryptionKeyManagementServiceKeyId is { } key)
            {
                json.WriteString("KMSMasterKeyID", key);
            }
            json.WriteEndObject();
            if (rule?.BucketKeyEnabled is { } hasBucketKey)
            {
                json.WriteBoolean("BucketKeyEnabled", hasBucketKey);
            }
            json.WriteStartObject("BlockedEncryptionTypes");
            json.WriteStartArray("EncryptionType");
            json.WriteStringValue(NothingBlocked);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
