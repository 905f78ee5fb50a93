using SseCFs.Keys;
using SseCFs.Keys.OpenStack;
using Xunit;

namespace SseCFs.Tests.Keys.OpenStack;

public sealed class CloudSettingsTests : IDisposable
{
    private const string OpenRc = "OS_AUTH_URL=https://id.example.org:5000 OS_USERNAME=demo OS_PASSWORD=secret OS_PROJECT_NAME=work OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_ID=d1";

    private readonly string _folder = Directory.CreateTempSubdirectory("clouds-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheVariablesOfAnOpenrc()
    {
        var cloud = Find(null, OpenRc + " OS_REGION_NAME=R1 OS_INTERFACE=internalURL OS_CACERT=/ca.pem");
        Assert.Equal(new Uri("https://id.example.org:5000/v3/"), cloud.AuthUrl);
        Assert.Equal(new PasswordLogin(new Named(null, "demo", null, "Default"), "secret", new Named(null, "work", "d1", null)), cloud.Login);
        Assert.Equal(("R1", "internal", "/ca.pem"), (cloud.Region, cloud.Interface, cloud.CaFile));
    }

    [Theory]
    [InlineData("https://id.example.org/identity", "https://id.example.org/identity/v3/")]
    [InlineData("https://id.example.org/identity/v3", "https://id.example.org/identity/v3/")]
    [InlineData("https://id.example.org/v3/", "https://id.example.org/v3/")]
    public void TheVersionIsAddedWhereItIsMissing(string given, string expected) =>
        Assert.Equal(new Uri(expected), Find(null, OpenRc.Replace("https://id.example.org:5000", given, StringComparison.Ordinal)).AuthUrl);

    [Theory]
    [InlineData("OS_AUTH_URL=https://k OS_APPLICATION_CREDENTIAL_ID=i OS_APPLICATION_CREDENTIAL_SECRET=s", "i", null)]
    [InlineData("OS_AUTH_URL=https://k OS_AUTH_TYPE=v3applicationcredential OS_APPLICATION_CREDENTIAL_NAME=n OS_APPLICATION_CREDENTIAL_SECRET=s OS_USERNAME=u", null, "n")]
    public void AnApplicationCredentialByIdOrName(string variables, string? id, string? name)
    {
        var login = Assert.IsType<ApplicationCredentialLogin>(Find(null, variables).Login);
        Assert.Equal((id, name, "s"), (login.Id, login.Name, login.Secret));
        Assert.Equal(name is null ? null : new Named(null, "u", "default", null), login.User);
    }

    [Fact]
    public void ACloudOfAFileWithItsSecretElsewhere()
    {
        Write("clouds.yaml", """
            clouds:
              one:
                auth: { auth_url: https://one.example.org/v3, username: demo, project_id: p1, user_domain_id: d }
                region_name: R1
                cacert: /ca.pem
                interface: internal
              two:
                auth_type: v3applicationcredential
                auth:
                  auth_url: https://two.example.org
                  application_credential_id: abc
                  application_credential_secret: inside
            """);
        Write("secure.yaml", "clouds: { one: { auth: { password: beside } } }");
        var one = Find("one");
        Assert.Equal(new PasswordLogin(new Named(null, "demo", "d", null), "beside", new Named("p1", null, null, null)), one.Login);
        Assert.Equal(("R1", "internal", "/ca.pem"), (one.Region, one.Interface, one.CaFile));
        Assert.Equal(new ApplicationCredentialLogin("abc", null, null, "inside"), Find(null, "OS_CLOUD=two").Login);
        File.Delete(Path.Combine(_folder, "secure.yaml"));
        Assert.Equal("environment", ((PasswordLogin)Find("one", "OS_PASSWORD=environment OS_USERNAME=other").Login).Password);
    }

    [Theory]
    [InlineData("", "do not give auth_url")]
    [InlineData("OS_AUTH_URL=id.example.org", "'id.example.org' is no http:// or https:// URL")]
    [InlineData("OS_AUTH_URL=https://k OS_USERNAME=u", "do not give password")]
    [InlineData("OS_AUTH_URL=https://k OS_USERNAME=u OS_PASSWORD=p", "do not give project_name")]
    [InlineData("OS_AUTH_URL=https://k OS_AUTH_TYPE=v3oidcpassword", "'v3oidcpassword' is not known here")]
    [InlineData("OS_AUTH_URL=https://k OS_APPLICATION_CREDENTIAL_ID=i", "do not give application_credential_secret")]
    [InlineData(OpenRc + " OS_INTERFACE=private", "'private' is not public, internal or admin")]
    [InlineData(OpenRc + " OS_VERIFY=false", "'verify: false' is not followed")]
    [InlineData("OS_CLOUD=none", "there is no clouds.yaml for the cloud 'none'")]
    public void WhatIsMissingIsNamed(string variables, string expected)
    {
        var refusal = Assert.Throws<KeySourceException>(() => Find(null, variables));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret!", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNoYamlAndACloudThatIsNotInItAreNamed()
    {
        Write("clouds.yaml", "clouds: {");
        Assert.Contains("clouds.yaml is not YAML: line", Assert.Throws<KeySourceException>(() => Find("one")).Message, StringComparison.Ordinal);
        Write("clouds.yaml", "clouds: { two: { auth: {} } }");
        Assert.EndsWith("clouds.yaml has no cloud 'one'", Assert.Throws<KeySourceException>(() => Find("one")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example.org/v1/secrets/6937A5D6-75e8-4325-bb1c-ee1b77416f3a/")]
    [InlineData("6937a5d6-75e8-4325-bb1c-ee1b77416f3a")]
    public void OfAnAddressOnlyTheIdCounts(string secret) => Assert.Equal("6937a5d6-75e8-4325-bb1c-ee1b77416f3a", KeyManager.IdOf(secret));

    [Theory]
    [InlineData("")]
    [InlineData("https://host/v1/secrets")]
    [InlineData("not-an-id")]
    public void WhatHasNoIdIsRefused(string secret) => Assert.Throws<KeySourceException>(() => KeyManager.IdOf(secret));

    private OpenStackCloud Find(string? name, string variables = "")
    {
        var all = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        return new CloudSettings(all.GetValueOrDefault, [_folder]).Find(name);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
