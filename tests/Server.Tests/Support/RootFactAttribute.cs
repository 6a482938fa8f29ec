namespace Cistern.Server.Tests.Support;

/// <summary>A test that becomes another user.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = Environment.IsPrivilegedProcess ? null : "needs root, to become another user";
}
