using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Engines;
using Cistern.Benchmarks.SideBySide.Report;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Files of a gluster volume of one brick, in a folder for each side. libvirtd only lists them; a mount (FUSE) does everything.</summary>
internal sealed class GlusterFiles(EngineSet engines, bool quick)
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;
    private const long SourceSize = 256 * MiB;
    private const string Source = "volume-0";
    private const string Listed = "listed";
    private const string OfTool = "tool";

    private static readonly Contents WithSource = ImageFiles.Data(1, SourceSize, 64 * MiB);

    private readonly int _rounds = quick ? 1 : 3;
    private readonly int _files = quick ? 200 : 1_000;
    private readonly int _new = quick ? 5 : 20;
    private readonly long _length = quick ? GiB / 4 : GiB;

    private Engine Gluster => engines.Gluster;

    public static IEnumerable<Workload> Workloads(bool quick, EngineSet engines) => new GlusterFiles(engines, quick).Workloads();

    private IEnumerable<Workload> Workloads()
    {
        var list = $"refresh and list {_files} files of a gluster volume";
        yield return Of("gluster-list", List, null, new(list, Unit.Milliseconds, 0.2), new($"{list}, server CPU", Unit.Milliseconds, 0.2));
        yield return Of("gluster-list-tool", List, ListByTool, new Metric($"{list}; ls -l", Unit.Milliseconds, 1, Near: 2));
        // A volume appears whole and is looked at afterwards, and the pool's space is asked for: the mount does less.
        yield return Of("gluster-create-tool", daemon => new Changes.CreateDelete(Open(daemon), "raw", _new), CreateByTool,
            new("create a sparse raw volume, p50; create, truncate and sync", Unit.Microseconds, Near: 3),
            new("delete a sparse raw volume, p50; unlink", Unit.Microseconds, Near: 3));
        yield return Of("gluster-clone-tool", Clone, CloneByTool,
            new Metric("clone 256 MiB raw with 64 MiB data; cp and sync", Unit.Milliseconds, 1, Near: 2));
        yield return Of("gluster-transfer-tool", daemon => new FillAndRead(Open(daemon), _length), TransferByTool,
            new("upload to a gluster volume, unix raw; dd", Unit.MegaBytesPerSecond, 1, Near: 0.5),
            new("download of a gluster volume, unix raw; dd", Unit.MegaBytesPerSecond, 1, Near: 0.5));

        Workload Of(string name, Func<Daemon, IMeasurement> prepare, Func<IMeasurement>? prepareTool, params Metric[] metrics) =>
            new(name, _rounds, true, metrics, prepare, prepareTool);
    }

    private RefreshedList List(Daemon daemon) => new(Open(daemon, Listed, ImageFiles.Raw(_files)), _files);

    private ToolWork ListByTool() => new(() =>
    {
        // What the kernel keeps of the last round is not the servers' answer.
        Thread.Sleep(DirectoryPool.Settling);
        return [Changes.Microseconds(() => Tool.Run("ls", "-l", Folder(Listed))) / 1e3];
    });

    private ToolWork CreateByTool()
    {
        Make(OfTool, WithSource);
        var names = Enumerable.Range(0, _new).Select(i => Path.Combine(Folder(OfTool), $"new-{i}")).ToArray();
        return new ToolWork(() =>
        {
            var creating = names.Select(name => Changes.Microseconds(() =>
            {
                using var file = File.OpenHandle(name, FileMode.CreateNew, FileAccess.Write);
                RandomAccess.SetLength(file, GiB);
                RandomAccess.FlushToDisk(file);
            })).ToArray();
            var deleting = names.Select(name => Changes.Microseconds(() => File.Delete(name))).ToArray();
            return [Statistics.Median(creating), Statistics.Median(deleting)];
        });
    }

    private Cloning.Clone Clone(Daemon daemon)
    {
        var pool = Open(daemon);
        return new Cloning.Clone(pool, pool, SourceSize, 0);
    }

    private ToolWork CloneByTool()
    {
        Make(OfTool, WithSource);
        var (source, clone) = (Path.Combine(Folder(OfTool), Source), Path.Combine(Folder(OfTool), "clone"));
        return new ToolWork(() =>
        {
            var milliseconds = Changes.Microseconds(() =>
            {
                Tool.Run("cp", source, clone);
                Tool.Run("sync", clone);
            }) / 1e3;
            File.Delete(clone);
            return [milliseconds];
        });
    }

    private ToolWork TransferByTool()
    {
        Make(OfTool, WithSource);
        var file = new ScratchFile(engines.Memory, ImageFiles.Data(1, _length, _length));
        var copy = file.Path + ".copy";
        var stored = Path.Combine(Folder(OfTool), "transferred");
        return new ToolWork(
            () =>
            {
                var up = Transfers.Rate(_length, () => Tool.Run("dd", $"if={file.Path}", $"of={stored}", "bs=1M", "conv=fsync"));
                Tool.Run("dd", $"if={stored}", "iflag=nocache", "count=0");
                var down = Transfers.Rate(_length, () => Tool.Run("dd", $"if={stored}", $"of={copy}", "bs=1M"));
                File.Delete(stored);
                File.Delete(copy);
                return [up, down];
            },
            file);
    }

    private Pool Open(Daemon daemon) => Open(daemon, daemon.Name, WithSource);

    private Pool Open(Daemon daemon, string folder, Contents contents)
    {
        Make(folder, contents);
        return new Pool(daemon, "gluster", $"<source><host name='{Gluster["host"]}'/><dir path='/{folder}'/><name>{Gluster["volume"]}</name></source>");
    }

    private void Make(string folder, Contents contents) => Gluster.Make(folder, _ => contents.Fill(Folder(folder)));

    private string Folder(string name) => Path.Combine(Gluster["mount"], name);
}
