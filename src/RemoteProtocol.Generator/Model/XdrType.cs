namespace Cistern.RemoteProtocol.Generator.Model;

internal enum ScalarKind
{
    Int32,
    UInt32,
    Int64,
    UInt64,
    Double,
    Bool,
    Char,
    UnsignedChar,
}

/// <summary>A type as it is on the wire and in C#. Sizes are in bytes.</summary>
internal abstract record XdrType
{
    /// <summary>The size when it is the same for all values.</summary>
    public abstract int? FixedSize { get; }

    /// <summary>The size of the smallest value.</summary>
    public abstract int MinimumSize { get; }

    public static int Padded(int length) => (length + 3) & ~3;
}

internal sealed record ScalarType(ScalarKind Kind) : XdrType
{
    public override int? FixedSize => Kind is ScalarKind.Int64 or ScalarKind.UInt64 or ScalarKind.Double ? 8 : 4;

    public override int MinimumSize => FixedSize!.Value;
}

internal sealed record TextType(int Max) : XdrType
{
    public override int? FixedSize => null;

    public override int MinimumSize => 4;
}

/// <summary>Bytes behind a count.</summary>
internal sealed record OpaqueType(int Max) : XdrType
{
    public override int? FixedSize => null;

    public override int MinimumSize => 4;
}

/// <summary>So many bytes, without a count. Sixteen of them are a uuid.</summary>
internal sealed record FixedOpaqueType(int Length) : XdrType
{
    public bool IsUuid => Length == 16;

    public override int? FixedSize => Padded(Length);

    public override int MinimumSize => Padded(Length);
}

/// <summary>Bytes behind a count, a word each.</summary>
internal sealed record CharArrayType(int Max) : XdrType
{
    public override int? FixedSize => null;

    public override int MinimumSize => 4;
}

/// <summary>So many bytes, a word each.</summary>
internal sealed record FixedCharArrayType(int Length) : XdrType
{
    public override int? FixedSize => 4 * Length;

    public override int MinimumSize => 4 * Length;
}

internal sealed record EnumerationType(string CSharpName) : XdrType
{
    public override int? FixedSize => 4;

    public override int MinimumSize => 4;
}

/// <summary>A struct or union.</summary>
internal sealed record CompositeType(string CSharpName, int? Fixed, int Minimum) : XdrType
{
    public override int? FixedSize => Fixed;

    public override int MinimumSize => Minimum;
}

/// <summary>Items: as many as a count says, at most <paramref name="Bound"/>, or exactly as many.</summary>
internal sealed record SequenceType(XdrType Item, int Bound, bool IsFixed) : XdrType
{
    public override int? FixedSize => IsFixed ? Bound * Item.FixedSize : null;

    public override int MinimumSize => IsFixed ? Bound * Item.MinimumSize : 4;
}

internal sealed record OptionalType(XdrType Item) : XdrType
{
    public override int? FixedSize => null;

    public override int MinimumSize => 4;
}
