namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>A command on its way: its data, which stay in place until it has ended, and then its outcome.</summary>
internal unsafe struct ScsiTransfer
{
    public ScsiCommand Command;
    public byte* Data;

    /// <summary>See <c>IscsiCalls</c>; -1: not sent yet.</summary>
    public int Status;
    public int SenseKey;
    public int SenseCode;

    /// <summary>Bytes that came or went.</summary>
    public int Length;
}
