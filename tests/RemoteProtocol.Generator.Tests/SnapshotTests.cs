using Cistern.RemoteProtocol.Xdr;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Cistern.RemoteProtocol.Generator.Tests;

public class SnapshotTests
{
    private const string Definition = """
        /* A program with one of everything.
         *
         * @namespace: Sample
         * @prefix: sample_
         */

        %#include "ignored.h"

        /* Bytes of a string. */
        const SAMPLE_STRING_MAX = 0x10;
        const SAMPLE_LIST_MAX = 4;
        const SAMPLE_PROGRAM = 0x1234;
        const SAMPLE_PROTOCOL_VERSION = 2;

        typedef string sample_nonnull_string<SAMPLE_STRING_MAX>;
        typedef sample_nonnull_string *sample_string;
        typedef opaque sample_uuid[16];

        /* @members: SAMPLE_COLOUR_ */
        enum sample_colour {
            SAMPLE_COLOUR_RED = 1,
            SAMPLE_COLOUR_DARK_BLUE = 2 /* at night */
        };

        struct sample_point {
            int x; /* metres */
            unsigned hyper y_axis;
        };

        union sample_value switch (int type) {
        case SAMPLE_COLOUR_RED:
            int number;
        case 7:
            sample_nonnull_string text;
        case 9:
            void;
        };

        /* All kinds of members. */
        struct sample_draw_args {
            sample_colour colour;
            bool filled;
            double width;
            char letter;
            unsigned char grey;
            char model[3];
            char token<SAMPLE_LIST_MAX>;
            opaque key<>;
            opaque digest[20];
            sample_uuid id;
            sample_nonnull_string name;
            sample_string note;
            sample_point points<SAMPLE_LIST_MAX>;
            sample_nonnull_string names<SAMPLE_LIST_MAX>;
            hyper corners[2];
            sample_point *origin;
            sample_value value; /* @name: Setting */
        };

        struct sample_draw_ret {
            int done;
        };

        struct sample_redrawn_msg {
            sample_uuid id;
        };

        enum sample_procedure {
            /**
             * Draws.
             *
             * @service: Canvas
             * @priority: high
             * @readonly: denied SAMPLE_LIST_MAX
             * @writestream: 1
             * @acl: canvas:write
             * @acl: canvas:read:SAMPLE_FLAG
             * @aclfilter: canvas:getattr
             */
            SAMPLE_PROC_DRAW = 1,
            /* @service: Session @auth: none @open: none @acl: none */
            SAMPLE_PROC_HELLO = 3,
            /* @acl: none */
            SAMPLE_PROC_REDRAWN = 4
        };
        """;

    [Theory]
    [InlineData("Constants")]
    [InlineData("Types")]
    [InlineData("Services")]
    [InlineData("Program")]
    public void The_generated_code_of_a_small_program_is_as_reviewed(string part)
    {
        var run = new GeneratorRun(("sample.x", Definition));
        Assert.Empty(run.Diagnostics);
        RepositoryFiles.AssertGolden($"sample.{part}.cs.txt", run.Source($"sample.{part}.g.cs"));
    }

    [Fact]
    public void The_generated_code_of_a_small_program_compiles()
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            "Sample",
            new GeneratorRun(("sample.x", Definition)).Result.GeneratedSources.Select(source => CSharpSyntaxTree.ParseText(source.SourceText)),
            platform.Append(typeof(XdrReader).Assembly.Location).Distinct().Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.DoesNotContain(compilation.GetDiagnostics(), diagnostic => diagnostic.Severity != DiagnosticSeverity.Hidden);
    }
}
