using System.Security;
using Cistern.Storage;

namespace Cistern.Server.Hosting;

/// <summary>The pool that a new instance of a user begins with.</summary>
internal static class DefaultPool
{
    /// <summary>Defines, builds and starts the pool <c>default</c>, and has it start with the server.</summary>
    public static async Task MakeAsync(StorageDriver driver, string images, CancellationToken cancellation)
    {
        var xml = $"<pool type='dir'><name>default</name><target><path>{SecurityElement.Escape(images)}</path></target></pool>";
        var pool = await driver.DefinePoolAsync(xml, 0, cancellation).ConfigureAwait(false);
        await driver.BuildPoolAsync(pool, 0, cancellation).ConfigureAwait(false);
        await driver.StartPoolAsync(pool, 0, cancellation).ConfigureAwait(false);
        await driver.SetPoolAutostartAsync(pool, autostart: true, cancellation).ConfigureAwait(false);
    }
}
