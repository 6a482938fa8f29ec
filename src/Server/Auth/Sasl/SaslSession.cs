using System.Runtime.InteropServices;

namespace Cistern.Server.Auth.Sasl;

/// <summary>One exchange with one client in libsasl2, and the security layer that may come of it. May be disposed of while another thread is in a call.</summary>
internal sealed unsafe class SaslSession : IDisposable
{
    private const string Service = "libvirt";

    /// <summary>Bytes of one wrapped piece that is offered, as libvirt offers it.</summary>
    private const uint MaxBufferSize = 65536;

    private readonly Lock _gate = new();
    private readonly SaslHandle _handle;

    /// <param name="minStrength">Bits of encryption that a mechanism must bring.</param>
    /// <param name="maxStrength">Zero: no layer is wanted, the transport is safe.</param>
    /// <param name="transportStrength">Bits of the transport's own encryption.</param>
    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    public SaslSession(int minStrength, int maxStrength, int? transportStrength)
    {
        var result = SaslLibrary.ServerNew(Service, null, null, null, null, 0, SaslLibrary.SuccessData, out var connection);
        _handle = result == SaslLibrary.Ok ? new SaslHandle(connection) : throw new SaslException($"no SASL exchange can begin (error {result})");
        var external = (uint)(transportStrength ?? 0);
        Set(SaslLibrary.PropertyExternalStrength, &external);
        var security = new SaslLibrary.SecurityProperties
        {
            MinStrength = (uint)minStrength,
            MaxStrength = (uint)maxStrength,
            MaxBufferSize = MaxBufferSize,
            Flags = SaslLibrary.NoAnonymous | (maxStrength > 0 ? SaslLibrary.NoPlainText : 0),
        };
        Set(SaslLibrary.PropertySecurity, &security);
    }

    /// <summary>Bytes in: null is no data.</summary>
    private delegate int Exchange(nint connection, byte* input, uint inputLength, out byte* output, out uint outputLength);

    /// <summary>The mechanisms that satisfy what is asked for, separated by commas; empty: none.</summary>
    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    public string Mechanisms() => Use(connection =>
    {
        Check(connection, SaslLibrary.ListMechanisms(connection, null, "", ",", "", out var list, 0, 0));
        return Marshal.PtrToStringUTF8((nint)list) ?? "";
    });

    /// <exception cref="SaslException">The client is not who it says, or the mechanism is none of those offered.</exception>
    public SaslReply Start(string mechanism, byte[]? data) => Step(
        (nint connection, byte* input, uint length, out byte* output, out uint outputLength) =>
            SaslLibrary.ServerStart(connection, mechanism, input, length, out output, out outputLength),
        data);

    /// <exception cref="SaslException">The client is not who it says.</exception>
    public SaslReply Step(byte[]? data) => Step(SaslLibrary.ServerStep, data);

    /// <summary>Who the client is; once the exchange is complete.</summary>
    /// <exception cref="SaslException">It has no name.</exception>
    public string UserName() => Use(connection =>
    {
        Check(connection, SaslLibrary.GetProperty(connection, SaslLibrary.PropertyUserName, out var name));
        return Marshal.PtrToStringUTF8((nint)name) ?? throw new SaslException("the client has no name");
    });

    /// <summary>Bits of encryption of the layer that was agreed on; zero: there is none.</summary>
    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    public int Strength() => Number(SaslLibrary.PropertyStrength);

    /// <summary>The most plain bytes that <see cref="Encode"/> takes.</summary>
    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    public int MaxOutput() => Number(SaslLibrary.PropertyMaxOutput);

    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    public byte[] Encode(ReadOnlySpan<byte> plain) => Convert(SaslLibrary.Encode, plain);

    /// <exception cref="SaslException">It is not what the peer wrapped.</exception>
    public byte[] Decode(ReadOnlySpan<byte> wrapped) => Convert(SaslLibrary.Decode, wrapped);

    public void Dispose() => _handle.Dispose();

    private SaslReply Step(Exchange exchange, byte[]? data) => Use(connection =>
    {
        // An array without elements has no address; no data has none either, and is not the same.
        var input = data is { Length: 0 } ? new byte[1] : data;
        fixed (byte* start = input)
        {
            var result = exchange(connection, start, (uint)(data?.Length ?? 0), out var output, out var length);
            if (result is not (SaslLibrary.Ok or SaslLibrary.Continue))
            {
                throw Failure(connection, result);
            }

            return new SaslReply(result == SaslLibrary.Ok, output is null ? null : new ReadOnlySpan<byte>(output, (int)length).ToArray());
        }
    });

    private byte[] Convert(Exchange exchange, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var input = start;
            var count = (uint)bytes.Length;
            return Use(connection =>
            {
                Check(connection, exchange(connection, input, count, out var output, out var length));
                return new ReadOnlySpan<byte>(output, (int)length).ToArray();
            });
        }
    }

    private void Set(int property, void* value) => Use(connection =>
    {
        Check(connection, SaslLibrary.SetProperty(connection, property, value));
        return true;
    });

    private int Number(int property) => Use(connection =>
    {
        Check(connection, SaslLibrary.GetProperty(connection, property, out var value));
        return *(int*)value;
    });

    /// <summary>libsasl2 wants one thread at a time for a connection; what it returns is its own until the next call.</summary>
    private T Use<T>(Func<nint, T> use)
    {
        var isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
            lock (_gate)
            {
                return use(_handle.DangerousGetHandle());
            }
        }
        catch (ObjectDisposedException)
        {
            throw new SaslException("the exchange has ended");
        }
        finally
        {
            if (isHeld)
            {
                _handle.DangerousRelease();
            }
        }
    }

    private static void Check(nint connection, int result)
    {
        if (result != SaslLibrary.Ok)
        {
            throw Failure(connection, result);
        }
    }

    private static SaslException Failure(nint connection, int result) =>
        new(Marshal.PtrToStringUTF8((nint)SaslLibrary.ErrorDetail(connection)) is { Length: > 0 } detail ? detail : $"error {result}");
}
