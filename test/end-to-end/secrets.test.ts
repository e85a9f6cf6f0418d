/** Secrets stay in: every place that can hold one holds its own, the farm echoes them all, and nothing written or answered shows one. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { runCli } from '../helpers/cli.ts';
import { startMonitor } from '../helpers/services/monitor.ts';
import { createServers } from '../traffic/sending-setup.ts';

/** The core has letters and digits only, so that it survives every encoding but base64; what surrounds it is what encodings change. */
const CORES = {
  basicPassword: 'Qz7basicPassword41',
  bearer: 'Qz7bearerToken42',
  header: 'Qz7headerValue43',
  credentialHeader: 'Qz7apiKeyValue44',
  formPassword: 'Qz7formPassword45',
  session: 'Qz7sessionCookie46',
  cookie: 'Qz7cookieValue47',
  marked: 'Qz7markedParameter48',
  usual: 'Qz7usualParameter49',
  body: 'Qz7requestBody50',
  fromFile: 'Qz7fromFileText51',
  webhookPath: 'Qz7webhookPath52',
  webhookHeader: 'Qz7webhookHeader53',
  logUser: 'Qz7userInfoOfLog54',
  logParameter: 'Qz7parameterOfLog55',
  reissued: 'Qz7reissuedCookie56',
  freshToken: 'Qz7freshToken58',
  proxyPassword: 'Qz7proxyPassword57',
} as const;

const servers = createServers();
const folder = mkdtempSync(join(tmpdir(), 'gateprobe-secrets-'));
const written = join(folder, 'written');
const HISTORY = 'history.sqlite';
const logFile = (profile: string): string => join(folder, `${profile}-access.log`);
const errorFile = (profile: string): string => join(folder, `${profile}-error.log`);
/** What was printed and answered, by where it came from. */
const said = new Map<string, string>();
/** Cores that the farm was sent, or sent itself: only of those does their absence say anything. */
const seen = new Set<string>();
const alerts: string[] = [];

const ENV = {
  QZ_BASIC: `${CORES.basicPassword}é/+&"`,
  QZ_HEADER: CORES.header,
  QZ_BODY: `${CORES.body} "ü"`,
  QZ_HOOK_HEADER: CORES.webhookHeader,
};

const AUTHS = {
  basic: `auth: { basic: { user: probe, password: "\${env:QZ_BASIC}" } }`,
  bearer: `auth: { bearer: ${CORES.bearer} }`,
  login: `auth: { login: { path: /login, form: { user: probe, password: "${CORES.formPassword}+/&" } } }`,
} as const;

before(async () => {
  const gateway = await servers.listen(http.createServer(answer));
  const member = await servers.listen(http.createServer(answer));
  const proxy = await servers.raw((socket, text) => {
    note(text);
    const credentials = /Proxy-Authorization: (.*)/i.exec(text)?.[1] ?? '';
    socket.end(`HTTP/1.1 407 ${credentials}\r\nX-Echo: ${credentials}\r\nContent-Length: 0\r\n\r\n`);
  });
  const receiver = await servers.listen(
    http.createServer((request, response) => {
      alerts.push(request.url ?? '');
      note(`${request.url} ${JSON.stringify(request.headers)}`);
      request.resume();
      response.writeHead(500, { location: request.url }).end(`cannot take ${request.url}`);
    }),
  );
  mkdirSync(written);
  writeFileSync(join(folder, 'secret.txt'), `${CORES.fromFile}\n`);
  for (const [name, auth] of Object.entries(AUTHS)) {
    for (const file of [logFile(name), errorFile(name)]) writeFileSync(file, '');
    writeFileSync(join(folder, `${name}.yaml`), profileText(name, auth, { gateway, member, proxy, receiver }));
  }
});
after(async () => {
  await servers.close();
  rmSync(folder, { recursive: true, force: true });
});

type Ports = Readonly<Record<'gateway' | 'member' | 'proxy' | 'receiver', number>>;

function profileText(name: string, auth: string, { gateway, member, proxy, receiver }: Ports): string {
  const marked = `pin=${CORES.marked}%2F&token=${CORES.usual}&q=1`;
  return `name: ${name}
gateway: { url: "http://127.0.0.1:${gateway}" }
members:
  - { name: web1, url: "http://127.0.0.1:${member}" }
  - { name: web2, url: "http://127.0.0.1:1", httpProxy: "http://me:${CORES.proxyPassword}@127.0.0.1:${proxy}" }
requests:
  - name: broken
    path: "/broken?${marked}"
    headers: { X-Plain: "\${env:QZ_HEADER}", X-Api-Key: "Key ${CORES.credentialHeader}", X-File: "\${file:secret.txt}" }
  - name: posted
    method: POST
    safe: true
    path: /posted
    body: "\${env:QZ_BODY}"
  - { name: moved, path: "/moved?${marked}" }
  - { name: torn, path: "/torn?${marked}" }
cookies: { flavour: "${CORES.cookie}" }
${auth}
mask: [pin]
experiments:
  - compare: { rate: 8/s, for: 1s }
limits: { maxRate: 200/s, maxRequests: 500, requestTimeout: 2s }
logs:
  - { from: gateway, files: ${JSON.stringify(logFile(name))}, format: combined }
  - { from: gateway, files: ${JSON.stringify(errorFile(name))}, format: nginx-error }
schedule: { every: 1s }
alerts:
  webhook: { url: "http://127.0.0.1:${receiver}/hook/${CORES.webhookPath}", headers: { X-Hook: "\${env:QZ_HOOK_HEADER}" } }
  alertmanager: { url: "http://127.0.0.1:${receiver}" }
`;
}

function note(text: string): void {
  for (const core of Object.values(CORES)) if (formsOf(core).some((form) => text.includes(form))) seen.add(core);
}

/** A careless application: its error page shows what it was asked, in all the ways that such pages do. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const url = request.url ?? '';
    if (url === '/login') {
      note(`${body} ${CORES.session}`);
      response.writeHead(302, { 'set-cookie': `sid=${CORES.session}; Path=/; HttpOnly`, location: '/' }).end();
      return;
    }
    const { pin, token } = Object.fromEntries(new URL(url, 'http://farm').searchParams);
    const credentials = (request.headers.authorization ?? '').replace(/^\S+ /, '');
    const told = [
      ...[url, encodeURIComponent(url), JSON.stringify(request.headers), body, JSON.stringify(body), pin, token],
      ...[credentials, Buffer.from(credentials, 'base64').toString(), encodeURIComponent(body)],
      ...(request.headers.cookie ?? '').split('; ').map((pair) => `Session ${pair.replace(/^\w+=/, '')} has ended`),
      Buffer.from(request.headers.cookie?.split('=').at(-1) ?? '').toString('base64'),
    ].join('\n');
    note(told);
    note(`${CORES.reissued} ${CORES.freshToken}`);
    logAs(request);
    const headers = {
      'x-echo': [url, `${request.headers['x-plain']}`, `${request.headers.cookie}`, credentials],
      'set-cookie': [`sid=${CORES.reissued}; Path=/`, `other=${CORES.reissued}`],
      'x-auth-token': CORES.freshToken,
      'x-new-session': `it is ${CORES.reissued}`,
      location: `/login?next=${encodeURIComponent(url)}`,
      'content-type': 'text/plain; charset=utf-8',
    };
    if (url.startsWith('/torn')) {
      request.socket.end(`HTTP/1.1 2x0 ${token} ${credentials}\r\nCookie ${request.headers.cookie}\r\n\r\n`);
    } else response.writeHead(url.startsWith('/moved') ? 302 : 500, headers).end(told);
  });
}

/** Lines as nginx writes them, with what proxies are known to log. */
function logAs({ url, headers, method }: http.IncomingMessage): void {
  const profile = /^(?:Basic|Bearer)/.exec(headers.authorization ?? '')?.[0].toLowerCase() ?? 'login';
  const now = new Date();
  const [day, month, , year] = [now.getUTCDate(), now.toUTCString().slice(8, 11), 0, now.getUTCFullYear()];
  const clock = now.toISOString().slice(11, 19);
  const stamp = `${String(day).padStart(2, '0')}/${month}/${year}:${clock} +0000`;
  const referer = `http://me:${CORES.logUser}@shop.test/?token=${CORES.logParameter}`;
  note(referer);
  const agent = `${headers['user-agent']} ${headers.cookie} ${headers.authorization}`;
  appendFileSync(
    logFile(profile),
    `127.0.0.1 - - [${stamp}] "${method} ${url} HTTP/1.1" 500 99 "${referer}" "${agent}"\n`,
  );
  const date = now.toISOString().slice(0, 10).replaceAll('-', '/');
  const message = `upstream sent invalid header "${headers.cookie}" while reading response header from upstream`;
  appendFileSync(
    errorFile(profile),
    `${date} ${clock} [error] 7#7: *1 ${message}, client: 127.0.0.1, server: shop, request: "${method} ${url} HTTP/1.1", upstream: "http://127.0.0.1:1${url}", host: "shop", referrer: "${referer}"\n`,
  );
}

/** As it is, and in base64 at each of the three ways it can lie there, without the characters that depend on its neighbours. */
function formsOf(core: string): readonly string[] {
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.from(`${'x'.repeat(before)}${core}`).toString('base64');
    return text.slice(Math.ceil((before * 4) / 3), -4);
  });
  return [core, ...inBase64];
}

async function run(args: readonly string[]): Promise<string> {
  const result = await runCli(args, { cwd: folder, env: ENV });
  said.set(`gateprobe ${args.join(' ')}`, `${result.stdout}\n${result.stderr}`);
  assert.ok(result.code === 0 || result.code === 1, `${args.join(' ')}: ${result.code}\n${result.stderr}`);
  return result.stdout;
}

/** Every text in a file: itself, what is zipped in it, and what is zipped in the rows of a database. */
function textsOf(file: string): readonly string[] {
  const bytes = readFileSync(file);
  if (bytes.toString('latin1', 0, 13) === 'SQLite format') return [bytes.toString('latin1'), ...rowsOf(file)];
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return [gunzipSync(bytes).toString('latin1')];
  return [bytes.toString('latin1')];
}

function rowsOf(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    return tables
      .flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all())
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof Uint8Array ? inflated(value) : String(value)));
  } finally {
    database.close();
  }
}

function inflated(bytes: Uint8Array): string {
  try {
    return inflateRawSync(bytes).toString('latin1');
  } catch {
    // Not everything in a history is zipped.
    return Buffer.from(bytes).toString('latin1');
  }
}

/** Every text that was printed, answered or written, with where. */
function everything(): readonly (readonly [string, string])[] {
  const files = readdirSync(written, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return [
    ...said,
    ...files.flatMap(({ parentPath, name }) =>
      textsOf(join(parentPath, name)).map((text): [string, string] => [join(parentPath, name), text]),
    ),
  ];
}

/** `where: secret … around it` for each place that shows one. */
function leaksIn(texts: readonly (readonly [string, string])[]): readonly string[] {
  return texts.flatMap(([where, text]) =>
    Object.entries(CORES).flatMap(([what, core]) =>
      formsOf(core).flatMap((form) => {
        const at = text.indexOf(form);
        return at < 0 ? [] : [`${where}: ${what}: ${text.slice(Math.max(0, at - 120), at + form.length + 20)}`];
      }),
    ),
  );
}

async function browse(base: string): Promise<void> {
  const paths = ['/', '/metrics', '/probe?target=basic', '/api/v1/state', '/api/v1/reports', '/api/v1/profiles'];
  for (const name of Object.keys(AUTHS)) {
    paths.push(`/profile/${name}`, `/api/v1/profiles/${name}`);
    for (const what of ['events', 'findings', 'kept', 'intervals', 'quiet']) {
      paths.push(`/api/v1/profiles/${name}/${what}`);
    }
  }
  const done = new Set<string>();
  // Also what the pages lead to: events, findings, reports.
  for (let path = paths.shift(); path !== undefined && done.size < 150; path = paths.shift()) {
    if (done.has(path)) continue;
    done.add(path);
    const response = await fetch(new URL(path, base), { redirect: 'manual' });
    const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
    said.set(`GET ${path} ${response.status}`, `${JSON.stringify([...response.headers])}\n${text}`);
    for (const [, link] of text.matchAll(/href="(\/(?!reports)[^"#]*)"/g))
      paths.push((link ?? '/').replaceAll('&amp;', '&'));
  }
}

describe('secrets of a profile and of a farm', { timeout: 120_000 }, () => {
  test('are in nothing that is printed, written or answered', async () => {
    const names = Object.keys(AUTHS);
    await Promise.all(names.map((name) => run(['run', `${name}.yaml`, '--out', join(written, name)])));
    await watch(names);
    const [one, two] = [join(written, 'basic'), join(written, 'login')];
    await Promise.all([
      run(['check', 'bearer.yaml']),
      run(['diagnose', two, '--json']),
      run(['report', one, '--format', 'html', '--out', join(written, 'again.html')]),
      run(['diff', one, two, '--out', join(written, 'diff.html')]),
      run(['diff', one, two, '--format', 'json']),
      run(['explain', '--profile', 'basic.yaml', '--out', join(written, 'explained')]),
      run(['diagnose', '--history', 'login.yaml', '--data', join(written, HISTORY), '--out', join(written, 'judged')]),
      run(['history', 'export', '--profile', 'basic', '--data', join(written, HISTORY), '--format', 'json']),
    ]);
    assert.deepEqual(
      Object.entries(CORES).filter(([, core]) => !seen.has(core)),
      [],
      'never sent: their absence says nothing',
    );
    assert.ok(alerts.some((url) => url.includes(CORES.webhookPath)) && alerts.length >= 2, 'nobody was told');
    assert.ok(
      [...said.keys()].some((where) => /GET \/event.* 200/.test(where)),
      [...said.keys()].join('\n'),
    );
    const texts = everything();
    for (const file of [HISTORY, 'exchanges.jsonl', 'logs.jsonl']) {
      const isKept = texts.some(([where, text]) => where.endsWith(file) && text.includes('***'));
      assert.ok(isKept, `${file} shows nothing that was hidden: the search says nothing about it`);
    }
    const found = leaksIn(texts);
    assert.equal(found.length, 0, `${found.length} leaks\n${found.join('\n---\n')}`);
  });
});

/** The monitor until it has told both receivers of all profiles, with every page and answer it has by then. */
async function watch(names: readonly string[]): Promise<void> {
  const files = names.map((name) => join(folder, `${name}.yaml`));
  const monitor = await startMonitor(files, join(written, HISTORY), ENV);
  try {
    await until(() => alerts.length >= 2 * names.length, 20_000);
    await browse(monitor.url);
  } finally {
    await monitor.stop();
  }
  said.set('gateprobe monitor', monitor.log());
}

async function until(isTrue: () => boolean, atMostMs: number): Promise<void> {
  const startedMs = performance.now();
  while (!isTrue() && performance.now() - startedMs < atMostMs) await new Promise((done) => setTimeout(done, 50));
}
