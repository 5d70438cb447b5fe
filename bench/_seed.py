"""Videos written straight into a stopped server's SQLite database, thousands per second.

Rows are what publishing writes: video, pictures, and for the newest ones the files of four
renditions too. There are no bytes behind the files and no grams for the search: lists and single
videos can be measured with them.
"""
import random
import sqlite3
import time
import uuid

RENDITIONS = [720, 480, 360, 240]
WORDS = "ocean forest city music night travel kitchen mountain robot history garden river".split()


def videos(database, count, detailed=1000):
    """Adds `count` public videos to the first channel; returns the UUID of the newest one."""
    store = sqlite3.connect(database)
    store.execute("pragma synchronous=off")
    channel = store.execute("select min(id) from channel").fetchone()[0]
    first = (store.execute("select coalesce(max(id), 0) from video").fetchone()[0]) + 1
    file_id = (store.execute("select coalesce(max(id), 0) from media_file").fetchone()[0]) + 1
    now = int(time.time() * 1000)
    newest = None
    for start in range(0, count, 10_000):
        numbers = range(start, min(start + 10_000, count))
        batch = Batch(file_id)
        for number in numbers:
            newest = batch.add(first + number, channel, number, now - (count - number) * 60_000,
                               number >= count - detailed)
        file_id = batch.next_file
        batch.write(store)
    store.commit()
    store.execute("analyze")
    store.commit()
    store.close()
    return newest


class Batch:
    def __init__(self, next_file):
        self.next_file = next_file
        self.random = random.Random(next_file)
        self.videos, self.files, self.pictures = [], [], []
        self.playlists, self.renditions = [], []

    def file(self, video, kind, name, size, now):
        number = self.next_file
        self.next_file += 1
        self.files.append((number, video, kind, name, "application/octet-stream", size,
                           "0" * 64, now))
        return number

    def add(self, video, channel, number, now, detailed):
        name = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        words = " ".join(WORDS[(number * step + step) % len(WORDS)] for step in (1, 5, 7))
        self.videos.append((video, name, channel, f"{words.title()} {number}",
                            f"A description of {words}, " + "some sentences long. " * 8,
                            1 + number % 15, 1, 1, 60_000 + number % 600_000, 1.7778,
                            (number * 7919) % 100_000, 20_000_000, now, now, now))
        for kind in (1, 2):
            picture = self.file(video, 4 + kind, f"{name}-{kind}.jpg", 20_000, now)
            self.pictures.append((video, kind, picture, 1))
        if detailed:
            self.add_files(video, name, now)
        return name

    def add_files(self, video, name, now):
        master = self.file(video, 3, f"{name}-master.m3u8", 900, now)
        hashes = self.file(video, 4, f"{name}-segments-sha256.json", 4000, now)
        self.playlists.append((video, master, hashes, now, now))
        for height in RENDITIONS:
            media = self.file(video, 2, f"{name}-{height}-fragmented.mp4", height * 10_000, now)
            listing = self.file(video, 3, f"{name}-{height}.m3u8", 2000, now)
            self.renditions.append((video, height, height * 16 // 9, height, 30,
                                    "avc1.64001f,mp4a.40.2", height * 3000, height * 2000, 1, 1,
                                    media, listing, now))

    def write(self, store):
        store.executemany(
            "insert into video (id, uuid, channel_id, name, description, category, privacy, state,"
            " duration, aspect_ratio, views, source_size, published_at, created_at, updated_at)"
            " values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", self.videos)
        store.executemany(
            "insert into media_file (id, video_id, kind, name, content_type, size, sha256,"
            " created_at) values (?,?,?,?,?,?,?,?)", self.files)
        store.executemany(
            "insert into thumbnail (video_id, kind, file_id, automatic) values (?,?,?,?)",
            self.pictures)
        store.executemany(
            "insert into streaming_playlist (video_id, master_file_id, segments_sha256_file_id,"
            " created_at, updated_at) values (?,?,?,?,?)", self.playlists)
        store.executemany(
            "insert into rendition (video_id, height, width, pixel_height, fps, codecs, bandwidth,"
            " average_bandwidth, has_audio, has_video, file_id, playlist_file_id, created_at)"
            " values (?,?,?,?,?,?,?,?,?,?,?,?,?)", self.renditions)
