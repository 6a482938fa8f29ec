using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Xml;

public static partial class PoolXml
{
    /// <summary>Writes a pool document as libvirt does.</summary>
    /// <param name="active">The pool runs: free extents of its devices are shown.</param>
    public static string Format(PoolDefinition definition, PoolTypeInfo type, PoolNumbers numbers, bool active)
    {
        var text = new XmlText(stackalloc char[1024]);
        Format(ref text, definition, type, numbers, active);
        return text.Finish();
    }

    /// <summary>Writes a running pool's document wrapped into <c>poolstate</c>, libvirt's run-state file.</summary>
    public static string FormatState(PoolDefinition definition, PoolTypeInfo type, PoolNumbers numbers)
    {
        var text = new XmlText(stackalloc char[1024]);
        text.Open("poolstate");
        Format(ref text, definition, type, numbers, active: true);
        text.Close("poolstate");
        return text.Finish();
    }

    private static void Format(ref XmlText text, PoolDefinition definition, PoolTypeInfo type, PoolNumbers numbers, bool active)
    {
        text.Start("pool");
        text.Attribute("type", type.Name);
        text.Attribute("xmlns:fs", definition.MountOptions.IsEmpty ? null : FsNamespace);
        text.Attribute("xmlns:rbd", definition.ConfigOptions.IsEmpty ? null : RbdNamespace);
        text.Children();
        text.Leaf("name", definition.Name);
        text.Leaf("uuid", definition.Uuid);
        text.Leaf("capacity", numbers.Capacity, "bytes");
        text.Leaf("allocation", numbers.Allocation, "bytes");
        text.Leaf("available", numbers.Available, "bytes");
        FormatFeatures(ref text, definition.Cow);
        PoolSourceXml.Format(ref text, definition.Source, type, withFreeExtents: active);
        FormatTarget(ref text, definition.Target);
        FormatRefresh(ref text, definition.RefreshVolumeAllocation);
        FormatOptions(ref text, definition);
        text.Close("pool");
    }

    private static void FormatFeatures(ref XmlText text, bool? cow)
    {
        if (cow is not { } state)
        {
            return;
        }

        text.Open("features");
        text.Start("cow");
        text.Attribute("state", AttributeValues.YesNo(state));
        text.EndEmpty();
        text.Close("features");
    }

    private static void FormatTarget(ref XmlText text, PoolTarget? target)
    {
        if (target is null)
        {
            return;
        }

        text.Open("target");
        text.Leaf("path", target.Path);
        PermissionsXml.Format(ref text, target.Permissions);
        text.Close("target");
    }

    private static void FormatRefresh(ref XmlText text, string? allocation)
    {
        if (allocation is null)
        {
            return;
        }

        text.Open("refresh");
        text.Start("volume");
        text.Attribute("allocation", allocation);
        text.EndEmpty();
        text.Close("refresh");
    }

    private static void FormatOptions(ref XmlText text, PoolDefinition definition)
    {
        if (!definition.MountOptions.IsEmpty)
        {
            text.Open("fs:mount_opts");
            foreach (var option in definition.MountOptions)
            {
                text.Start("fs:option");
                text.Attribute("name", option);
                text.EndEmpty();
            }

            text.Close("fs:mount_opts");
        }

        if (!definition.ConfigOptions.IsEmpty)
        {
            text.Open("rbd:config_opts");
            foreach (var (name, value) in definition.ConfigOptions)
            {
                text.Start("rbd:option");
                text.Attribute("name", name);
                text.Attribute("value", value);
                text.EndEmpty();
            }

            text.Close("rbd:config_opts");
        }
    }
}
