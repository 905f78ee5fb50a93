using Microsoft.Extensions.Logging;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>
/// Serves one connection: reader threads take frames and run handlers; what a handler does not complete at once goes on
/// elsewhere while its reader takes the next frame. Ends when the kernel ends the connection. Thread-safe.
/// </summary>
internal sealed class FuseSession
{
    private readonly ReceiveBuffers _buffers;
    private readonly RequestPool _pool;
    private readonly TaskCompletionSource<Protocol> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // Reader threads and requests in flight; at zero serving has ended.
    private int _busy;
    private int _readersLeft;
    private ulong _lastUnknownInterrupt;

    /// <param name="device">Owned by the session from here on.</param>
    public FuseSession(IFileSystem fileSystem, FuseDevice device, SessionSettings settings, ILogger logger)
    {
        FileSystem = fileSystem;
        Device = device;
        Settings = settings;
        Log = new SessionLog(logger);
        _pool = new RequestPool(this);
        _buffers = new ReceiveBuffers(
            settings.ReceiveBufferSize,
            (int)Math.Max(settings.ReaderThreads + 1, settings.MaxBytesInFlight / settings.ReceiveBufferSize),
            settings.ReaderThreads);
        Notifications = new NotificationQueue(device, Log);
        Interruptions = new Interruptions(InFlight);
    }

    public IFileSystem FileSystem { get; }

    public FuseDevice Device { get; }

    public SessionSettings Settings { get; }

    public SessionLog Log { get; }

    public InFlightTable InFlight { get; } = new();

    public Interruptions Interruptions { get; }

    public NotificationQueue Notifications { get; }

    public OpenDescriptors Descriptors { get; } = new();

    /// <summary>Done when INIT has been answered; fails if the versions do not match or the connection ends before.</summary>
    public Task<Protocol> Ready => _ready.Task;

    /// <summary>Done when the connection has ended and every handler with it; the device is closed then.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Requests still come in.</summary>
    public bool IsConnected => Volatile.Read(ref _readersLeft) > 0;

    public void Start()
    {
        FileSystem.Invalidation = Notifications;
        Notifications.Start();
        _busy = _readersLeft = Settings.ReaderThreads;
        for (var i = 0; i < Settings.ReaderThreads; i++)
        {
            new Thread(ReadRequests) { Name = $"fuse-reader-{i}", IsBackground = true }.Start();
        }
    }

    /// <summary>INIT has been settled, or refused.</summary>
    public void SetReady(Protocol protocol) => _ready.TrySetResult(protocol);

    public void SetRefused(Exception reason) => _ready.TrySetException(reason);

    /// <summary>Whether the last INTERRUPT that found no request was for the same one.</summary>
    public bool IsRepeatedInterrupt(ulong unique) => Interlocked.Exchange(ref _lastUnknownInterrupt, unique) == unique;

    private void ReadRequests()
    {
        var buffer = _buffers.Take();
        var request = _pool.Take();
        while (true)
        {
            var received = Device.Receive(buffer);
            if (received <= 0)
            {
                // ENOENT: the request was taken back between being chosen and being read. EAGAIN: another reader has it.
                if (-received is Errno.EINTR or Errno.EAGAIN or Errno.ENOENT)
                {
                    continue;
                }
                EndReader(-received);
                return;
            }
            Serve(ref buffer, ref request, received);
        }
    }

    /// <summary>Answers one frame, or sets it going; afterwards the buffer and the request are those for the next one.</summary>
    private void Serve(ref byte[] buffer, ref Request request, int received)
    {
        if (!Frame.TryReadHeader(buffer, received, out var header, out var problem))
        {
            Log.Malformed(received, header.Opcode, problem);
            if (header.Unique == 0)
            {
                return;
            }
            // What is known suffices for an answer, and the caller waits for one.
            header.Length = Frame.HeaderSize;
            request.Begin(header, buffer, mayReply: OpcodeTable.Find(header.Opcode)?.Reply != ReplyRule.None);
            request.ReplyError(Errno.EIO);
            return;
        }
        var operation = OpcodeTable.Find(header.Opcode);
        var keepsBuffer = request.Begin(header, buffer, operation?.Reply != ReplyRule.None);
        if (operation is null)
        {
            Log.UnknownOpcode(header.Unique, header.Opcode);
            request.TakeBuffer();
            request.ReplyError(Errno.ENOSYS);
            return;
        }
        Log.Received(header.Unique, operation.Name, header.NodeId, header.Length);
        if (received - Frame.HeaderSize < operation.MinimumSize)
        {
            Log.Malformed(received, header.Opcode, "shorter than its fixed part");
            request.TakeBuffer();
            request.ReplyError(Errno.EIO);
            return;
        }
        var pending = Invoke(operation, request);
        if (pending.IsCompleted)
        {
            Finish(operation, request, pending);
            request.TakeBuffer();
            return;
        }
        Interlocked.Increment(ref _busy);
        if (operation.Reply == ReplyRule.Required)
        {
            InFlight.Add(request);
        }
        _ = FinishLaterAsync(operation, request, pending);
        request = _pool.Take();
        if (keepsBuffer)
        {
            buffer = _buffers.Take();
        }
    }

    private static ValueTask Invoke(Operation operation, Request request)
    {
        try
        {
            return operation.Handle(request);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    private async Task FinishLaterAsync(Operation operation, Request request, ValueTask pending)
    {
        try
        {
            await pending.ConfigureAwait(false);
            Finish(operation, request, ValueTask.CompletedTask);
        }
        catch (Exception exception)
        {
            Finish(operation, request, ValueTask.FromException(exception));
        }
        request.ResetCancellation();
        if (request.TakeBuffer() is { } buffer)
        {
            _buffers.Return(buffer);
        }
        _pool.Return(request);
        LeaveBusy();
    }

    /// <summary>The handler is done: makes sure of the one answer.</summary>
    private void Finish(Operation operation, Request request, ValueTask done)
    {
        request.Segments.Release();
        if (done.IsCompletedSuccessfully)
        {
            done.GetAwaiter().GetResult();
            if (operation.Reply == ReplyRule.Required && request.ReplyError(Errno.EIO))
            {
                Log.Unanswered(operation.Name, request.NodeId);
            }
            return;
        }
        // AsTask: the exception itself, without throwing it once more.
        var exception = Failures.Of(done.AsTask());
        var errno = ErrnoTable.Of(exception);
        Failures.Log(Log, operation, request, exception, errno);
        request.ReplyError(errno);
    }

    private void EndReader(int errno)
    {
        // ENODEV: unmounted. 0: the other end of a socket was closed. ECONNABORTED: aborted through sysfs.
        if (errno is not (0 or Errno.ENODEV or Errno.ECONNABORTED))
        {
            Log.ReadFailed(errno);
        }
        if (Interlocked.Decrement(ref _readersLeft) == 0)
        {
            _ready.TrySetException(new FuseMountException(FuseMountFailure.ConnectionLost, "the kernel ended the connection before it was ready"));
            InFlight.CancelAll();
        }
        LeaveBusy();
    }

    private void LeaveBusy()
    {
        if (Interlocked.Decrement(ref _busy) > 0)
        {
            return;
        }
        Notifications.Stop();
        Device.Dispose();
        Log.Ended();
        _completion.TrySetResult();
    }
}
