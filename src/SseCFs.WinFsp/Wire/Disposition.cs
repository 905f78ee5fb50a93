namespace SseCFs.WinFsp.Wire;

/// <summary>What is to happen if the name exists or does not, as in NtCreateFile; the highest byte of the create options (fsop.c of WinFsp).</summary>
internal enum Disposition : uint
{
    Supersede = 0,
    Open = 1,
    Create = 2,
    OpenIf = 3,
    Overwrite = 4,
    OverwriteIf = 5,
}
