using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Signing;

/// <summary>
/// Checks AWS Signature Version 4, from the Authorization header or from a presigned query.
/// Source: "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference.
/// </summary>
internal sealed class SignatureV4(IReadOnlyList<Credential> credentials, string? region, TimeProvider time)
{
    public const string Algorithm = "AWS4-HMAC-SHA256";
    public const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";

    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(15);

    /// <summary>Seconds that a presigned request may be valid: seven days.</summary>
    private const int LongestValidity = 604_800;

    /// <summary>Throws an <see cref="S3Exception"/> unless somebody known has signed the request just now.</summary>
    public Signed Verify(S3Request request)
    {
        if (request.Has("X-Amz-Algorithm"))
            return VerifyPresigned(request);
        string? authorization = request.Header("Authorization");
        if (authorization is null)
            throw S3Exception.AccessDenied();
        if (!authorization.StartsWith(Algorithm, StringComparison.Ordinal))
            throw S3Exception.InvalidRequest("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
        var fields = ParseAuthorization(authorization);
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset? date = ParseTime(request.Header("x-amz-date"))
            ?? (DateTimeOffset.TryParse(request.Header("Date"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var d) ? d : null);
        if (date is not { } signedAt)
            throw S3Exception.AccessDenied("AWS authentication requires a valid Date or x-amz-date header");
        if ((now - signedAt).Duration() > AllowedSkew)
        {
            throw new S3Exception(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
            {
                Details =
                [
                    ("RequestTime", signedAt.ToString(TimeFormat, CultureInfo.InvariantCulture)),
                    ("ServerTime", now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
                    ("MaxAllowedSkewMilliseconds", "900000"),
                ],
            };
        }
        string payload = request.Header("x-amz-content-sha256")
            ?? throw S3Exception.InvalidRequest("Missing required header for this request: x-amz-content-sha256");
        return Check(request, fields, signedAt, payload, presigned: false);
    }

    private Signed VerifyPresigned(S3Request request)
    {
        string Need(string name) => request.Parameter(name) ?? throw new S3Exception(400, "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
        if (Need("X-Amz-Algorithm") != Algorithm)
            throw new S3Exception(400, "AuthorizationQueryParametersError", "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
        var fields = new Fields(Need("X-Amz-Credential"), Need("X-Amz-SignedHeaders"), Need("X-Amz-Signature"));
        if (ParseTime(Need("X-Amz-Date")) is not { } signedAt)
            throw new S3Exception(400, "AuthorizationQueryParametersError", "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
        if (!int.TryParse(Need("X-Amz-Expires"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds > LongestValidity)
            throw new S3Exception(400, "AuthorizationQueryParametersError", "X-Amz-Expires must be between 0 and 604800 seconds");
        DateTimeOffset now = time.GetUtcNow();
        if (now > signedAt.AddSeconds(seconds))
            throw S3Exception.AccessDenied("Request has expired");
        if (now < signedAt - AllowedSkew)
            throw S3Exception.AccessDenied("Request is not yet valid");
        string payload = request.Header("x-amz-content-sha256") ?? request.Parameter("X-Amz-Content-Sha256") ?? UnsignedPayload;
        return Check(request, fields, signedAt, payload, presigned: true);
    }

    private Signed Check(S3Request request, Fields fields, DateTimeOffset signedAt, string payload, bool presigned)
    {
        string[] scope = fields.Credential.Split('/');
        if (scope.Length != 5 || scope[3] != "s3" || scope[4] != "aws4_request")
            throw new S3Exception(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
        var credential = credentials.FirstOrDefault(c => c.AccessKey == scope[0])
            ?? throw new S3Exception(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.") { Details = [("AWSAccessKeyId", scope[0])] };
        if (region is not null && scope[2] != region)
        {
            throw new S3Exception(400, "AuthorizationHeaderMalformed", $"The authorization header is malformed; the region '{scope[2]}' is wrong; expecting '{region}'")
            {
                Details = [("Region", region)],
                Headers = [("x-amz-bucket-region", region)],
            };
        }
        string date = signedAt.ToString(TimeFormat, CultureInfo.InvariantCulture);
        if (scope[1] != date[..8])
            throw new S3Exception(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; Invalid credential date. Date is not the same as X-Amz-Date.");

        string[] names = fields.SignedHeaders.Split(';');
        if (!names.Contains("host"))
            throw S3Exception.AccessDenied("There were headers present in the request which were not signed: host");
        string scopeText = string.Join('/', scope[1..]);
        byte[] key = SigningKey(credential.SecretKey, scope[1], scope[2]);
        string canonical = CanonicalRequest(request, names, payload, presigned);
        string toSign = $"{Algorithm}\n{date}\n{scopeText}\n{Hex(SHA256.HashData(Encoding.Latin1.GetBytes(canonical)))}";
        string expected = Hex(HMACSHA256.HashData(key, Encoding.Latin1.GetBytes(toSign)));
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.Latin1.GetBytes(fields.Signature)))
        {
            throw new S3Exception(403, "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
            {
                Details = [("AWSAccessKeyId", scope[0])],
            };
        }
        return new Signed(credential, payload, key, date, scopeText, expected);
    }

    private static string CanonicalRequest(S3Request request, string[] signedHeaders, string payload, bool presigned)
    {
        var text = new StringBuilder();
        text.Append(request.Method).Append('\n').Append(PercentEncoding.Encode(request.Path, keepSlash: true)).Append('\n');
        var query = request.Query
            .Where(q => !presigned || q.Name != "X-Amz-Signature")
            .Select(q => (Name: PercentEncoding.Encode(q.Name, false), Value: PercentEncoding.Encode(q.Value, false)))
            .OrderBy(q => q.Name, StringComparer.Ordinal).ThenBy(q => q.Value, StringComparer.Ordinal);
        text.AppendJoin('&', query.Select(q => $"{q.Name}={q.Value}")).Append('\n');
        foreach (string name in signedHeaders)
            text.Append(name).Append(':').Append(Collapse(request.Header(name) ?? "")).Append('\n');
        text.Append('\n').AppendJoin(';', signedHeaders).Append('\n').Append(payload);
        return text.ToString();
    }

    /// <summary>Trimmed, runs of spaces made one.</summary>
    private static string Collapse(string value)
    {
        value = value.Trim();
        while (value.Contains("  ", StringComparison.Ordinal))
            value = value.Replace("  ", " ", StringComparison.Ordinal);
        return value;
    }

    private static byte[] SigningKey(string secret, string date, string region)
    {
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secret);
        foreach (string step in (string[])[date, region, "s3", "aws4_request"])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        return key;
    }

    private static Fields ParseAuthorization(string authorization)
    {
        string? credential = null, headers = null, signature = null;
        foreach (string field in authorization[Algorithm.Length..].Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = field.IndexOf('=');
            string value = field[(equals + 1)..];
            switch (equals < 0 ? "" : field[..equals])
            {
                case "Credential": credential = value; break;
                case "SignedHeaders": headers = value; break;
                case "Signature": signature = value; break;
            }
        }
        if (credential is null || headers is null || signature is null)
            throw new S3Exception(400, "AuthorizationHeaderMalformed", "The authorization header requires three components: Credential, SignedHeaders, and Signature.");
        return new Fields(credential, headers, signature);
    }

    private static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var result) ? result : null;

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private readonly record struct Fields(string Credential, string SignedHeaders, string Signature);
}

/// <summary>What a valid signature says, with all that the signatures of the body's chunks need.</summary>
/// <param name="Payload">The x-amz-content-sha256 that was signed.</param>
/// <param name="Key">The signing key of the scope.</param>
/// <param name="Signature">The seed of the chunks' chain.</param>
internal sealed record Signed(Credential Credential, string Payload, byte[] Key, string Date, string Scope, string Signature);
