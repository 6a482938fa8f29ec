using Cistern.Server.Rpc;

namespace Cistern.Server.Tests.Support;

/// <summary>A failure that the test server's error mapper knows.</summary>
internal sealed class ExpectedException() : Exception("expected")
{
    public const int Code = 50;
    public const int Domain = 18;

    internal sealed class Mapper : IErrorMapper
    {
        public RemoteError? Map(Exception exception) => exception is ExpectedException ? new RemoteError(Code, Domain, exception.Message) : null;
    }
}
