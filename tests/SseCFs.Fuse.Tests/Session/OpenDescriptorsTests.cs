using System.Diagnostics;
using SseCFs.Fuse.Mounting;
using SseCFs.Fuse.Session;
using SseCFs.Fuse.Tests.Support;
using SseCFs.Fuse.Wire;
using static SseCFs.Fuse.Tests.Support.KernelSocket;

namespace SseCFs.Fuse.Tests.Session;

/// <summary>The descriptors of real processes, with an ordinary file in the place of one of the mount.</summary>
public sealed class OpenDescriptorsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Shell _shell = new();
    private readonly ulong _inode;
    private readonly MountEntry _mount;

    public OpenDescriptorsTests()
    {
        _shell.Run($"exec 9<'{_file}'");
        var descriptor = OpenDescriptors.Parse(File.ReadAllBytes($"/proc/{_shell.Id}/fdinfo/9"))!.Value;
        _shell.Run("exec 9<&-");
        _inode = descriptor.Inode;
        var device = MountTable.DeviceOf(File.ReadLines("/proc/self/mountinfo"), descriptor.Mount)!;
        _mount = new MountEntry(descriptor.Mount, device, "/", "ext4", null);
    }

    public void Dispose()
    {
        _shell.Dispose();
        File.Delete(_file);
    }

    [Theory]
    [InlineData("pos:\t0\nflags:\t0100000\nmnt_id:\t29\nino:\t123\n", false)]
    [InlineData("pos:\t0\nflags:\t0100001\nmnt_id:\t29\nino:\t123\n", true)]
    [InlineData("pos:\t77\nflags:\t02102002\nmnt_id:\t29\nino:\t123\nlock:\t1: POSIX  ADVISORY  WRITE 1 0:38:123 0 EOF\n", true)]
    public void What_a_descriptor_is_of_can_be_read(string text, bool canWrite) =>
        Assert.Equal(new OpenDescriptors.Descriptor(canWrite, 29, 123), OpenDescriptors.Parse(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public async Task A_process_that_does_not_answer_holds_nobody_up()
    {
        using var ends = new ManualResetEventSlim();
        var asked = Enumerable.Range(0, 6).Select(_ => OpenDescriptors.AskAsync(() =>
        {
            ends.Wait(TestContext.Current.CancellationToken);
            return true;
        })).ToList();
        Assert.All(asked, one => Assert.False(one.IsCompleted));
        Assert.All(await Task.WhenAll(asked), Assert.False);
        ends.Set();
        Assert.True(await OpenDescriptors.AskAsync(() => true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pos:\t0\nflags:\t0100001\nmnt_id:\t29\n")]
    public void Linux_before_5_14_does_not_tell_the_inode(string text) =>
        Assert.Null(OpenDescriptors.Parse(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Each_way_of_closing_leaves_those_that_stay_open()
    {
        Assert.False(Has());
        _shell.Run($"exec 5>'{_file}'");
        Assert.True(Has());
        _shell.Run("exec 6>&5 5>&-");
        Assert.True(Has());
        // Now for reading only.
        _shell.Run($"exec 6<'{_file}'");
        Assert.False(Has());
        _shell.Run($"exec 6>>'{_file}'");
        Assert.True(Has());
        // exec in the other sense: descriptors that are to be closed at it are gone, others stay.
        _shell.Run("exec bash");
        Assert.True(Has());
        _shell.Run("exec 6>&-");
        Assert.False(Has());
    }

    [Fact]
    public void A_process_that_ended_has_none()
    {
        _shell.Run($"exec 5>'{_file}'");
        _shell.End();
        Assert.False(Has());
        Assert.False(OpenDescriptors.Has(uint.MaxValue, _inode, _mount));
    }

    [Fact]
    public void Any_thread_stands_for_its_process()
    {
        using var open = File.OpenHandle(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        Assert.All(
            Directory.EnumerateDirectories("/proc/self/task").Select(path => uint.Parse(Path.GetFileName(path), null)).Take(3),
            thread => Assert.True(OpenDescriptors.Has(thread, _inode, _mount)));
    }

    [Fact]
    public void Inodes_of_other_file_systems_with_the_same_number_are_other_files()
    {
        _shell.Run($"exec 5>'{_file}'");
        Assert.False(OpenDescriptors.Has(_shell.Id, _inode, _mount with { Id = int.MaxValue, Device = "0:0" }));
        Assert.False(OpenDescriptors.Has(_shell.Id, _inode + 1, _mount));
    }

    [Fact]
    public void A_mount_may_be_bound_elsewhere()
    {
        _shell.Run($"exec 5>'{_file}'");
        Assert.True(OpenDescriptors.Has(_shell.Id, _inode, _mount with { Id = int.MaxValue }));
    }

    [Fact]
    public void Of_a_process_with_many_descriptors_nothing_is_said()
    {
        _shell.Run($"for i in $(seq 10 {OpenDescriptors.MostLookedAt + 10}); do eval \"exec $i</dev/null\"; done; exec 500>'{_file}'");
        Assert.False(Has());
        _shell.Run("for i in $(seq 10 20); do eval \"exec $i<&-\"; done");
        Assert.True(Has());
    }

    [Theory]
    [InlineData(LinuxOpenFlags.WriteOnly, true)]
    [InlineData(LinuxOpenFlags.ReadWrite, true)]
    [InlineData(0u, false)]
    public void A_flush_is_told_what_its_opener_still_has(uint flags, bool isWriter)
    {
        var fileSystem = new ScriptedFileSystem();
        using var kernel = Initialized(fileSystem);
        kernel.Session.Descriptors.Mount = _mount;
        kernel.Thread = _shell.Id;
        _shell.Run($"exec 5>'{_file}'");
        Assert.Equal(0, kernel.Call(Opcode.Open, _inode, Body(flags, 0u)).Error);
        Assert.Equal(isWriter, Flush());
        _shell.Run("exec 5>&-");
        Assert.False(Flush());
        _shell.Run($"exec 5>'{_file}'");
        Assert.Equal(isWriter, Flush());
        // Its number may be that of another process by now.
        kernel.Call(Opcode.Release, _inode, Body(77ul, 0u, 0u, 0ul));
        Assert.False(Flush());

        bool? Flush()
        {
            // Whoever closes it.
            kernel.Thread = 1;
            Assert.Equal(0, kernel.Call(Opcode.Flush, _inode, Body(77ul, 0u, 0u, 0ul)).Error);
            return fileSystem.StaysOpen;
        }
    }

    [Fact]
    public void A_new_file_has_an_opener_as_well()
    {
        var fileSystem = new ScriptedFileSystem();
        using var kernel = Initialized(fileSystem);
        kernel.Session.Descriptors.Mount = _mount;
        _shell.Run($"exec 5>'{_file}'");
        foreach (var (thread, isSeen) in new[] { (_shell.Id, true), (0u, false) })
        {
            kernel.Thread = thread;
            Assert.Equal(0, kernel.Call(Opcode.Create, 1, Body(LinuxOpenFlags.WriteOnly, 0x1A4u, 0u, 0u, "name")).Error);
            kernel.Call(Opcode.Flush, _inode, Body(78ul, 0u, 0u, 0ul));
            Assert.Equal(isSeen, fileSystem.StaysOpen);
            kernel.Call(Opcode.Release, _inode, Body(78ul, 0u, 0u, 0ul));
        }
    }

    private bool Has() => OpenDescriptors.Has(_shell.Id, _inode, _mount);

    /// <summary>A shell that does one thing after the other.</summary>
    private sealed class Shell : IDisposable
    {
        private readonly Process _process =
            Process.Start(new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true })!;

        public uint Id => (uint)_process.Id;

        public void Run(string command)
        {
            _process.StandardInput.WriteLine(command);
            _process.StandardInput.WriteLine("echo done");
            Assert.Equal("done", _process.StandardOutput.ReadLine());
        }

        public void End()
        {
            _process.StandardInput.Close();
            Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(20)));
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }
            _process.Dispose();
        }
    }
}
