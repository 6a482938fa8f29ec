using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Diagnostics;

namespace Cistern.RemoteProtocol.Generator.Syntax;

/// <summary>Parses the XDR language (RFC 4506 §6). After an error it goes on with the next definition.</summary>
internal sealed class Parser
{
    private readonly List<DiagnosticInfo> _errors = [];
    private readonly List<Token> _tokens;
    private readonly string _path;
    private int _next;
    private int _definitionStart;

    private Parser(string path, string text)
    {
        _path = path;
        _tokens = new Lexer(path, text, _errors).Tokenize();
    }

    private Token Current => _tokens[_next];

    public static DefinitionFile Parse(string path, string text) => new Parser(path, text).ParseFile();

    private DefinitionFile ParseFile()
    {
        var header = Notes.Of(Current.Comments.Take(1));
        var definitions = new List<Definition>();
        _tokens[0] = Current with { Comments = new(Current.Comments.Skip(1)) };
        while (Current.Kind != TokenKind.End)
        {
            _definitionStart = _next;
            try
            {
                definitions.Add(ParseDefinition(Notes.Of(CommentsAbove())));
            }
            catch (SyntaxException error)
            {
                _errors.Add(error.Error);
                Recover();
            }
        }

        return new DefinitionFile(_path, header, new(definitions), new(_errors));
    }

    private Definition ParseDefinition(Notes notes)
    {
        var keyword = Take(TokenKind.Identifier, "a definition");
        Definition definition = keyword.Text switch
        {
            "const" => ParseConst(notes),
            "typedef" => new TypedefDefinition(ParseDeclaration(notes), notes),
            "enum" => ParseEnum(notes),
            "struct" => ParseStruct(notes),
            "union" => ParseUnion(notes),
            _ => throw Unexpected("a definition", keyword),
        };
        Expect(";");
        return definition;
    }

    private ConstDefinition ParseConst(Notes notes)
    {
        var name = ParseIdentifier();
        Expect("=");
        return new ConstDefinition(name, ParseValue(), notes);
    }

    private EnumDefinition ParseEnum(Notes notes)
    {
        var name = ParseIdentifier();
        var members = new List<EnumMember>();
        Expect("{");
        while (true)
        {
            var comments = CommentsAbove();
            var member = ParseIdentifier();
            Expect("=");
            var value = ParseValue();
            var more = Current.Text == ",";
            Expect(more ? "," : "}");
            members.Add(new EnumMember(member, value, Notes.Of(comments.Concat(TakeTrailingComments()))));
            if (!more)
            {
                return new EnumDefinition(name, new(members), notes);
            }
        }
    }

    private StructDefinition ParseStruct(Notes notes)
    {
        var name = ParseIdentifier();
        var members = new List<Declaration>();
        Expect("{");
        while (Current.Text != "}")
        {
            members.Add(ParseMember());
        }

        Expect("}");
        return new StructDefinition(name, new(members), notes);
    }

    private UnionDefinition ParseUnion(Notes notes)
    {
        var name = ParseIdentifier();
        var arms = new List<UnionArm>();
        Expect("switch");
        Expect("(");
        var discriminant = ParseDeclaration(Notes.Of([]));
        Expect(")");
        Expect("{");
        while (Current.Text != "}")
        {
            if (Current.Text == "default")
            {
                throw new SyntaxException(new(DefinitionErrors.Unsupported, Current.Place, new(["a default arm"])));
            }

            Expect("case");
            var label = ParseValue();
            Expect(":");
            if (Current.Text == "case")
            {
                throw new SyntaxException(new(DefinitionErrors.Unsupported, Current.Place, new(["an arm of several cases"])));
            }

            arms.Add(new UnionArm(label, ParseMember()));
        }

        Expect("}");
        return new UnionDefinition(name, discriminant, new(arms), notes);
    }

    private Declaration ParseMember()
    {
        var comments = CommentsAbove();
        var member = ParseDeclaration(Notes.Of(comments));
        Expect(";");
        return member with { Notes = Notes.Of(comments.Concat(TakeTrailingComments())) };
    }

    private Declaration ParseDeclaration(Notes notes)
    {
        var type = ParseTypeName();
        if (type.Text == "void")
        {
            return new Declaration(type, type, DeclarationShape.Plain, null, notes);
        }

        if (TryTake("*"))
        {
            return new Declaration(type, ParseIdentifier(), DeclarationShape.Optional, null, notes);
        }

        var name = ParseIdentifier();
        if (TryTake("["))
        {
            var size = ParseValue();
            Expect("]");
            return new Declaration(type, name, DeclarationShape.Fixed, size, notes);
        }

        if (TryTake("<"))
        {
            var bound = Current.Text == ">" ? null : ParseValue();
            Expect(">");
            return new Declaration(type, name, DeclarationShape.Variable, bound, notes);
        }

        return new Declaration(type, name, DeclarationShape.Plain, null, notes);
    }

    private Identifier ParseTypeName()
    {
        var name = ParseIdentifier();
        if (name.Text is "struct" or "enum" or "union")
        {
            throw new SyntaxException(new(DefinitionErrors.Unsupported, name.Place, new(["a type defined in place"])));
        }

        if (name.Text == "unsigned")
        {
            return Current.Text is "int" or "hyper" or "char" or "short"
                ? name with { Text = "unsigned " + Take(TokenKind.Identifier, "a type").Text }
                : name with { Text = "unsigned int" };
        }

        return name;
    }

    private Identifier ParseIdentifier()
    {
        var token = Take(TokenKind.Identifier, "a name");
        return new Identifier(token.Text, token.Place);
    }

    private Value ParseValue()
    {
        if (Current.Kind == TokenKind.Identifier)
        {
            var name = ParseIdentifier();
            return new Value(name.Text, null, name.Place);
        }

        var token = Take(TokenKind.Number, "a number or constant");
        if (!TryParseNumber(token.Text, out var literal))
        {
            throw new SyntaxException(new(DefinitionErrors.BadNumber, token.Place, new([token.Text])));
        }

        return new Value(token.Text, literal, token.Place);
    }

    private static bool TryParseNumber(string text, out long number) =>
        text.StartsWith("0x", System.StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(text.Substring(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <summary>The comments that stand right above the current token: a blank line separates from those about something else.</summary>
    private List<Comment> CommentsAbove()
    {
        var line = Current.Place.Line;
        var above = new List<Comment>();
        foreach (var comment in Current.Comments.Reverse().TakeWhile(comment => comment.EndLine >= line - 1))
        {
            above.Insert(0, comment);
            line = comment.Place.Line;
        }

        return above;
    }

    /// <summary>Comments on the line of the token just taken belong to what it ends, not to what follows.</summary>
    private List<Comment> TakeTrailingComments()
    {
        var line = _tokens[_next - 1].Place.Line;
        var trailing = Current.Comments.TakeWhile(comment => comment.Place.Line == line).ToList();
        _tokens[_next] = Current with { Comments = new(Current.Comments.Skip(trailing.Count)) };
        return trailing;
    }

    private bool TryTake(string punctuation)
    {
        if (Current.Kind != TokenKind.Punctuation || Current.Text != punctuation)
        {
            return false;
        }

        _next++;
        return true;
    }

    private void Expect(string text)
    {
        if (Current.Text != text)
        {
            throw Unexpected($"'{text}'", Current);
        }

        _next++;
    }

    private Token Take(TokenKind kind, string expected)
    {
        if (Current.Kind != kind)
        {
            throw Unexpected(expected, Current);
        }

        return _tokens[_next++];
    }

    /// <summary>Goes behind the <c>;</c> that ends the definition, outside its braces.</summary>
    private void Recover()
    {
        var depth = 0;
        for (var i = _definitionStart; _tokens[i].Kind != TokenKind.End; i++)
        {
            depth += _tokens[i].Text switch { "{" => 1, "}" => -1, _ => 0 };
            if (i >= _next && depth <= 0 && _tokens[i].Text == ";")
            {
                _next = i + 1;
                return;
            }
        }

        _next = _tokens.Count - 1;
    }

    private static SyntaxException Unexpected(string expected, Token found) =>
        new(new(DefinitionErrors.UnexpectedToken, found.Place, new([expected, found.Text])));

    private sealed class SyntaxException(DiagnosticInfo error) : System.Exception
    {
        public DiagnosticInfo Error { get; } = error;
    }
}
