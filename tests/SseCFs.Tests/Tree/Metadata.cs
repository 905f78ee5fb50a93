using CsCheck;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Tests.Tree;

public sealed class Metadata
{
    private static readonly DateTimeOffset Written = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly OwnerDefaults Defaults = new(10, 20, 0x1A4, 0x1ED);

    [Fact]
    public void What_s3fs_wrote_is_understood()
    {
        var read = Parse(("mode", "33188"), ("uid", "1000"), ("gid", "1001"), ("mtime", "1700000000"), ("ctime", "1700000001"), ("atime", "1700000002"));
        Assert.Equal((FileType.Regular | 0x1A4u, 1000u, 1001u), (read.Mode, read.Uid, read.Gid));
        Assert.Equal((new Timestamp(1_700_000_000, 0), new Timestamp(1_700_000_001, 0), new Timestamp(1_700_000_002, 0)), (read.ModifyTime, read.ChangeTime, read.AccessTime));
    }

    [Theory]
    [InlineData("1700000000.123456789", 1_700_000_000, 123_456_789)]
    [InlineData("1700000000.5", 1_700_000_000, 500_000_000)]
    [InlineData("1700000000.1234567899", 1_700_000_000, 123_456_789)]
    [InlineData("-5.000000001", -5, 1)]
    [InlineData("-5", -5, 0)]
    [InlineData("17.x", 17, 0)]
    public void Times_may_have_a_fraction(string text, long seconds, uint nanoseconds) =>
        Assert.Equal(new Timestamp(seconds, nanoseconds), Parse(("mtime", text)).ModifyTime);

    [Theory]
    [InlineData("mtime", "yesterday")]
    [InlineData("mode", "-1")]
    [InlineData("mode", "0x1ff")]
    [InlineData("uid", "99999999999")]
    public void What_cannot_be_understood_counts_as_absent(string name, string value)
    {
        var read = Parse((name, value));
        Assert.Equal((FileType.Regular | 0x1A4u, 10u, 20u, Timestamp.From(Written)), (read.Mode, read.Uid, read.Gid, read.ModifyTime));
    }

    [Theory]
    [InlineData("41471", FileType.SymbolicLink | 0x1FF)]
    [InlineData("4516", FileType.Fifo | 0x1A4)]
    [InlineData("420", FileType.Regular | 0x1A4)]
    // A directory's mode on what is not one, and a block device without a number: only the permissions count.
    [InlineData("16877", FileType.Regular | 0x1ED)]
    [InlineData("24996", FileType.Regular | 0x1A4)]
    public void The_type_comes_from_the_mode_where_it_fits(string mode, uint expected) => Assert.Equal(expected, Parse(("mode", mode)).Mode);

    [Theory]
    [InlineData("24996", "801", FileType.BlockDevice | 0x1A4, 0x801u)]
    [InlineData("8612", "fff00103", FileType.CharacterDevice | 0x1A4, 0xFFF0_0103u)]
    [InlineData("8612", "1ffffffff", FileType.Regular | 0x1A4, 0u)]
    [InlineData("33188", "801", FileType.Regular | 0x1A4, 0u)]
    public void A_device_has_a_number(string mode, string number, uint expected, uint device)
    {
        var read = Parse(("mode", mode), ("rdev", number));
        Assert.Equal((expected, device), (read.Mode, read.Device));
        // Whatever it means, it stays.
        Assert.Equal(number, read.ToObjectMetadata().User["rdev"]);
    }

    [Fact]
    public void All_of_it_comes_back_and_what_is_foreign_stays() =>
        Gen.Select(Gen.UInt[0, 0xFFF], Gen.UInt, Gen.Long[-10_000_000_000, 10_000_000_000], Gen.UInt[0, 999_999_999], Gen.Byte.Array[0, 200]).Sample((mode, uid, seconds, nanoseconds, value) =>
        {
            var made = Parse(("colour", "green")) with
            {
                Mode = FileType.Regular | mode,
                Uid = uid,
                Gid = ~uid,
                ModifyTime = new Timestamp(seconds, nanoseconds),
                AccessTime = new Timestamp(-seconds, nanoseconds),
                ChangeTime = new Timestamp(seconds, 0),
                Extended = ExtendedAttributes.None.With("user.x", value),
            };
            var headers = made.ToObjectMetadata();
            var read = PosixMetadata.Parse(InfoWith(headers), FileType.Regular, Defaults);
            Assert.Equal((made.Mode, made.Uid, made.Gid), (read.Mode, read.Uid, read.Gid));
            Assert.Equal((made.ModifyTime, made.AccessTime, made.ChangeTime), (read.ModifyTime, read.AccessTime, read.ChangeTime));
            Assert.True(read.Extended.TryGet("user.x", out var kept));
            Assert.Equal(value, kept);
            Assert.Equal("green", read.ToObjectMetadata().User["colour"]);
            Assert.All(headers.User.Values, text => Assert.All(text, c => Assert.InRange(c, ' ', '~')));
        });

    [Fact]
    public void More_than_an_object_can_carry_is_refused()
    {
        var made = Parse() with { Extended = ExtendedAttributes.None.With("user.big", new byte[2000]) };
        Assert.Equal(FsError.MetadataTooLarge, Assert.Throws<FsException>(() => made.ToObjectMetadata()).Reason);
        Assert.Equal(FsError.MetadataTooLarge, Assert.Throws<FsException>(() => made.EnsureFits(null)).Reason);
        Assert.Equal(FsError.MetadataTooLarge, Assert.Throws<FsException>(() => made.EnsureFits(made)).Reason);
    }

    [Fact]
    public void What_fits_goes_on_fitting_whatever_its_owner_and_times_become() =>
        Gen.Select(Gen.Int[0, 1600], Gen.UInt, Gen.Long[-10_000_000_000, 10_000_000_000], Gen.UInt[0, 999_999_999]).Sample((length, owner, seconds, nanoseconds) =>
        {
            var made = PosixMetadata.Create(FileType.Regular | 1, 0, 0, default) with { Extended = ExtendedAttributes.None.With("user.x", new byte[length]) };
            var isRefused = Record.Exception(() => made.EnsureFits(null)) is not null;
            var time = new Timestamp(seconds, nanoseconds);
            var later = made.WithTimes(time) with { Mode = FileType.Regular | 0xFFF, Uid = owner, Gid = owner, ContentHash = new string('h', 24) };
            Assert.Equal(isRefused, Record.Exception(() => later.EnsureFits(null)) is not null);
            if (!isRefused)
            {
                later.EnsureFits(made);
                // All of it, with room for the id of the write.
                var stored = later.ToObjectMetadata().User;
                Assert.Equal(later.ContentHash, PosixMetadata.Parse(InfoWith(new ObjectMetadata(stored, null)), FileType.Regular, Defaults).ContentHash);
                Assert.InRange(ObjectMetadata.SizeOf(stored), 0, ObjectMetadata.LargestUser - WriteAttempt.MetadataSize);
            }
        });

    [Fact]
    public void What_others_have_overfilled_can_be_changed_as_long_as_the_least_of_it_fits()
    {
        var full = Parse(("theirs", new string('x', 1905)), ("md5chksum", new string('h', 24)));
        var changed = full with { Mode = FileType.Regular, Uid = uint.MaxValue };
        changed.EnsureFits(full);
        var stored = changed.ToObjectMetadata().User;
        Assert.True(stored.ContainsKey("mtime") && !stored.ContainsKey("md5chksum"));
        Assert.Equal(1905, stored["theirs"].Length);
        var grown = full with { Extended = full.Extended.With("user.a", [1]) };
        Assert.Equal(FsError.MetadataTooLarge, Assert.Throws<FsException>(() => grown.EnsureFits(full)).Reason);
        var hopeless = Parse(("theirs", new string('x', 2000)));
        Assert.Equal(FsError.MetadataTooLarge, Assert.Throws<FsException>(() => hopeless.EnsureFits(hopeless)).Reason);
    }

    [Fact]
    public void Extended_attributes_stand_in_the_form_of_s3fs()
    {
        var read = ExtendedAttributes.Parse("%7B%22user.a%22%3A%22AQI%3D%22%2C%22user.b%22%3A%22%22%7D");
        Assert.Equal(["user.a", "user.b"], read.Names);
        Assert.True(read.TryGet("user.a", out var value));
        Assert.Equal([1, 2], value);
        Assert.Equal("%7B%22user.a%22%3A%22AQI%3D%22%2C%22user.b%22%3A%22%22%7D", read.Format());
        Assert.Null(read.With("user.a", null).With("user.b", null).Format());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("[1]")]
    [InlineData("{\"user.a\":1}")]
    [InlineData("{\"user.a\":\"?\"}")]
    public void Extended_attributes_that_cannot_be_understood_count_as_none(string? header) => Assert.Empty(ExtendedAttributes.Parse(header).Names);

    private static PosixMetadata Parse(params (string Name, string Value)[] user) =>
        PosixMetadata.Parse(InfoWith(new ObjectMetadata(user.ToDictionary(u => u.Name, u => u.Value), null)), FileType.Regular, Defaults);

    private static ObjectInfo InfoWith(ObjectMetadata metadata) => new("k", 1, "e", Written, Encryption.CustomerKey, metadata);
}
