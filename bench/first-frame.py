"""Upload to first frame played by hls.js in a real Chromium, and to the whole ladder; ffmpeg's CPU.

The peer column quotes PeerTube 6.3 on the same kind of machine and the same clip.
"""
import subprocess
import sys
import time

import _support as support

QUOTED = "PeerTube 6.3's figure is quoted, measured on this kind of machine"


def measure(kind, figures):
    clip = support.clip(kind)
    with support.Shoal() as server:
        server.log_in()
        browser = subprocess.Popen(
            ["node", str(support.ROOT / "bench" / "browser" / "first-frame.mjs"), server.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert browser.stdout.readline().strip() == "ready"
        video = server.upload(clip, f"first frame {kind}")
        ended = time.monotonic()
        browser.stdin.write(video["shortUUID"] + "\n")
        browser.stdin.flush()
        line = browser.stdout.readline().strip()
        seconds = time.monotonic() - ended
        if line != "playing":
            raise SystemExit(f"the page did not play: {line}")
        browser.stdin.close()
        browser.wait(30)
        figures.add(f"upload end to first frame ({kind})", "s", round(seconds, 2), 45, QUOTED)

        wanted = {720, 480, 360, 240}
        while True:
            details = server.call("GET", f"/api/v1/videos/{video['uuid']}")[1]
            files = [file["resolution"]["id"] for playlist in details["streamingPlaylists"]
                     for file in playlist["files"]]
            if wanted <= set(files) and not details.get("processing"):
                break
            if details["state"]["id"] == 7 or time.monotonic() - ended > 300:
                raise SystemExit(f"processing did not finish: {details['state']} {files}")
            time.sleep(0.1)
        names = "/".join(map(str, sorted(wanted, reverse=True)))
        figures.add(f"upload end to {names} ({kind})", "s",
                    round(time.monotonic() - ended, 1), 90, QUOTED)
        _, children = support.children_cpu_seconds(server.process.pid)
        figures.add(f"CPU of ffmpeg and ffprobe ({kind})", "s", round(children, 1), 96, QUOTED)


def main():
    figures = support.Figures()
    for kind in ("h264", "mpeg4"):
        measure(kind, figures)
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
