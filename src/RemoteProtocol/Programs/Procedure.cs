namespace Cistern.RemoteProtocol.Programs;

/// <summary>A procedure that is served.</summary>
public sealed class Procedure<TContext>(ProcedureInfo info, ProcedureHandler<TContext> invoke)
{
    public ProcedureInfo Info { get; } = info;

    public ProcedureHandler<TContext> Invoke { get; } = invoke;
}
