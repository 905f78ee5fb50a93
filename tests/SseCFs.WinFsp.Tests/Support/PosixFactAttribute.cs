namespace SseCFs.Tests.Support;

/// <summary>Says what POSIX promises and Windows does not: no test here.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PosixFactAttribute : Attribute;
