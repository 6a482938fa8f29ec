using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>The name of a server, which stands in command lines.</summary>
internal static class ShareHost
{
    /// <exception cref="StorageException">8/18: a tool would take it for something else.</exception>
    public static void Require(string name)
    {
        if (name.Length == 0 || name[0] == '-' || name.AsSpan().ContainsAny('/', ' ', '\n'))
        {
            throw StorageErrors.SourceHostInvalid(name);
        }
    }
}
