#!/usr/bin/env python3
"""Publishes the sample video through the REST API: demo.py API_ADDRESS PUBLIC_ADDRESS FILE"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

NAME = "Big Buck Bunny"
WAIT_SECONDS = 120
open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def call(url, body=None, headers=None, timeout=30):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    with open_url(request, timeout=timeout) as answer:
        return json.load(answer)


def log_in(api, password):
    client = call(f"{api}/oauth-clients/local")
    form = urllib.parse.urlencode({
        "client_id": client["client_id"], "client_secret": client["client_secret"],
        "grant_type": "password", "username": "root", "password": password}).encode()
    return {"Authorization": f"Bearer {call(f'{api}/users/token', form)['access_token']}"}


def upload(api, login, path):
    channel = call(f"{api}/users/me", headers=login)["videoChannels"][0]["id"]
    boundary = uuid.uuid4().hex
    fields = {"name": NAME, "channelId": channel, "privacy": 1, "licence": 1,
              "description": "The Blender Foundation's film, CC BY 3.0."}
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
             for key, value in fields.items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="videofile"; '
                 'filename="bunny.mp4"\r\nContent-Type: video/mp4\r\n\r\n')
    with open(path, "rb") as file:
        body = "".join(parts).encode() + file.read() + f"\r\n--{boundary}--\r\n".encode()
    headers = login | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return call(f"{api}/videos/upload", body, headers, timeout=300)["video"]["uuid"]


def wait_until_playable(api, login, video):
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        answer = call(f"{api}/videos/{video}", headers=login)
        if answer["streamingPlaylists"]:
            return answer
        time.sleep(0.3)
    sys.exit(f"the sample video was uploaded but is not playable after {WAIT_SECONDS} s")


def main():
    server, public, path = sys.argv[1:]
    api = f"{server}/api/v1"
    listed = call(f"{api}/videos?count=100")["data"]
    known = [video for video in listed if video["name"] == NAME]
    if known:
        print(f"  The sample video is there: {public}/w/{known[0]['shortUUID']}")
        return
    password = os.environ.get("SHOAL_ROOT_PASSWORD")
    if not password:
        sys.exit("  The sample video needs root's password: "
                 "SHOAL_INITIAL_ROOT_PASSWORD=... ./dev up --demo")
    try:
        login = log_in(api, password)
        video = wait_until_playable(api, login, upload(api, login, path))
    except urllib.error.HTTPError as error:
        sys.exit(f"  The sample video was refused: {error} {error.read().decode()[:300]}")
    print(f"  The sample video plays: {public}/w/{video['shortUUID']}")


if __name__ == "__main__":
    main()
