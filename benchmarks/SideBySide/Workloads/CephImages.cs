using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Engines;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Images of a Ceph cluster of one node. Each side changes a pool of its own, so that neither sees what the other does.</summary>
internal sealed class CephImages(EngineSet engines, bool quick)
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;
    private const long ImageSize = 256 * MiB;
    private const string Image = "volume-0";
    private const string Snapshot = "base";
    private const string Listed = "listed";
    private const string Copies = "copies";
    private const string OfTool = "tool";
    private static readonly Guid Secret = Guid.NewGuid();

    private readonly int _rounds = quick ? 1 : 3;
    private readonly int _images = quick ? 200 : 1_000;
    private readonly int _new = quick ? 5 : 20;
    private readonly long _length = quick ? GiB / 4 : GiB;

    private Engine Ceph => engines.Ceph;

    public static IEnumerable<Workload> Workloads(bool quick, EngineSet engines) => new CephImages(engines, quick).Workloads();

    private IEnumerable<Workload> Workloads()
    {
        var list = $"refresh and list {_images} images";
        yield return Of("rbd-list", List, null, new(list, Unit.Milliseconds, 0.2), new($"{list}, server CPU", Unit.Milliseconds, 0.2));
        yield return Of("rbd-list-tool", List, ListByTool, new Metric($"{list}; rbd ls -l", Unit.Milliseconds, 1, Near: 2));
        yield return Of("rbd-create", Create, null,
            new("create an image, p50", Unit.Microseconds, 1, Near: 1.5), new("delete an image, p50", Unit.Microseconds, 1, Near: 1.5));
        yield return Of("rbd-create-tool", Create, CreateByTool,
            new("create an image, p50; rbd create", Unit.Microseconds, 1, Near: 2), new("delete an image, p50; rbd rm", Unit.Microseconds, 1, Near: 2));
        yield return Of("rbd-clone", Clone, null,
            new("clone an image", Unit.Milliseconds, 1, Near: 1.5), new("clone an image, server CPU", Unit.Milliseconds, 1, Near: 1.5));
        yield return Of("rbd-clone-tool", Clone, CloneByTool, new Metric("clone an image; rbd clone of a snapshot", Unit.Milliseconds, 1, Near: 2));
        yield return Of("rbd-copy-tool", Copy, CopyByTool,
            new Metric("copy 256 MiB with 64 MiB data across pools; rbd copy", Unit.Milliseconds, 1, Near: 2));
        yield return Of("rbd-transfer-tool", daemon => new FillAndRead(Open(daemon), _length), TransferByTool,
            new("upload to an image, unix raw; rbd import", Unit.MegaBytesPerSecond, 1, Near: 0.5),
            new("download of an image, unix raw; rbd export", Unit.MegaBytesPerSecond, 1, Near: 0.5));

        Workload Of(string name, Func<Daemon, IMeasurement> prepare, Func<IMeasurement>? prepareTool, params Metric[] metrics) =>
            new(name, _rounds, true, metrics, prepare, prepareTool);
    }

    private RefreshedList List(Daemon daemon)
    {
        var pool = Open(daemon, Listed, _ => { });
        for (var i = pool.Volumes().Length; i < _images; i++)
        {
            pool.Create($"volume-{i:d5}", 8 * MiB, 0);
        }

        return new RefreshedList(pool, _images);
    }

    private ToolWork ListByTool() => new(() => [Changes.Microseconds(() => Rbd("ls", "-l", Listed)) / 1e3]);

    private Changes.CreateDelete Create(Daemon daemon) => new(Open(daemon), "raw", _new);

    private ToolWork CreateByTool()
    {
        Ceph.Make(OfTool, Fill);
        var names = Enumerable.Range(0, _new).Select(i => $"{OfTool}/new-{i}").ToArray();
        return new ToolWork(() =>
        {
            var creating = names.Select(name => Changes.Microseconds(() => Rbd("create", "--size", "1G", name))).ToArray();
            var deleting = names.Select(name => Changes.Microseconds(() => Remove(name))).ToArray();
            return [Statistics.Median(creating), Statistics.Median(deleting)];
        });
    }

    private Cloning.Clone Clone(Daemon daemon)
    {
        var pool = Open(daemon);
        return new Cloning.Clone(pool, pool, ImageSize, 0);
    }

    private ToolWork CloneByTool() => OneImage($"{OfTool}/clone", name => Rbd("clone", $"{OfTool}/{Image}@{Snapshot}", name));

    private Cloning.Clone Copy(Daemon daemon) => new(Open(daemon, Copies), Open(daemon), ImageSize, 0);

    private ToolWork CopyByTool()
    {
        Ceph.Make(Copies, Fill);
        return OneImage($"{Copies}/copy", name => Rbd("cp", "--no-progress", $"{OfTool}/{Image}", name));
    }

    private ToolWork TransferByTool()
    {
        Ceph.Make(OfTool, Fill);
        var file = new ScratchFile(engines.Memory, ImageFiles.Data(1, _length, _length));
        var copy = file.Path + ".copy";
        const string Name = $"{OfTool}/transferred";
        return new ToolWork(
            () =>
            {
                var up = Transfers.Rate(_length, () => Rbd("import", "--no-progress", file.Path, Name));
                var down = Transfers.Rate(_length, () => Rbd("export", "--no-progress", Name, copy));
                Remove(Name);
                File.Delete(copy);
                return [up, down];
            },
            file);
    }

    /// <summary>How long the tool takes to make the image of a name, which is removed again.</summary>
    private ToolWork OneImage(string name, Action<string> make)
    {
        Ceph.Make(OfTool, Fill);
        return new ToolWork(() =>
        {
            var milliseconds = Changes.Microseconds(() => make(name)) / 1e3;
            Remove(name);
            return [milliseconds];
        });
    }

    private Pool Open(Daemon daemon) => Open(daemon, daemon.Name);

    private Pool Open(Daemon daemon, string pool) => Open(daemon, pool, Fill);

    private Pool Open(Daemon daemon, string pool, Action<string> fill)
    {
        Ceph.Make(pool, fill);
        TellKey(daemon);
        return new Pool(daemon, "rbd", $"""
            <source>
              <host name='{Ceph["host"]}' port='{Ceph["port"]}'/><name>{pool}</name>
              <auth type='ceph' username='{Ceph["user"]}'><secret uuid='{Secret}'/></auth>
            </source>
            """);
    }

    private void TellKey(Daemon daemon)
    {
        using var client = RawClient.Open(daemon.Secrets);
        var document = $"<secret ephemeral='yes'><uuid>{Secret}</uuid><usage type='ceph'><name>benchmark</name></usage></secret>";
        var secret = client.Call<SecretDefineXmlArgs, SecretDefineXmlRet>(RemoteProcedure.SecretDefineXml, new(document, 0)).Secret;
        client.Call(RemoteProcedure.SecretSetValue, new SecretSetValueArgs(secret, Convert.FromBase64String(Ceph["key"]), 0));
    }

    /// <summary>What every pool that is changed has: an image of 256 MiB with 64 MiB data, and a snapshot of it for the tool.</summary>
    private void Fill(string pool)
    {
        using var file = new ScratchFile(engines.Memory, ImageFiles.Data(1, ImageSize, 64 * MiB));
        Rbd("import", "--no-progress", file.Path, $"{pool}/{Image}");
        if (pool == OfTool)
        {
            Rbd("snap", "create", "--no-progress", $"{pool}/{Image}@{Snapshot}");
            Rbd("snap", "protect", $"{pool}/{Image}@{Snapshot}");
        }
    }

    private void Remove(string image) => Rbd("rm", "--no-progress", image);

    private void Rbd(params string[] arguments) => Tool.Run("rbd", ["--conf", Ceph["configuration"], .. arguments]);
}
