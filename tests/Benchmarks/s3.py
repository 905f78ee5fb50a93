"""Signed requests to a bucket of SSE-C objects, as few and as plain as a stopwatch needs. AWS Signature Version 4, path style."""
import base64
import datetime
import hashlib
import hmac
import http.client
import re
import ssl
import urllib.parse


class S3:
    def __init__(self, endpoint, ca_file, access_key, secret_key, bucket, customer_key):
        self._url = urllib.parse.urlsplit(endpoint)
        self._ca_file, self._access_key, self._secret_key = ca_file, access_key, secret_key
        self.bucket, self._connection = bucket, None
        self._customer = {
            "x-amz-server-side-encryption-customer-algorithm": "AES256",
            "x-amz-server-side-encryption-customer-key": base64.b64encode(customer_key).decode(),
            "x-amz-server-side-encryption-customer-key-md5": base64.b64encode(hashlib.md5(customer_key).digest()).decode(),
        }
        self.requests = 0

    def make_bucket(self):
        self._expect(200, self._send("PUT", ""))

    def put(self, key, content, metadata=()):
        headers = {"x-amz-meta-" + name: value for name, value in metadata}
        self._expect(200, self._send("PUT", key, content, {**headers, **self._customer}))

    def size(self, key):
        """The object's size in bytes, or None if there is no such object."""
        status, headers, _ = self._send("HEAD", key, headers=self._customer)
        return int(headers["content-length"]) if status == 200 else None

    def count(self, prefix, no_smaller_than=0):
        """Objects below the prefix that have at least that many bytes; directories' markers do not count. Up to 1,000."""
        _, _, body = self._expect(200, self._send("GET", "", query="list-type=2&prefix=" + urllib.parse.quote(prefix, safe="")))
        found = re.findall(rb"<Key>([^<]*)</Key>.*?<Size>(\d+)</Size>", body, re.S)
        return sum(1 for key, size in found if not key.endswith(b"/") and int(size) >= no_smaller_than)

    @staticmethod
    def _expect(status, reply):
        if reply[0] != status:
            raise RuntimeError("HTTP %d: %.300r" % (reply[0], reply[2]))
        return reply

    def _send(self, method, key, body=b"", headers=None, query=""):
        self.requests += 1
        path = urllib.parse.quote("/" + self.bucket + ("/" + key if key else ""))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        signed = dict(headers or {}, host=self._url.netloc)
        signed.update({"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now})
        names = ";".join(sorted(signed))
        lines = "".join("%s:%s\n" % (name, signed[name]) for name in sorted(signed))
        canonical = "\n".join((method, path, query, lines, names, "UNSIGNED-PAYLOAD"))
        scope = now[:8] + "/us-east-1/s3/aws4_request"
        to_sign = "\n".join(("AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        secret = ("AWS4" + self._secret_key).encode()
        for step in (now[:8], "us-east-1", "s3", "aws4_request", to_sign):
            secret = hmac.new(secret, step.encode(), hashlib.sha256).digest()
        signed["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
            self._access_key, scope, names, secret.hex())
        for attempt in (1, 2):
            try:
                if self._connection is None:
                    context = ssl.create_default_context(cafile=self._ca_file)
                    self._connection = http.client.HTTPSConnection(self._url.netloc, context=context, timeout=60)
                self._connection.request(method, path + ("?" + query if query else ""), body, signed)
                reply = self._connection.getresponse()
                return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
            except (http.client.HTTPException, ConnectionError):
                # The service closed an idle connection.
                self._connection = None
                if attempt == 2:
                    raise
