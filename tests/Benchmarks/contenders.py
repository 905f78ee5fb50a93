"""The three file systems: how each is mounted on one bucket with one customer key, and unmounted."""
import base64
import os
import subprocess
import time

KEY = b"kRf7PzX2mWq9LtB4vNc6HsD8yGjA3eUo"  # text, as rclone takes it from its environment


class Contender:
    name = ""

    def __init__(self, work, bucket):
        self.bucket = bucket
        self.directory = os.path.join(work, self.name)
        self.mount_point = os.path.join(self.directory, "m")
        os.makedirs(self.mount_point)
        self._process = None

    def mount(self):
        environment = dict(os.environ, **self.environment())
        environment.pop("AWS_CA_BUNDLE", None)
        log = open(os.path.join(self.directory, "log"), "ab")
        self._process = subprocess.Popen(self.command(), env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while not os.path.ismount(self.mount_point):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("%s does not mount:\n%s" % (self.name, open(log.name).read()[-2000:]))
            time.sleep(0.01)
        os.listdir(self.mount_point)

    def unmount(self):
        subprocess.check_call(["fusermount3", "-u", self.mount_point])
        self._process.wait(60)

    def is_alive(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        self._process.kill()

    def end(self):
        """Whatever state it is in; a mount of a killed process is still in the table."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._is_listed():
            subprocess.call(["umount", "-l", self.mount_point])

    def _is_listed(self):
        with open("/proc/mounts") as mounts:
            return any(line.split()[1] == self.mount_point for line in mounts)

    def secret(self, name, content):
        """A file nobody else may read."""
        path = os.path.join(self.directory, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        return path

    def environment(self):
        return {}

    def command(self):
        raise NotImplementedError


class SseCFs(Contender):
    name = "ssecfs"

    def command(self):
        return [os.environ["SSECFS"], "mount", "s3://" + self.bucket, self.mount_point, "--foreground", "--key", "file:" + self.secret("key", KEY),
                "--endpoint", os.environ["S3_ENDPOINT"], "--ca-file", os.environ["S3_CA"], "--region", "us-east-1"]

    def unmount(self):
        subprocess.check_call([os.environ["SSECFS"], "umount", self.mount_point])
        self._process.wait(60)


class S3fs(Contender):
    name = "s3fs"

    def environment(self):
        return {"CURL_CA_BUNDLE": os.environ["S3_CA"]}

    def command(self):
        password = os.environ["AWS_ACCESS_KEY_ID"] + ":" + os.environ["AWS_SECRET_ACCESS_KEY"]
        return ["s3fs", self.bucket, self.mount_point, "-f",
                "-o", "url=%s,use_path_request_style,nocopyapi" % os.environ["S3_ENDPOINT"],
                "-o", "passwd_file=" + self.secret("password", password.encode()),
                "-o", "use_sse=custom:" + self.secret("key", base64.b64encode(KEY))]


class Rclone(Contender):
    name = "rclone"
    _mounts = 0

    def environment(self):
        prefix = "RCLONE_CONFIG_X_"
        return {"RCLONE_CONFIG": "/dev/null", "RCLONE_CA_CERT": os.environ["S3_CA"], prefix + "TYPE": "s3", prefix + "PROVIDER": "Ceph",
                prefix + "ENV_AUTH": "true", prefix + "ENDPOINT": os.environ["S3_ENDPOINT"],
                prefix + "SSE_CUSTOMER_ALGORITHM": "AES256", prefix + "SSE_CUSTOMER_KEY": KEY.decode()}

    def command(self):
        self._mounts += 1  # a cold mount has a cold cache
        return ["rclone", "mount", "x:" + self.bucket, self.mount_point, "--vfs-cache-mode", "full", "--vfs-write-back", "0s",
                "--cache-dir", os.path.join(self.directory, "cache-%d" % self._mounts)]


CONTENDERS = {contender.name: contender for contender in (SseCFs, S3fs, Rclone)}
