using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Server.Rpc;

/// <summary>An error as a client is told of it: the fields of the wire's error struct that carry something.</summary>
/// <param name="Code">virErrorNumber: what kind of failure.</param>
/// <param name="Domain">virErrorDomain: the module that raised it.</param>
/// <param name="Message">The whole text; clients show it as it is.</param>
/// <param name="Template">The text's format, e.g. <c>internal error: %s</c> (str1).</param>
/// <param name="Detail">What was put into the template (str2).</param>
/// <param name="Errno">The system's error number for system errors, else -1 (int1).</param>
public sealed record RemoteError(int Code, int Domain, string Message, string? Template = null, string? Detail = null, int Errno = -1)
{
    internal Error ToWire() => new(
        Code, Domain, Message, (int)ErrorLevel.Error, Dom: null, Template, Detail, Str3: null, Errno, Int2: -1, Net: null);
}
