using System.Security.Cryptography;
using SseCFs.LocalStore;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Serving;

/// <summary>The embedded store's own credentials, in the form of the AWS tools' credentials file, so that AWS_SHARED_CREDENTIALS_FILE can name it.</summary>
internal static class CredentialsFile
{
    private const string AccessKey = "aws_access_key_id";
    private const string SecretKey = "aws_secret_access_key";

    /// <summary>The credentials in the file's section [default]; a missing file is made with random ones, readable by its owner alone.</summary>
    /// <exception cref="IOException">It cannot be read or made, or has none.</exception>
    public static Credential ReadOrMake(string path)
    {
        if (!File.Exists(path))
        {
            Make(path);
        }
        var values = ReadDefaultSection(path);
        return values.TryGetValue(AccessKey, out var access) && values.TryGetValue(SecretKey, out var secret)
            ? new Credential(access, secret)
            : throw new IOException($"{path} has no {AccessKey} and {SecretKey} in [default]");
    }

    private static void Make(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var stream = new FileStream(path, PrivateFile.ToWrite(FileMode.CreateNew));
        using var writer = new StreamWriter(stream);
        writer.Write($"""
            [default]
            {AccessKey} = {RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 20)}
            {SecretKey} = {RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 40)}

            """);
    }

    private static Dictionary<string, string> ReadDefaultSection(string path)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var isDefault = false;
        foreach (var line in File.ReadLines(path).Select(line => line.Trim()))
        {
            if (line.StartsWith('['))
            {
                isDefault = line == "[default]";
            }
            else if (isDefault && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && line[0] != '#')
            {
                values[line[..equals].Trim()] = line[(equals + 1)..].Trim();
            }
        }
        return values;
    }
}
