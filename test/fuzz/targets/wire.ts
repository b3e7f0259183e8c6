/** Raw bytes on a real socket in the place of an HTTP answer: a whole answer, or a `NetworkError`, and never a wait for ever. */
import { once } from "node:events";
import { createServer } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { NetworkError } from "../../../src/google/exchange.ts";
import { openWire } from "../../../src/google/wire.ts";
import { wallClock } from "../../../src/cli/context.ts";
import { inert } from "../oracle.ts";
import { mustHold } from "../target.ts";
import type { Target } from "../target.ts";

const responseBytesMax = 64 * 1024;
const dataStudio = "https://datastudio.googleapis.com/v1/assets:search";

function http(body: Buffer, headers = ""): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

const json = Buffer.from('{"assets":[{"name":"abc","assetType":"REPORT","title":"Größe"}]}');

export const wire = async (): Promise<Target> => {
  let answer = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    corpus: [
      http(json),
      http(gzipSync(json), "Content-Encoding: gzip\r\n"),
      http(deflateSync(json), "Content-Encoding: deflate\r\n"),
      http(brotliCompressSync(json), "Content-Encoding: br\r\n"),
      http(gzipSync(Buffer.alloc(4 * 1024 * 1024)), "Content-Encoding: gzip\r\n"),
      Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'),
      Buffer.from("HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"),
    ],
    dictionary: [
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n",
      "Content-Length: 0\r\n",
      "Content-Length: 99999999999\r\n",
      "Content-Length: -1\r\n",
      "Content-Encoding: gzip, br\r\n",
      "Content-Encoding: zstd\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Connection: close\r\n",
      "\r\n",
      "\r\n\r\n",
      "0\r\n\r\n",
      "ffffffff\r\n",
    ],
    run: async (input) => {
      answer = Buffer.from(input);
      const carrier = openWire({
        clock: wallClock,
        endpoint: `http://127.0.0.1:${port}`,
        connections: 1,
        responseBytesMax,
      });
      try {
        const request = { method: "GET" as const, url: dataStudio, headers: {}, timeoutMs: 5000 };
        const { status, body } = await carrier.exchange(request);
        mustHold(Number.isInteger(status) && status >= 200, `the status is ${status}`);
        mustHold(Buffer.byteLength(body) <= responseBytesMax * 3, "an answer is larger than allowed");
        mustHold(status >= 300 || !body.includes("\ufffd") || input.includes("\ufffd"), "bytes were replaced");
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        inert([error.message], "a network error");
        mustHold(error.sent, "a request that was read counts as not sent");
        mustHold(error.code !== "TIMEOUT", "an answer that ended is waited for");
      } finally {
        await carrier.close();
      }
    },
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
};
