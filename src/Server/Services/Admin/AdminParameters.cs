using System.Text;
using Cistern.RemoteProtocol.Admin;
using Cistern.RemoteProtocol.Api;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>The named values that administrators get and give.</summary>
internal static class AdminParameters
{
    /// <summary>Bytes that clients keep of a name, with its end.</summary>
    private const int FieldSize = 80;

    public static TypedParam Of(string field, uint value) => new(field, TypedParamValue.OfUi(value));

    public static TypedParam Of(string field, int value) => new(field, TypedParamValue.OfI(value));

    public static TypedParam Of(string field, bool value) => new(field, TypedParamValue.OfB(value ? 1 : 0));

    public static TypedParam Of(string field, string value) => new(field, TypedParamValue.OfS(value));

    /// <summary>Numbers by name.</summary>
    /// <param name="known">The names that there are.</param>
    /// <exception cref="RpcException">1/0 for a name that is too long, 74/0 for one that is not known, 8/0 for one given twice or with another type.</exception>
    public static Dictionary<string, uint> ReadNumbers(IReadOnlyList<TypedParam> parameters, params IReadOnlyList<string> known)
    {
        if (parameters.FirstOrDefault(parameter => Encoding.UTF8.GetByteCount(parameter.Field) >= FieldSize).Field is { } endless)
        {
            throw ServiceErrors.Internal($"the parameter name '{endless}' is too long");
        }

        var numbers = new Dictionary<string, uint>();
        foreach (var (field, value) in parameters)
        {
            if (!known.Contains(field))
            {
                throw ServiceErrors.ArgumentUnsupported($"parameter '{field}' not supported");
            }

            if (value.Type != (int)TypedParameterType.Uint)
            {
                throw ServiceErrors.InvalidArgument($"parameter '{field}' has the wrong type {value.Type}, expected {(int)TypedParameterType.Uint}");
            }

            if (!numbers.TryAdd(field, value.Ui))
            {
                throw ServiceErrors.InvalidArgument($"parameter '{field}' occurs multiple times");
            }
        }

        return numbers;
    }

    /// <summary>The value of a name; null where it was not given.</summary>
    public static uint? Find(this Dictionary<string, uint> numbers, string name) => numbers.TryGetValue(name, out var number) ? number : null;
}
