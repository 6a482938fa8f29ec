namespace Cistern.Server.Rpc;

/// <summary>An error as a client is told of it: the fields of the wire's error struct that carry something (its objects are always absent).</summary>
/// <param name="Code">virErrorNumber.</param>
/// <param name="Domain">virErrorDomain: the module that raised it.</param>
/// <param name="Message">The whole text; clients show it as it is.</param>
/// <param name="Template">The text's format, e.g. <c>internal error: %s</c> (str1).</param>
/// <param name="Detail">What was put into the template (str2).</param>
/// <param name="Errno">The system's error number for system errors, else -1 (int1).</param>
public sealed record RemoteError(int Code, int Domain, string Message, string? Template = null, string? Detail = null, int Errno = -1);
