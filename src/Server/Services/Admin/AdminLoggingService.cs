using System.Collections.Immutable;
using System.ComponentModel;
using Cistern.RemoteProtocol.Admin;
using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Logging;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>The administrator's calls about what is logged where.</summary>
internal sealed class AdminLoggingService(LogSettings log) : IAdminLoggingProcedures<CallContext>
{
    public ValueTask<ConnectGetLoggingOutputsRet> ConnectGetLoggingOutputsAsync(
        ConnectGetLoggingOutputsArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        var outputs = log.Outputs;
        return new(new ConnectGetLoggingOutputsRet(string.Join(' ', outputs), (uint)outputs.Length));
    }

    /// <summary>Where there are none, their text is absent.</summary>
    public ValueTask<ConnectGetLoggingFiltersRet> ConnectGetLoggingFiltersAsync(
        ConnectGetLoggingFiltersArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        var filters = log.Filters;
        return new(new ConnectGetLoggingFiltersRet(filters.IsEmpty ? null : string.Join(' ', filters), (uint)filters.Length));
    }

    public ValueTask ConnectSetLoggingOutputsAsync(ConnectSetLoggingOutputsArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        try
        {
            log.SetOutputs(Parse(args.Outputs, LogOutput.ParseAll));
        }
        catch (Win32Exception failed)
        {
            throw ServiceErrors.SystemError(failed.Message, failed.NativeErrorCode);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ConnectSetLoggingFiltersAsync(ConnectSetLoggingFiltersArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        log.SetFilters(Parse(args.Filters, LogFilter.ParseAll));
        return ValueTask.CompletedTask;
    }

    private static ImmutableArray<T> Parse<T>(string? text, Func<string, ImmutableArray<T>> parse)
    {
        try
        {
            return parse(text ?? "");
        }
        catch (FormatException bad)
        {
            throw ServiceErrors.InvalidArgument(bad.Message);
        }
    }
}
