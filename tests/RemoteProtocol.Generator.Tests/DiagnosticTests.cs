using Microsoft.CodeAnalysis;

namespace Cistern.RemoteProtocol.Generator.Tests;

public class DiagnosticTests
{
    private const string Header = "/* @namespace: Net\n * @prefix: net_ */\n";

    [Theory]
    [InlineData("XDR001", "struct net_a { int x; };\n$", 4, "'$' does not begin anything")]
    [InlineData("XDR002", "/* open", 3, "the comment does not end")]
    [InlineData("XDR003", "struct net_a {\n int; };", 4, "a name expected, found ';'")]
    [InlineData("XDR003", "struct net_a { int x; }", 3, "';' expected, found 'end of file'")]
    [InlineData("XDR003", "service net_a;", 3, "a definition expected, found 'service'")]
    [InlineData("XDR004", "struct net_a {\n\n net_b x; };", 5, "no type 'net_b' is defined")]
    [InlineData("XDR005", "struct net_a { string x<NET_MAX>; };", 3, "no constant 'NET_MAX' is defined")]
    [InlineData("XDR006", "struct net_a { int x; };\nstruct net_a { int x; };", 4, "'net_a' is defined already")]
    [InlineData("XDR006", "struct net_a { int x;\n int x; };", 4, "'x' is defined already")]
    [InlineData("XDR006", "const NET_A = 1;\nconst NET_A = 2;", 4, "'NET_A' is defined already")]
    [InlineData("XDR007", "const NET_A = 0x1z;", 3, "'0x1z' is not a number in range")]
    [InlineData("XDR007", "struct net_a { opaque x<-1>; };", 3, "'-1' is not a number in range")]
    [InlineData("XDR007", "/* @members: NET_ */ enum net_e { NET_A = 4294967296 };", 3, "'4294967296' is not a number in range")]
    [InlineData("XDR008", "struct net_a { float x; };", 3, "'float' is not supported")]
    [InlineData("XDR008", "struct net_a { struct net_b x; };", 3, "a type defined in place is not supported")]
    [InlineData("XDR008", "typedef int net_b<>; struct net_a { net_b x<>; };", 3, "variable 'net_b' is not supported")]
    [InlineData("XDR008", "union net_a switch (int t) { default: void; };", 3, "a default arm is not supported")]
    [InlineData("XDR008", "union net_a switch (int t) { case 1: case 2: int x; };", 3, "an arm of several cases is not supported")]
    [InlineData("XDR008", "union net_a switch (hyper t) { case 1: int x; };", 3, "a union over 'hyper' is not supported")]
    [InlineData("XDR008", "struct net_a { void; };", 3, "'void' is not supported")]
    [InlineData("XDR009", "/* @colour: red */ struct net_a { int x; };", 3, "@colour: 'red' is not understood here")]
    [InlineData("XDR010", "enum net_e { NET_A = 1 };", 3, "'net_e' needs @members")]
    [InlineData("XDR012", "struct net_a { net_a *next; };", 3, "'net_a' contains itself")]
    [InlineData("XDR013", "/* @members: NET_ */ enum net_e {\n OTHER = 1 };", 4, "'OTHER' does not begin with NET_")]
    public void A_wrong_definition_is_reported_where_it_is(string id, string text, int line, string message)
    {
        var diagnostic = Assert.Single(new GeneratorRun(("/defs/net.x", Header + text)).Diagnostics);
        Assert.Equal((id, DiagnosticSeverity.Error, message), (diagnostic.Id, diagnostic.Severity, diagnostic.GetMessage(null)));
        var place = diagnostic.Location.GetLineSpan();
        Assert.Equal(("/defs/net.x", line), (place.Path, place.StartLinePosition.Line + 1));
    }

    [Theory]
    [InlineData("XDR009", "@service: S @priority: low", "@priority: 'low' is not understood here")]
    [InlineData("XDR009", "@service: S @auth: some", "@auth: 'some' is not understood here")]
    [InlineData("XDR009", "@service: S @readonly: 18", "@readonly: '18' is not understood here")]
    [InlineData("XDR005", "@service: S @readonly: denied NOWHERE", "no constant 'NOWHERE' is defined")]
    [InlineData("XDR009", "@service: S @acl: pool", "@acl: 'pool' is not understood here")]
    [InlineData("XDR009", "@service: S @readstream: 1 @writestream: 1", "@readstream: '1' is not understood here")]
    [InlineData("XDR010", "@acl: none", "'NET_PROC_OPEN' needs @service")]
    public void A_wrong_annotation_of_a_procedure_is_reported_where_it_is(string id, string annotations, string message)
    {
        var text = $$"""
            {{Header}}const NET_PROGRAM = 1;
            const NET_PROTOCOL_VERSION = 1;
            struct net_open_args { int x; };
            enum net_procedure {
                /* {{annotations}} */
                NET_PROC_OPEN = 1
            };
            """;
        var diagnostic = Assert.Single(new GeneratorRun(("net.x", text)).Diagnostics);
        Assert.Equal((id, message), (diagnostic.Id, diagnostic.GetMessage(null)));
        Assert.InRange(diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1, 7, 8);
    }

    [Fact]
    public void Two_procedures_with_one_number_are_reported()
    {
        const string Text = Header + "const NET_PROGRAM = 1; const NET_PROTOCOL_VERSION = 1; enum net_procedure { NET_PROC_A = 1, NET_PROC_B = 1 };";
        var diagnostic = Assert.Single(new GeneratorRun(("net.x", Text)).Diagnostics);
        Assert.Equal(("XDR011", "procedure 1 is 'A' already"), (diagnostic.Id, diagnostic.GetMessage(null)));
    }

    [Fact]
    public void A_file_without_a_namespace_is_reported()
    {
        var diagnostic = Assert.Single(new GeneratorRun(("net.x", "const A = 1;")).Diagnostics);
        Assert.Equal(("XDR010", "'net' needs @namespace"), (diagnostic.Id, diagnostic.GetMessage(null)));
    }

    [Fact]
    public void Every_error_of_a_file_is_reported_and_nothing_is_generated()
    {
        var run = new GeneratorRun(("net.x", Header + "struct net_a { int; int y; }; struct net_b { net_c x; }; const NET_D = 08x;"));
        Assert.Equal(["XDR003", "XDR004", "XDR007"], run.Diagnostics.Select(diagnostic => diagnostic.Id).Order());
        Assert.Empty(run.Result.GeneratedSources);
    }
}
