namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>What is logged in to, and as whom.</summary>
/// <param name="Portal">Host and port.</param>
/// <param name="Target">The target's name; null: the portal is asked for its targets.</param>
/// <param name="User">Of CHAP; null: none.</param>
/// <param name="Password">Ended by a zero.</param>
internal sealed record IscsiLogin(string Portal, string Initiator, string? Target, string? User = null, byte[]? Password = null)
{
    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Portal} {Target}";
}
