using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Debian's awscli, rclone and s3fs with the same key: their objects are files here, and ours are theirs.</summary>
public sealed class OtherClients(Target target) : Scenario(target)
{
    // rclone takes text from its environment, so the key is text.
    private static readonly byte[] TextKey = "kRf7PzX2mWq9LtB4vNc6HsD8yGjA3eUo"u8.ToArray();

    private readonly string _bucket = "clients-" + Target.RandomName();
    private string _keyFile = "";
    private EmbeddedStore? _store;
    private S3Client? _s3;

    // rclone refuses to send keys over plain HTTP, be it to this machine.
    protected override Endpoint Endpoint => _store?.Endpoint ?? Target.Endpoint;

    // A bucket of its own, mounted whole: s3fs shows no prefix that has no marker.
    protected override string Source => "s3://" + _bucket;

    protected override string KeyFile => _keyFile;

    public override async ValueTask InitializeAsync()
    {
        _keyFile = Target.WriteKey("key-" + _bucket, TextKey);
        if (Target.IsEmbedded) _store = await EmbeddedStore.StartOverTlsAsync(Target);
        _s3 = new S3Client(Endpoint, _bucket);
        await _s3.MakeBucketAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_s3 is not null)
        {
            if (_store is null) await _s3.RemoveBucketAsync();
            _s3.Dispose();
        }

        if (_store is not null) await _store.DisposeAsync();
    }

    [Fact]
    public async Task AwsReadsOurs()
    {
        await RunAsync("mkdir d; noise 100000 1 >d/f; noise 20000000 2 >big; : >empty; echo x >'name with ü'");
        await Mount.RemountAsync();
        await ClientAsync("""
            for f in d/f big empty 'name with ü'; do
                aws_s3 cp --only-show-errors --sse-c AES256 --sse-c-key "fileb://$KEY" "s3://$BUCKET/$f" "$SCRATCH/copy"
                cmp "$SCRATCH/copy" "$f"
            done
            """);
    }

    [Fact]
    public async Task WeReadAws()
    {
        await ClientAsync("""
            mkdir "$SCRATCH/from"; noise 5000 1 >"$SCRATCH/from/f"; noise $LARGE 2 >"$SCRATCH/from/big"; : >"$SCRATCH/from/empty"
            aws_s3 cp --recursive --only-show-errors --sse-c AES256 --sse-c-key "fileb://$KEY" "$SCRATCH/from" "s3://$BUCKET/dir/sub"
            """);
        await Mount.RemountAsync();
        await RunAsync("""
            diff -r "$SCRATCH/from" dir/sub
            [ $(($(date +%s) - $(stat -c %Y dir/sub/f))) -lt 300 ]
            echo more >>dir/sub/f; mv dir/sub/big dir/moved
            """);
        await ThenAsync("cmp dir/moved \"$SCRATCH/from/big\"; cmp dir/sub/f <(cat \"$SCRATCH/from/f\"; echo more)");
    }

    [Fact]
    public async Task RcloneReadsOurs()
    {
        await RunAsync("mkdir -p d/e; noise 100000 1 >d/f; noise 20000000 2 >d/big; : >d/e/empty; touch -d 2011-11-11T11:11:11.5Z d/f d/big");
        await Mount.RemountAsync();
        await ClientAsync("""
            rclone copy x:$BUCKET/d "$SCRATCH/copy"
            diff -r d "$SCRATCH/copy"
            is "$(stat -c %Y "$SCRATCH/copy/f" "$SCRATCH/copy/big")" $'1321009871\n1321009871'
            """);
    }

    [Fact]
    public async Task WeReadRclone()
    {
        await ClientAsync("""
            mkdir -p "$SCRATCH/from/sub"; noise 5000 1 >"$SCRATCH/from/sub/f"; noise $LARGE 2 >"$SCRATCH/from/big"
            touch -d 2011-11-11T11:11:11.123456789Z "$SCRATCH/from/sub/f" "$SCRATCH/from/big"
            rclone copy --s3-chunk-size 5M --s3-upload-cutoff 5M "$SCRATCH/from" x:$BUCKET/dir
            """);
        await Mount.RemountAsync();
        await RunAsync("""
            diff -r "$SCRATCH/from" dir
            is "$(stat -c %y dir/sub/f dir/big)" $'2011-11-11 11:11:11.123456789 +0000\n2011-11-11 11:11:11.123456789 +0000'
            mv dir/big moved; chmod 600 moved; echo more >>dir/sub/f
            """);
        await ThenAsync("cmp moved \"$SCRATCH/from/big\"; is \"$(stat -c '%a %Y' moved)\" '600 1321009871'; cmp dir/sub/f <(cat \"$SCRATCH/from/sub/f\"; echo more)");
        await ClientAsync("rclone cat x:$BUCKET/moved | cmp - \"$SCRATCH/from/big\"");
    }

    [Fact]
    public async Task S3fsReadsOurs()
    {
        await RunAsync("""
            mkdir -p d/e; noise 100000 1 >d/f; noise 20000000 2 >d/big; : >d/e/empty; ln -s f d/link
            chmod 640 d/f; chmod 750 d/e; touch -d 2011-11-11T11:11:11Z d/f d/big
            """);
        await Mount.RemountAsync();
        await ClientAsync("""
            with_s3fs
            cd "$SCRATCH/s3fs"
            diff -r --no-dereference "$MNT/d" d
            is "$(stat -c '%A %Y' d/f)" '-rw-r----- 1321009871'
            is "$(stat -c %A d/e)" drwxr-x---
            is "$(readlink d/link)" f
            is "$(stat -c %u:%g d/f)" "$(id -u):$(id -g)"
            """);
    }

    [Fact]
    public async Task WeReadS3fs()
    {
        await ClientAsync("""
            with_s3fs
            cd "$SCRATCH/s3fs"
            mkdir -p d/e; noise 100000 1 >d/f; noise $LARGE 2 >d/big; : >d/e/empty; ln -s f d/link
            chmod 640 d/f; chmod 750 d/e; touch -d 2011-11-11T11:11:11Z d/f d/big
            sync; stat -c '%n %A %u %g %s' d d/e d/f d/big d/link >"$SCRATCH/as-s3fs-says"
            """);
        await Mount.RemountAsync();
        await ClientAsync("""
            diff "$SCRATCH/as-s3fs-says" <(stat -c '%n %A %u %g %s' d d/e d/f d/big d/link)
            cmp d/f <(noise 100000 1); cmp d/big <(noise $LARGE 2)
            is "$(readlink d/link)" f
            is "$(stat -c %Y d/f d/big)" $'1321009871\n1321009871'
            mv d/big d/moved; echo more >>d/f; mv d dir
            """);
        await ThenAsync($"cmp dir/moved <(noise {Large} 2); cmp dir/f <(noise 100000 1; echo more); is \"$(readlink dir/link)\" f");
        await ClientAsync("with_s3fs; cd \"$SCRATCH/s3fs\"; cmp dir/moved <(noise $LARGE 2); is \"$(ls -A)\" dir");
    }

    /// <summary>Bytes that others upload at most: Debian's clients do not send the key when they complete parts, and Ceph 20 then refuses.</summary>
    private int Large => Target.Dialect == "ceph20" ? 4_000_000 : 20_000_000;

    /// <summary>Runs a script with the words of Programs/clients.sh.</summary>
    private Task<string> ClientAsync(string script) => RunAsync(
        $"""
        LARGE={Large} BUCKET={_bucket} ENDPOINT={Endpoint.Url.GetLeftPart(UriPartial.Authority)} KEY={_keyFile} CA={Endpoint.CertificateFile}
        . "$PROGRAMS/clients.sh"

        """ + script);
}
