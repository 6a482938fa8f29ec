using System.Diagnostics;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Transport;

public sealed class PeerProcessTests
{
    [Fact]
    public void A_process_has_one_start_time_however_it_is_called()
    {
        var mine = PeerProcess.StartTime(Environment.ProcessId);
        Assert.True(mine > 0);
        Assert.Equal(mine, PeerProcess.StartTime(Environment.ProcessId));

        // A name with all that could be taken for the end of it.
        using var other = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", "printf ') S 1 (x' > /proc/self/comm; exec 3<&0; read"])
        {
            RedirectStandardInput = true,
        })!;
        try
        {
            SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{other.Id}/comm").Contains(") S 1", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
            Assert.True(PeerProcess.StartTime(other.Id) >= mine);
        }
        finally
        {
            other.Kill();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    public void A_process_that_is_not_there_has_none(int process) => Assert.Null(PeerProcess.StartTime(process));
}
