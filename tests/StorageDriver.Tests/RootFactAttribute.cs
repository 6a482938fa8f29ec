namespace Cistern.Storage.Tests;

/// <summary>A test of what only root can do; skipped for others.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "needs root";
        }
    }
}
