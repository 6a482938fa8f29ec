using System.Runtime.InteropServices;

namespace Cistern.Server.Auth.Sasl;

/// <summary>The functions of libsasl2 (sasl.h), and the numbers that they take. It is loaded at the first call.</summary>
internal static unsafe partial class SaslLibrary
{
    public const int Ok = 0;
    public const int Continue = 1;

    public const int PropertyUserName = 0;
    public const int PropertyStrength = 1;
    public const int PropertyMaxOutput = 2;
    public const int PropertyExternalStrength = 100;
    public const int PropertySecurity = 101;

    public const uint NoPlainText = 0x1;
    public const uint NoAnonymous = 0x10;

    /// <summary>SASL_SUCCESS_DATA: the last word may be the server's, together with success.</summary>
    public const uint SuccessData = 0x4;

    private const string Library = "libsasl2.so.2";

    /// <summary>sasl_security_properties_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SecurityProperties
    {
        public uint MinStrength;
        public uint MaxStrength;
        public uint MaxBufferSize;
        public uint Flags;
        public nint PropertyNames;
        public nint PropertyValues;
    }

    [LibraryImport(Library, EntryPoint = "sasl_server_init", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ServerInit(nint callbacks, string applicationName);

    [LibraryImport(Library, EntryPoint = "sasl_server_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ServerNew(
        string service, string? host, string? realm, string? local, string? remote, nint callbacks, uint flags, out nint connection);

    [LibraryImport(Library, EntryPoint = "sasl_dispose")]
    public static partial void Dispose(ref nint connection);

    [LibraryImport(Library, EntryPoint = "sasl_setprop")]
    public static partial int SetProperty(nint connection, int property, void* value);

    [LibraryImport(Library, EntryPoint = "sasl_getprop")]
    public static partial int GetProperty(nint connection, int property, out void* value);

    [LibraryImport(Library, EntryPoint = "sasl_listmech", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ListMechanisms(
        nint connection, string? user, string prefix, string separator, string suffix, out byte* result, nint length, nint count);

    [LibraryImport(Library, EntryPoint = "sasl_server_start", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ServerStart(nint connection, string mechanism, byte* input, uint inputLength, out byte* output, out uint outputLength);

    [LibraryImport(Library, EntryPoint = "sasl_server_step")]
    public static partial int ServerStep(nint connection, byte* input, uint inputLength, out byte* output, out uint outputLength);

    [LibraryImport(Library, EntryPoint = "sasl_encode")]
    public static partial int Encode(nint connection, byte* input, uint inputLength, out byte* output, out uint outputLength);

    [LibraryImport(Library, EntryPoint = "sasl_decode")]
    public static partial int Decode(nint connection, byte* input, uint inputLength, out byte* output, out uint outputLength);

    [LibraryImport(Library, EntryPoint = "sasl_errdetail")]
    public static partial byte* ErrorDetail(nint connection);
}
