using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Cistern.RemoteProtocol.Generator.Diagnostics;

namespace Cistern.RemoteProtocol.Generator.Syntax;

/// <summary>One <c>@key: value</c> in a comment.</summary>
internal sealed record Annotation(string Key, string Value, SourcePlace Place);

/// <summary>What the comments of a definition say: prose and annotations.</summary>
internal sealed record Notes(string Prose, EquatableArray<Annotation> Annotations)
{
    private static readonly Regex AnnotationPattern = new(@"@(\w+):[ \t]*([^@\r\n]*)", RegexOptions.CultureInvariant);
    private static readonly Regex LineStart = new(@"^[ \t]*\*+[ \t]?", RegexOptions.Multiline | RegexOptions.CultureInvariant);

    public static Notes Of(IEnumerable<Comment> comments)
    {
        var annotations = new List<Annotation>();
        var prose = new List<string>();
        foreach (var comment in comments)
        {
            foreach (Match match in AnnotationPattern.Matches(comment.Text))
            {
                annotations.Add(new Annotation(match.Groups[1].Value, match.Groups[2].Value.Trim(), PlaceIn(comment, match)));
            }

            var text = LineStart.Replace(AnnotationPattern.Replace(comment.Text, string.Empty), string.Empty);
            prose.AddRange(text.Split('\n').Select(line => line.Trim().Trim('*').Trim()).Where(line => line.Length > 0));
        }

        return new Notes(string.Join(" ", prose), new(annotations));
    }

    public Annotation? Find(string key) => Annotations.FirstOrDefault(annotation => annotation.Key == key);

    public IEnumerable<Annotation> FindAll(string key) => Annotations.Where(annotation => annotation.Key == key);

    private static SourcePlace PlaceIn(Comment comment, Match match)
    {
        var before = comment.Text.Substring(0, match.Index);
        var lines = before.Count(character => character == '\n');
        var column = lines == 0 ? comment.Place.Column + 2 + match.Index : match.Index - before.LastIndexOf('\n') - 1;
        return new SourcePlace(comment.Place.Path, comment.Place.Start + 2 + match.Index, match.Length, comment.Place.Line + lines, column);
    }
}
