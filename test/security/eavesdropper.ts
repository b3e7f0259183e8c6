/** A server in front of the emulator that writes down every secret that passes, and can answer in the emulator's place. */
import { createServer, request as forward } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

/** A request as it came. */
export interface Heard {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The access token, or for the token endpoint the assertion. */
  readonly secret: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Answers in the emulator's place, or lets the request pass. */
export type Mischief = (heard: Heard) => Reply | undefined;

/** Of forms, the one that a server would most likely repeat first. */
const secretFields: readonly string[] = [
  "assertion",
  "refresh_token",
  "code",
  "subject_token",
  "token",
  "client_secret",
  "code_verifier",
];
const tokenFields = /"(?:access_token|accessToken|refresh_token|id_token|signedJwt)":\s*"([^"]+)"/g;

export class Eavesdropper {
  readonly url: string;
  /** Tokens, assertions, codes, verifiers and whatever else proves something. */
  readonly secrets: Set<string> = new Set();
  readonly heard: Heard[] = [];
  mischief: Mischief | undefined;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `behind`: whom requests are passed to; undefined: everything is answered with 404. */
  static async start(behind: string | undefined): Promise<Eavesdropper> {
    const sockets = new Set<Socket>();
    const server = createServer();
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const ear = new Eavesdropper(server, sockets);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void ear.#answer(request, response, behind);
    });
    return ear;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, behind: string | undefined): Promise<void> {
    const body = await text(request);
    const { method = "", url: path = "", headers } = request;
    const bearer = headers.authorization?.replace(/^Bearer /, "");
    const form = new URLSearchParams(body);
    const proofs = secretFields.flatMap((field) => form.get(field) ?? []);
    const secret = bearer ?? proofs[0] ?? "";
    for (const proof of [secret, ...proofs]) if (proof !== "") this.secrets.add(proof);
    const heard = { method, path, headers, body, secret };
    this.heard.push(heard);
    const own = this.mischief?.(heard) ?? (behind === undefined ? { status: 404 } : undefined);
    if (own !== undefined) {
      response.writeHead(own.status, own.headers).end(own.body ?? "");
      return;
    }
    const onward = forward(`${behind}${path}`, { method, headers }, (answer) => {
      void text(answer).then((said) => {
        for (const [, token = ""] of said.matchAll(tokenFields)) this.secrets.add(token);
        const code = URL.canParse(answer.headers.location ?? "")
          ? new URL(answer.headers.location ?? "").searchParams.get("code")
          : null;
        if (code !== null) this.secrets.add(code);
        const { "transfer-encoding": _, ...passed } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, passed).end(said);
      });
    });
    onward.on("error", () => response.destroy());
    onward.end(body);
  }
}
