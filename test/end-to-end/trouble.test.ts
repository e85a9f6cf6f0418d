import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../helpers/cli.ts';

type PublicReport = {
  readonly interrupted: boolean;
  readonly findings: readonly { readonly cause: string }[];
  readonly routes: readonly { readonly count: number; readonly outcomes: Record<string, number> }[];
};

let folder = '';
let goodUrl = '';
let closedPort = 0;
const servers: net.Server[] = [];

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-trouble-'));
  goodUrl = `http://127.0.0.1:${await listen(http.createServer((_request, response) => setTimeout(() => response.end('hello'), 5)))}`;
  const closing = net.createServer();
  closedPort = await listen(closing);
  await new Promise((resolve) => closing.close(resolve));
});
after(async () => {
  for (const server of servers) {
    if (server instanceof http.Server) server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true, force: true });
});

async function runAgainst(
  name: string,
  gatewayUrl: string,
  extra = '',
): Promise<{ code: number | undefined; report: PublicReport; stderr: string }> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    `name: ${name}
gateway: { url: "${gatewayUrl}" }
members: [{ name: web1, url: "${goodUrl}" }]
experiments: [{ compare: { rate: 10/s, for: 2s } }]
limits: { maxRate: 100/s, maxRequests: 500, maxInFlight: 50, maxNewConnections: 100/s, requestTimeout: 1s, connectTimeout: 1s, maxBody: 100kB }
${extra}`,
  );
  const result = await runCli(['run', file, '--out', join(folder, name), '--seed', '1', '--json'], {
    timeoutMs: 60_000,
  });
  assert.doesNotMatch(result.stderr, /^\s+at .*\(/m, 'a stack trace was printed');
  return { code: result.code, report: JSON.parse(result.stdout) as PublicReport, stderr: result.stderr };
}

function causes({ report }: { report: PublicReport }): string[] {
  return report.findings.map(({ cause }) => cause);
}

/** A raw server that answers every connection with the given bytes. */
function raw(onConnection: (socket: net.Socket) => void): net.Server {
  return net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => onConnection(socket));
  });
}

const TROUBLES: readonly {
  readonly name: string;
  readonly gateway: () => Promise<string>;
  readonly outcome: RegExp;
  readonly cause?: string;
}[] = [
  {
    name: 'closed-port',
    gateway: async () => `http://127.0.0.1:${closedPort}`,
    outcome: /^error:refused$/,
    cause: 'gateway/unreachable',
  },
  {
    name: 'no-such-name',
    gateway: async () => 'http://gateway.invalid',
    outcome: /^error:dns$/,
    cause: 'gateway/unreachable',
  },
  {
    name: 'tls-to-plain',
    gateway: async () => goodUrl.replace('http:', 'https:'),
    outcome: /^error:tls$/,
    cause: 'gateway/unreachable',
  },
  {
    name: 'plain-to-tls',
    // What servers of TLS do with a request in plain text.
    gateway: async () => `http://127.0.0.1:${await listen(raw((socket) => socket.end()))}`,
    outcome: /^error:closed$/,
    cause: 'gateway/unreachable',
  },
  {
    name: 'never-answers',
    gateway: async () => `http://127.0.0.1:${await listen(raw(() => {}))}`,
    outcome: /^timeout:headers$/,
    cause: 'timeout/probe',
  },
  {
    name: 'garbage',
    gateway: async () => `http://127.0.0.1:${await listen(raw((socket) => socket.end('this is not http\r\n\r\n')))}`,
    outcome: /^error:parse$/,
  },
  {
    name: 'endless-body',
    gateway: async () =>
      `http://127.0.0.1:${await listen(
        raw((socket) => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          const timer = setInterval(
            () => (socket.destroyed ? clearInterval(timer) : socket.write('x'.repeat(65_536))),
            2,
          );
        }),
      )}`,
    outcome: /^error:too-large$/,
  },
  {
    name: 'huge-header',
    gateway: async () =>
      `http://127.0.0.1:${await listen(raw((socket) => socket.end(`HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(1_000_000)}\r\nContent-Length: 0\r\n\r\n`)))}`,
    outcome: /^error:header-too-large$/,
  },
];

describe('a gateway in trouble', { concurrency: 2 }, () => {
  for (const { name, gateway, outcome, cause } of TROUBLES) {
    test(`${name}: every request has an outcome, a report is written`, async () => {
      const result = await runAgainst(name, await gateway());
      const route = result.report.routes[0];
      assert.ok((route?.count ?? 0) >= 10);
      for (const key of Object.keys(route?.outcomes ?? {})) assert.match(key, outcome);
      if (cause !== undefined) {
        assert.ok(causes(result).includes(cause), causes(result).join(', '));
        assert.equal(result.code, 1);
      }
      assert.match(await readFile(join(folder, name, 'report.html'), 'utf8'), /<\/html>/);
    });
  }
});

test('Ctrl-C leaves a complete report of what was measured and exit code 130', {
  skip: process.platform === 'win32' ? 'signals end a process at once there' : false,
}, async () => {
  const file = join(folder, 'long.yaml');
  await writeFile(
    file,
    `name: long
gateway: { url: "${goodUrl}" }
members: [{ name: web1, url: "${goodUrl.replace('127.0.0.1', 'localhost')}" }]
experiments: [{ compare: { rate: 10/s, for: 60s } }, { idle: { gaps: [30s] } }]
limits: { maxRate: 100/s, maxRequests: 5000, maxInFlight: 50, maxNewConnections: 100/s }
`,
  );
  const out = join(folder, 'long');
  const result = await runCli(['run', file, '--out', out, '--json'], { signalAfterMs: 3_000, timeoutMs: 30_000 });
  assert.equal(result.code, 130, result.stderr);
  const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as PublicReport;
  assert.equal(report.interrupted, true);
  assert.ok((report.routes[0]?.outcomes['200'] ?? 0) > 3);
  assert.ok((report.routes[0]?.count ?? 0) > 500, 'every due request is counted, also those that were not sent');
});

test('wrong input ends with code 2, a sentence and what to do', async () => {
  const bad = join(folder, 'bad.yaml');
  await writeFile(bad, 'name: x\ngateway: { url: ftp://x }\nmembrs: []\n');
  const blocked = join(folder, 'a-file');
  await writeFile(blocked, '');
  const good = join(folder, 'good.yaml');
  await writeFile(good, `name: x\ngateway: { url: "${goodUrl}" }\nmembers: [{ name: a, url: "http://127.0.0.1:1" }]\n`);
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['run', join(folder, 'missing.yaml')], /missing\.yaml/],
    [['run', bad], /did you mean .*members/i],
    [['check', bad], /bad\.yaml:2/],
    [['run', good, '--out', join(blocked, 'out')], /cannot be written/],
    [['run', good, '--seed', 'x'], /--seed/],
    [['diagnose', folder], /recording/],
    [['lab', 'nonsense'], /nonsense/],
    [['nonsense'], /unknown command/],
  ];
  for (const [args, message] of cases) {
    const result = await runCli(args, { timeoutMs: 20_000 });
    assert.equal(result.code, 2, `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /^\s+at .*\(/m);
  }
});
