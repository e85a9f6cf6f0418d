import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { type Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { startMember } from '../../src/lab/member.ts';
import type { MemberOptions } from '../../src/lab/options.ts';

export const PLAIN: MemberOptions = {
  name: 'm1',
  port: 0,
  seed: 1,
  service: { kind: 'constant', ms: 0 },
  paths: {},
  memberHeader: true,
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly tookMs: number;
  readonly localPort: number | undefined;
};

/** One GET; on a connection of its own unless an agent is given. */
export function ask(port: number, path: string, agent: Agent | false = false): Promise<Answer> {
  const beganMs = performance.now();
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent }, (response) => {
      const localPort = response.socket.localPort;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
          tookMs: performance.now() - beganMs,
          localPort,
        }),
      );
    }).once('error', reject);
  });
}

export type Raw = { readonly text: string; readonly end: 'fin' | 'rst'; readonly lastedMs: number };

/** Writes `request` on a fresh socket and reads until the other side ends it. */
export function raw(port: number, request: string): Promise<Raw> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
    let text = '';
    let end: Raw['end'] = 'fin';
    socket.setEncoding('latin1');
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', () => {
      end = 'rst';
    });
    socket.on('close', () => resolve({ text, end, lastedMs: performance.now() - beganMs }));
  });
}

export const requestText = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: lab\r\nUser-Agent: a b\r\n\r\n`;

export type Logs = {
  readonly site: readonly Record<string, string>[];
  readonly httpErr: readonly Record<string, string>[];
};

/** The rows of a log by field name, as its `#Fields` line says. */
function rowsOf(text: string): Record<string, string>[] {
  let fields: string[] = [];
  const rows: Record<string, string>[] = [];
  for (const line of text.split('\r\n')) {
    if (line.startsWith('#Fields: ')) fields = line.slice(9).split(' ');
    else if (line !== '' && !line.startsWith('#')) {
      const cells = line.split(' ');
      if (cells.length !== fields.length) throw new Error(`${cells.length} cells for ${fields.length} fields: ${line}`);
      rows.push(Object.fromEntries(fields.map((field, at) => [field, cells[at] ?? ''])));
    }
  }
  return rows;
}

/** Runs `use` against a member and returns what its logs say after it has stopped. */
export async function withMember(options: Partial<MemberOptions>, use: (port: number) => Promise<void>): Promise<Logs> {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-member-'));
  try {
    const member = await startMember({ ...PLAIN, logFolder: folder, ...options });
    try {
      await use(member.port);
    } finally {
      await member.stop();
    }
    const site: Record<string, string>[] = [];
    const httpErr: Record<string, string>[] = [];
    for (const file of (await readdir(folder)).sort()) {
      (file.startsWith('u_ex') ? site : httpErr).push(...rowsOf(await readFile(join(folder, file), 'utf8')));
    }
    return { site, httpErr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
