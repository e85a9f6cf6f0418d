/** `explain` over the logs of real gateways in trouble: the cause of each case that its lines can show, and nothing else for certain. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { gatewayOf } from '../../src/catalog.ts';
import { decidedJourneys } from '../../src/detectors/log-decisions.ts';
import type { LogSpec } from '../../src/logs/read-logs.ts';
import type { CauseId } from '../../src/model/causes.ts';
import type { HopOutcome } from '../../src/model/hop.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { explainLogs } from '../../src/pipeline.ts';
import { logsProfile } from '../../src/profile/logs-profile.ts';

const LAB = join(import.meta.dirname, '..', 'fixtures', 'gateway-lab');
const text = (name: string): string => readFileSync(join(LAB, name), 'utf8');
const directive = (conf: string, pattern: RegExp): string => pattern.exec(text(conf))?.[0] ?? '';

const SETS: readonly { readonly kind: GatewayKind; readonly specs: readonly LogSpec[]; readonly least: number }[] = [
  {
    kind: 'nginx',
    specs: [
      {
        from: 'gateway',
        format: 'nginx',
        files: ['raw/nginx-access.log'],
        pattern: directive('conf/nginx.conf', /log_format probe '.*';/),
      },
      { from: 'gateway', files: ['raw/nginx-error.log'] },
    ],
    least: 0.95,
  },
  { kind: 'haproxy', specs: [{ from: 'gateway', files: ['raw/haproxy.log'] }], least: 0.88 },
  {
    kind: 'apache',
    specs: [
      {
        from: 'gateway',
        format: 'apache',
        files: ['raw/apache-access.log'],
        pattern: directive('conf/apache.conf', /LogFormat ".*" probe/),
      },
      { from: 'gateway', files: ['raw/apache-error.log'] },
    ],
    // Its error lines name neither request nor connection here: what they say is known, of whom is not.
    least: 0.3,
  },
  { kind: 'caddy', specs: [{ from: 'gateway', files: ['raw/caddy-*.jsonl'] }], least: 0.6 },
  // The access log has no transaction number, so the one log cannot be joined to the other; varnishlog alone tells.
  { kind: 'varnish', specs: [{ from: 'gateway', files: ['raw/varnishncsa.log', 'raw/varnishlog.txt'] }], least: 0.02 },
];

/** Which cause a fault on the hop is called by (methods D.6). What is nobody's fault has none. */
const CAUSE_OF: Readonly<Partial<Record<HopOutcome, readonly CauseId[]>>> = {
  // A gateway that has found all its members refusing has none left, and says that.
  'connect/refused': ['connection/refused', 'gateway/cascade', 'member/none-available'],
  'connect/timeout': ['timeout/gateway-connect'],
  'connect/unreachable': ['connection/unreachable'],
  'connect/reset': ['connection/dropped-before-response', 'gateway/cascade'],
  'connect/failed': ['connection/refused', 'timeout/gateway-connect', 'connection/unreachable'],
  'dns/failed': ['dns/failed'],
  'dns/timeout': ['timeout/gateway-resolve', 'dns/failed'],
  'tls/verify': ['tls/failed'],
  'tls/handshake': ['tls/failed'],
  'tls/handshake-timeout': ['timeout/gateway-connect', 'tls/failed'],
  'tls/protocol-mismatch': ['connection/invalid-response', 'tls/failed'],
  'pool/none': ['member/none-available', 'gateway/cascade'],
  'pool/member-down': ['member/none-available', 'gateway/cascade'],
  'pool/member-ejected': ['member/none-available', 'gateway/cascade'],
  'pool/member-limit': ['queue/rejected', 'member/none-available'],
  'pool/queue-timeout': ['timeout/gateway-queue'],
  'pool/queue-full': ['queue/rejected'],
  'pool/circuit-open': ['queue/rejected'],
  'request/send-failed': ['connection/dropped-before-response'],
  'request/send-timeout': ['timeout/gateway-send'],
  'response/timeout': ['timeout/gateway-response'],
  'response/reset-before-headers': ['connection/dropped-before-response'],
  'response/keepalive-race': ['connection/keep-alive-race', 'connection/dropped-before-response'],
  'response/malformed': ['connection/invalid-response'],
  'response/headers-too-large': ['connection/invalid-response'],
  'response/excess-data': ['connection/invalid-response'],
  'response/truncated': ['connection/dropped-mid-response'],
  'response/stalled': ['timeout/gateway-read'],
  'gateway/rate-limit': ['gateway/overloaded'],
  'gateway/conn-limit': ['gateway/overloaded'],
  'gateway/saturated': ['gateway/overloaded'],
  'gateway/queue-delay': ['queue/gateway'],
  'gateway/resource': ['connection/port-exhaustion', 'gateway/overloaded'],
  'member/status': ['application/error'],
  'ok/retried': ['gateway/retry-duplicate'],
};

/** Where the lines say something true that the name of the case does not. */
const ALSO_TRUE: Readonly<Record<string, { readonly cause: CauseId; readonly because: string }>> = {
  'haproxy tlsmtls/ok': {
    cause: 'connection/dropped-before-response',
    because: 'TLS 1.3 refuses the certificate after the handshake: SH-- is all that is logged',
  },
  'haproxy queue ok waits': { cause: 'queue/gateway', because: 'it waited 850 ms in the queue' },
  'haproxy queue client abort': {
    cause: 'queue/gateway',
    because: 'it waited 853 ms in the queue; that the client left is not logged',
  },
  'caddy up2/ok': { cause: 'connection/refused', because: 'one of its two members refuses' },
};

type LabLine = {
  readonly gateway: string;
  readonly case: string;
  readonly log: { readonly access?: readonly string[] };
};
type Expected = Readonly<Record<string, { readonly outcome: HopOutcome; readonly alsoTrue?: readonly HopOutcome[] }>>;

const CASES = text('lab-cases.jsonl')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as LabLine);
const EXPECTED = JSON.parse(text('expected-outcomes.json')) as Expected;

/** Enough of a line to know it again: long ones are cut in the one place or the other. */
function keyOf(line: string): string {
  return line.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 400);
}

for (const { kind, specs, least } of SETS) {
  test(`${kind}: its lines show the causes, and no other for certain`, async (t) => {
    const { recording, problems } = await explainLogs({
      specs,
      baseFolder: LAB,
      profile: logsProfile('lab'),
      kind,
      seed: 1,
      version: '0.0.0',
      wallMs: Date.now,
    });
    assert.deepEqual(problems, []);
    for (const { files, bad, badFirst } of recording.logs?.sources ?? [])
      assert.equal(bad, 0, `${files}: ${JSON.stringify(badFirst)}`);
    const decided = decidedJourneys({ measures: createMeasures(recording), gateway: gatewayOf(kind) });
    const byLine = new Map(
      decided.flatMap((one) => one.journey.gateway.access.map(({ raw }) => [keyOf(raw), one] as const)),
    );
    const table = new Map<string, number>();
    const wrong: string[] = [];
    let decidable = 0;
    let right = 0;
    for (const { gateway, case: name, log } of CASES) {
      const expected = EXPECTED[`${gateway} ${name}`];
      const lines = log.access ?? [];
      if (gateway !== kind || expected === undefined || lines.length === 0) continue;
      // Some cases are several requests: the one that shows the fault is meant.
      const allowed = new Set(
        [expected.outcome, ...(expected.alsoTrue ?? [])].flatMap((outcome) => CAUSE_OF[outcome] ?? []),
      );
      const more = ALSO_TRUE[`${gateway} ${name}`]?.cause;
      if (more !== undefined) allowed.add(more);
      const decisions = lines.flatMap((line) => byLine.get(keyOf(line))?.decision ?? []);
      const found = decisions.find((one) => one.cause !== undefined && allowed.has(one.cause)) ?? decisions.at(-1);
      const cause = found?.undecided === true ? undefined : found?.cause;
      const isRight = cause !== undefined && allowed.has(cause);
      if (allowed.size > 0) decidable++;
      if (isRight) right++;
      const row = `${expected.outcome.padEnd(30)} ${(cause ?? (found === undefined ? 'no line' : 'undecided')).padEnd(36)} ${found?.confidence ?? ''}`;
      table.set(row, (table.get(row) ?? 0) + 1);
      if (cause !== undefined && !isRight && found?.confidence !== 'possible')
        wrong.push(`${name}: ${row} (row ${found?.row}: ${found?.because})`);
    }
    for (const [row, count] of [...table].sort()) t.diagnostic(`${String(count).padStart(3)}  ${row}`);
    t.diagnostic(`${right} of ${decidable} cases whose fault has a cause are explained rightly`);
    assert.deepEqual(wrong, []);
    assert.ok(right >= least * decidable, `${right} of ${decidable}`);
  });
}
