/** The laboratory's logs as most sites have them: one log of two, stamps of whole seconds, no ids. Less is explained, and nothing wrongly. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { LogSpec } from '../../src/logs/read-logs.ts';
import { type Explained, explainSet, type LabGateway, labRequests, spec, textOf } from './lab-journeys.ts';

type Expected = { readonly cause?: string; readonly alsoTrue?: Readonly<Record<string, string>> };

const EXPECTED = JSON.parse(textOf('expected-causes.json')) as Readonly<Record<string, Expected>>;
const FOLDER = mkdtempSync(join(tmpdir(), 'gateprobe-poor-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** The common log format out of a richer one. */
const COMMON = /^((?:\S+ ){3}\[[^\]]*\] "[^"]*" \d+ \S+).*$/;

/** The laboratory's format of nginx up to there. */
const NGINX = /^(\S+) \[2026-11-20T([\d:]+)\+00:00\] ("[^"]*" \d+ \d+).*$/;

function rewritten(
  file: string,
  change: (line: string) => string,
  more: Omit<LogSpec, 'files' | 'from'> = {},
): LogSpec {
  const path = join(FOLDER, file);
  writeFileSync(path, textOf(`raw/${file}`).split('\n').map(change).join('\n'));
  return { from: 'gateway', files: [path], ...more };
}

type Poor = {
  readonly what: string;
  readonly gateway: LabGateway;
  /** Log whose lines are the requests: their numbers say which is which. */
  readonly access: string;
  readonly specs: () => readonly LogSpec[];
  /** Faults, as reached when this was written. */
  readonly leastExplained: number;
};

const POOR: readonly Poor[] = [
  {
    what: 'Apache, common log format and error log',
    gateway: 'apache',
    access: 'apache-access.log',
    specs: () => [rewritten('apache-access.log', (line) => line.replace(COMMON, '$1')), spec('apache-error.log')],
    leastExplained: 18,
  },
  {
    what: 'Apache, common log format with %D and error log',
    gateway: 'apache',
    access: 'apache-access.log',
    specs: () => [
      rewritten(
        'apache-access.log',
        (line) => line.replace(COMMON, '$1').concat(/ D=(\d+)/.exec(line)?.[0].replace('D=', '') ?? ''),
        {
          format: 'apache',
          pattern: '%h %l %u %t "%r" %>s %b %D',
        },
      ),
      spec('apache-error.log'),
    ],
    leastExplained: 22,
  },
  {
    what: 'nginx, common log format and error log',
    gateway: 'nginx',
    access: 'nginx-access.log',
    specs: () => [
      rewritten('nginx-access.log', (line) => line.replace(NGINX, '$1 - - [20/Nov/2026:$2 +0000] $3')),
      spec('nginx-error.log'),
    ],
    leastExplained: 53,
  },
  {
    what: 'Caddy, access log alone',
    gateway: 'caddy',
    access: 'caddy-access.jsonl',
    specs: () => [spec('caddy-access.jsonl')],
    leastExplained: 10,
  },
  {
    what: 'Varnish, varnishncsa alone',
    gateway: 'varnish',
    access: 'varnishncsa.log',
    specs: () => [spec('varnishncsa.log')],
    leastExplained: 1,
  },
  {
    what: 'Varnish, varnishlog alone',
    gateway: 'varnish',
    access: 'varnishncsa.log',
    specs: () => [spec('varnishlog.txt')],
    leastExplained: 39,
  },
];

function isOfLine({ decided }: Explained, number: number, vxid: string | undefined): boolean {
  return decided.journey.gateway.access.some(({ format, line, ids }) =>
    format === 'varnishlog' ? ids.local === vxid : line === number,
  );
}

for (const { what, gateway, access, specs, leastExplained } of POOR) {
  test(`${what}: no case is explained as something else with confidence likely or higher`, async (t) => {
    const lines = textOf(`raw/${access}`).split('\n');
    const { journeys } = await explainSet(gateway, specs());
    let right = 0;
    const wrong: string[] = [];
    for (const { key, gateway: one, line } of labRequests()) {
      if (one !== gateway || line === undefined) continue;
      const at = lines.findIndex((raw) => raw !== '' && (raw.startsWith(line) || line.startsWith(raw)));
      const found = journeys.find((journey) => isOfLine(journey, at + 1, /vxid=(\d+)/.exec(lines[at] ?? '')?.[1]));
      const { cause, alsoTrue } = EXPECTED[key] ?? {};
      assert.ok(found !== undefined || cause === undefined, `${key}: no journey`);
      if (found?.cause === undefined) continue;
      if (found.cause === cause || alsoTrue?.[found.cause] !== undefined) right++;
      else if (found.decided.decision.confidence !== 'possible')
        wrong.push(`${key}: ${found.cause}, ${found.decided.decision.because}`);
    }
    t.diagnostic(`${right} faults are explained`);
    assert.deepEqual(wrong, []);
    assert.ok(right >= leastExplained, `only ${right} faults are explained`);
  });
}
