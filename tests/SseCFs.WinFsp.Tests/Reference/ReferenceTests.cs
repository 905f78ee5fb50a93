using System.Reflection;
using System.Runtime.Loader;
using Fsp;

namespace SseCFs.WinFsp.Tests.Reference;

/// <summary>
/// The reference project against WinFsp's own library: what the adapter is compiled against elsewhere must be what it finds on Windows, to the values of constants and the
/// order of a structure's fields, neither of which a compiler there would miss. The library is the one that WINFSP_LIBRARY names, else the one that the tests were built with: on Windows
/// the package's, with the property WinFspSource the one from a checkout.
/// </summary>
public sealed class ReferenceTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void All_that_it_declares_is_in_WinFsps_library_too()
    {
        var real = Load(Environment.GetEnvironmentVariable("WINFSP_LIBRARY") ?? typeof(FileSystemBase).Assembly.Location);
        var reference = Load(Path.Combine(AppContext.BaseDirectory, "reference", "winfsp-msil.dll"));
        Assert.SkipWhen(real.ManifestModule.ModuleVersionId == reference.ManifestModule.ModuleVersionId, "no library but the stand-in is here: WINFSP_LIBRARY or the property WinFspSource names one");
        Assert.Equal(real.GetName().Version, reference.GetName().Version);
        var missing = reference.GetExportedTypes().SelectMany(type => Describe(type).Except(real.GetType(type.FullName!) is { } same ? Describe(same) : [])).ToList();
        Assert.True(missing.Count == 0, string.Join("\n", missing));
        Assert.NotNull(reference.GetType(typeof(FileSystemBase).FullName!));
    }

    private static Assembly Load(string path) => new AssemblyLoadContext(path).LoadFromAssemblyPath(Path.GetFullPath(path));

    /// <summary>What code outside sees of a type, a line each.</summary>
    private static IEnumerable<string> Describe(Type type)
    {
        yield return $"{type} is {(type.IsValueType ? "a structure" : "a class")} over {type.BaseType}";
        if (type.IsValueType)
        {
            var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance).OrderBy(field => field.MetadataToken).Select(field => $"{field.FieldType} {field.Name}");
            yield return $"{type}: {string.Join(", ", fields)}";
        }
        foreach (var field in type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
        {
            yield return $"{type}: {field.FieldType} {field.Name} = {(field.IsLiteral ? field.GetRawConstantValue() : "a variable")}";
        }
        foreach (var method in type.GetMethods(Declared).Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
        {
            var parameters = string.Join(", ", method.GetParameters().Select(one => $"{(one.IsOut ? "out " : "")}{one.ParameterType} {one.Name}{(one.HasDefaultValue ? $" = {one.DefaultValue}" : "")}"));
            yield return $"{type}: {(method.IsStatic ? "static " : "")}{(method.IsVirtual ? "virtual " : "")}{method.ReturnType} {method.Name}({parameters})";
        }
        foreach (var constructor in type.GetConstructors())
        {
            yield return $"{type}: {constructor}";
        }
    }
}
