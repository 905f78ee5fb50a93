# Other S3 clients for one bucket: BUCKET, ENDPOINT, KEY (a file with 32 ASCII characters) and CA (or nothing) are set.
export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_X_TYPE=s3 RCLONE_CONFIG_X_PROVIDER=Ceph RCLONE_CONFIG_X_ENV_AUTH=true RCLONE_CONFIG_X_ENDPOINT=$ENDPOINT
export RCLONE_CONFIG_X_SSE_CUSTOMER_ALGORITHM=AES256 RCLONE_CONFIG_X_SSE_CUSTOMER_KEY=$(cat "$KEY")
[ -z "$CA" ] || export RCLONE_CA_CERT=$CA CURL_CA_BUNDLE=$CA

# Debian's, whatever else is on the machine.
aws_s3() { /usr/bin/aws --endpoint-url "$ENDPOINT" s3 "$@"; }

# The remote is x:. rclone takes its own RCLONE_CA_CERT and fails where AWS_CA_BUNDLE is set as well.
rclone() { env -u AWS_CA_BUNDLE /usr/bin/rclone "$@"; }

# Mounts at $SCRATCH/s3fs until the script ends. Without nocopyapi it cannot rename on Ceph.
with_s3fs() {
    (
        umask 077
        base64 "$KEY" >"$SCRATCH/s3fs-key"
        echo "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" >"$SCRATCH/s3fs-password"
    )
    mkdir -p "$SCRATCH/s3fs"
    trap 'cd /; fusermount3 -u "$SCRATCH/s3fs" || fusermount3 -uz "$SCRATCH/s3fs"' EXIT
    s3fs "$BUCKET" "$SCRATCH/s3fs" -o "url=$ENDPOINT,use_path_request_style,nocopyapi" \
        -o "passwd_file=$SCRATCH/s3fs-password,use_sse=custom:$SCRATCH/s3fs-key"
}
