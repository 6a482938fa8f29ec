using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;
using Cistern.Server.Services;

namespace Cistern.Server.Auth.Access;

/// <summary>Holds the calls of clients to the rules that the protocol definition states for them.</summary>
public sealed class AccessControl(IAccessDriver driver)
{
    /// <summary>Objects of one list that are asked about at one time.</summary>
    private const int ListParallelism = 16;

    /// <summary>The right that a client needs to see what a procedure is about.</summary>
    public static AccessRule FilterOf(RemoteProcedure procedure) =>
        RemoteProgram.Procedures.First(info => info.Number == (int)procedure).Filter
        ?? throw new ArgumentException($"{procedure} has no rule for its results", nameof(procedure));

    public bool IsUnrestricted(ClientConnection client) => driver.IsUnrestricted(client.Caller);

    /// <summary>Returns when the client has every right that its call needs on <paramref name="target"/>.</summary>
    /// <exception cref="RpcException">88/55: it has not.</exception>
    public ValueTask RequireAsync(CallContext context, AccessTarget target, CancellationToken cancellation) =>
        RequireAsync(context, context.Client.DriverName(), target, cancellation);

    /// <param name="connection">The driver of the connection, for one that is not open yet.</param>
    /// <inheritdoc cref="RequireAsync(CallContext, AccessTarget, CancellationToken)"/>
    public async ValueTask RequireAsync(CallContext context, string connection, AccessTarget target, CancellationToken cancellation)
    {
        if (IsUnrestricted(context.Client))
        {
            return;
        }

        var rules = context.Procedure.Access.Where(rule => rule.Object == target.Kind).ToArray();
        if (rules.Length == 0)
        {
            throw new InvalidOperationException($"{context.Procedure.Name} has no rule for {target.Kind}");
        }

        foreach (var rule in rules)
        {
            if (!await driver.AllowsAsync(context.Client.Caller, connection, rule, target, cancellation).ConfigureAwait(false))
            {
                throw AuthErrors.AccessDenied(connection);
            }
        }
    }

    /// <summary>Those of a call's results that its client may see: all of them are the same list.</summary>
    public async ValueTask<IReadOnlyList<T>> FilterAsync<T>(
        CallContext context, IReadOnlyList<T> items, Func<T, AccessTarget> target, CancellationToken cancellation)
    {
        if (IsUnrestricted(context.Client))
        {
            return items;
        }

        var right = context.Procedure.Filter ?? throw new InvalidOperationException($"{context.Procedure.Name} has no rule for its results");
        var isVisible = new bool[items.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ListParallelism, CancellationToken = cancellation };
        await Parallel.ForAsync(0, items.Count, options, async (i, stop) =>
            isVisible[i] = await AllowsAsync(context.Client, right, target(items[i]), stop).ConfigureAwait(false)).ConfigureAwait(false);
        return isVisible.Contains(false) ? [.. items.Where((_, i) => isVisible[i])] : items;
    }

    /// <summary>Whether a client has one right now.</summary>
    public async ValueTask<bool> AllowsAsync(ClientConnection client, AccessRule right, AccessTarget target, CancellationToken cancellation) =>
        IsUnrestricted(client) || await driver.AllowsAsync(client.Caller, client.DriverName(), right, target, cancellation).ConfigureAwait(false);
}
