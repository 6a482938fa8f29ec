using System.Linq;
using Cistern.RemoteProtocol.Generator.Diagnostics;

namespace Cistern.RemoteProtocol.Generator.Syntax;

internal enum TokenKind
{
    Identifier,
    Number,
    Punctuation,
    End,
}

/// <summary>A comment without its delimiters.</summary>
internal sealed record Comment(string Text, SourcePlace Place)
{
    public int EndLine => Place.Line + Text.Count(character => character == '\n');
}

/// <summary>A word, number or mark, with the comments before it.</summary>
internal sealed record Token(TokenKind Kind, string Text, SourcePlace Place, EquatableArray<Comment> Comments);
