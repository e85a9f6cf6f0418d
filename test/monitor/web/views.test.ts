import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { drawChart } from '../../../src/charts/svg-image.ts';
import type { FindingRecord, KeptExchange, QuietSpan } from '../../../src/model/history.ts';
import { directTo, GATEWAY, type RouteId } from '../../../src/model/route.ts';
import { barStrip } from '../../../src/monitor/web/bar-strip.ts';
import { certificateTable } from '../../../src/monitor/web/certificates.ts';
import { farmSentence, findingsOf, readFarm } from '../../../src/monitor/web/farm.ts';
import { headroomPart, limitsOf } from '../../../src/monitor/web/headroom.ts';
import { firstRequests, idlePicture } from '../../../src/monitor/web/idle-picture.ts';
import { openApi } from '../../../src/monitor/web/openapi.ts';
import { latencyChart, withGaps } from '../../../src/monitor/web/profile-charts.ts';
import { createReports } from '../../../src/monitor/web/reports.ts';
import { createDecoder } from '../../../src/monitor/web/time-bins.ts';
import { readRange, type TimeRange } from '../../../src/monitor/web/time-range.ts';
import { timeoutFinding } from '../../report/sample-findings.ts';
import { makeRound, NOW_US, sampleFarm } from '../sample-farm.ts';

const RANGE = readRange(new URLSearchParams(), NOW_US) as TimeRange;

function farmOf(farm = sampleFarm()) {
  return readFarm({ history: farm.history, state: farm.feed.state(), decode: createDecoder() }, RANGE);
}

test('a profile that is not watched any more keeps its row while history has it', () => {
  const farm = sampleFarm();
  farm.history.append(
    makeRound('old', NOW_US - 600_000_000, 1, () => ({ kind: 'aborted' })),
    [],
  );
  const old = farmOf(farm).find(({ profile }) => profile === 'old');
  assert.deepEqual(
    old?.rows.map(({ condition }) => condition),
    ['unwatched', 'unwatched', 'unwatched'],
  );
});

test('the sentence of the farm counts what answers, and names what fails', () => {
  const farm = sampleFarm();
  assert.equal(farmSentence(farmOf(farm)), 'All 3 routes answer; 1 open finding');
  const [profile] = farm.feed.state().profiles;
  const withRoutes = (change: (route: string) => object) =>
    farm.setState({
      profiles: [{ ...profile!, routes: profile!.routes.map((one) => ({ ...one, ...change(one.route) })) }],
    });
  withRoutes((route) => (route === 'direct:web1' ? { quiet: { why: 'planned', fromAtUs: 1, untilAtUs: 2 } } : {}));
  assert.equal(farmSentence(farmOf(farm)), '2 of 3 routes answer, none fails; 1 open finding');
  withRoutes(() => ({ last: undefined }));
  assert.match(
    farmSentence(farmOf(farm)),
    /^3 routes are watched and not asked yet since the monitor started; 1 open finding$/,
  );
  withRoutes(() => ({ failing: { sinceAtUs: NOW_US, eventId: 'e' } }));
  assert.match(farmSentence(farmOf(farm)), /^Failing now: shop through the gateway, shop web1 directly, shop web2/);
  assert.equal(farmSentence([]), 'Nothing is watched yet');
});

test('findings stand at the row of their member, those of the gateway at the gateway', () => {
  const [view] = farmOf();
  const record = (member?: string): FindingRecord => {
    const finding = timeoutFinding();
    return {
      id: String(member),
      profile: 'shop',
      finding: { ...finding, scope: { route: 'gateway', ...(member !== undefined && { member }) } },
      firstSeenAtUs: 0,
      lastSeenAtUs: 1,
      timesSeen: 1,
    };
  };
  const own = { ...view!, findings: [record(), record('web2')] };
  assert.deepEqual(
    findingsOf(own, GATEWAY).map(({ id }) => id),
    ['undefined'],
  );
  assert.deepEqual(
    findingsOf(own, directTo('web2')).map(({ id }) => id),
    ['web2'],
  );
  assert.deepEqual(findingsOf(own, directTo('web1')), []);
});

test('bars differ by form, and say what they hold', () => {
  const [view] = farmOf();
  const gateway = view!.rows[0]!;
  const { markup } = barStrip(gateway.bins, RANGE, 'shop');
  assert.equal(markup.match(/<g>/g)?.length, 90);
  assert.match(markup, /aria-label="shop: 89 bars of 60 s with requests, 7 with failures, last at 2026-03-02 11:40"/);
  assert.match(
    markup,
    /<title>2026-03-02 11:36: 4 requests, 4 failed<\/title><rect class="bar-mixed"[^>]*><rect class="bar-bad"[^>]* height="28"/,
  );
});

test('a line has a gap where nothing was due for long, and none where rounds are far apart', () => {
  const [full] = farmOf()[0]!.rows[0]!.bins;
  const pick = (counts: readonly number[]) =>
    withGaps(counts.map((count, n) => ({ ...full!, startAtUs: n, count }))).map(({ startAtUs }) => startAtUs);
  assert.deepEqual(pick([1, 1, 0, 0, 0, 0, 1, 1]), [0, 1, 2, 6, 7]);
  assert.deepEqual(pick([1, 0, 0, 1, 0, 0, 1, 0]), [0, 3, 6]);
  assert.deepEqual(pick([0, 0, 0]), []);
});

test('no line leads across a time without a good answer', async () => {
  const [view] = farmOf();
  const mine = view!.intervals.filter(({ route, connection }) => route === GATEWAY && connection === 'warm');
  const draw = async (intervals: typeof mine) => {
    const chart = latencyChart(new Map([[GATEWAY, intervals]]), [], RANGE, createDecoder())('wide');
    return (await drawChart(chart, 'l')).match(/<path d="([^"]*)" fill="none" stroke="#0b66b0"/)?.[1] ?? '';
  };
  const pieces = (path: string) => path.match(/m/gi)?.length;
  assert.equal(pieces(await draw(mine)), 2);
  assert.equal(pieces(await draw(mine.filter(({ failed }) => failed === 0))), 2);
  assert.equal(pieces(await draw(mine.slice(-30))), 1);
});

test('a limit is what was measured as one', () => {
  const [record] = farmOf()[0]!.findings;
  assert.deepEqual(
    limitsOf([record!]).map(({ name }) => name),
    ['timeoutUs'],
  );
});

const SPAN: QuietSpan = {
  profile: 'shop',
  route: directTo('web1'),
  fromAtUs: NOW_US - 1_200_000_000,
  toAtUs: NOW_US,
  why: 'planned',
};

function first(atUs: number): KeptExchange {
  const exchange = makeRound('shop', atUs, 1, () => ({ kind: 'aborted' })).exchanges.find(
    ({ route }) => route === directTo('web1'),
  );
  return { profile: 'shop', atUs, reason: 'first', exchange: exchange! };
}

for (const [what, kept, quiet, expected] of [
  ['after its span', [first(NOW_US + 1_000_000)], [SPAN], [1_200_000_000]],
  ['long after any span', [first(NOW_US + 400_000_000)], [SPAN], []],
  ['of another route', [first(NOW_US)], [{ ...SPAN, route: GATEWAY }], []],
  ['kept for another reason', [{ ...first(NOW_US), reason: 'slow' as const }], [SPAN], []],
  ['after the later of two', [first(NOW_US)], [{ ...SPAN, toAtUs: NOW_US - 900_000_000 }, SPAN], [1_200_000_000]],
] as const) {
  test(`a first request ${what}`, () => {
    assert.deepEqual(
      firstRequests(kept, quiet).map(({ quietUs }) => quietUs),
      expected,
    );
  });
}

test('the idle picture says what is missing, or draws what is there', async () => {
  assert.match((await idlePicture([], [], [])).markup, /No quiet window ended in this time/);
  const learned = async (coldCount: number): Promise<string> => {
    const idle = { longestWarmUs: 720e6, shortestColdUs: 738e6, coldCount };
    return (await idlePicture([], [], [{ route: GATEWAY, idle } as Parameters<typeof idlePicture>[2][number]])).markup;
  };
  assert.match(
    await learned(1),
    /still warm after 12 min, cold once, after 12\.3 min\. One cold start may be chance, or a restart/,
  );
  assert.match(await learned(2), /cold after 12\.3 min\. The idle time lies between\./);
  const drawn = await idlePicture(firstRequests([first(NOW_US)], [SPAN]), [], []);
  assert.match(drawn.markup, /<svg/);
});

test('the description of the API names every schema that it refers to', () => {
  for (const isGuarded of [false, true]) {
    const description = openApi('1', isGuarded);
    const { schemas } = description['components'] as { schemas: Record<string, unknown> };
    const refs = [...JSON.stringify(description).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    assert.deepEqual(
      refs.filter((name) => !(name! in schemas)),
      [],
    );
    assert.equal('security' in description, isGuarded);
  }
});

function reportFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-reports-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function addReport(folder: string, name: string, text: string): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'report.json'), text);
  writeFileSync(join(folder, name, 'report.html'), `page of ${name}`);
  return join(folder, name, 'report.json');
}

test('reports are listed newest first, also broken ones, and read anew when they change', async (t) => {
  const folder = reportFolder(t);
  const text = (title: string) =>
    JSON.stringify({
      profile: { name: 'shop' },
      startedAt: '2026-03-02T00:00:00Z',
      worst: 'error',
      validity: { ok: true },
      findings: [{ title }],
    });
  const path = addReport(folder, 'shop-2026-03-02-00-00-00', text('one'));
  addReport(folder, 'other-2026-03-03-00-00-00', '{ broken');
  mkdirSync(join(folder, 'empty'));
  const reports = createReports(folder);
  assert.deepEqual(
    (await reports.list()).map(({ name, profile, findings, titles }) => [name, profile, findings, titles]),
    [
      ['other-2026-03-03-00-00-00', undefined, undefined, []],
      ['shop-2026-03-02-00-00-00', 'shop', 1, ['one']],
    ],
  );
  writeFileSync(path, text('another'));
  utimesSync(path, 1, 1);
  assert.deepEqual((await reports.list())[1]?.titles, ['another']);
  assert.deepEqual(await createReports(undefined).list(), []);
  assert.deepEqual(await createReports(join(folder, 'nowhere')).list(), []);
});

test('only files of reports are read, never one outside', async (t) => {
  const folder = reportFolder(t);
  addReport(folder, 'run', '{}');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'run', 'notes.txt'), 'secret');
  const outside = reportFolder(t);
  addReport(outside, 'run', '{}');
  symlinkSync(join(outside, 'run'), join(folder, 'linked'), 'junction');
  const reports = createReports(folder);
  assert.equal(String(await reports.read('run', 'report.html')), 'page of run');
  for (const [name, file] of [
    ['run', 'notes.txt'],
    ['run', '../secret.txt'],
    ['.', 'secret.txt'],
    ['..', 'report.html'],
    ['linked', 'report.html'],
    ['none', 'report.html'],
    ['run', 'constructor'],
  ] as const)
    assert.equal(await reports.read(name, file), undefined, `${name}/${file}`);
});

test('certificates: the one that ends first on top, with what is left of it', () => {
  const day = 86_400_000_000;
  const one = (route: RouteId, leftUs: number) => ({
    route,
    subject: `of ${route}`,
    issuer: 'CA',
    validToAtUs: NOW_US + leftUs,
  });
  const { markup: text } = certificateTable(
    [one(GATEWAY, 90.5 * day), one(directTo('web1'), -day), one(directTo('web2'), day / 2)],
    NOW_US,
  );
  const at = ['of direct:web1', 'ended', 'of direct:web2', 'in less than a day', 'of gateway', 'in 90 days'].map(
    (part) => text.indexOf(part),
  );
  assert.ok(
    at.every((place, i) => place > (at[i - 1] ?? -1)),
    `${at}`,
  );
});

test('what the judge says of the days to come stands with the limits, escaped', () => {
  const outlook = [{ cause: 'change/latency' as const, state: 'clear' as const, text: 'p99.9 < timer' }];
  assert.match(headroomPart([], [], outlook).markup, /No limit is known[\s\S]*Times over weeks: p99.9 &lt; timer/);
  assert.doesNotMatch(headroomPart([], [], []).markup, /over weeks/);
});
