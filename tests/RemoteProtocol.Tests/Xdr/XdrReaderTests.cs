using System.Text;
using Cistern.RemoteProtocol.Tests.Codecs;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Xdr;

public class XdrReaderTests
{
    [Theory]
    [InlineData("0000000361626300", "abc")]
    [InlineData("00000003616263ff", "abc")]
    [InlineData("0000000461006263", "a")]
    [InlineData("0000000100ffffff", "")]
    [InlineData("00000000", "")]
    [InlineData("00000002c328ffff", "\uFFFD(")]
    public void A_string_ends_at_its_first_NUL_and_its_padding_is_not_looked_at(string bytes, string text)
    {
        var reader = new XdrReader(Convert.FromHexString(bytes));
        Assert.Equal(text, reader.ReadString());
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData("00000003616263")]
    [InlineData("ffffffff61626364")]
    [InlineData("7fffffff61626364")]
    [InlineData("000000")]
    public void A_string_that_ends_early_is_refused(string bytes) =>
        Assert.Throws<XdrFormatException>(() => new XdrReader(Convert.FromHexString(bytes)).ReadString());

    [Fact]
    public void A_length_above_the_maximum_is_refused_with_the_name_of_the_field()
    {
        var error = Assert.Throws<XdrFormatException>(() => new XdrReader(Convert.FromHexString("0000000561626364")).ReadString(4, "name"));
        Assert.Equal("name: 5 bytes exceed the maximum of 4", error.Message);
        Assert.Equal("name", error.Field);
    }

    [Fact]
    public void A_count_is_refused_when_its_items_cannot_be_there()
    {
        var error = Assert.Throws<XdrFormatException>(() => new XdrReader(Convert.FromHexString("0000000300000000")).ReadCount(16384, 20, "pools"));
        Assert.Equal("pools: needs 60 bytes, 4 are left", error.Message);
    }

    [Fact]
    public void A_count_above_the_maximum_is_refused()
    {
        var error = Assert.Throws<XdrFormatException>(() => new XdrReader(Convert.FromHexString("00004001")).ReadCount(16384, 0, "pools"));
        Assert.Equal("pools: 16385 items exceed the maximum of 16384", error.Message);
    }

    [Theory]
    [InlineData("00000000", false)]
    [InlineData("00000001", true)]
    [InlineData("00000002", true)]
    [InlineData("01000000", true)]
    [InlineData("ffffffff", true)]
    public void Any_marker_but_zero_means_present(string bytes, bool present)
    {
        Assert.Equal(present, new XdrReader(Convert.FromHexString(bytes)).ReadOptional());
        Assert.Equal(present, new XdrReader(Convert.FromHexString(bytes)).ReadBool());
    }

    [Fact]
    public void A_char_takes_a_word()
    {
        var reader = new XdrReader(Convert.FromHexString("ffffffff000000ff00000061"));
        Assert.Equal(-1, reader.ReadChar());
        Assert.Equal(255, reader.ReadUnsignedChar());
        Assert.Equal((sbyte)'a', reader.ReadChar());
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void A_uuid_is_in_network_order()
    {
        var uuid = new XdrReader(Convert.FromHexString("000102030405060708090a0b0c0d0e0f")).ReadUuid();
        Assert.Equal("00010203-0405-0607-0809-0a0b0c0d0e0f", uuid.ToString());
    }

    [Fact]
    public void A_token_of_chars_takes_a_word_for_each_byte()
    {
        var token = Encoding.ASCII.GetBytes(new string('x', 150));
        var bytes = CodecBytes.Write(new Remote.AuthSaslStepArgs(1, token));
        Assert.Equal(4 + 4 + 600, bytes.Length);
        Assert.Equal(token, CodecBytes.Read<Remote.AuthSaslStepArgs>(bytes).Value.Data);
    }
}
