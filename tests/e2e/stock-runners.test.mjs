// A stock peertube-runner, played: its requests, and ffmpeg as it calls it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { clip } from "./support/clips.mjs";
import { Api, startServer, until } from "./support/server.mjs";

let server;
let api;
let folder;
let registrationToken;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "shoal-stock-"));
  const environment = {
    SHOAL__TRANSCODING__CONCURRENCY: "1",
    SHOAL__TRANSCODING__REMOTE_RUNNERS__ENABLED: "true",
    SHOAL__TRANSCODING__REMOTE_RUNNERS__PATIENCE: "30 seconds",
  };
  server = await startServer({ environment });
  api = await new Api(server.url).login();
  await api.call("POST", "runners/registration-tokens/generate");
  registrationToken = (await api.call("GET", "runners/registration-tokens"))
    .data[0].registrationToken;
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run(program, words) {
  const { status, stdout, stderr } = spawnSync(program, words, {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** What the runner knows of itself and of the server. */
class StockRunner {
  constructor(name) {
    this.name = name;
    this.anonymous = new Api(server.url);
  }
  async register() {
    const entered = { name: this.name, registrationToken };
    this.runnerToken = (
      await this.anonymous.call("POST", "runners/register", entered)
    ).runnerToken;
    return this;
  }
  async offers() {
    const { runnerToken } = this;
    return (
      await this.anonymous.call("POST", "runners/jobs/request", { runnerToken })
    ).availableJobs;
  }
  async accept({ uuid }) {
    const { runnerToken } = this;
    return (
      await this.anonymous.call("POST", `runners/jobs/${uuid}/accept`, {
        runnerToken,
      })
    ).job;
  }
  /** By multipart form, as it says everything about a job it has. */
  say(job, what, fields) {
    const form = new FormData();
    form.append("jobToken", job.jobToken);
    form.append("runnerToken", this.runnerToken);
    for (const [key, [value, name]] of Object.entries(fields)) {
      if (name) form.append(key, new Blob([value]), name);
      else form.append(key, value);
    }
    return this.anonymous.call(
      "POST",
      `runners/jobs/${job.uuid}/${what}`,
      form,
    );
  }
  async download(job) {
    const answer = await fetch(job.payload.input.videoFileUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        runnerToken: this.runnerToken,
        jobToken: job.jobToken,
      }),
    });
    assert.equal(answer.status, 200);
    const source = join(folder, `${job.uuid}.source`);
    writeFileSync(source, Buffer.from(await answer.arrayBuffer()));
    return source;
  }
  async make(job) {
    const { resolution, fps, separatedAudio } = job.payload.output;
    assert.equal(separatedAudio, true);
    const source = await this.download(job);
    const file = join(folder, `x-${resolution}-fragmented.mp4`);
    const playlist = join(folder, `x-${resolution}.m3u8`);
    run("ffmpeg", [
      ...[
        "-y",
        "-loglevel",
        "error",
        "-i",
        source,
        "-an",
        "-movflags",
        "faststart",
      ],
      ...[
        "-max_muxing_queue_size",
        "1024",
        "-map_metadata",
        "-1",
        "-pix_fmt",
        "yuv420p",
      ],
      ...[
        "-vcodec",
        "libx264",
        "-vf",
        `scale=w=-2:h=${resolution}`,
        "-preset",
        "veryfast",
      ],
      ...[
        "-maxrate:v",
        "900000",
        "-bufsize:v",
        "1800000",
        "-b_strategy",
        "1",
        "-bf",
        "16",
      ],
      ...[
        "-r",
        String(fps),
        "-g:v",
        String(fps * 2),
        "-hls_time",
        "4",
        "-hls_list_size",
        "0",
      ],
      ...[
        "-hls_playlist_type",
        "vod",
        "-hls_segment_filename",
        file,
        "-hls_segment_type",
        "fmp4",
      ],
      ...["-f", "hls", "-hls_flags", "single_file", playlist],
    ]);
    return { file: readFileSync(file), playlist: readFileSync(playlist) };
  }
  async work(job) {
    await this.say(job, "update", { progress: ["50"] });
    const { file, playlist } = await this.make(job);
    await this.say(job, "success", {
      "payload[videoFile]": [file, "x-fragmented.mp4"],
      "payload[resolutionPlaylistFile]": [playlist, "x.m3u8"],
    });
  }
}

async function jobsOf(uuid, type = "vod-hls-transcoding") {
  const { data } = await api.call("GET", "runners/jobs?count=100");
  return data.filter(
    (job) => job.privatePayload.videoUUID === uuid && job.type === type,
  );
}
function offered(runner, uuid) {
  return until("a rendition is offered", 60_000, async () => {
    const own = (await runner.offers()).filter(({ payload }) =>
      payload.input.videoFileUrl.includes(uuid),
    );
    return own.length > 0 ? own : null;
  });
}
async function checkPlayable(uuid, source) {
  const video = await api.processed(uuid);
  assert.equal(video.state.id, 1);
  await until("the finished playlists are there", 120_000, async () => {
    const { streamingPlaylists } = await api.call("GET", `videos/${uuid}`);
    return streamingPlaylists[0].files.length >= 3;
  });
  const [playlist] = (await api.call("GET", `videos/${uuid}`))
    .streamingPlaylists;
  const count = [
    "-v",
    "error",
    "-select_streams",
    "v:0",
    "-count_packets",
    "-of",
    "csv=p=0",
  ];
  const framesOf = (file) =>
    Number.parseInt(
      run("ffprobe", [
        ...count,
        "-show_entries",
        "stream=nb_read_packets",
        file,
      ]),
      10,
    );
  for (const { fileUrl, resolution } of playlist.files) {
    const file = join(folder, "rendition.mp4");
    writeFileSync(
      file,
      Buffer.from(await (await fetch(fileUrl)).arrayBuffer()),
    );
    const decoded = spawnSync("ffmpeg", [
      "-v",
      "error",
      "-xerror",
      "-i",
      file,
      "-f",
      "null",
      "-",
    ]);
    assert.equal(String(decoded.stderr), "", `${resolution.id}p`);
    assert.equal(framesOf(file), framesOf(source), `${resolution.id}p`);
  }
  run("ffmpeg", [
    "-v",
    "error",
    "-xerror",
    "-i",
    playlist.playlistUrl,
    "-f",
    "null",
    "-",
  ]);
}

/** What socket.io's client hears in its namespace; it says who it is, and answers pings. */
function listen(runnerToken) {
  const heard = [];
  const request = get(`${server.url}/socket.io/?EIO=4&transport=websocket`, {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version": "13",
    },
  });
  const ready = new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", ({ statusCode }) =>
      reject(new Error(`answered ${statusCode}`)),
    );
    request.on("upgrade", (_, socket, first) => {
      let bytes = first;
      const take = (more) => {
        bytes = Buffer.concat([bytes, more]);
        while (bytes.length >= 2) {
          const long = bytes[1] === 126;
          if (long && bytes.length < 4) return;
          const [at, size] = long ? [4, bytes.readUInt16BE(2)] : [2, bytes[1]];
          if (bytes.length < at + size) return;
          heard.push(bytes.subarray(at, at + size).toString());
          bytes = bytes.subarray(at + size);
        }
      };
      take(Buffer.alloc(0));
      socket.on("data", take);
      socket.write(maskedText(`40/runners,${JSON.stringify({ runnerToken })}`));
      resolve(socket);
    });
  });
  return { heard, ready };
}
/** A client's frame: masked, here with zeros. */
function maskedText(text) {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(text.length);
  return Buffer.concat([
    Buffer.from([0x81, 0xfe]),
    size,
    Buffer.alloc(4),
    Buffer.from(text),
  ]);
}

test("a runner that has nothing to do is told of an upload", async () => {
  const runner = await new StockRunner("idle").register();
  const { heard, ready } = listen(runner.runnerToken);
  const socket = await ready;
  await until("it is connected", 10_000, () =>
    heard.some((text) => text.startsWith("40/runners,")),
  );
  assert.ok(JSON.parse(heard[0].slice(1)).pingInterval > 0);
  const { uuid } = await api.upload(clip("short"), { name: "Told" });
  await until("it is told", 30_000, () =>
    heard.includes('42/runners,["available-jobs"]'),
  );
  await api.call("DELETE", `videos/${uuid}`);
  socket.destroy();
});

test("a stock runner makes the larger renditions of a video whose smallest the node makes", async () => {
  const source = clip("mpeg4");
  const runner = await new StockRunner("stock").register();
  const { uuid } = await api.upload(source, { name: "Made by both" });
  const made = [];
  for (const offer of await offered(runner, uuid)) {
    if (offer.payload.output.resolution <= 240) continue;
    const job = await runner.accept(offer);
    made.push(job.payload.output.resolution);
    await runner.work(job);
  }
  assert.ok(made.length >= 2);
  await checkPlayable(uuid, source);
  const done = (await jobsOf(uuid)).filter(
    ({ state }) => state.label === "Completed",
  );
  assert.deepEqual(
    done.map(({ payload }) => payload.output.resolution).sort(),
    [...made].sort(),
  );
});

test("what a runner gives up is made by the node, and no result of it counts any more", async () => {
  const source = clip("mpeg4");
  const runner = await new StockRunner("fickle").register();
  const { uuid } = await api.upload(source, { name: "Given up" });
  const job = await runner.accept((await offered(runner, uuid))[0]);
  const { file, playlist } = await runner.make(job);
  await runner.say(job, "error", { message: ["ffmpeg failed"] });
  await assert.rejects(
    runner.say(job, "success", {
      "payload[videoFile]": [file, "x-fragmented.mp4"],
      "payload[resolutionPlaylistFile]": [playlist, "x.m3u8"],
    }),
    /runner_job_not_in_processing_state/,
  );
  await checkPlayable(uuid, source);
});
