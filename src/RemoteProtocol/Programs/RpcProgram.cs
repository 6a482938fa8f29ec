using System.Diagnostics.CodeAnalysis;

namespace Cistern.RemoteProtocol.Programs;

/// <summary>A program number and version with the procedures that are served under it.</summary>
public sealed class RpcProgram<TContext>
{
    private readonly Procedure<TContext>?[] _byNumber;

    public RpcProgram(string name, uint number, uint version, IReadOnlyCollection<Procedure<TContext>> procedures)
    {
        Name = name;
        Number = number;
        Version = version;
        _byNumber = new Procedure<TContext>?[procedures.Count == 0 ? 0 : procedures.Max(procedure => procedure.Info.Number) + 1];
        foreach (var procedure in procedures)
        {
            _byNumber[procedure.Info.Number] = procedure;
        }
    }

    public string Name { get; }

    public uint Number { get; }

    public uint Version { get; }

    /// <summary>What is served, by number.</summary>
    public IEnumerable<ProcedureInfo> Procedures => _byNumber.OfType<Procedure<TContext>>().Select(procedure => procedure.Info);

    /// <summary>The same program with every procedure exchanged for another of its number.</summary>
    public RpcProgram<TContext> With(Func<Procedure<TContext>, Procedure<TContext>> exchange) =>
        new(Name, Number, Version, [.. _byNumber.OfType<Procedure<TContext>>().Select(exchange)]);

    /// <summary>Looks a call's procedure number up; any value may be asked.</summary>
    public bool TryGet(int procedure, [NotNullWhen(true)] out Procedure<TContext>? found)
    {
        var table = _byNumber;
        found = (uint)procedure < (uint)table.Length ? table[procedure] : null;
        return found is not null;
    }
}
