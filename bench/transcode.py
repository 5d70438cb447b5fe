"""One source to the whole ladder: our steps beside plain ffmpeg, in one run on one machine.

The peer does what PeerTube does: a separate ffmpeg process for each resolution, which decodes the
source and encodes picture and sound, one after the other, at our settings. Both run at the lowest
priority. Wall and CPU seconds include everything that is started, probing too.
"""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time

import _support as support

LADDER = {720: (1280, 3_200_000), 480: (854, 1_600_000), 360: (640, 1_000_000), 240: (426, 550_000)}
DRIVER = support.ROOT / "build" / "release" / "bench" / "shoal_transcode_bench"


def build_driver():
    subprocess.run(["cmake", "--build", str(support.ROOT / "build" / "release"), "--target",
                    "shoal_transcode_bench"], check=True, stdout=subprocess.DEVNULL)


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ours(clip, folder):
    answer = subprocess.run([str(DRIVER), str(clip), str(folder)], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return json.loads(answer)


def encode_one(clip, folder, height):
    width, rate = LADDER[height]
    subprocess.run(
        ["nice", "-n", "19", "ffmpeg", "-v", "error", "-y", "-nostdin", "-i", str(clip),
         "-vf", f"scale={width}:{height}", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
         "-maxrate", str(rate), "-bufsize", str(2 * rate), "-pix_fmt", "yuv420p", "-r", "30",
         "-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "128k",
         "-ac", "2", "-f", "hls", "-hls_time", "4", "-hls_segment_type", "fmp4",
         "-hls_flags", "single_file", "-hls_playlist_type", "vod",
         str(folder / f"{height}.m3u8")], check=True)


def peer(clip, folder):
    cpu = children_seconds()
    started = time.monotonic()
    first = None
    for height in LADDER:
        encode_one(clip, folder, height)
        first = first or time.monotonic() - started
    size = sum(file.stat().st_size for file in folder.glob("*.mp4"))
    size += sum(file.stat().st_size for file in folder.glob("*.m4s"))
    return {"first": first, "total": time.monotonic() - started, "cpu": children_seconds() - cpu,
            "size": size}


def compare(kind, figures):
    clip = support.clip(kind)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        plain = peer(clip, folder)
        shutil.rmtree(folder)
        os.mkdir(folder)
        mine = ours(clip, folder)
    if {file["resolution"] for file in mine["files"]} != set(LADDER):
        raise SystemExit(f"another ladder than expected: {mine}")
    seconds = {key: round(mine[f"{key}_ms"] / 1000, 2) for key in ("first_segment", "total", "cpu")}
    figures.add(f"{kind}: start to first playable", "s", seconds["first_segment"],
                round(plain["first"], 2), "the peer's first file is playable when it is whole")
    figures.add(f"{kind}: start to all four", "s", seconds["total"], round(plain["total"], 2))
    figures.add(f"{kind}: CPU of all children", "s", seconds["cpu"], round(plain["cpu"], 2))
    figures.add(f"{kind}: size of all files", "MB",
                round(sum(file["size"] for file in mine["files"]) / 1e6, 2),
                round(plain["size"] / 1e6, 2))


def main():
    build_driver()
    figures = support.Figures()
    for kind in ("mpeg4", "h264"):
        compare(kind, figures)
    figures.print()


main()
