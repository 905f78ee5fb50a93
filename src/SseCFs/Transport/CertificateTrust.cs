using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SseCFs.Transport;

/// <summary>Which certificates of a service are trusted, where it is not the system that says so.</summary>
internal static class CertificateTrust
{
    /// <summary>Only those that the authorities in a PEM file have signed.</summary>
    /// <exception cref="InvalidDataException">There are none in it, in a sentence for a person.</exception>
    public static X509ChainPolicy Only(string caFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"the certificate file {caFile} cannot be used: {e.Message}", e);
        }
        return policy.CustomTrustStore.Count > 0
            ? policy
            : throw new InvalidDataException($"the certificate file {caFile} holds no certificate in PEM form");
    }
}
