namespace Cistern.RemoteProtocol.Framing;

public enum MessageStatus
{
    Ok = 0,
    Error = 1,
    Continue = 2,
}
