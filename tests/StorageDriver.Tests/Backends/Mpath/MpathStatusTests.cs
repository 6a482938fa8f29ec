using Cistern.Storage.Backends.Mpath;
using Cistern.Storage.Tests.Transcripts;

namespace Cistern.Storage.Tests.Backends.Mpath;

public sealed class MpathStatusTests
{
    [Theory]
    [InlineData("mpath/dmsetup-status", 0)]
    [InlineData("mpath/dmsetup-status-one-failed", 1)]
    [InlineData("mpath/dmsetup-status-all-failed", 2)]
    public void Paths_are_counted_by_what_the_kernel_says(string transcript, int failed)
    {
        string line = Transcript.Read(transcript).Output.TrimEnd();
        Assert.Equal((2, failed), MpathStatus.Read(line[(line.IndexOf("multipath ", StringComparison.Ordinal) + "multipath ".Length)..]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("2 0 1 0 1 1 A 0 1 2 8:0")]
    [InlineData("A 8: A :8 F 8:a A 8:0 B")]
    public void Words_that_are_no_paths_are_passed_over(string status) => Assert.Equal((0, 0), MpathStatus.Read(status));
}
