using System.Collections.Generic;
using Cistern.RemoteProtocol.Generator.Diagnostics;

namespace Cistern.RemoteProtocol.Generator.Syntax;

/// <summary>Splits a definition file into tokens. Lines beginning with % (meant for the C preprocessor) are skipped.</summary>
internal sealed class Lexer(string path, string text, List<DiagnosticInfo> errors)
{
    private readonly List<Comment> _comments = [];
    private int _position;
    private int _line;
    private int _lineStart;

    public List<Token> Tokenize()
    {
        var tokens = new List<Token>();
        do
        {
            SkipBlanksAndComments();
            tokens.Add(Next());
        }
        while (tokens[tokens.Count - 1].Kind != TokenKind.End);

        return tokens;
    }

    private Token Next()
    {
        var start = _position;
        if (start == text.Length)
        {
            return Take(TokenKind.End, 0);
        }

        var first = text[start];
        if (IsWord(first) || (first == '-' && start + 1 < text.Length && char.IsDigit(text[start + 1])))
        {
            var end = start + 1;
            while (end < text.Length && IsWord(text[end]))
            {
                end++;
            }

            return Take(char.IsDigit(first) || first == '-' ? TokenKind.Number : TokenKind.Identifier, end - start);
        }

        return Take(TokenKind.Punctuation, 1);
    }

    private void SkipBlanksAndComments()
    {
        while (_position < text.Length)
        {
            var current = text[_position];
            if (current == '\n')
            {
                NewLine();
            }
            else if (char.IsWhiteSpace(current))
            {
                _position++;
            }
            else if (current == '%' && _position == _lineStart)
            {
                SkipLine();
            }
            else if (string.CompareOrdinal(text, _position, "/*", 0, 2) == 0)
            {
                SkipComment();
            }
            else if (IsWord(current) || "{}()[]<>*=,;:-".IndexOf(current) >= 0)
            {
                return;
            }
            else
            {
                errors.Add(new(DefinitionErrors.UnexpectedCharacter, Place(_position, 1), new([current.ToString()])));
                _position++;
            }
        }
    }

    private void SkipLine()
    {
        while (_position < text.Length && text[_position] != '\n')
        {
            _position++;
        }
    }

    private void SkipComment()
    {
        var start = _position;
        var place = Place(start, 2);
        var end = text.IndexOf("*/", start + 2, System.StringComparison.Ordinal);
        if (end < 0)
        {
            errors.Add(new(DefinitionErrors.UnterminatedComment, place, default));
            end = text.Length;
        }

        _comments.Add(new Comment(text.Substring(start + 2, end - start - 2), place));
        while (_position < end)
        {
            if (text[_position] == '\n')
            {
                NewLine();
            }
            else
            {
                _position++;
            }
        }

        _position = System.Math.Min(end + 2, text.Length);
    }

    private void NewLine()
    {
        _position++;
        _line++;
        _lineStart = _position;
    }

    private Token Take(TokenKind kind, int length)
    {
        var word = kind == TokenKind.End ? "end of file" : text.Substring(_position, length);
        var token = new Token(kind, word, Place(_position, length), new(_comments));
        _comments.Clear();
        _position += length;
        return token;
    }

    private SourcePlace Place(int start, int length) => new(path, start, length, _line, start - _lineStart);

    private static bool IsWord(char value) => value == '_' || (value < 128 && char.IsLetterOrDigit(value));
}
