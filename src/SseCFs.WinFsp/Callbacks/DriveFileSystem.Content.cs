using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Callbacks;

/// <content>Reading and writing. What is not in memory is answered later, so that no thread of the driver's waits for the service.</content>
internal sealed partial class DriveFileSystem
{
    private readonly RequestPool _requests = new();

    // Handles that are open for writing, with their paths.
    private readonly ConcurrentDictionary<ulong, string> _writers = new();

    public override int Read(object FileNode, object FileDesc, nint Buffer, ulong Offset, uint Length, out uint BytesTransferred)
    {
        BytesTransferred = 0;
        var handle = HandleOf(FileDesc);
        var request = _requests.Rent();
        var isLater = false;
        try
        {
            var reading = _files.ReadAsync(handle, (long)Math.Min(Offset, long.MaxValue), (int)Length, request.Segments, _pending.Stopping);
            if (!reading.IsCompleted)
            {
                isLater = true;
                return Later(FinishReadAsync(reading, request, _host!.CurrentRequest, Buffer));
            }
            reading.GetAwaiter().GetResult();
            BytesTransferred = request.CopyTo(Buffer);
            return BytesTransferred == 0 && Length > 0 ? STATUS_END_OF_FILE : STATUS_SUCCESS;
        }
        finally
        {
            if (!isLater)
            {
                _requests.Return(request);
            }
        }
    }

    public override int Write(
        object FileNode, object FileDesc, nint Buffer, ulong Offset, uint Length, bool WriteToEndOfFile, bool ConstrainedIo, out uint BytesTransferred, out FileInfo FileInfo)
    {
        (BytesTransferred, FileInfo) = (0, default);
        var node = Node(FileDesc);
        var request = _requests.Rent();
        var isLater = false;
        try
        {
            var writing = WriteAsync(node, request.Memory.Set(Buffer, (int)Length), (long)Offset, WriteToEndOfFile, ConstrainedIo);
            if (!writing.IsCompleted)
            {
                isLater = true;
                return Later(FinishWriteAsync(writing, request, _host!.CurrentRequest));
            }
            (BytesTransferred, FileInfo) = writing.GetAwaiter().GetResult();
            return STATUS_SUCCESS;
        }
        finally
        {
            if (!isLater)
            {
                _requests.Return(request);
            }
        }
    }

    /// <summary>The only place where a program that asks can learn that its data could not be stored.</summary>
    public override int Flush(object? FileNode, object? FileDesc, out FileInfo FileInfo)
    {
        FileInfo = default;
        if (FileDesc is null)
        {
            FlushAll();
            return STATUS_SUCCESS;
        }
        var node = Node(FileDesc);
        if (node.Handle is { } handle)
        {
            DispatcherThread.Wait(_files.SyncAsync(handle, CancellationToken.None));
        }
        FileInfo = DescribeKnown(node.Inode);
        return STATUS_SUCCESS;
    }

    /// <summary>The volume, by an administrator: all that is open for writing. The first failure is told when all have been tried.</summary>
    private void FlushAll()
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var (handle, path) in _writers)
        {
            try
            {
                DispatcherThread.Wait(_files.SyncAsync(handle, CancellationToken.None));
            }
            catch (FsException e) when (e.Reason == FsError.BadHandle)
            {
                // Closed meanwhile, and so stored.
            }
            catch (FsException e)
            {
                _log.NotStoredAtClose(path, e.Message);
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }
        failure?.Throw();
    }

    /// <summary>Nothing is reserved in a bucket: a larger allocation changes nothing, one smaller than the file cuts it.</summary>
    public override int SetFileSize(object FileNode, object FileDesc, ulong NewSize, bool SetAllocationSize, out FileInfo FileInfo)
    {
        FileInfo = default;
        var node = Node(FileDesc);
        FileInfo = DispatcherThread.Wait(ResizeAsync(node, (long)Math.Min(NewSize, long.MaxValue), SetAllocationSize));
        return STATUS_SUCCESS;
    }

    private async ValueTask<FileInfo> ResizeAsync(OpenNode node, long size, bool isAllocation)
    {
        if (!isAllocation || size < (await _files.GetAttributesAsync(node.Inode, node.Handle, CancellationToken.None).ConfigureAwait(false)).Size)
        {
            await _files.SetAttributesAsync(node.Inode, node.Handle, new AttributeChange { Size = size, ClearPrivileges = true }, CallerNow(), CancellationToken.None).ConfigureAwait(false);
        }
        return DescribeKnown(node.Inode);
    }

    private async ValueTask<(uint Bytes, FileInfo Info)> WriteAsync(OpenNode node, ReadOnlyMemory<byte> data, long offset, bool append, bool isConstrained)
    {
        if (isConstrained)
        {
            // From the cache manager, which writes whole pages: the file must not grow by them.
            var size = _files.GetKnown(node.Inode).Attributes.Size;
            data = offset >= size ? default : data[..(int)Math.Min(data.Length, size - offset)];
        }
        if (data.Length > 0)
        {
            await _files.WriteAsync(HandleOf(node), offset, data, append, clearPrivileges: true, _pending.Stopping).ConfigureAwait(false);
        }
        return ((uint)data.Length, DescribeKnown(node.Inode));
    }

    private async Task FinishReadAsync(ValueTask reading, DriveRequest request, ulong hint, nint buffer)
    {
        var (status, bytes) = (STATUS_SUCCESS, 0u);
        try
        {
            await reading.ConfigureAwait(false);
            bytes = request.CopyTo(buffer);
            status = bytes == 0 ? STATUS_END_OF_FILE : STATUS_SUCCESS;
        }
        catch (Exception exception)
        {
            status = Fail("read", exception);
        }
        _requests.Return(request);
        _host!.AnswerRead(hint, status, bytes);
    }

    private async Task FinishWriteAsync(ValueTask<(uint Bytes, FileInfo Info)> writing, DriveRequest request, ulong hint)
    {
        var (status, bytes, info) = (STATUS_SUCCESS, 0u, default(FileInfo));
        try
        {
            (bytes, info) = await writing.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            status = Fail("write", exception);
        }
        _requests.Return(request);
        _host!.AnswerWrite(hint, status, bytes, ref info);
    }

    /// <summary>Counts what goes on after the callback has returned, until it is answered.</summary>
    private int Later(Task finishing)
    {
        _pending.Begin();
        _ = CountAsync();
        return STATUS_PENDING;

        async Task CountAsync()
        {
            try
            {
                await finishing.ConfigureAwait(false);
            }
            finally
            {
                _pending.End();
            }
        }
    }

    private int Fail(string operation, Exception exception)
    {
        var status = NtStatus.Of(exception);
        _log.Log(operation, exception, status);
        return status;
    }

    private static ulong HandleOf(object fileDesc) => Node(fileDesc) is { Handle: { } handle } ? handle
        : throw new StatusException(STATUS_ACCESS_DENIED, $"{Node(fileDesc).Path} is not open for its content");
}
