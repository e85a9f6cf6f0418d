/**
 * `npm run bench:monitor -- [seconds]`: what a request costs, by the monitor and by blackbox_exporter, on the same targets in the
 * same seconds: 50 ports of nginx over http and 50 over https, each asked once a second by both. Processor time and memory of the
 * two processes as Linux counts them, and their ratio. The exporter is asked as Prometheus does it, over kept connections; it opens
 * a new connection for every probe, the monitor for every other one.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRoot, type RunningGateway, startGateway } from '../helpers/gateways/gateway-process.ts';
import { findProgram } from '../helpers/requires.ts';
import { type RunningMonitor, startMonitor } from '../helpers/services/monitor.ts';
import { startBlackboxExporter } from '../helpers/services/prometheus.ts';
import { closedPorts } from './engine/free-ports.ts';

const PER_SCHEME = 50;
const SCHEMES = ['http', 'https'] as const;
/** Compiling what runs often, first garbage: afterwards the processes are as they stay. */
const WARM_UP_MS = 8_000;
/** Linux counts processor time in hundredths of a second on every machine that Node runs on (USER_HZ). */
const TICKS_PER_SEC = 100;
const TLS_FOLDER = join(import.meta.dirname, '..', 'fixtures', 'traffic', 'tls');
const PROGRAMS = ['nginx', 'prometheus-blackbox-exporter'];

type Targets = Readonly<Record<(typeof SCHEMES)[number], readonly string[]>>;
type Usage = { readonly cpuMs: number; readonly rssBytes: number };
type Counted = { readonly asked: number; readonly good: number };
type Row = {
  readonly name: string;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly asked: number;
  readonly good: number;
};

async function main(seconds: number): Promise<number> {
  const missing = PROGRAMS.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0 || !existsSync('/proc/self/stat')) {
    console.log(`needs Linux and ${PROGRAMS.join(', ')}; missing: ${missing.join(', ') || 'Linux'}`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-bench-'));
  const started: { stop(): Promise<void> }[] = [];
  try {
    const { nginx, targets } = await startTargets();
    started.push(nginx);
    const exporter = await startBlackboxExporter();
    started.push(exporter);
    const monitor = await startMonitor(writeProfiles(folder, targets), join(folder, 'data'));
    started.push(monitor);
    const rows = await measure(seconds, targets, exporter, monitor);
    return print(rows, seconds);
  } finally {
    for (const one of started.toReversed()) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startTargets(): Promise<{ readonly nginx: RunningGateway; readonly targets: Targets }> {
  // One more than needed: nginx's own port may be among them. All at once: a port that was let go may come again.
  const ports = await closedPorts(2 * PER_SCHEME + 1);
  const urls = (scheme: string, own: readonly number[]) => own.map((port) => `${scheme}://127.0.0.1:${port}`);
  let targets: Targets = { http: [], https: [] };
  const nginx = await startGateway({
    program: 'nginx',
    versionArgs: ['-v'],
    configure: ({ folder, port }) => {
      const others = ports.filter((one) => one !== port);
      const [http, https] = [others.slice(0, PER_SCHEME), others.slice(PER_SCHEME, 2 * PER_SCHEME)];
      targets = { http: urls('http', http), https: urls('https', https) };
      return {
        files: { 'nginx.conf': nginxConfiguration(folder, port, http, https) },
        args: ['-c', `${folder}/nginx.conf`, '-p', folder, '-e', `${folder}/error.log`, '-g', 'daemon off;'],
      };
    },
  });
  return { nginx, targets };
}

function nginxConfiguration(folder: string, port: number, http: readonly number[], https: readonly number[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const listens = (ports: readonly number[], more: string) =>
    ports.map((one) => `listen 127.0.0.1:${one}${more};`).join('\n');
  const hello = 'location / { default_type text/plain; return 200 "hello"; }';
  return `${isRoot ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
${temporary.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
${listens(http, '')}
    ${hello}
  }
  server {
${listens(https, ' ssl')}
    ssl_certificate ${join(TLS_FOLDER, 'server.pem')};
    ssl_certificate_key ${join(TLS_FOLDER, 'server-key.pem')};
    ${hello}
  }
}
`;
}

/** One profile for each scheme: the first port stands for the gateway, the others for members. */
function writeProfiles(folder: string, targets: Targets): readonly string[] {
  return SCHEMES.map((scheme) => {
    const [gateway, ...members] = targets[scheme];
    const tls = scheme === 'https' ? ', tls: { verify: false }' : '';
    const file = join(folder, `${scheme}.yaml`);
    const lines = [
      `name: ${scheme}`,
      `gateway: { url: "${gateway}"${tls} }`,
      'members:',
      ...members.map((url, i) => `  - { name: m${i}, url: "${url}"${tls} }`),
      'limits: { maxRate: 1000/s, maxRequests: 100000, maxInFlight: 200, maxNewConnections: 1000/s }',
      'schedule: { every: 1s, quiet: { windows: 0 } }',
    ];
    writeFileSync(file, lines.join('\n'));
    return file;
  });
}

async function measure(
  seconds: number,
  targets: Targets,
  exporter: RunningGateway,
  monitor: RunningMonitor,
): Promise<readonly Row[]> {
  const probes = startProbing(
    exporter.url,
    SCHEMES.flatMap((scheme) => targets[scheme]),
  );
  try {
    await delay(WARM_UP_MS);
    const begun = await look(exporter.pid, monitor, probes.counted());
    await delay(seconds * 1_000);
    const ended = await look(exporter.pid, monitor, probes.counted());
    const row = (name: string, key: 'exporter' | 'monitor'): Row => ({
      name,
      cpuMs: ended[key].cpuMs - begun[key].cpuMs,
      rssBytes: ended[key].rssBytes,
      asked: ended[key].asked - begun[key].asked,
      good: ended[key].good - begun[key].good,
    });
    return [row('gateprobe monitor', 'monitor'), row('blackbox_exporter', 'exporter')];
  } finally {
    probes.stop();
  }
}

async function look(exporterPid: number, monitor: RunningMonitor, probed: Counted) {
  const [exporterUsage, monitorUsage] = [usageOf(exporterPid), usageOf(monitor.pid)];
  return { exporter: { ...exporterUsage, ...probed }, monitor: { ...monitorUsage, ...(await countOf(monitor)) } };
}

/** All threads; user and system. */
function usageOf(pid: number): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const rssKb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuMs: (ticks / TICKS_PER_SEC) * 1_000, rssBytes: Number(rssKb) * 1_024 };
}

async function countOf({ url }: RunningMonitor): Promise<Counted> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((all, [, value]) => all + Number(value), 0);
  return {
    asked: sum(/^gateprobe_route_requests_total\{[^}]*class="(?:ok|error|timeout)"[^}]*\} (\d+)$/gm),
    good: sum(/^gateprobe_route_requests_total\{[^}]*class="ok"[^}]*\} (\d+)$/gm),
  };
}

/** Each target once a second, spread over it. */
function startProbing(exporterUrl: string, targets: readonly string[]): { counted(): Counted; stop(): void } {
  const agent = new Agent({ keepAlive: true });
  let [asked, good, next] = [0, 0, 0];
  const probe = (target: string): void => {
    get(`${exporterUrl}/probe?module=http&target=${encodeURIComponent(target)}`, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => {
        asked++;
        if (/^probe_success 1$/m.test(text)) good++;
      });
    }).once('error', () => asked++);
  };
  const everyMs = 1_000 / targets.length;
  const startedMs = performance.now();
  const timer = setInterval(() => {
    // A timer that comes late does not lower the rate.
    for (const due = (performance.now() - startedMs) / everyMs; next < due; next++)
      probe(targets[next % targets.length] ?? '');
  }, everyMs);
  return {
    counted: () => ({ asked, good }),
    stop() {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

function print(rows: readonly Row[], seconds: number): number {
  const perProbe = rows.map(({ cpuMs, asked }) => cpuMs / asked);
  console.log(`${seconds} s, ${2 * PER_SCHEME} targets, http and https in halves`);
  for (const [i, { name, cpuMs, rssBytes, asked, good }] of rows.entries())
    console.log(
      `${name.padEnd(18)} ${(asked / seconds).toFixed(0).padStart(4)} requests/s, ${good} of ${asked} good, ${perProbe[i]?.toFixed(2)} ms of processor each (${((cpuMs / seconds / 1_000) * 100).toFixed(0)} % of a core), ${(rssBytes / 1e6).toFixed(0)} MB, ${(rssBytes / 1e6 / (2 * PER_SCHEME)).toFixed(2)} MB a target`,
    );
  const [own, other] = rows;
  if (own === undefined || other === undefined) return 1;
  const [ownMs = 0, otherMs = 0] = perProbe;
  console.log(
    `ratio: ${(ownMs / otherMs).toFixed(2)} times its processor time for a request, ${(own.rssBytes / other.rssBytes).toFixed(1)} times its memory`,
  );
  const isWhole = rows.every(({ asked, good }) => good === asked && asked > 0.8 * 2 * PER_SCHEME * seconds);
  if (!isWhole) console.log('NOT VALID: not all targets were asked once a second, or some failed');
  return isWhole ? 0 : 1;
}

process.exitCode = await main(Number(process.argv[2] ?? 30));
