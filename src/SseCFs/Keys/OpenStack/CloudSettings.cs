using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SseCFs.Keys.OpenStack;

/// <summary>
/// Finds a cloud as OpenStack's own client does: a cloud of clouds.yaml that is named (--os-cloud, OS_CLOUD), else the OS_ variables. Files are looked for in the places
/// of openstacksdk's documentation, and secure.yaml beside each adds what is not to stand in it. Stateless.
/// </summary>
/// <param name="variable">Reads one environment variable.</param>
/// <param name="configurationFolders">Where clouds.yaml may be; the first that has it counts.</param>
internal sealed class CloudSettings(Func<string, string?> variable, IReadOnlyList<string> configurationFolders)
{
    private static readonly string[] CloudFiles = ["clouds.yaml", "clouds.yml"];
    private static readonly string[] SecureFiles = ["secure.yaml", "secure.yml"];

    /// <summary>Settings whose secrets may stand in the environment, whatever the file says.</summary>
    private static readonly string[] Secrets = ["password", "application_credential_secret"];

    public static CloudSettings OfThisUser() => new(Environment.GetEnvironmentVariable, [
        Directory.GetCurrentDirectory(),
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "openstack"),
        "/etc/openstack",
    ]);

    /// <param name="name">Of a cloud in clouds.yaml; null: OS_CLOUD, else the variables.</param>
    /// <exception cref="KeySourceException">No such cloud, or something is missing.</exception>
    public OpenStackCloud Find(string? name)
    {
        name ??= Read("OS_CLOUD");
        return name is null
            ? Make("the OS_ variables", setting => Read("OS_" + setting.ToUpperInvariant()))
            : FromFile(name);
    }

    private OpenStackCloud FromFile(string name)
    {
        var (file, settings) = Load(name);
        return Make($"the cloud '{name}' of {file}", setting => settings.GetValueOrDefault(setting) ?? (Secrets.Contains(setting) ? Read("OS_" + setting.ToUpperInvariant()) : null));
    }

    private (string File, Dictionary<string, string> Settings) Load(string name)
    {
        var files = Read("OS_CLIENT_CONFIG_FILE") is { } given
            ? [given]
            : configurationFolders.SelectMany(folder => CloudFiles.Select(one => Path.Combine(folder, one))).ToList();
        var file = files.Find(File.Exists) ?? throw new KeySourceException($"there is no clouds.yaml for the cloud '{name}': looked for {string.Join(", ", files)}");
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var isThere = Add(file, name, settings);
        foreach (var secure in SecureFiles.Select(other => Path.Combine(Path.GetDirectoryName(file)!, other)).Where(File.Exists))
        {
            isThere |= Add(secure, name, settings);
        }
        return isThere ? (file, settings) : throw new KeySourceException($"{file} has no cloud '{name}'");
    }

    /// <summary>Flattens one cloud: what is under "auth" and beside it bear different names.</summary>
    private static bool Add(string file, string name, Dictionary<string, string> settings)
    {
        try
        {
            using var text = File.OpenText(file);
            var yaml = new YamlStream();
            yaml.Load(text);
            if (yaml.Documents.Count == 0 || Child(yaml.Documents[0].RootNode, "clouds") is not { } clouds || Child(clouds, name) is not YamlMappingNode cloud)
            {
                return false;
            }
            Flatten(cloud, settings);
            return true;
        }
        catch (YamlException e)
        {
            throw new KeySourceException($"{file} is not YAML: line {e.Start.Line}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeySourceException($"{file} cannot be read: {e.Message}", e);
        }
    }

    private static void Flatten(YamlMappingNode node, Dictionary<string, string> settings)
    {
        foreach (var (key, value) in node.Children)
        {
            switch (value)
            {
                case YamlScalarNode { Value: { Length: > 0 } text }:
                    settings[((YamlScalarNode)key).Value!] = text;
                    break;
                case YamlMappingNode inner when key is YamlScalarNode { Value: "auth" }:
                    Flatten(inner, settings);
                    break;
            }
        }
    }

    private static YamlNode? Child(YamlNode node, string name) => node is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    private string? Read(string name) => variable(name) is { Length: > 0 } value ? value : null;

    private static OpenStackCloud Make(string origin, Func<string, string?> get)
    {
        if (get("verify") is "false" or "False" or "no" or "off")
        {
            throw new KeySourceException($"{origin}: 'verify: false' is not followed, since the key would go to anyone; name the certificate authority with 'cacert'");
        }
        var url = Need("auth_url", "the address of the identity service");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var auth) || auth.Scheme is not ("http" or "https"))
        {
            throw new KeySourceException($"{origin}: auth_url '{url}' is no http:// or https:// URL");
        }
        return new OpenStackCloud
        {
            Origin = origin,
            AuthUrl = WithVersion(auth),
            Login = LoginOf(),
            Region = get("region_name"),
            Interface = InterfaceOf(get("interface") ?? get("endpoint_type") ?? "public"),
            CaFile = get("cacert"),
        };

        string Need(string setting, string what) => get(setting) ?? throw new KeySourceException(
            $"{origin} do{(origin.StartsWith("the OS_", StringComparison.Ordinal) ? "" : "es")} not give {setting} ({what}): for Barbican, set the OS_ variables as an openrc file does, or name a cloud of clouds.yaml with --os-cloud");

        CloudLogin LoginOf() => (get("auth_type"), get("application_credential_id"), get("application_credential_name")) switch
        {
            (null or "v3applicationcredential" or "application_credential", { } id, _) => new ApplicationCredentialLogin(id, null, null, Secret()),
            (null or "v3applicationcredential" or "application_credential", null, { } name) => new ApplicationCredentialLogin(null, name, Name("user", "username"), Secret()),
            ("v3applicationcredential" or "application_credential", null, null) => throw new KeySourceException($"{origin}: an application credential needs application_credential_id and application_credential_secret"),
            (null or "password" or "v3password", _, _) => new PasswordLogin(Name("user", "username"), Need("password", "the user's"), Name("project", "project_name")),
            (var other, _, _) => throw new KeySourceException($"{origin}: auth_type '{other}' is not known here; password and v3applicationcredential are"),
        };

        string Secret() => Need("application_credential_secret", "shown once, when the credential was made");

        Named Name(string what, string nameSetting)
        {
            if (get(what + "_id") is { } id)
            {
                return new Named(id, null, null, null);
            }
            var name = get(nameSetting) ?? (what == "project" ? get("tenant_name") : null) ?? Need(nameSetting, $"or {what}_id");
            var domainId = get(what + "_domain_id") ?? get("domain_id");
            var domainName = domainId is null ? get(what + "_domain_name") ?? get("domain_name") ?? get("default_domain_name") : null;
            return new Named(null, name, domainId ?? (domainName is null ? get("default_domain_id") ?? get("default_domain") ?? "default" : null), domainName);
        }

        string InterfaceOf(string text) => text switch
        {
            "public" or "publicURL" => "public",
            "internal" or "internalURL" => "internal",
            "admin" or "adminURL" => "admin",
            _ => throw new KeySourceException($"{origin}: interface '{text}' is not public, internal or admin"),
        };
    }

    /// <summary>An openrc's URL has the version or not, with or without a slash.</summary>
    private static Uri WithVersion(Uri url)
    {
        var path = url.AbsolutePath.TrimEnd('/');
        return new Uri(url, (path.EndsWith("/v3", StringComparison.Ordinal) ? path : path + "/v3") + "/");
    }
}
