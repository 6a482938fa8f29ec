using Microsoft.CodeAnalysis;

namespace Cistern.RemoteProtocol.Generator.Diagnostics;

/// <summary>Every kind of error that a definition file can have.</summary>
internal static class DefinitionErrors
{
    public static readonly DiagnosticDescriptor UnexpectedCharacter = Error("XDR001", "Unexpected character", "'{0}' does not begin anything");
    public static readonly DiagnosticDescriptor UnterminatedComment = Error("XDR002", "Unterminated comment", "the comment does not end");
    public static readonly DiagnosticDescriptor UnexpectedToken = Error("XDR003", "Unexpected token", "{0} expected, found '{1}'");
    public static readonly DiagnosticDescriptor UnknownType = Error("XDR004", "Unknown type", "no type '{0}' is defined");
    public static readonly DiagnosticDescriptor UnknownConstant = Error("XDR005", "Unknown constant", "no constant '{0}' is defined");
    public static readonly DiagnosticDescriptor DuplicateName = Error("XDR006", "Duplicate name", "'{0}' is defined already");
    public static readonly DiagnosticDescriptor BadNumber = Error("XDR007", "Bad number", "'{0}' is not a number in range");
    public static readonly DiagnosticDescriptor Unsupported = Error("XDR008", "Unsupported construct", "{0} is not supported");
    public static readonly DiagnosticDescriptor BadAnnotation = Error("XDR009", "Bad annotation", "@{0}: '{1}' is not understood here");
    public static readonly DiagnosticDescriptor MissingAnnotation = Error("XDR010", "Missing annotation", "'{0}' needs @{1}");
    public static readonly DiagnosticDescriptor DuplicateNumber = Error("XDR011", "Duplicate procedure number", "procedure {0} is '{1}' already");
    public static readonly DiagnosticDescriptor RecursiveType = Error("XDR012", "Recursive type", "'{0}' contains itself");
    public static readonly DiagnosticDescriptor MissingPrefix = Error("XDR013", "Missing prefix", "'{0}' does not begin with {1}");

    private static DiagnosticDescriptor Error(string id, string title, string message) =>
        new(id, title, message, "ProtocolDefinition", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
