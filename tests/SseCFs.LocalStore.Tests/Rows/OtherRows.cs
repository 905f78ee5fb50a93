using System.Text;
using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>Listing, attributes, append and what else differs.</summary>
internal static class OtherRows
{
    private static readonly byte[] Content = Bytes(1234);

    public static IReadOnlyList<Row> All { get; } =
    [
        Row.Same("ListObjectsV2 of SSE-C objects", "200 1234, nothing about encryption", async s3 =>
        {
            await s3.PutAsync("o", Content, Keys(1));
            var list = await s3.GetAsync("", query: "list-type=2&prefix=o");
            return $"{list.Status} {list.Element("Size")}, {(list.Text.Contains("ncrypt", StringComparison.Ordinal) ? "says encryption" : "nothing about encryption")}";
        }),
        new("LastModified in the listing", "milliseconds", "milliseconds", "whole seconds", "whole seconds", async s3 =>
        {
            // One in a thousand times is on a whole second by chance: ten are not.
            for (int i = 0; i < 10; i++)
            {
                await s3.PutAsync("o", Content);
                if (!(await s3.GetAsync("", query: "list-type=2&prefix=o")).Element("LastModified")!.EndsWith(".000Z", StringComparison.Ordinal))
                    return "milliseconds";
            }
            return "whole seconds";
        }),
        new("GetObjectAttributes with keys, without", "the object, 400", "the object, 400", "attributes, 400", "attributes, 400", async s3 =>
        {
            await s3.PutAsync("o", Content, Keys(1));
            var with = await s3.GetAsync("o", Merge(Keys(1), H("x-amz-object-attributes", "ETag,ObjectSize")), "attributes");
            var without = await s3.GetAsync("o", H("x-amz-object-attributes", "ETag,ObjectSize"), "attributes");
            return $"{(with.Body.AsSpan().SequenceEqual(Content) ? "the object" : with.Element("ObjectSize") == "1234" ? "attributes" : with.Text)}, {without.Status}";
        }),
        Row.CephAndAws("append with keys", "200 silent, plain", "501", async s3 =>
        {
            await s3.DeleteAsync("a");
            var append = await s3.PutAsync("a", Content, Keys(1), "append&position=0");
            return append.Status == 200 ? $"{append.Word()}, {await s3.StoredAsAsync("a", Content)}" : append.Word();
        }),
        Row.CephAndAws("append a second time", "200 409, 6", "501 501", async s3 =>
        {
            await s3.DeleteAsync("a");
            await s3.PutAsync("a", "abc"u8.ToArray(), null, "append&position=0");
            var right = await s3.PutAsync("a", "def"u8.ToArray(), null, "append&position=3");
            var wrong = await s3.PutAsync("a", "ghi"u8.ToArray(), null, "append&position=3");
            string next = wrong.Header("x-rgw-next-append-position") is { } position ? ", " + position : "";
            return $"{right.Status} {wrong.Status}{next}";
        }),
        Row.CephAndAws("append onto an SSE-C object", "409 ObjectNotAppendable", "501 NotImplemented", async s3 =>
        {
            await s3.PutAsync("o", Content, Keys(1));
            var append = await s3.PutAsync("o", Content, Keys(1), $"append&position={Content.Length}");
            return $"{append.Status} {append.Element("Code")}";
        }),
        Row.CephAndAws("x-amz-write-offset-bytes", "200, the tail alone", "501", async s3 =>
        {
            await s3.PutAsync("o", Content);
            var put = await s3.PutAsync("o", Bytes(10), H("x-amz-write-offset-bytes", $"{Content.Length}"));
            return put.Status == 200 ? $"200, {((await s3.HeadAsync("o")).Header("Content-Length") == "10" ? "the tail alone" : "appended")}" : put.Word();
        }),
        new("PUT ?encryption AES256", "400", "200", "200", "200", async s3 =>
        {
            byte[] body = Encoding.UTF8.GetBytes("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>");
            return $"{(await s3.SendAsync("PUT", "", "encryption", null, body)).Status}";
        }),
    ];
}
