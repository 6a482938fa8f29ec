namespace Cistern.Storage.Secrets;

/// <summary>What happened to a secret; the first two are the numbers of <c>virSecretEventLifecycleType</c>.</summary>
public enum SecretEventKind
{
    Defined = 0,
    Undefined = 1,

    /// <summary>Not a lifecycle event: a value was set, the same or another.</summary>
    ValueChanged = 100,
}

/// <summary>An event of a secret.</summary>
public readonly record struct SecretEvent(SecretEventKind Kind, SecretReference Secret);
