/** What `explain` makes of the logs of five real gateways, beside what was done to each request. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CAUSES, type CauseId } from '../../src/model/causes.ts';
import type { LogFormatId } from '../../src/model/log.ts';
import { type Explained, explainSet, LAB_GATEWAYS, type LabGateway, labRequests } from './lab-journeys.ts';

/** What the case does to the request. `alsoTrue`: what its lines say as truly, with the reason. `none`: nothing is wrong with the hop. */
type Expected =
  | { readonly cause: CauseId; readonly alsoTrue?: Readonly<Partial<Record<CauseId, string>>> }
  | { readonly none: string }
  | { readonly undecidable: string };

const VERDICTS = ['right', 'also true', 'not explained', 'wrong, possible', 'undecided', 'wrong'] as const;
type Verdict = (typeof VERDICTS)[number];
type Judged = {
  readonly key: string;
  readonly gateway: LabGateway;
  readonly expected: Expected;
  readonly found: Explained | undefined;
  readonly verdict: Verdict;
};

const EXPECTED = JSON.parse(
  readFileSync(new URL('../fixtures/gateway-lab/expected-causes.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Expected>>;
const REQUESTS = labRequests();
const SETS = new Map(
  await Promise.all(LAB_GATEWAYS.map(async (gateway) => [gateway, await explainSet(gateway)] as const)),
);
/** As reached when this was written, of 306 that can be decided: a change that explains fewer needs a reason. */
const LEAST_RIGHT = 306;
/** Of them as the cause itself, and not only as something that is also true. */
const LEAST_EXACT = 279;

function journeysOf(gateway: LabGateway): readonly Explained[] {
  return SETS.get(gateway)?.journeys ?? [];
}

/** The list of cases has long lines cut off, the report has all lines cut off. */
function isOf({ lines }: Explained, line: string): boolean {
  return lines.some((raw) => raw.startsWith(line) || line.startsWith(raw));
}

function judge(expected: Expected, found: Explained | undefined): Verdict {
  const cause = found?.cause;
  if ('cause' in expected) {
    if (cause === expected.cause) return 'right';
    if (cause === undefined) return 'not explained';
    if (expected.alsoTrue?.[cause] !== undefined) return 'also true';
  } else if (cause === undefined) return 'none' in expected ? 'right' : 'undecided';
  if (found?.decided.decision.confidence !== 'possible') return 'wrong';
  return 'undecidable' in expected ? 'undecided' : 'wrong, possible';
}

const JUDGED = REQUESTS.map(({ key, gateway, line }): Judged => {
  const expected = EXPECTED[key];
  assert.ok(expected !== undefined, `no expectation for ${key}`);
  const found = line === undefined ? undefined : journeysOf(gateway).find((one) => isOf(one, line));
  return { key, gateway, expected, found, verdict: judge(expected, found) };
});

function wanted(expected: Expected): string {
  return 'cause' in expected ? expected.cause : 'none' in expected ? '(nothing wrong)' : '(undecidable)';
}

function explained({ found }: Judged): string {
  return found?.cause === undefined ? '(no cause)' : `${found.cause}, ${found.decided.decision.confidence}`;
}

function isDecidable({ expected }: Judged): boolean {
  return !('undecidable' in expected);
}

function isRight({ verdict }: Judged): boolean {
  return verdict === 'right' || verdict === 'also true';
}

function confusionTable(): string {
  const rows = Map.groupBy(JUDGED, ({ expected }) => wanted(expected));
  return [...rows]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([row, all]) => [
      `${row}: ${all.length}`,
      ...[...Map.groupBy(all, explained)]
        .sort(([, a], [, b]) => b.length - a.length)
        .map(([column, some]) => `    ${String(some.length).padStart(3)}  ${column}  ${verdictsOf(some)}`),
    ])
    .join('\n');
}

function verdictsOf(some: readonly Judged[]): string {
  return [...new Set(some.map(({ verdict }) => verdict))].map((verdict) => `[${verdict}]`).join(' ');
}

function perGateway(): string {
  return LAB_GATEWAYS.map((gateway) => {
    const own = JUDGED.filter((one) => one.gateway === gateway);
    const counts = VERDICTS.map((verdict) => `${verdict} ${own.filter((one) => one.verdict === verdict).length}`);
    const faults = own.filter(({ expected }) => 'cause' in expected);
    return `${gateway}: ${own.filter(isDecidable).filter(isRight).length} of ${own.filter(isDecidable).length} decidable, of them faults ${faults.filter(isRight).length} of ${faults.length} (${counts.join(', ')})`;
  }).join('\n');
}

function describe(one: Judged): string {
  return `${one.key}: ${wanted(one.expected)} explained as ${explained(one)}: ${one.found?.decided.decision.because ?? 'no line'}`;
}

test('every case has an expectation, and each is a cause of the catalogue', () => {
  assert.equal(REQUESTS.length, 324);
  assert.deepEqual(Object.keys(EXPECTED).sort(), REQUESTS.map(({ key }) => key).sort());
  for (const [key, expected] of Object.entries(EXPECTED)) {
    const causes = 'cause' in expected ? [expected.cause, ...Object.keys(expected.alsoTrue ?? {})] : [];
    assert.deepEqual(
      causes.filter((cause) => !(cause in CAUSES)),
      [],
      key,
    );
  }
});

/** Where a line is not an entry: records of several lines (46 requests, 46 fetches), and what Caddy says of itself while all is well. */
const ENTRIES: Readonly<Partial<Record<LogFormatId, number>>> = { varnishlog: 92, caddy: 135 - 11 };

test('every line of the raw logs is read', () => {
  for (const gateway of LAB_GATEWAYS) {
    const { sources = [] } = SETS.get(gateway) ?? {};
    for (const { files, format, bad, badFirst, lines, entries } of sources) {
      assert.equal(bad, 0, `${files.join()}: ${JSON.stringify(badFirst)}`);
      assert.equal(entries, ENTRIES[format] ?? lines, files.join());
    }
  }
  const files = [...SETS.values()].flatMap(({ sources }) => sources.flatMap((source) => source.files));
  assert.equal(new Set(files).size, 9);
});

test('each case has one journey; the only one without a line is a client that left HAProxy', () => {
  const without = JUDGED.filter(({ found }) => found === undefined).map(({ key }) => key);
  assert.deepEqual(without, ['haproxy client abort']);
  for (const { key, gateway, line } of REQUESTS) {
    const count = journeysOf(gateway).filter((one) => line !== undefined && isOf(one, line)).length;
    assert.ok(count <= 1, `${key}: ${count} journeys`);
  }
});

test('a request that two logs of Varnish have is counted once', () => {
  assert.deepEqual([SETS.get('varnish')?.requests, journeysOf('varnish').length], [46, 46]);
});

test('no case is explained as something else with confidence likely or higher', (t) => {
  t.diagnostic(`\n${confusionTable()}\n\n${perGateway()}`);
  assert.deepEqual(JUDGED.filter(({ verdict }) => verdict === 'wrong').map(describe), []);
});

test('as many of the decidable cases are explained rightly as before', (t) => {
  const decidable = JUDGED.filter(isDecidable);
  const right = decidable.filter(isRight);
  const exact = right.filter(({ verdict }) => verdict === 'right').length;
  t.diagnostic(
    `${right.length} of ${decidable.length} decidable cases are explained rightly, ${exact} by the cause itself`,
  );
  t.diagnostic(
    `\n${decidable
      .filter((one) => !isRight(one))
      .map(describe)
      .join('\n')}`,
  );
  assert.ok(right.length >= LEAST_RIGHT, `only ${right.length} of ${decidable.length}`);
  assert.ok(exact >= LEAST_EXACT, `only ${exact} by the cause itself`);
});

/** Whole answers by the fields of the line itself: HAProxy `----` without a queue, nginx a member's 200, httpd with nothing in its error log. */
const HEALTHY: Readonly<Partial<Record<LabGateway, RegExp>>> = {
  haproxy: / \d+\/0\/0\/\d+\/\d+ 200 \d+ - - ---- /,
  nginx: /" 200 \d+ .* us="200" /,
  apache: /" 200 \d+ .* X=\+ .* L=- .* st=200 err=- /,
};

test('healthy lines beside the cases claim nothing', () => {
  let checked = 0;
  for (const gateway of LAB_GATEWAYS) {
    const own = REQUESTS.flatMap(({ line, gateway: one }) => (one === gateway && line !== undefined ? [line] : []));
    for (const journey of journeysOf(gateway)) {
      if (!HEALTHY[gateway]?.test(journey.lines[0] ?? '') || own.some((line) => isOf(journey, line))) continue;
      checked += 1;
      assert.equal(journey.cause, undefined, `${gateway}: ${journey.lines[0]}`);
    }
  }
  assert.ok(checked > 80, `only ${checked}`);
});
