namespace Cistern.RemoteProtocol.Xdr;

/// <summary>Bytes that are not the XDR form of the expected type, or a value that its declaration does not allow on the wire.</summary>
public sealed class XdrFormatException : Exception
{
    public XdrFormatException(string field, string problem)
        : base(field.Length == 0 ? problem : $"{field}: {problem}")
    {
        Field = field;
        Problem = problem;
    }

    /// <summary>The wire name of the field, empty where a value was read on its own.</summary>
    public string Field { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }
}
