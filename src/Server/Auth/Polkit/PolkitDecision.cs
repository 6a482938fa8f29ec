namespace Cistern.Server.Auth.Polkit;

/// <summary>What polkit answers.</summary>
public enum PolkitDecision
{
    /// <summary>The policy forbids it.</summary>
    Denied,

    Authorized,

    /// <summary>The user would have to authenticate, and there is no way to ask.</summary>
    NeedsAuthentication,

    /// <summary>The user was asked and did not want to.</summary>
    Dismissed,
}
