using System.Globalization;
using System.Text.RegularExpressions;
using Cistern.RemoteProtocol.Generator.Model;
using Cistern.RemoteProtocol.Generator.Syntax;
using Xunit.Abstractions;

namespace Cistern.RemoteProtocol.Generator.Tests;

/// <summary>Compares the definitions with a libvirt source tree, named by LIBVIRT_SRC in the environment.</summary>
public partial class DefinitionsMatchLibvirtTests(ITestOutputHelper output)
{
    private static readonly string? Source = Environment.GetEnvironmentVariable("LIBVIRT_SRC");

    [Theory]
    [InlineData("virnetprotocol", "src/rpc/virnetprotocol.x")]
    [InlineData("virkeepaliveprotocol", "src/rpc/virkeepaliveprotocol.x")]
    [InlineData("remote_protocol", "src/remote/remote_protocol.x")]
    [InlineData("admin_protocol", "src/admin/admin_protocol.x")]
    public void Every_type_and_constant_is_libvirts(string name, string path)
    {
        if (SkipWithoutSource())
        {
            return;
        }

        var theirs = TheirDefinitions(path).ToDictionary(definition => definition.Name.Text);
        var ours = Definitions(name).Where(definition => definition is not EnumDefinition list || !ProgramBinder.IsProcedures(list)).ToList();
        Assert.NotEmpty(ours);
        Assert.All(ours, definition =>
        {
            Assert.True(theirs.TryGetValue(definition.Name.Text, out var their), $"{definition.Name.Text} is not in {path}");
            Assert.Equal(Describe(their), Describe(definition));
        });
    }

    [Theory]
    [InlineData("virkeepaliveprotocol", "src/rpc/virkeepaliveprotocol.x", 2)]
    [InlineData("remote_protocol", "src/remote/remote_protocol.x", 145)]
    [InlineData("admin_protocol", "src/admin/admin_protocol.x", 19)]
    public void Every_procedure_has_libvirts_number_and_annotations(string name, string path, int count)
    {
        if (SkipWithoutSource())
        {
            return;
        }

        var theirs = Procedures(TheirDefinitions(path)).ToDictionary(member => member.Name.Text);
        var ours = Procedures(Definitions(name)).ToList();
        Assert.Equal(count, ours.Count);
        Assert.All(ours, procedure =>
        {
            Assert.True(theirs.TryGetValue(procedure.Name.Text, out var their), $"{procedure.Name.Text} is not in {path}");
            Assert.Equal(Describe(their), Describe(procedure));
        });
    }

    [Theory]
    [InlineData("errors")]
    [InlineData("constants")]
    public void Every_number_of_the_api_is_libvirts(string name)
    {
        if (SkipWithoutSource())
        {
            return;
        }

        var theirs = ApiNumbers();
        var ours = Definitions(name).SelectMany(Numbers).ToList();
        Assert.NotEmpty(ours);
        Assert.All(ours, number =>
        {
            Assert.True(theirs.TryGetValue(number.Name, out var their), $"{number.Name} is not in libvirt's headers");
            Assert.Equal((number.Name, their), number);
        });
    }

    [Fact]
    public void No_error_of_libvirt_is_missing()
    {
        if (SkipWithoutSource())
        {
            return;
        }

        var header = File.ReadAllText(Path.Combine(Source!, "include/libvirt/virterror.h"));
        var ours = Definitions("errors").SelectMany(Numbers).Select(number => number.Name).ToHashSet();
        Assert.All(Assignment().Matches(header).Select(match => match.Groups["name"].Value), theirs => Assert.Contains(theirs, ours));
    }

    [Fact]
    public void Read_only_connections_are_denied_what_libvirt_denies_them()
    {
        if (SkipWithoutSource())
        {
            return;
        }

        var theirs = DeniedFunctions();
        var ours = Procedures(Definitions("remote_protocol")).ToList();
        Assert.All(ours, procedure =>
        {
            var function = "VIR" + procedure.Name.Text["REMOTE_PROC_".Length..].Replace("_", "", StringComparison.Ordinal);
            var denied = theirs.TryGetValue(function, out var domain) ? "denied " + domain : null;
            Assert.Equal((procedure.Name.Text, denied), (procedure.Name.Text, procedure.Notes.Find("readonly")?.Value));
        });
    }

    [GeneratedRegex(@"(?:#\s*define\s+|^\s*)(?<name>VIR_\w+)\s*(?:=|\s)\s*\(?(?:1U? << (?<bit>\d+)|(?<number>\d+))", RegexOptions.Multiline)]
    private static partial Regex Number();

    [GeneratedRegex(@"^\s*(?<name>VIR_\w+)\s*=\s*\d+", RegexOptions.Multiline)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"^(?<name>vir\w+)\(.*?^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Function();

    [GeneratedRegex(@"#define VIR_FROM_THIS (?<domain>\w+)")]
    private static partial Regex Domain();

    private bool SkipWithoutSource()
    {
        if (Source is null)
        {
            output.WriteLine("skipped: LIBVIRT_SRC does not name a libvirt source tree");
        }

        return Source is null;
    }

    private static EquatableArray<Definition> Definitions(string name) =>
        RepositoryFiles.Definitions.Single(file => Path.GetFileNameWithoutExtension(file.Path) == name).Definitions;

    private static EquatableArray<Definition> TheirDefinitions(string path) =>
        Parser.Parse(path, File.ReadAllText(Path.Combine(Source!, path))).Definitions;

    private static EquatableArray<EnumMember> Procedures(IEnumerable<Definition> definitions) =>
        definitions.OfType<EnumDefinition>().Single(ProgramBinder.IsProcedures).Members;

    private static string Describe(Definition definition) => definition switch
    {
        ConstDefinition constant => Describe(constant.Value),
        TypedefDefinition alias => Describe(alias.Declaration),
        EnumDefinition enumeration => string.Join("\n", enumeration.Members.Select(member => $"{member.Name.Text} = {Describe(member.Value)}")),
        StructDefinition structure => string.Join("\n", structure.Members.Select(Describe)),
        UnionDefinition union => string.Join(
            "\n", union.Arms.Select(arm => $"{arm.Label.Text}: {Describe(arm.Member)}").Prepend(Describe(union.Discriminant))),
        _ => throw new ArgumentOutOfRangeException(nameof(definition)),
    };

    private static string Describe(Declaration declaration) =>
        $"{declaration.Type.Text} {declaration.Name.Text} {declaration.Shape} {(declaration.Bound is null ? "" : Describe(declaration.Bound))}";

    private static string Describe(Value value) => value.Literal?.ToString(CultureInfo.InvariantCulture) ?? value.Text;

    private static string Describe(EnumMember procedure)
    {
        string[] keys = ["priority", "acl", "aclfilter", "readstream", "writestream"];
        var annotations = procedure.Notes.Annotations
            // Before the first procedure libvirt explains its annotations.
            .Where(annotation => keys.Contains(annotation.Key) && annotation.Value != "paramnumber")
            .Select(annotation => $"@{annotation.Key}: {annotation.Value}");
        return $"{procedure.Name.Text} = {Describe(procedure.Value)}\n{string.Join("\n", annotations.Order())}";
    }

    private static IEnumerable<(string Name, long Value)> Numbers(Definition definition) => definition switch
    {
        ConstDefinition constant => [(constant.Name.Text, constant.Value.Literal!.Value)],
        EnumDefinition enumeration => enumeration.Members.Select(member => (member.Name.Text, member.Value.Literal!.Value)),
        _ => [],
    };

    private static Dictionary<string, long> ApiNumbers()
    {
        var headers = Directory.GetFiles(Path.Combine(Source!, "include/libvirt"), "*.h*").Append(Path.Combine(Source!, "src/libvirt_internal.h"));
        return headers.SelectMany(header => Number().Matches(File.ReadAllText(header)))
            .DistinctBy(match => match.Groups["name"].Value)
            .ToDictionary(match => match.Groups["name"].Value, Value);

        static long Value(Match match) => match.Groups["number"].Success
            ? long.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)
            : 1L << int.Parse(match.Groups["bit"].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>Public functions that check for a read-only connection, by upper-case name, with the origin of the error.</summary>
    private static Dictionary<string, string> DeniedFunctions()
    {
        var denied = new Dictionary<string, string>();
        foreach (var file in Directory.GetFiles(Path.Combine(Source!, "src"), "libvirt-*.c"))
        {
            var text = File.ReadAllText(file);
            var domain = Domain().Match(text).Groups["domain"].Value;
            var functions = Function().Matches(text);
            foreach (var function in functions.Where(function => function.Value.Contains("virCheckReadOnly", StringComparison.Ordinal)))
            {
                denied[function.Groups["name"].Value.ToUpperInvariant()] = domain;
            }
        }

        return denied;
    }
}
