using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Tests.Codecs;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Xdr;

public class XdrWriterTests
{
    [Fact]
    public void Padding_is_zero_whatever_was_there()
    {
        var bytes = new byte[] { 9, 9, 9, 9, 9, 9, 9, 9 };
        var writer = new XdrWriter(bytes);
        writer.WriteString("a");
        Assert.Equal("0000000161000000", Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void A_negative_char_is_sign_extended()
    {
        var bytes = new byte[8];
        var writer = new XdrWriter(bytes);
        writer.WriteChar(-2);
        writer.WriteUnsignedChar(254);
        Assert.Equal("fffffffe000000fe", Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void More_items_than_the_protocol_allows_are_refused()
    {
        var error = Assert.Throws<XdrFormatException>(() => CodecBytes.Write(new ConnectListNetworksRet([.. Enumerable.Repeat("", 16385)])));
        Assert.Equal("names: 16385 items exceed the maximum of 16384", error.Message);
    }

    [Fact]
    public void A_longer_secret_than_the_protocol_allows_is_refused()
    {
        var error = Assert.Throws<XdrFormatException>(() => CodecBytes.Write(new SecretGetValueRet(new byte[65537])));
        Assert.Equal("value: 65537 bytes exceed the maximum of 65536", error.Message);
    }

    [Fact]
    public void An_array_of_fixed_length_must_have_that_length()
    {
        var error = Assert.Throws<XdrFormatException>(() => CodecBytes.Write(new NodeGetInfoRet(new byte[31], 0, 0, 0, 0, 0, 0, 0)));
        Assert.Equal("model: 31 items where there are exactly 32", error.Message);
    }
}
