using System.Reflection;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Codecs;

/// <summary>Every type of the assembly that has an XDR form.</summary>
public static class CodecTypes
{
    public static IReadOnlyList<Type> All { get; } =
    [
        .. typeof(XdrReader).Assembly.GetExportedTypes()
            .Where(type => type.IsValueType && type.GetInterfaces().Any(IsCodec))
            .OrderBy(type => type.FullName, StringComparer.Ordinal),
    ];

    /// <summary>As theory data: full names, so that each type is a test of its own.</summary>
    public static TheoryData<string> Names => [.. All.Select(type => type.FullName!)];

    /// <summary>Runs a generic method of <paramref name="owner"/> for the named type.</summary>
    public static void For(string name, object owner, string method)
    {
        var type = typeof(XdrReader).Assembly.GetType(name, throwOnError: true)!;
        var generic = owner.GetType().GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type);
        try
        {
            generic.Invoke(null, null);
        }
        catch (TargetInvocationException error)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error.InnerException!);
        }
    }

    private static bool IsCodec(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IXdrCodec<>);
}
