using System.Collections.Immutable;

namespace Cistern.RemoteProtocol.Programs;

/// <summary>What the protocol definition says about one procedure that clients call.</summary>
/// <param name="Number">Its number in the program.</param>
/// <param name="Name">Its wire name without the program's prefix, e.g. <c>STORAGE_VOL_CREATE_XML</c>.</param>
/// <param name="Service">The service whose interface has its method.</param>
/// <param name="Priority">How it may be queued.</param>
/// <param name="ReadOnlyDenied">The error domain in which a read-only connection is denied it; null where it is allowed.</param>
/// <param name="BeforeAuthentication">Whether an unauthenticated client may call it.</param>
/// <param name="BeforeOpen">Whether it may be called on a connection that is not open.</param>
/// <param name="Stream">The stream that it opens.</param>
/// <param name="Access">Permissions it needs, all of them.</param>
/// <param name="Filter">The permission that an object needs to appear in its result.</param>
public sealed record ProcedureInfo(
    int Number,
    string Name,
    string Service,
    CallPriority Priority,
    int? ReadOnlyDenied,
    bool BeforeAuthentication,
    bool BeforeOpen,
    StreamDirection Stream,
    ImmutableArray<AccessRule> Access,
    AccessRule? Filter);
