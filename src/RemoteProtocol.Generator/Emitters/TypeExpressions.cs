using System;
using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>C# for the type, the size, the reading and the writing of one value.</summary>
internal static class TypeExpressions
{
    public static string CSharp(XdrType type, string rootNamespace) => type switch
    {
        ScalarType { Kind: var kind } => Scalar(kind).CSharp,
        TextType => "string",
        OpaqueType or CharArrayType or FixedCharArrayType => "byte[]",
        FixedOpaqueType { IsUuid: var isUuid } => isUuid ? "Guid" : "byte[]",
        EnumerationType { CSharpName: var name } => $"global::{rootNamespace}.{name}",
        CompositeType { CSharpName: var name } => $"global::{rootNamespace}.{name}",
        SequenceType { Item: var item } => CSharp(item, rootNamespace) + "[]",
        OptionalType { Item: var item } => CSharp(item, rootNamespace) + "?",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    public static bool IsReference(XdrType type) =>
        type is TextType or OpaqueType or CharArrayType or FixedCharArrayType or SequenceType or FixedOpaqueType { IsUuid: false };

    /// <summary>The bytes that <paramref name="value"/> takes; <paramref name="name"/> is unique in the expression.</summary>
    public static string Size(XdrType type, string value, string name) => type switch
    {
        { FixedSize: { } size } => $"{size}",
        TextType => $"XdrSizes.OfString({value})",
        OpaqueType => $"XdrSizes.OfOpaque({value})",
        CharArrayType => $"XdrSizes.OfCharArray({value})",
        CompositeType => $"{value}.XdrSize",
        SequenceType { IsFixed: false } sequence => $"4 + {SizeOfItems(sequence.Item, value)}",
        SequenceType { Item: var item } => SizeOfItems(item, value),
        OptionalType { Item: var item } => $"({value} is {{ }} {name} ? 4 + {Size(item, name, name + "Value")} : 4)",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Reads a value that one expression can read.</summary>
    public static string Read(XdrType type, string field, string rootNamespace) => type switch
    {
        ScalarType { Kind: var kind } => $"reader.Read{Scalar(kind).Method}(\"{field}\")",
        TextType { Max: var max } => $"reader.ReadString({max}, \"{field}\")",
        OpaqueType { Max: var max } => $"reader.ReadOpaque({max}, \"{field}\")",
        CharArrayType { Max: var max } => $"reader.ReadCharArray({max}, \"{field}\")",
        FixedOpaqueType { IsUuid: true } => $"reader.ReadUuid(\"{field}\")",
        EnumerationType => $"({CSharp(type, rootNamespace)})reader.ReadInt32(\"{field}\")",
        CompositeType => $"{CSharp(type, rootNamespace)}.Read(ref reader)",
        OptionalType { Item: var item } =>
            $"reader.ReadOptional(\"{field}\") ? {Read(item, field, rootNamespace)} : default({CSharp(type, rootNamespace)})",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Writes a value that one statement can write.</summary>
    public static string Write(XdrType type, string value, string field) => type switch
    {
        ScalarType { Kind: var kind } => $"writer.Write{Scalar(kind).Method}({value});",
        TextType { Max: var max } => $"writer.WriteString({value}, {max}, \"{field}\");",
        OpaqueType { Max: var max } => $"writer.WriteOpaque({value}, {max}, \"{field}\");",
        CharArrayType { Max: var max } => $"writer.WriteCharArray({value}, {max}, \"{field}\");",
        FixedOpaqueType { IsUuid: true } => $"writer.WriteUuid({value});",
        FixedOpaqueType { Length: var length } => $"writer.WriteFixedOpaque({value}, {length}, \"{field}\");",
        FixedCharArrayType { Length: var length } => $"writer.WriteFixedCharArray({value}, {length}, \"{field}\");",
        EnumerationType => $"writer.WriteInt32((int){value});",
        CompositeType => $"{value}.Write(ref writer);",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private static string SizeOfItems(XdrType item, string values) => item switch
    {
        { FixedSize: { } size } => $"({size} * {values}.Length)",
        TextType => $"XdrSizes.OfStrings({values})",
        _ => $"XdrSizes.OfItems({values})",
    };

    private static (string CSharp, string Method) Scalar(ScalarKind kind) => kind switch
    {
        ScalarKind.Int32 => ("int", "Int32"),
        ScalarKind.UInt32 => ("uint", "UInt32"),
        ScalarKind.Int64 => ("long", "Int64"),
        ScalarKind.UInt64 => ("ulong", "UInt64"),
        ScalarKind.Double => ("double", "Double"),
        ScalarKind.Bool => ("bool", "Bool"),
        ScalarKind.Char => ("sbyte", "Char"),
        ScalarKind.UnsignedChar => ("byte", "UnsignedChar"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
