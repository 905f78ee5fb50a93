using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>Multipart uploads.</summary>
internal static class MultipartRows
{
    private static readonly byte[] Content = Bytes(30_000);

    public static IReadOnlyList<Row> All { get; } =
    [
        Row.Same("Create with keys", "200 echo", async s3 => (await s3.SendAsync("POST", "m", "uploads", Keys(1))).Word()),
        Row.Same("UploadPart of an SSE-C upload: right key", "200 echo", async s3 =>
            (await s3.UploadPartAsync("m", await s3.CreateUploadAsync("m", Keys(1)), 1, Content, Keys(1))).Word()),
        Row.Same("UploadPart of an SSE-C upload: no keys, another key", "400 400", async s3 =>
        {
            string upload = await s3.CreateUploadAsync("m", Keys(1));
            return $"{(await s3.UploadPartAsync("m", upload, 1, Content)).Word()} {(await s3.UploadPartAsync("m", upload, 1, Content, Keys(2))).Word()}";
        }),
        Row.CephAndAws("UploadPart with keys into a plain upload", "200 silent, plain", "400", async s3 =>
        {
            string upload = await s3.CreateUploadAsync("m");
            var part = await s3.UploadPartAsync("m", upload, 1, Content, Keys(1));
            if (part.Status != 200)
                return part.Word();
            await s3.CompleteAsync("m", upload, [part.ETag]);
            return $"{part.Word()}, {await s3.StoredAsAsync("m", Content)}";
        }),
        Row.Same("ListParts and Abort without keys", "200 30000, 204", async s3 =>
        {
            string upload = await s3.CreateUploadAsync("m", Keys(1));
            await s3.UploadPartAsync("m", upload, 1, Content, Keys(1));
            var list = await s3.GetAsync("m", query: "uploadId=" + Uri.EscapeDataString(upload));
            var abort = await s3.SendAsync("DELETE", "m", "uploadId=" + Uri.EscapeDataString(upload));
            return $"{list.Status} {list.Element("Size")}, {abort.Status}";
        }),
        Row.Same("Abort a second time", "404 NoSuchUpload", async s3 =>
        {
            string query = "uploadId=" + Uri.EscapeDataString(await s3.CreateUploadAsync("m", Keys(1)));
            await s3.SendAsync("DELETE", "m", query);
            var again = await s3.SendAsync("DELETE", "m", query);
            return $"{again.Status} {again.Element("Code")}";
        }),
        new("Complete of an SSE-C upload, no keys", "200 silent", "200 silent", "400", "200 silent", s3 => CompleteAsync(s3, null)),
        new("Complete, another key", "200 silent", "200 silent", "400", "200 silent", s3 => CompleteAsync(s3, Keys(2))),
        new("Complete, right keys", "200 silent", "200 silent", "200 echo", "200 silent", s3 => CompleteAsync(s3, Keys(1))),
        new("Complete a second time, with keys and without", "200 200", "200 200", "200 200", "404 404", async s3 =>
        {
            string upload = await s3.CreateUploadAsync("m", Keys(1));
            string etag = (await s3.UploadPartAsync("m", upload, 1, Content, Keys(1))).ETag;
            await s3.CompleteAsync("m", upload, [etag], Keys(1));
            return $"{(await s3.CompleteAsync("m", upload, [etag], Keys(1))).Status} {(await s3.CompleteAsync("m", upload, [etag])).Status}";
        }),
        new("ETag in the reply of Complete", "empty", "bare", "quoted", "quoted", async s3 =>
        {
            string etag = (await s3.UploadAsync("m", Keys(1), Content)).Element("ETag")!;
            string head = (await s3.HeadAsync("m", Keys(1))).ETag;
            return etag == "" ? "empty" : etag == head ? "bare" : etag == $"\"{head}\"" ? "quoted" : etag;
        }),
        Row.Same("Complete with a part that is not there", "400 InvalidPart", async s3 =>
        {
            string upload = await s3.CreateUploadAsync("m", Keys(1));
            var complete = await s3.CompleteAsync("m", upload, ["00000000000000000000000000000000"], Keys(1));
            return $"{complete.Status} {complete.Element("Code")}";
        }),
    ];

    private static async Task<string> CompleteAsync(S3Session s3, Dictionary<string, string>? headers)
    {
        string upload = await s3.CreateUploadAsync("m", Keys(1));
        var part = await s3.UploadPartAsync("m", upload, 1, Content, Keys(1));
        var complete = await s3.CompleteAsync("m", upload, [part.ETag], headers);
        string stored = complete.Status == 200 ? await s3.StoredAsAsync("m", Content) : "encrypted";
        return stored == "encrypted" ? complete.Word() : stored;
    }
}
