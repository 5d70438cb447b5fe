"""A bucket as it is, asked directly: what a checker believes.

Signs requests with AWS Signature Version 4, path style, in as few words as loopback needs.
"""

import hashlib
import hmac
import http.client
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

REGION = "us-east-1"
EMPTY = hashlib.sha256(b"").hexdigest()


class Bucket:
    """One bucket of one server. Each call is a connection of its own; any thread."""

    def __init__(self, endpoint, access_key, secret_key, name):
        self.host = urllib.parse.urlsplit(endpoint).netloc
        self.access_key, self.secret_key, self.name = access_key, secret_key, name

    def call(self, method, key="", query=None, body=b""):
        """(status, body)."""
        path = urllib.parse.quote(f"/{self.name}/{key}" if key else f"/{self.name}")
        text = "&".join(f"{urllib.parse.quote(name, safe='')}={urllib.parse.quote(value, safe='')}"
                        for name, value in sorted((query or {}).items()))
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request(method, f"{path}?{text}" if text else path, body or None,
                               self.sign(method, path, text, body))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def sign(self, method, path, query, body):
        now = time.gmtime()
        stamp, day = time.strftime("%Y%m%dT%H%M%SZ", now), time.strftime("%Y%m%d", now)
        payload = hashlib.sha256(body).hexdigest() if body else EMPTY
        names = "host;x-amz-content-sha256;x-amz-date"
        request = "\n".join([method, path, query, f"host:{self.host}",
                             f"x-amz-content-sha256:{payload}", f"x-amz-date:{stamp}", "",
                             names, payload])
        scope = f"{day}/{REGION}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                          hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.secret_key}".encode()
        for word in (*scope.split("/"), text):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return {"Host": self.host, "x-amz-date": stamp, "x-amz-content-sha256": payload,
                "Authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                 f"SignedHeaders={names}, Signature={key.hex()}"}

    def create(self):
        self.expect(200, "PUT")

    def get(self, key):
        """The object's bytes; nothing where there is none."""
        status, body = self.call("GET", key)
        return body if status == 200 else None

    def is_public(self, key):
        """Whether a stranger may read the object."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request("GET", urllib.parse.quote(f"/{self.name}/{key}"),
                               headers={"Range": "bytes=0-0"})
            return connection.getresponse().status in (200, 206)
        finally:
            connection.close()

    def keys(self):
        """The keys of all objects, with their sizes."""
        found, start = {}, {}
        while True:
            page = parse(self.expect(200, "GET", query={"list-type": "2", **start}))
            for entry in page.iter("Contents"):
                found[entry.findtext("Key")] = int(entry.findtext("Size"))
            if page.findtext("IsTruncated") != "true":
                return found
            start = {"continuation-token": page.findtext("NextContinuationToken")}

    def uploads(self):
        """(key, id) of each multipart upload that is neither completed nor aborted."""
        page = parse(self.expect(200, "GET", query={"uploads": ""}))
        return [(entry.findtext("Key"), entry.findtext("UploadId"))
                for entry in page.iter("Upload")]

    def abort(self, key, upload):
        self.call("DELETE", key, {"uploadId": upload})

    def expect(self, wanted, method, **arguments):
        status, body = self.call(method, **arguments)
        if status != wanted:
            raise RuntimeError(f"{method} {self.name}: {status} {body[:300]!r}")
        return body


def parse(text):
    """XML without its namespace."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
