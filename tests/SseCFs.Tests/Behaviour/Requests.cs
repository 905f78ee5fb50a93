using SseCFs.Tests.Support;

namespace SseCFs.Tests.Behaviour;

/// <summary>How few requests suffice. Compared as a whole: a request too many is named.</summary>
public sealed class Requests : MountTest
{
    [Fact]
    public async Task A_small_file_is_one_PUT()
    {
        await Mount.List();
        Store.Requests.Clear();
        await Mount.Write("a", Mount.Content(5000));
        Assert.Equal("Put a", Store.Requests.ToString());
        Assert.Equal(Mount.Content(5000), Store["a"].Data);
    }

    [Fact]
    public async Task What_was_just_written_is_read_without_a_body()
    {
        await Mount.Write("a", Mount.Content(300_000));
        Store.Requests.Clear();
        Assert.Equal(Mount.Content(300_000), await Mount.Read("a"));
        // One conditional GET, answered "not modified", is the price of close-to-open.
        Assert.Equal("Get a", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_listing_taken_twice_asks_for_metadata_once()
    {
        for (var i = 0; i < 20; i++)
        {
            Store.PutForeign($"d/{i:D2}", [1]);
        }
        Assert.Equal(20, (await Mount.List("d", withAttributes: true)).Count);
        Assert.Equal(20, Store.Requests.Keys(RequestKind.Head).Count(key => key != "d/"));
        Mount.Pass();
        Store.Requests.Clear();
        Assert.Equal(20, (await Mount.List("d", withAttributes: true)).Count);
        Assert.Equal($"{Mount.Question("d/")}, List d/", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_changed_object_alone_is_asked_for_again()
    {
        Store.PutForeign("d/a", [1]);
        Store.PutForeign("d/b", [1]);
        await Mount.List("d", withAttributes: true);
        Mount.Pass();
        Store.PutForeign("d/b", [1, 2]);
        Store.Requests.Clear();
        await Mount.List("d", withAttributes: true);
        Assert.Equal($"{Mount.Question("d/")}, List d/, Head d/b", Store.Requests.ToString());
        Assert.Equal(2, (await Mount.Stat("d/b")).Size);
    }

    [Fact]
    public async Task The_second_open_of_an_unchanged_file_is_one_conditional_request()
    {
        Store.PutForeign("a", Mount.Content(1000));
        Assert.Equal(Mount.Content(1000), await Mount.Read("a"));
        Store.Requests.Clear();
        Assert.Equal(Mount.Content(1000), await Mount.Read("a"));
        Assert.Equal("Get a", Store.Requests.ToString());
    }

    [Fact]
    public async Task The_first_open_of_a_small_file_brings_it_whole()
    {
        Store.PutForeign("a", Mount.Content(1000));
        Assert.Equal(Mount.Content(1000), await Mount.Read("a"));
        Assert.Equal(Mount.Question("a") + ", Get a", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_missing_name_in_a_fresh_directory_costs_nothing()
    {
        await Mount.Write("a", [1]);
        await Mount.List();
        Store.Requests.Clear();
        Assert.False(await Mount.Exists("b"));
        Assert.False(await Mount.Exists("c"));
        Assert.Equal("", Store.Requests.ToString());
    }

    [Fact]
    public async Task A_directory_made_here_is_known_to_be_empty()
    {
        await Mount.MakeDirectory("d");
        Store.Requests.Clear();
        await Mount.Write("d/a", [1]);
        Assert.Equal("Put d/a", Store.Requests.ToString());
    }

    [Fact]
    public async Task Renaming_a_file_not_stored_yet_costs_nothing()
    {
        await Mount.List();
        var handle = await Mount.Create("tmp");
        await Mount.WriteAt(handle, 0, [1, 2, 3]);
        Store.Requests.Clear();
        await Mount.Rename("tmp", "final");
        Assert.Equal("", Store.Requests.ToString());
        await Mount.Close(handle);
        Assert.Equal("Put final", Store.Requests.ToString());
        Assert.Equal(["final"], Store.Keys);
    }

    [PosixFact]
    public async Task An_editors_save_is_four_requests()
    {
        await Mount.Write("doc", Mount.Content(4000, 1));
        Store.Requests.Clear();
        await Mount.Write("doc.tmp", Mount.Content(4000, 2));
        await Mount.Rename("doc.tmp", "doc");
        Assert.Equal("List doc.tmp, Put doc.tmp, Put doc, Delete doc.tmp", Store.Requests.ToString());
        Assert.Equal(Mount.Content(4000, 2), Store["doc"].Data);
    }

    [PosixFact]
    public async Task Changed_metadata_waits_and_joins_the_rename()
    {
        await Mount.Write("a", [1]);
        Store.Requests.Clear();
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        await Mount.Change("a", new AttributeChange { ModifyTime = new Timestamp(1000, 5) });
        Assert.Equal(0, Store.Requests.Total);
        await Mount.Rename("a", "b");
        Assert.Equal("List b, Put b, Delete a", Store.Requests.ToString());
        await Mount.Remount();
        var attributes = await Mount.Stat("b");
        Assert.Equal((FileType.Regular | 0x180, new Timestamp(1000, 5)), (attributes.Mode, attributes.ModifyTime));
    }

    [Fact]
    public async Task Changed_metadata_is_stored_after_a_moment()
    {
        await Mount.Write("a", [1]);
        await Mount.Change("a", new AttributeChange { Mode = 0x180 });
        Assert.Equal("33188", Store["a"].Metadata.User["mode"]);
        for (var i = 0; i < 50 && Mount.Files.Unsaved.Count > 0; i++)
        {
            Mount.Pass(0.5);
            await Task.Delay(20);
        }
        Assert.Equal("33152", Store["a"].Metadata.User["mode"]);
        Assert.Empty(Mount.Files.Unsaved);
    }

    [Fact]
    public async Task A_change_inside_a_large_object_sends_only_what_changed()
    {
        var data = Mount.Content(40 << 20);
        Store.PutForeign("big", data);
        var handle = await Mount.Open("big", OpenFlags.Read | OpenFlags.Write);
        Store.Requests.Clear();
        await Mount.WriteAt(handle, 20 << 20, [7, 7, 7]);
        await Mount.Close(handle);
        Assert.Equal(1, Store.Requests.Count(RequestKind.UploadPart));
        Assert.Equal(2, Store.Requests.Count(RequestKind.CopyPart));
        data.AsSpan(20 << 20, 3).Fill(7);
        Assert.True(data.AsSpan().SequenceEqual(Store["big"].Data));
    }

    [Fact]
    public async Task A_line_appended_to_a_large_object_is_all_that_is_sent_and_nothing_is_read()
    {
        var data = Mount.Content((100 << 20) + 12345);
        Store.PutForeign("big", data);
        var handle = await Mount.Open("big", OpenFlags.Write);
        Store.Requests.Clear();
        await Mount.WriteAt(handle, data.Length, "a line\n"u8.ToArray(), append: true);
        await Mount.Close(handle);
        Assert.Equal("StartUpload big, CopyPart big, UploadPart big, Complete big", InOrder(Store.Requests.ToString()));
        Assert.True(Store["big"].Data is [.., (byte)'\n'] now && now.AsSpan(0, data.Length).SequenceEqual(data));
    }

    [Fact]
    public async Task What_must_be_read_to_change_a_large_object_is_read_with_one_request()
    {
        var data = Mount.Content(100 << 20);
        Store.PutForeign("big", data);
        var handle = await Mount.Open("big", OpenFlags.Write);
        Store.Requests.Clear();
        var asked = Store.BytesAsked;
        await Mount.WriteAt(handle, (50 << 20) + 777, [7, 7, 7]);
        await Mount.Close(handle);
        data.AsSpan((50 << 20) + 777, 3).Fill(7);
        Assert.True(data.AsSpan().SequenceEqual(Store["big"].Data));
        Assert.Equal(1, Store.Requests.Count(RequestKind.Get));
        Assert.Equal((2, 1), (Store.Requests.Count(RequestKind.CopyPart), Store.Requests.Count(RequestKind.UploadPart)));
        Assert.InRange(Store.BytesAsked - asked, 1, (5 << 20) + (256 << 10));
    }

    [Fact]
    public async Task A_line_appended_to_a_file_below_16_MiB_is_one_GET_and_one_PUT_and_the_next_one_a_PUT()
    {
        var data = Mount.Content((12 << 20) + 5);
        Store.PutForeign("log", data);
        foreach (var expected in new[] { "Get log, Put log", "Put log", "Put log" })
        {
            var handle = await Mount.Open("log", OpenFlags.Write);
            Store.Requests.Clear();
            await Mount.WriteAt(handle, data.Length, "a line\n"u8.ToArray(), append: true);
            await Mount.Close(handle);
            data = [.. data, .. "a line\n"u8];
            Assert.Equal(expected, Store.Requests.ToString());
            Assert.True(data.AsSpan().SequenceEqual(Store["log"].Data));
        }
    }

    [Fact]
    public async Task Where_parts_cannot_be_copied_the_rest_goes_through()
    {
        Store.CanCopyParts = false;
        var data = Mount.Content(20 << 20);
        Store.PutForeign("big", data);
        var handle = await Mount.Open("big", OpenFlags.Read | OpenFlags.Write);
        await Mount.WriteAt(handle, 1, [7]);
        await Mount.Close(handle);
        data[1] = 7;
        Assert.True(data.AsSpan().SequenceEqual(Store["big"].Data));
        Assert.Equal(0, Store.OpenUploads);
    }

    /// <summary>Parts go in parallel.</summary>
    private static string InOrder(string requests) =>
        requests.Replace("UploadPart big, CopyPart big", "CopyPart big, UploadPart big", StringComparison.Ordinal);
}
