namespace Cistern.Storage.Tests;

/// <summary>A test that makes loop devices; skipped where that is not possible.</summary>
public sealed class LoopDeviceFactAttribute : FactAttribute
{
    public LoopDeviceFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/dev/loop-control"))
        {
            Skip = "needs root and loop devices";
        }
    }
}
