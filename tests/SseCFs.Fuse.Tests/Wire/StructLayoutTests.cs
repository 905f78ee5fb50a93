using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Tests.Wire;

/// <summary>Sizes and offsets as a C compiler has them from linux/fuse.h 7.38.</summary>
public sealed class StructLayoutTests
{
    [Fact]
    public void Requests_lie_as_the_kernel_lays_them()
    {
        Check<InHeader>(40, 0, 4, 8, 16, 24, 28, 32, 36, 38);
        // The part that every minor version sends; 64 bytes since 7.36.
        Check<InitIn>(16, 0, 4, 8, 12);
        Check<ForgetIn>(8, 0);
        Check<ForgetOne>(16, 0, 8);
        Check<BatchForgetIn>(8, 0, 4);
        Check<GetAttrIn>(16, 0, 4, 8);
        Check<SetAttrIn>(88, 0, 4, 8, 16, 24, 32, 40, 48, 56, 60, 64, 68, 72, 76, 80, 84);
        Check<MkNodIn>(16, 0, 4, 8, 12);
        Check<MkDirIn>(8, 0, 4);
        Check<RenameIn>(8, 0);
        Check<Rename2In>(16, 0, 8, 12);
        Check<OpenIn>(8, 0, 4);
        Check<CreateIn>(16, 0, 4, 8, 12);
        Check<ReleaseIn>(24, 0, 8, 12, 16);
        Check<FlushIn>(24, 0, 8, 12, 16);
        Check<ReadIn>(40, 0, 8, 16, 20, 24, 32, 36);
        Check<WriteIn>(40, 0, 8, 16, 20, 24, 32, 36);
        Check<FSyncIn>(16, 0, 8, 12);
        // FUSE_COMPAT_SETXATTR_IN_SIZE, the form without FUSE_SETXATTR_EXT.
        Check<SetXAttrIn>(8, 0, 4);
        Check<GetXAttrIn>(8, 0, 4);
        Check<InterruptIn>(8, 0);
        Check<FAllocateIn>(32, 0, 8, 16, 24, 28);
    }

    [Fact]
    public void Replies_lie_as_the_kernel_reads_them()
    {
        Check<OutHeader>(16, 0, 4, 8);
        Check<InitOut>(64, 0, 4, 8, 12, 16, 18, 20, 24, 28, 30, 32, 36);
        Check<Attr>(88, 0, 8, 16, 24, 32, 40, 48, 52, 56, 60, 64, 68, 72, 76, 80, 84);
        Check<EntryOut>(128, 0, 8, 16, 24, 32, 36, 40);
        Check<AttrOut>(104, 0, 8, 12, 16);
        Check<OpenOut>(16, 0, 8, 12);
        Check<CreateOut>(144, 0, 128);
        Check<WriteOut>(8, 0, 4);
        Check<StatFsOut>(80, 0, 8, 16, 24, 32, 40, 44, 48, 52, 56);
        Check<GetXAttrOut>(8, 0, 4);
        Check<DirEnt>(24, 0, 8, 16, 20);
        Check<NotifyInvalidateInodeOut>(24, 0, 8, 16);
        Check<NotifyInvalidateEntryOut>(16, 0, 8, 12);
    }

    private static void Check<T>(int size, params int[] offsets) where T : unmanaged
    {
        Assert.Equal(size, Unsafe.SizeOf<T>());
        var fields = typeof(T).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.Equal(offsets, fields.Select(field => (int)Marshal.OffsetOf<T>(field.Name)));
    }
}
