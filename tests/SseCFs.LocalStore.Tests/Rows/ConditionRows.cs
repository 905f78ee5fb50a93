using System.Text;
using static SseCFs.LocalStore.Tests.Rows.Wording;
using static SseCFs.LocalStore.Tests.S3Session;

namespace SseCFs.LocalStore.Tests.Rows;

/// <summary>If-Match and If-None-Match.</summary>
internal static class ConditionRows
{
    private static readonly byte[] Old = Bytes(100, 1), New = Bytes(100, 2);

    public static IReadOnlyList<Row> All { get; } =
    [
        Row.Same("PUT If-None-Match *: existing, new", "412 200", async s3 =>
        {
            await s3.PutAsync("o", Old, Keys(1));
            return $"{await PutAsync(s3, "o", "If-None-Match", "*")} {await PutAsync(s3, "new", "If-None-Match", "*")}";
        }),
        Row.Same("PUT If-Match wrong: quoted, unquoted", "412 412", async s3 =>
        {
            await s3.PutAsync("o", Old, Keys(1));
            return $"{await PutAsync(s3, "o", "If-Match", "\"0000\"")} {await PutAsync(s3, "o", "If-Match", "0000")}";
        }),
        new("PUT If-Match right, quoted", "412", "412", "200", "200", async s3 =>
            await PutAsync(s3, "o", "If-Match", $"\"{(await s3.PutAsync("o", Old, Keys(1))).ETag}\"")),
        Row.Same("PUT If-Match right, unquoted", "200", async s3 => await PutAsync(s3, "o", "If-Match", (await s3.PutAsync("o", Old, Keys(1))).ETag)),
        new("PUT If-None-Match with the current ETag, quoted", "200", "200", "412", "501", async s3 =>
            await PutAsync(s3, "o", "If-None-Match", $"\"{(await s3.PutAsync("o", Old, Keys(1))).ETag}\"")),
        Row.CephAndAws("PUT If-None-Match with the current ETag, unquoted", "412", "501", async s3 =>
            await PutAsync(s3, "o", "If-None-Match", (await s3.PutAsync("o", Old, Keys(1))).ETag)),
        Row.Same("PUT If-Match *, existing", "200", async s3 =>
        {
            await s3.PutAsync("o", Old, Keys(1));
            return await PutAsync(s3, "o", "If-Match", "*");
        }),
        new("PUT If-Match on a missing key: quoted, *", "412 412", "412 412", "404 404", "404 404", async s3 =>
            $"{await PutAsync(s3, "missing", "If-Match", "\"0000\"")} {await PutAsync(s3, "missing", "If-Match", "*")}"),
        new("Complete If-None-Match * on an existing key", "200, new bytes", "200, new bytes", "412, old bytes", "412, old bytes", s3 => CompleteAsync(s3, true, _ => H("If-None-Match", "*"))),
        new("Complete If-Match wrong", "200, new bytes", "200, new bytes", "412, old bytes", "412, old bytes", s3 => CompleteAsync(s3, true, _ => H("If-Match", "0000"))),
        Row.Same("Complete If-Match right", "200, new bytes", s3 => CompleteAsync(s3, true, etag => H("If-Match", etag))),
        new("Complete If-Match on a missing key", "200, new bytes", "200, new bytes", "404", "404", s3 => CompleteAsync(s3, false, _ => H("If-Match", "0000"))),
        new("DELETE If-Match wrong", "204, gone", "204, gone", "412, kept", "412, kept", async s3 =>
        {
            await s3.PutAsync("o", Old, Keys(1));
            var delete = await s3.DeleteAsync("o", H("If-Match", "0000"));
            return $"{delete.Status}, {((await s3.HeadAsync("o", Keys(1))).Status == 404 ? "gone" : "kept")}";
        }),
        Row.Same("DELETE If-Match right", "204, gone", async s3 =>
        {
            string etag = (await s3.PutAsync("o", Old, Keys(1))).ETag;
            var delete = await s3.DeleteAsync("o", H("If-Match", etag));
            return $"{delete.Status}, {((await s3.HeadAsync("o", Keys(1))).Status == 404 ? "gone" : "kept")}";
        }),
        Row.Same("DELETE If-Match on a missing key", "204", async s3 => $"{(await s3.DeleteAsync("missing", H("If-Match", "0000"))).Status}"),
        new("DeleteObjects with a wrong ETag", "200, gone", "200, gone", "200 PreconditionFailed, kept", "200 PreconditionFailed, kept", async s3 =>
        {
            await s3.PutAsync("o", Old, Keys(1));
            byte[] body = Encoding.UTF8.GetBytes("<Delete><Object><Key>o</Key><ETag>0000</ETag></Object></Delete>");
            var delete = await s3.SendAsync("POST", "", "delete", H("Content-MD5", Convert.ToBase64String(System.Security.Cryptography.MD5.HashData(body))), body);
            return $"{delete.Status}{(delete.Element("Code") is { } code ? " " + code : "")}, {((await s3.HeadAsync("o", Keys(1))).Status == 404 ? "gone" : "kept")}";
        }),
        Row.Same("GET If-None-Match right, If-Match wrong, keys", "304 412", async s3 =>
        {
            string etag = (await s3.PutAsync("o", Old, Keys(1))).ETag;
            return $"{(await s3.GetAsync("o", Merge(Keys(1), H("If-None-Match", etag)))).Status} {(await s3.GetAsync("o", Merge(Keys(1), H("If-Match", "0000")))).Status}";
        }),
    ];

    private static async Task<string> PutAsync(S3Session s3, string key, string name, string value) =>
        $"{(await s3.PutAsync(key, New, Merge(Keys(1), H(name, value)))).Status}";

    private static async Task<string> CompleteAsync(S3Session s3, bool existing, Func<string, Dictionary<string, string>> condition)
    {
        string etag = existing ? (await s3.PutAsync("o", Old, Keys(1))).ETag : "";
        string upload = await s3.CreateUploadAsync("o", Keys(1));
        var part = await s3.UploadPartAsync("o", upload, 1, New, Keys(1));
        var complete = await s3.CompleteAsync("o", upload, [part.ETag], Merge(Keys(1), condition(etag)));
        var now = await s3.GetAsync("o", Keys(1));
        string bytes = now.Status != 200 ? "" : now.Body.AsSpan().SequenceEqual(New) ? ", new bytes" : ", old bytes";
        return $"{complete.Status}{bytes}";
    }
}
