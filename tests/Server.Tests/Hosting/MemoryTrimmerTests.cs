using Cistern.Server.Hosting;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Hosting;

public sealed class MemoryTrimmerTests
{
    [Fact]
    public void Memory_goes_back_after_a_burst_and_once_only()
    {
        var time = new ManualTime();
        using var trimmer = new MemoryTrimmer(time);
        var burst = new List<byte[]>();
        for (var piece = 0; piece < 64; piece++)
        {
            burst.Add(new byte[1024 * 1024]);
        }

        Collect();
        burst.Clear();
        time.Advance(MemoryTrimmer.Quiet);
        Assert.Equal(1, trimmer.Trims);
        Collect();
        time.Advance(MemoryTrimmer.Quiet);
        Assert.Equal(1, trimmer.Trims);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
