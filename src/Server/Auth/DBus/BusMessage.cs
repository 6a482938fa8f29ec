using System.Runtime.InteropServices;
using System.Text;

namespace Cistern.Server.Auth.DBus;

/// <summary>A message that is being written or read, value by value, by the rules of sd_bus_message(3). Belongs to the bus's thread.</summary>
internal readonly unsafe struct BusMessage(nint message)
{
    private const byte String = (byte)'s';

    public nint Handle => message;

    public void Write(string value)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(value + '\0'))
        {
            Check(SdBus.Append(message, String, text));
        }
    }

    public void Write(uint value) => Check(SdBus.Append(message, (byte)'u', &value));

    public void Write(int value) => Check(SdBus.Append(message, (byte)'i', &value));

    public void Write(ulong value) => Check(SdBus.Append(message, (byte)'t', &value));

    /// <summary>Begins an array (<c>a</c>), struct (<c>r</c>), dictionary entry (<c>e</c>) or variant (<c>v</c>).</summary>
    public void Open(char type, string contents) => Check(SdBus.Open(message, (byte)type, contents));

    public void Close() => Check(SdBus.CloseContainer(message));

    public string ReadString()
    {
        nint text;
        Check(SdBus.Read(message, String, &text));
        return Marshal.PtrToStringUTF8(text) ?? "";
    }

    public bool ReadBoolean()
    {
        int value;
        Check(SdBus.Read(message, (byte)'b', &value));
        return value != 0;
    }

    /// <summary>Goes into a container.</summary>
    /// <returns>False at the end of the one that it would be in.</returns>
    public bool Enter(char type, string contents) => Check(SdBus.Enter(message, (byte)type, contents)) > 0;

    public void Exit() => Check(SdBus.Exit(message));

    /// <summary>The error that the message is; null for a result.</summary>
    public BusException? Error()
    {
        var error = SdBus.GetError(message);
        return error is null || error[0] == 0 ? null : new(Marshal.PtrToStringUTF8(error[0])!, Marshal.PtrToStringUTF8(error[1]) ?? "");
    }

    private static int Check(int result) => result >= 0
        ? result
        : throw new BusException("org.freedesktop.DBus.Error.InconsistentMessage", Marshal.GetPInvokeErrorMessage(-result));
}
