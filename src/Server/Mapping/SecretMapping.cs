using Cistern.RemoteProtocol.Remote;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Mapping;

/// <summary>Secrets between the wire's types and the driver's.</summary>
public static class SecretMapping
{
    public static NonnullSecret ToWire(this SecretReference secret) => new(secret.Uuid, (int)secret.UsageType, secret.UsageId);
}
