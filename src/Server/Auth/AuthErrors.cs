using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;

namespace Cistern.Server.Auth;

/// <summary>How clients are told that they may not.</summary>
internal static class AuthErrors
{
    /// <summary>45/60.</summary>
    public static RpcException Denied() => New(ErrorNumber.AuthFailed, ErrorDomain.Polkit, "access denied by policy");

    /// <summary>45/60.</summary>
    public static RpcException UnknownProcess() =>
        New(ErrorNumber.AuthFailed, ErrorDomain.Polkit, "the process that connected has ended or cannot be identified");

    /// <summary>79/60.</summary>
    public static RpcException Dismissed() => New(ErrorNumber.AuthCancelled, ErrorDomain.Polkit, "the user did not authenticate");

    /// <summary>94/60.</summary>
    public static RpcException NoAgent(string action) =>
        New(ErrorNumber.AuthUnavailable, ErrorDomain.Polkit, $"no polkit agent available to authenticate action '{action}'");

    /// <summary>89/47.</summary>
    public static RpcException Bus(string detail) => New(ErrorNumber.DbusService, ErrorDomain.Dbus, detail);

    /// <summary>88/55; does not say why.</summary>
    /// <param name="driver">The driver's name that the client opened.</param>
    public static RpcException AccessDenied(string driver) => New(ErrorNumber.AccessDenied, ErrorDomain.Access, $"'{driver}' denied access");

    private static RpcException New(ErrorNumber code, ErrorDomain domain, string detail) => new(ErrorTexts.Compose(code, domain, detail));
}
