using System.Reflection;
using Cistern.RemoteProtocol.Remote;
using FsCheck;
using FsCheck.Fluent;

namespace Cistern.RemoteProtocol.Tests.Codecs;

/// <summary>FsCheck generators for codec types, made from their constructors and factories.</summary>
internal static class ValueGenerator
{
    /// <summary>Arrays whose length the definition fixes.</summary>
    private static readonly Dictionary<string, int> FixedLengths = new() { [$"{nameof(NodeGetInfoRet)}.{nameof(NodeGetInfoRet.Model)}"] = 32 };

    private static readonly Gen<string> Words = Gen.Elements("", "a", "vol", "name.qcow2", "größe", "卷", "𐍈", "a\nb", "\u0001", "</name>");

    private static readonly Gen<string> Texts = Words.SelectMany(first => Words.Select(second => first + second));

    public static Gen<T> Of<T>() => Of(typeof(T)).Select(value => (T)value!);

    private static Gen<object?> Of(Type type, string member = "")
    {
        if (FixedLengths.TryGetValue(member, out var length))
        {
            return Boxed(ArbMap.Default.GeneratorFor<byte>().ArrayOf(length));
        }

        return Nullable.GetUnderlyingType(type) is { } underlying
            ? Optional(Of(underlying))
            : type switch
            {
                _ when type == typeof(int) => Boxed(ArbMap.Default.GeneratorFor<int>()),
                _ when type == typeof(uint) => Boxed(ArbMap.Default.GeneratorFor<uint>()),
                _ when type == typeof(long) => Boxed(ArbMap.Default.GeneratorFor<long>()),
                _ when type == typeof(ulong) => Boxed(ArbMap.Default.GeneratorFor<ulong>()),
                _ when type == typeof(double) => Boxed(ArbMap.Default.GeneratorFor<double>()),
                _ when type == typeof(bool) => Boxed(ArbMap.Default.GeneratorFor<bool>()),
                _ when type == typeof(sbyte) => Boxed(ArbMap.Default.GeneratorFor<sbyte>()),
                _ when type == typeof(byte) => Boxed(ArbMap.Default.GeneratorFor<byte>()),
                _ when type == typeof(Guid) => Boxed(ArbMap.Default.GeneratorFor<Guid>()),
                _ when type == typeof(string) => Boxed(Texts),
                _ when type.IsEnum => ArbMap.Default.GeneratorFor<int>().Select(number => (object?)Enum.ToObject(type, number)),
                _ when type.IsArray => ArrayOf(type.GetElementType()!),
                _ => Composite(type),
            };
    }

    private static Gen<object?> Composite(Type type)
    {
        var factories = type.GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.Name.StartsWith("Of", StringComparison.Ordinal))
            .ToList();
        if (factories.Count > 0)
        {
            return Gen.OneOf(factories.Select(factory => Arguments(type, factory).Select(arguments => factory.Invoke(null, arguments))));
        }

        var constructor = type.GetConstructors().SingleOrDefault(candidate => candidate.GetParameters().Length > 0);
        return constructor is null
            ? Gen.Constant(Activator.CreateInstance(type))
            : Arguments(type, constructor).Select(arguments => (object?)constructor.Invoke(arguments));
    }

    private static Gen<object?[]> Arguments(Type type, MethodBase method) =>
        Gen.CollectToArray(method.GetParameters(), parameter => IsOptionalText(parameter)
            ? Optional(Of(parameter.ParameterType))
            : Of(parameter.ParameterType, $"{type.Name}.{parameter.Name}"));

    private static bool IsOptionalText(ParameterInfo parameter) =>
        parameter.ParameterType == typeof(string) && new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;

    private static Gen<object?> ArrayOf(Type item) =>
        Gen.Choose(0, 3).SelectMany(length => Gen.ArrayOf(Of(item), length)).Select(items =>
        {
            var array = Array.CreateInstance(item, items.Length);
            Array.Copy(items, array, items.Length);
            return (object?)array;
        });

    private static Gen<object?> Optional(Gen<object?> value) => Gen.OneOf(Gen.Constant<object?>(null), value);

    private static Gen<object?> Boxed<T>(Gen<T> generator) => generator.Select(value => (object?)value);
}
