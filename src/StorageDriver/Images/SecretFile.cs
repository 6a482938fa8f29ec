namespace Cistern.Storage.Images;

/// <summary>A passphrase for QEMU: the file that holds it and the id that the command line calls it by.</summary>
public sealed record SecretFile(string Id, string Path);
