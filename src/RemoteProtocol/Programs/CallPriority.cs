namespace Cistern.RemoteProtocol.Programs;

/// <summary>Low calls may take long (they wait for storage); high ones are answered even while all ordinary workers are busy.</summary>
public enum CallPriority
{
    Low,
    High,
}
