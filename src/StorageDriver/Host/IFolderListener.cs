namespace Cistern.Storage.Host;

/// <summary>Is told of changes in a watched folder, on the watcher's thread; must not block.</summary>
internal interface IFolderListener
{
    /// <summary>Something happened to a name: it came, went, or what it stands for was changed.</summary>
    void Changed(ReadOnlySpan<byte> name);

    /// <summary>More happened than is told.</summary>
    void Missed();

    /// <summary>The folder was deleted, moved or unmounted: what happens at its path is not told any more.</summary>
    void Gone();
}
