using Microsoft.Extensions.Logging;
using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

public sealed class MalformedFrameTests
{
    private readonly ScriptedFileSystem _fileSystem = new();
    private readonly RecordingLogger _logger = new();

    public static TheoryData<uint, byte[]> Frames => new()
    {
        { (uint)Opcode.Lookup, [] },
        { (uint)Opcode.Lookup, "no end"u8.ToArray() },
        { (uint)Opcode.Lookup, [0, 0] },
        { (uint)Opcode.Rename, Body(12ul, "only one") },
        { (uint)Opcode.SymLink, Body("name", "target without end"u8.ToArray()) },
        { (uint)Opcode.GetAttr, new byte[15] },
        { (uint)Opcode.SetAttr, new byte[87] },
        { (uint)Opcode.Read, new byte[39] },
        { (uint)Opcode.Write, Body(77ul, 0ul, 4u, 0u, 0ul, 1u, 0u, "abc"u8.ToArray()) },
        { (uint)Opcode.Write, Body(77ul, 0ul, uint.MaxValue, 0u, 0ul, 1u, 0u, "abc"u8.ToArray()) },
        { (uint)Opcode.SetXAttr, Body(6u, 0u, "user.a", "value"u8.ToArray()) },
        { (uint)Opcode.Create, Body(0u, 0u, 0u, 0u) },
        { (uint)Opcode.Init, Body(7u, 38u) },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void A_frame_that_contradicts_the_header_is_EIO_and_logged(uint opcode, byte[] body)
    {
        using var kernel = Initialized(_fileSystem, logger: _logger);
        Assert.Equal(-Errno.EIO, kernel.Call((Opcode)opcode, 9, body).Error);
        Assert.Contains(_logger.Lines, line => line.Level == LogLevel.Error && line.Id == 3008);
        Assert.Empty(_fileSystem.Calls);
        kernel.AssertSilent();
    }

    [Fact]
    public void A_wrong_length_is_EIO()
    {
        using var kernel = Initialized(_fileSystem, logger: _logger);
        kernel.SendRaw([.. Frame(Opcode.Lookup, 500, 9, Body("name")), 0]);
        var reply = kernel.Receive();
        Assert.Equal((500ul, -Errno.EIO), (reply.Unique, reply.Error));
        kernel.AssertSilent();
    }

    [Fact]
    public void Half_a_header_is_dropped_and_logged()
    {
        using var kernel = Initialized(_fileSystem, logger: _logger);
        kernel.SendRaw(new byte[39]);
        kernel.AssertSilent();
        Assert.True(SpinWait.SpinUntil(() => _logger.Lines.Any(line => line.Id == 3008), TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Forgets_that_are_cut_off_count_as_far_as_they_go()
    {
        using var kernel = Initialized(_fileSystem, new FuseMountOptions { MaxWrite = MaxWrite, ReaderThreads = 1 }, _logger);
        kernel.Send(Opcode.BatchForget, 0, Body(3u, 0u, 10ul, 1ul, 11ul));
        kernel.AssertSilent();
        Assert.Equal(["forget 10 1", "statfs"], _fileSystem.Calls);
    }

    [Fact]
    public void Random_frames_never_end_the_session()
    {
        var random = new Random(20260101);
        using var kernel = Initialized(_fileSystem, new FuseMountOptions { MaxWrite = MaxWrite, ReaderThreads = 1 });
        for (var round = 0; round < 3000; round++)
        {
            var body = new byte[random.Next(120)];
            random.NextBytes(body);
            var opcode = (Opcode)random.Next(60);
            if (opcode is Opcode.Interrupt)
            {
                continue;
            }
            var expectsReply = OpcodeTable.Find((uint)opcode)?.Reply != ReplyRule.None;
            var unique = kernel.Send(opcode, 9, body);
            if (expectsReply)
            {
                Assert.Equal(unique, kernel.Receive().Unique);
            }
        }
        kernel.AssertSilent();
    }
}
