"""An S3 server that misbehaves: a proxy before a real one, whose faults are drawn from a seed.

The *weather* says what happens to requests at the moment. What a fault does:

  reset            the connection ends before the server hears of the request
  cut-request      … in the middle of the request's body
  cut-response     … in the middle of the answer
  drop-response    … after the request had its effect, before a byte of the answer
  delay            the server hears of it late
  error-500        InternalError; error-503 likewise; slow-down is 503 SlowDown
  late-500         the same after the request had its effect
  corrupt-request  a byte of the body is another on its way to the server
  corrupt-response … on its way to us (objects and lists alike)
  truncate-text    an answer in XML ends early, and its length is that of what is left
  error-in-200     CompleteMultipartUpload and CopyObject: status 200 with an error as the body,
                   before the effect or after it
  lose-upload      the multipart upload that the request names is gone (NoSuchUpload)
"""

import asyncio
import collections
import http
import random
import threading
import urllib.parse

FAULTS = ("reset", "cut-request", "cut-response", "drop-response", "delay", "error-500",
          "error-503", "slow-down", "late-500", "corrupt-request", "corrupt-response",
          "truncate-text", "error-in-200", "lose-upload")

# Answers to everything while it lasts: (status, code).
REFUSALS = {"revoked": (403, "InvalidAccessKeyId"), "denied": (403, "AccessDenied"),
            "skewed": (403, "RequestTimeTooSkewed"), "throttled": (503, "SlowDown"),
            "failing": (500, "InternalError"), "gone": (404, "NoSuchBucket")}
WEATHER = ("clear", "flaky", "stormy", "slow", "down", "full", "emptied", *REFUSALS)
CHANCES = {"flaky": 0.25, "stormy": 0.6}

CHUNK = 1 << 16


class Request:
    def __init__(self, method, target, fields, body):
        self.method, self.target, self.fields, self.body = method, target, fields, body
        path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.key = urllib.parse.unquote(path).lstrip("/").partition("/")[2]  # without the bucket
        self.name = self.operation()

    def operation(self):
        if "uploadId" in self.query:
            return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "GET": "ListParts",
                    "DELETE": "AbortMultipartUpload"}.get(self.method, "?")
        if "uploads" in self.query:
            return "CreateMultipartUpload" if self.method == "POST" else "ListMultipartUploads"
        if not self.key:
            return "ListObjectsV2"
        if self.method == "PUT" and self.field("x-amz-copy-source"):
            return "CopyObject"
        return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject",
                "DELETE": "DeleteObject"}.get(self.method, "?")

    def field(self, name):
        return next((value for known, value in self.fields if known.lower() == name), None)

    def is_writing(self):
        return self.method in ("PUT", "POST")


class Answer:
    def __init__(self, status, fields, body, length=None):
        self.status, self.fields, self.body = status, fields, body
        self.length = len(body) if length is None else length
        self.is_cut = False  # the connection ends within its body

    def text(self):
        reason = http.HTTPStatus(self.status).phrase
        kept = [(name, value) for name, value in self.fields if name.lower() not in
                ("content-length", "transfer-encoding", "connection", "keep-alive")]
        return "".join([f"HTTP/1.1 {self.status} {reason}\r\n",
                        *(f"{name}: {value}\r\n" for name, value in kept),
                        f"Content-Length: {self.length}\r\n\r\n"]).encode()


def refusal(request, status, code):
    body = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
            f"<Message>the weather</Message></Error>").encode()
    if request.method == "HEAD":
        return Answer(status, [], b"", 0)
    return Answer(status, [("Content-Type", "application/xml")], body)


class Gone(Exception):
    """One of the two sides is."""


async def read_head(reader):
    """The first line and the fields; nothing at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None, None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    return first, [tuple(part.strip() for part in line.split(":", 1)) for line in lines]


def length_in(fields):
    return next((int(value) for name, value in fields if name.lower() == "content-length"), None)


async def read_chunks(reader):
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


class Trigger:
    """Calls `act` once, at the `count`-th request from now: before the server hears of it, when it
    has half of its body, or after the effect."""

    def __init__(self, count, when, act):
        self.count, self.when, self.act = count, when, act


class S3Weather:
    """The proxy, on a thread of its own; `endpoint` is where it listens. `bucket` is what is behind
    it, asked directly."""

    def __init__(self, bucket, seed):
        self.bucket = bucket
        self.random = random.Random(seed)
        self.weather = "clear"
        self.trigger = None
        self.lost_uploads = set()
        self.damaged = set()  # keys of objects that came to us with another byte
        self.faults = collections.Counter()
        self.requests = 0
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,), daemon=True)
        self.thread.start()
        if not ready.wait(10):
            raise RuntimeError("the proxy does not start")

    def serve(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self.connection, "127.0.0.1", 0, limit=1 << 20))
        self.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        server.close()
        self.loop.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def arm(self, trigger):
        self.trigger = trigger

    # One connection

    async def connection(self, reader, writer):
        try:
            while request := await self.read_request(reader, writer):
                answer = await self.answer(request)
                writer.write(answer.text())
                await self.send(writer, answer.body)
                if answer.is_cut:
                    break
        except (Gone, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError,
                TimeoutError):
            pass
        finally:
            writer.close()

    async def read_request(self, reader, writer):
        first, fields = await read_head(reader)
        if first is None:
            return None
        method, target, _ = first.split(" ", 2)
        if any(name.lower() == "expect" for name, _ in fields):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(length_in(fields) or 0)
        return Request(method, target, fields, body)

    async def send(self, writer, body):
        for at in range(0, len(body), CHUNK):
            writer.write(body[at:at + CHUNK])
            await writer.drain()
            if self.weather == "slow":
                await asyncio.sleep(0.01)

    async def forward(self, request, only_half=False):
        reader, writer = await asyncio.open_connection(*self.bucket.host.split(":"), limit=1 << 20)
        try:
            kept = [(name, value) for name, value in request.fields
                    if name.lower() not in ("expect", "connection")]
            head = "".join([f"{request.method} {request.target} HTTP/1.1\r\n",
                            *(f"{name}: {value}\r\n" for name, value in kept),
                            "Connection: close\r\n\r\n"])
            body = request.body[:len(request.body) // 2] if only_half else request.body
            writer.write(head.encode("latin-1") + body)
            await writer.drain()
            if only_half:
                raise Gone
            return await asyncio.wait_for(self.read_answer(reader, request), 60)
        finally:
            writer.close()

    async def read_answer(self, reader, request):
        first, fields = await read_head(reader)
        while first and first.split(" ")[1] == "100":
            first, fields = await read_head(reader)
        if first is None:
            raise Gone
        status, length = int(first.split(" ")[1]), length_in(fields)
        if request.method == "HEAD" or status in (204, 304):
            return Answer(status, fields, b"", length or 0)
        if any(name.lower() == "transfer-encoding" for name, _ in fields):
            return Answer(status, fields, await read_chunks(reader))
        return Answer(status, fields, await reader.readexactly(length or 0))

    # What happens to a request

    async def answer(self, request):
        self.requests += 1
        if trigger := self.due_trigger():
            return await self.pull(trigger, request)
        weather = self.weather
        if weather == "down":
            self.faults["down"] += 1
            raise Gone
        if weather == "slow":
            await asyncio.sleep(self.random.uniform(0.02, 0.2))
        if weather == "full" and request.is_writing():
            return self.refuse(request, 507, "InsufficientStorage")
        if weather == "emptied":
            return self.refuse(request, 404, "NoSuchBucket" if request.is_writing()
                               else "NoSuchKey")
        if weather in REFUSALS:
            return self.refuse(request, *REFUSALS[weather])
        if request.query.get("uploadId") in self.lost_uploads:
            return self.refuse(request, 404, "NoSuchUpload")
        if self.random.random() < CHANCES.get(weather, 0):
            fault = self.random.choice(FAULTS)
            self.faults[fault] += 1
            return await self.spoil(fault, request)
        return await self.forward(request)

    def refuse(self, request, status, code):
        self.faults[code] += 1
        return refusal(request, status, code)

    def due_trigger(self):
        trigger = self.trigger
        if not trigger:
            return None
        trigger.count -= 1
        if trigger.count > 0:
            return None
        self.trigger = None
        return trigger

    async def pull(self, trigger, request):
        if trigger.when == "after":
            await self.forward(request)
        if trigger.when == "during":
            try:
                await self.forward(request, only_half=True)
            except Gone:
                pass
        trigger.act()
        raise Gone

    async def spoil(self, fault, request):
        method = getattr(self, "spoil_" + fault.replace("-", "_"), None)
        if method:
            return await method(request)
        status, code = {"error-500": (500, "InternalError"), "error-503": (503, ""),
                        "slow-down": (503, "SlowDown")}[fault]
        return refusal(request, status, code)

    async def spoil_reset(self, _):
        raise Gone

    async def spoil_cut_request(self, request):
        return await self.forward(request, only_half=True)

    async def spoil_cut_response(self, request):
        answer = await self.forward(request)
        if not answer.body:
            raise Gone
        answer.body = answer.body[:self.random.randrange(len(answer.body))]
        answer.is_cut = True
        return answer

    async def spoil_drop_response(self, request):
        await self.forward(request)
        raise Gone

    async def spoil_delay(self, request):
        await asyncio.sleep(self.random.uniform(0.05, 0.6))
        return await self.forward(request)

    async def spoil_late_500(self, request):
        await self.forward(request)
        return refusal(request, 500, "InternalError")

    async def spoil_corrupt_request(self, request):
        request.body = self.corrupt(request.body)
        return await self.forward(request)

    async def spoil_corrupt_response(self, request):
        answer = await self.forward(request)
        answer.body = self.corrupt(answer.body)
        if request.name == "GetObject":
            self.damaged.add(request.key)
        return answer

    def corrupt(self, body):
        if not body:
            return body
        at = self.random.randrange(len(body))
        return body[:at] + bytes([body[at] ^ (1 << self.random.randrange(8))]) + body[at + 1:]

    async def spoil_truncate_text(self, request):
        answer = await self.forward(request)
        if answer.body.lstrip().startswith(b"<"):
            answer.body = answer.body[:self.random.randrange(len(answer.body))]
            answer.length = len(answer.body)
        return answer

    async def spoil_error_in_200(self, request):
        if request.name not in ("CompleteMultipartUpload", "CopyObject"):
            return await self.forward(request)
        if self.random.random() < 0.5:
            await self.forward(request)
        return refusal(request, 200, "InternalError")

    async def spoil_lose_upload(self, request):
        upload = request.query.get("uploadId")
        if not upload:
            return await self.forward(request)
        self.lost_uploads.add(upload)
        await self.loop.run_in_executor(None, self.bucket.abort, request.key, upload)
        return refusal(request, 404, "NoSuchUpload")
