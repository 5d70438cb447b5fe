"""What must hold of media in several stores, whatever happened. Reads the database, the local
store's folder and the bucket directly; plays through the program."""

import hashlib
import json
import re
import urllib.parse

LEDGER = "shoal-ledger/"
VERIFIED = 2


def is_own(key):
    """What the program keeps in a store for itself: its marker, what base URLs are asked for, its
    count."""
    return key.startswith(".") or key.startswith(LEDGER)


def sha256(contents):
    return hashlib.sha256(contents).hexdigest()


class Records:
    """Which files there are and what each holds, from when nothing was wrong."""

    def __init__(self):
        self.sums = {}    # file id -> SHA-256 of its bytes
        self.videos = []  # {id, uuid}

    def take(self, box, video=None):
        """What the database says now, new files only."""
        if video and video not in self.videos:
            self.videos.append(video)
        for file, digest in box.rows("select id, sha256 from media_file"):
            self.sums.setdefault(file, digest)

    def forget(self, video):
        self.videos.remove(video)


class Checker:
    def __init__(self, box, records, violated):
        self.box, self.records, self.violated = box, records, violated

    def check_all(self):
        """With the program running, and nothing on its way."""
        self.check_database()
        self.check_placements(reads_all=True)
        self.check_orphans()
        self.check_uploads()
        self.check_exposure()
        for video in list(self.records.videos):
            self.check_video(video)

    def check_after_trash(self):
        """Once the trash is due and emptied, which is tried each minute: what is left is what rows
        name, no more and no less."""
        self.box.write("update object_trash set due_at = 0")
        self.box.wait_until("the trash is empty", lambda: not self.box.rows(
            "select 1 from object_trash limit 1"), 100)
        self.check_placements(reads_all=True)
        self.check_orphans()
        self.check_uploads()

    def check_database(self):
        for text, in self.box.rows("pragma integrity_check"):
            if text != "ok":
                self.violated(f"the database: {text}")

    # Rows and objects

    def contents(self, store, key):
        if store == "archive":
            return self.box.bucket.get(key)
        path = self.box.media / key
        return path.read_bytes() if path.is_file() else None

    def size(self, store, key, listed):
        if store == "archive":
            return listed.get(key)
        path = self.box.media / key
        return path.stat().st_size if path.is_file() else None

    def check_placements(self, reads_all=False):
        """Each file has a verified placement, and each placement the object that it names. Rows
        are read before objects are listed and compared with the rows after: what moved in between
        is no loss."""
        rows = self.placements()
        listed = self.box.bucket.keys()
        placed = set()
        for file, name, size, digest, store, key in rows:
            if store is None:
                self.violated(f"file {file} {name} has no verified placement")
                continue
            placed.add((store, key))
            recorded = self.records.sums.get(file, digest)
            if digest != recorded:
                self.violated(f"the SHA-256 of file {file} {name} has become another")
            if self.size(store, key, listed) != size:
                self.violated(f"{name} has {self.size(store, key, listed)} bytes in {store}, "
                              f"not {size} ({key})")
            elif reads_all and sha256(self.contents(store, key)) != recorded:
                self.violated(f"{name} in {store} holds other bytes than were recorded ({key})")
        for file in self.records.sums.keys() - {row[0] for row in rows}:
            self.check_forgotten(file)
        return placed

    def placements(self):
        return self.box.rows(
            "select f.id, f.name, f.size, f.sha256, p.store, p.object_key from media_file f "
            f"left join placement p on p.file_id = f.id and p.state = {VERIFIED}")

    def check_forgotten(self, file):
        """A file may go with its video, or because another took its place: never by itself."""
        self.records.sums.pop(file)
        if file in getattr(self.records, "bulk", ()):
            self.violated(f"file {file} has no row any more")

    def check_orphans(self):
        """Every object is a file's, or waits in the trash."""
        known = {(store, key) for store, key in self.box.rows(
            "select store, object_key from placement union "
            "select store, object_key from object_trash")}
        for key in self.box.bucket.keys():
            if not is_own(key) and ("archive", key) not in known:
                self.violated(f"the bucket holds {key}, which no row names")
        for path in self.box.media.rglob("*"):
            key = path.relative_to(self.box.media).as_posix()
            if path.is_file() and not is_own(key) and ("local", key) not in known:
                self.violated(f"the local store holds {key}, which no row names")
        for path in (self.box.media / ".incoming").glob("*"):
            self.violated(f"the local store keeps {path.name}, half written")

    def check_uploads(self):
        """What was sent in parts and never completed is of an object that rows name: it goes when
        that one does."""
        known = {key for key, in self.box.rows(
            "select object_key from object_trash where store = 'archive' union "
            "select object_key from placement where store = 'archive'")}
        for key, _ in self.box.bucket.uploads():
            if key not in known:
                self.violated(f"parts of {key} lie in the bucket for ever")

    def check_exposure(self):
        """Strangers read the objects that rows say they may, all of open videos, and no others but
        what was put in vain: its name was never told to anybody, and waits to be deleted."""
        told = {key for key, in self.box.rows(
            "select p.object_key from placement p join media_file f on f.id = p.file_id "
            "join video v on v.id = f.video_id where p.exposure = 2 and v.privacy in (1, 2) union "
            "select t.object_key from object_trash t join video v on v.id = t.video_id "
            "where t.exposure = 2 and v.privacy in (1, 2) union "
            "select object_key from object_trash where exposure = 0 and video_id is null")}
        for key in self.box.bucket.keys():
            if not is_own(key) and self.box.bucket.is_public(key) and key not in told:
                self.violated(f"strangers may read {key}")
        if self.box.door != "redirect":
            return
        for key, in self.box.rows(
                "select p.object_key from placement p join media_file f on f.id = p.file_id "
                "join video v on v.id = f.video_id where p.store = 'archive' and f.kind = 2 "
                f"and v.privacy in (1, 2) and p.state = {VERIFIED}"):
            if not self.box.bucket.is_public(key):
                self.violated(f"viewers are not sent to {key}, which is open to all")

    # What viewers get

    def check_video(self, video):
        status, details = self.box.json(f"/api/v1/videos/{video['uuid']}")
        if status != 200:
            return self.violated(f"video {video['uuid']} answers {status}")
        if details["state"]["id"] != 1:
            return self.violated(f"video {video['uuid']} is in state {details['state']}")
        for playlist in details["streamingPlaylists"]:
            hashes = json.loads(self.fetch(playlist["segmentsSha256Url"]) or b"{}")
            for file in playlist["files"]:
                self.check_file(file, hashes)
            self.check_playlists(playlist["playlistUrl"], hashes)
        for path in (details["thumbnailPath"], details["previewPath"]):
            self.check_recorded(path)
        captions = self.box.json(f"/api/v1/videos/{video['uuid']}/captions")[1]
        for caption in captions["data"]:
            self.check_recorded(caption["captionPath"])
        return None

    def fetch(self, url, span=None):
        """The bytes that the program answers; a violation when it does not."""
        headers = {"Range": f"bytes={span[0]}-{span[1]}"} if span else {}
        status, body, _ = self.box.watch(url, headers)
        if status not in (200, 206):
            return self.violated(f"{url} answers {status} {body[:200]!r}")
        if span and len(body) != span[1] - span[0] + 1:
            return self.violated(f"{url}: {len(body)} bytes for {span}")
        return body

    def check_recorded(self, url):
        """The whole of a file is what its row says."""
        body = self.fetch(url)
        name = urllib.parse.unquote(url.rsplit("/", 1)[1].split("?")[0])
        rows = self.box.rows("select sha256 from media_file where name = ?", name)
        if body is not None and rows and sha256(body) != rows[0][0]:
            self.violated(f"{url} is answered with other bytes than were recorded")
        return body

    def check_file(self, file, hashes):
        body = self.check_recorded(file["fileUrl"]) or b""
        name = file["fileUrl"].rsplit("/", 1)[1]
        if len(body) != file["size"] or name not in hashes:
            return self.violated(f"{name}: {len(body)} of {file['size']} bytes, or no hashes")
        for span, digest in hashes[name].items():
            first, last = (int(number) for number in span.split("-"))
            if sha256(body[first:last + 1]) != digest:
                self.violated(f"{name}: the hash of bytes {span} is wrong")
        return None

    def check_playlists(self, master_url, hashes):
        """Each segment, by its byte range, is what the list of hashes says."""
        master = self.fetch(master_url) or b""
        for line in uris(master):
            url = urllib.parse.urljoin(master_url, line)
            text = (self.fetch(url) or b"").decode()
            if "#EXT-X-ENDLIST" not in text:
                self.violated(f"{url} has no end")
            for span, uri in re.findall(r"#EXT-X-BYTERANGE:(\d+@\d+)\n(?:#.*\n)*([^#\n]+)", text):
                length, begin = (int(number) for number in span.split("@"))
                segment = urllib.parse.urljoin(url, uri)
                body = self.fetch(segment, (begin, begin + length - 1))
                known = hashes.get(segment.rsplit("/", 1)[1].split("?")[0], {})
                digest = known.get(f"{begin}-{begin + length - 1}")
                if body is not None and sha256(body) != digest:
                    self.violated(f"{segment}: segment {begin}-{begin + length - 1} is wrong")


def uris(playlist):
    return [line for line in playlist.decode().splitlines() if line and not line.startswith("#")]
