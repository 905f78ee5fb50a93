namespace SseCFs.WinFsp.Wire;

/// <summary>Access rights to files and directories, as in winnt.h.</summary>
internal static class Access
{
    public const uint ReadData = 0x1;
    public const uint WriteData = 0x2;
    public const uint AppendData = 0x4;
    public const uint ReadExtended = 0x8;
    public const uint WriteExtended = 0x10;
    public const uint Execute = 0x20;
    public const uint DeleteChild = 0x40;
    public const uint ReadAttributes = 0x80;
    public const uint WriteAttributes = 0x100;
    public const uint Delete = 0x10000;
    public const uint ReadControl = 0x20000;
    public const uint WriteDacl = 0x40000;
    public const uint WriteOwner = 0x80000;
    public const uint Synchronize = 0x100000;
    public const uint GenericAll = 0x10000000;
    public const uint GenericExecute = 0x20000000;
    public const uint GenericWrite = 0x40000000;
    public const uint GenericRead = 0x80000000;

    private const uint FileRead = ReadControl | ReadData | ReadAttributes | ReadExtended | Synchronize;
    private const uint FileWrite = ReadControl | WriteData | WriteAttributes | WriteExtended | AppendData | Synchronize;
    private const uint FileExecute = ReadControl | ReadAttributes | Execute | Synchronize;
    private const uint FileAll = 0x1F01FF;

    /// <summary>With generic rights replaced by those that they mean for files.</summary>
    public static uint Map(uint mask) =>
        (mask & ~(GenericAll | GenericExecute | GenericWrite | GenericRead))
        | ((mask & GenericRead) != 0 ? FileRead : 0)
        | ((mask & GenericWrite) != 0 ? FileWrite : 0)
        | ((mask & GenericExecute) != 0 ? FileExecute : 0)
        | ((mask & GenericAll) != 0 ? FileAll : 0);
}
