using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;

namespace Cistern.Server.Tests.Auth;

/// <summary>A server that asks for no authentication answers as libvirtd does.</summary>
public sealed class AuthServiceTests
{
    private readonly AuthService _service = new();

    [Fact]
    public async Task Nothing_is_asked_for() =>
        Assert.Equal([AuthType.None], (await _service.AuthListAsync(null!, default)).Types);

    [Fact]
    public async Task The_sasl_exchange_is_refused_as_a_failed_authentication()
    {
        await ShouldFailAsync(45, async () => await _service.AuthSaslInitAsync(null!, default));
        await ShouldFailAsync(45, async () => await _service.AuthSaslStartAsync(new AuthSaslStartArgs("PLAIN", 1, []), null!, default));
        await ShouldFailAsync(45, async () => await _service.AuthSaslStepAsync(new AuthSaslStepArgs(1, []), null!, default));
    }

    [Fact]
    public async Task The_polkit_exchange_is_an_internal_error() =>
        await ShouldFailAsync(1, async () => await _service.AuthPolkitAsync(null!, default));

    private static async Task ShouldFailAsync(int code, Func<Task> call)
    {
        var error = (await Assert.ThrowsAsync<RpcException>(call)).Error;
        Assert.Equal((code, 7), (error.Code, error.Domain));
    }
}
