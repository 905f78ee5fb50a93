using System.CommandLine;
using System.Security.Cryptography;
using SseCFs.Keys;
using SseCFs.Keys.OpenStack;
using SseCFs.Tool.Background;
using SseCFs.Tool.Mounting;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs key new, store and show: keys are made and moved without ever being printed.</summary>
internal sealed class KeyCommand
{
    private const string ProtectedPrefix = "dpapi:";

    private readonly Argument<string> _newFile = new("FILE") { Description = "The file to make, for its owner only; on Windows also dpapi:FILE, which Windows encrypts for its user", Arity = ArgumentArity.ZeroOrOne };
    private readonly Argument<string> _source = new("SOURCE") { Description = "A key's source, as --key takes it" };
    private readonly Option<string> _inBarbican = Parsers.Option("--store", "barbican", "Put the new key into Barbican and print its address, instead of making a file", ParseStore);

    private readonly Option<string> _name = new("--name")
    {
        Description = "The secret's name in Barbican [default: ssecfs]",
        HelpName = "NAME",
    };

    private readonly Option<string> _cloud = KeyOptions.CloudOption();
    private readonly Option<bool> _allowPlainHttp = ServiceOptions.AllowPlainHttpOption();
    private readonly ProxyOptions _proxy = new();
    private KeySourceOptions? _options;

    public Command Build()
    {
        var make = new Command("new", "Makes a key from the system's random source, in a file or in Barbican") { _newFile, _inBarbican, _name, _cloud, _allowPlainHttp };
        make.SetAction(NewAsync);
        var store = new Command("store", "Puts the key of another source into Barbican, and prints its address") { _source, _name, _cloud, _allowPlainHttp };
        store.SetAction(StoreAsync);
        var show = new Command("show", "Tells the fingerprint of a key, and nothing else of it") { _source, _cloud, _allowPlainHttp };
        show.SetAction(ShowAsync);
        foreach (var option in _proxy.All)
        {
            make.Add(option);
            store.Add(option);
            show.Add(option);
        }
        return new Command("key", "Makes keys, puts them into Barbican, and tells them apart") { make, store, show };
    }

    private async Task<int> NewAsync(ParseResult result, CancellationToken cancellation)
    {
        MemoryProtection.Apply();
        var file = result.GetValue(_newFile);
        if (file is null == result.GetValue(_inBarbican) is null)
        {
            throw new ToolException(ExitCode.Usage, "say where the new key goes: a FILE, or --store barbican (ssecfs key new --help)");
        }
        using var key = Draw();
        if (file is null)
        {
            Console.WriteLine(await PutAsync(key, result, cancellation).ConfigureAwait(false));
        }
        else
        {
            Write(file, key);
            Console.WriteLine($"{file}: a key with fingerprint {key.Fingerprint}. What is encrypted with it is lost without it: keep a copy");
        }
        return 0;
    }

    private async Task<int> StoreAsync(ParseResult result, CancellationToken cancellation)
    {
        MemoryProtection.Apply();
        using var key = await KeySources.LoadAsync(result.GetValue(_source)!, OptionsOf(result), cancellation).ConfigureAwait(false);
        Console.WriteLine(await PutAsync(key, result, cancellation).ConfigureAwait(false));
        return 0;
    }

    private async Task<int> ShowAsync(ParseResult result, CancellationToken cancellation)
    {
        MemoryProtection.Apply();
        using var key = await KeySources.LoadAsync(result.GetValue(_source)!, OptionsOf(result), cancellation).ConfigureAwait(false);
        Console.WriteLine(key.Fingerprint);
        return 0;
    }

    private KeySourceOptions OptionsOf(ParseResult result) => _options ??= new()
    {
        Cloud = result.GetValue(_cloud),
        Proxy = _proxy.Read(result).Load(),
        AllowPlainHttp = result.GetValue(_allowPlainHttp),
    };

    private async Task<string> PutAsync(CustomerKey key, ParseResult result, CancellationToken cancellation)
    {
        try
        {
            return await BarbicanStore.StoreAsync(result.GetValue(_name) ?? "ssecfs", key, OptionsOf(result), cancellation).ConfigureAwait(false);
        }
        catch (KeySourceException refusal)
        {
            throw new ToolException(ExitCode.Key, refusal.Message, refusal);
        }
    }

    private static CustomerKey Draw()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(CustomerKey.Length, pinned: true);
        RandomNumberGenerator.Fill(bytes);
        try
        {
            return new CustomerKey(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Never over a file that is there: it may be a key that something is encrypted with.</summary>
    private static void Write(string path, CustomerKey key)
    {
        var isProtected = path.StartsWith(ProtectedPrefix, StringComparison.Ordinal);
        if (isProtected && !OperatingSystem.IsWindows())
        {
            throw new ToolException(ExitCode.Key, $"{path}: Windows protects such a key, and opens it on Windows only; give a FILE");
        }
        path = isProtected ? path[ProtectedPrefix.Length..] : path;
        try
        {
            var options = PrivateFile.ToWrite(FileMode.CreateNew);
            options.BufferSize = 0;
            using var file = new FileStream(path, options);
            file.Write(isProtected && OperatingSystem.IsWindows() ? ProtectedFile.Protect(key) : key.Bytes);
            file.Flush(flushToDisk: true);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new ToolException(ExitCode.Key, $"{path} is there already, and is not overwritten: something may be encrypted with it");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Key, $"{path} cannot be written: {failure.Message}", failure);
        }
    }

    private static string ParseStore(string text) => text == "barbican" ? text : throw new FormatException($"'{text}' is no place for keys: barbican is");
}
