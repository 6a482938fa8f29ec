using Cistern.Storage.Backends;

namespace Cistern.Storage.Xml;

/// <summary>The structure of the documents that clients may have validated; what libvirt's RelaxNG schemas allow, as far as structure goes.</summary>
internal static class Schemas
{
    private static readonly Schema Secret = new("secret", ["type", "uuid", "usage"]) { Required = true };

    private static readonly Schema Permissions = new("permissions", [],
    [
        new("mode") { Text = ValueRule.Mode },
        new("owner") { Text = ValueRule.Id },
        new("group") { Text = ValueRule.Id },
        new("label"),
    ]);

    private static readonly Schema Timestamps = new("timestamps", [], [new("atime"), new("mtime"), new("ctime"), new("btime")]);

    private static readonly Schema Format = new("format", ["type"]) { RequiredAttributes = ["type"] };

    /// <summary>The <c>volume</c> document.</summary>
    public static Schema Volume { get; } = new("volume", ["type"],
    [
        new("name") { Required = true, Text = ValueRule.Name },
        new("key"),
        new("source", [], [Device("extent")]),
        Size("capacity"),
        Size("allocation"),
        Size("physical"),
        VolumeTarget(),
        new("backingStore", [], [new("path") { Required = true, Text = ValueRule.AbsolutePath }, Format, Permissions, Timestamps]),
    ]);

    /// <summary>The <c>pool</c> document of a type.</summary>
    public static Schema Pool(PoolTypeInfo type) => new("pool", ["type"],
    [
        new("name") { Required = !type.NameFromSource, Text = ValueRule.Name },
        new("uuid") { Text = ValueRule.Uuid },
        Size("capacity"),
        Size("allocation"),
        Size("available"),
        new("features", [], [new("cow", ["state"]) { RequiredAttributes = ["state"], Values = { ["state"] = ValueRule.YesNo } }]),
        new("source", [], SourceParts(type)) { Required = type.Accepted != Backends.SourceParts.None },
        .. PoolTarget(type),
        .. PoolOptions(type),
    ]);

    private static Schema Size(string name) => new(name, ["unit"]) { Text = ValueRule.Number, Values = { ["unit"] = ValueRule.Unit } };

    private static Schema Device(string extent) =>
        new("device", ["path", "part_separator"], [new(extent, ["start", "end"]) { Repeats = true, RequiredAttributes = ["start", "end"] }])
        {
            Repeats = true,
            RequiredAttributes = ["path"],
            Values = { ["part_separator"] = ValueRule.YesNo },
        };

    private static Schema VolumeTarget() => new("target", [],
    [
        new("path"),
        Format,
        Permissions,
        Timestamps,
        new("encryption", ["format", "engine"],
        [
            Secret with { Required = false },
            new("cipher", ["name", "size", "mode", "hash"]) { RequiredAttributes = ["name", "size"] },
            new("ivgen", ["name", "hash"]) { RequiredAttributes = ["name"] },
        ])
        {
            RequiredAttributes = ["format"],
        },
        new("compat"),
        new("nocow"),
        Size("clusterSize"),
        new("features", [], [new("lazy_refcounts"), new("extended_l2")]),
    ])
    {
        Required = true,
    };

    private static Schema[] SourceParts(PoolTypeInfo type)
    {
        var parts = new List<Schema>
        {
            new("vendor", ["name"]) { RequiredAttributes = ["name"] },
            new("product", ["name"]) { RequiredAttributes = ["name"] },
        };
        Add(Backends.SourceParts.Host, new("host", ["name", "port"]) { Repeats = true, RequiredAttributes = ["name"], Values = { ["port"] = ValueRule.Port } });
        Add(Backends.SourceParts.Host, new("auth", ["type", "username"], [Secret]) { RequiredAttributes = ["type", "username"] });
        Add(Backends.SourceParts.Device, Device("freeExtent"));
        Add(Backends.SourceParts.Dir, new("dir", ["path"]) { RequiredAttributes = ["path"] });
        Add(Backends.SourceParts.Adapter, Adapter);
        Add(Backends.SourceParts.Name, new("name"));
        Add(Backends.SourceParts.InitiatorIqn, new("initiator", [], [new("iqn", ["name"]) { Required = true, RequiredAttributes = ["name"] }]));
        if (!type.SourceFormats.IsEmpty)
        {
            parts.Add(Format);
            parts.Add(new("protocol", ["ver"]) { RequiredAttributes = ["ver"] });
        }

        return [.. parts];

        void Add(SourceParts part, Schema schema)
        {
            if (type.Accepted.HasFlag(part))
            {
                parts.Add(schema with { Required = type.Required.HasFlag(part) && schema.Name != "auth" });
            }
        }
    }

    private static readonly Schema Adapter =
        new("adapter", ["type", "name", "parent", "managed", "parent_wwnn", "parent_wwpn", "parent_fabric_wwn", "wwnn", "wwpn"],
        [
            new("parentaddr", ["unique_id"],
            [
                new("address", ["domain", "bus", "slot", "function", "multifunction"]) { Required = true },
            ]),
        ]);

    private static IEnumerable<Schema> PoolTarget(PoolTypeInfo type)
    {
        if (type.TargetPath != TargetPathRule.None)
        {
            var required = type.TargetPath == TargetPathRule.Required;
            yield return new("target", [], [new("path") { Required = required, Text = ValueRule.AbsolutePath }, Permissions]) { Required = required };
        }
    }

    private static IEnumerable<Schema> PoolOptions(PoolTypeInfo type)
    {
        switch (type.OptionsNamespace)
        {
            case OptionsNamespace.MountOptions:
                yield return Options("mount_opts", PoolXml.FsNamespace, "name");
                break;
            case OptionsNamespace.ConfigOptions:
                yield return Options("config_opts", PoolXml.RbdNamespace, "name", "value");
                yield return new("refresh", [], [new("volume", ["allocation"])]);
                break;
        }
    }

    private static Schema Options(string name, string ofNamespace, params string[] attributes) =>
        new(name, [], [new("option", attributes) { Namespace = ofNamespace, Repeats = true, RequiredAttributes = attributes }]) { Namespace = ofNamespace };
}
