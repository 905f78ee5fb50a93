using Microsoft.Extensions.Logging;
using SseCFs.Tool.Logging;
using Xunit;

namespace SseCFs.Tool.Tests.Logging;

public sealed class WriterSinkTests
{
    [Fact]
    public void AFullDiskUnderTheLogIsNobodysError()
    {
        using var log = new LoggerFactory([new LineLoggerProvider(new WriterSink(new StreamWriter("/dev/full"), TimeProvider.System))]);
        for (var i = 0; i < 1000; i++)
        {
#pragma warning disable CA1848 // how it is called is not what is tested
            log.CreateLogger("mount").LogWarning("the disk is full");
#pragma warning restore CA1848
        }
    }
}
