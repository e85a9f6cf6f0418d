import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { freb } from '../../../src/logs/formats/freb.ts';
import { createRandom } from '../../../src/model/random.ts';
import { readDocument } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/iis/${name}`, import.meta.url), 'utf8');
const ARR = fixture('seed-timeout/arr-freb.xml');
const MEMBER = fixture('seed-timeout/member-freb.xml');
const utc = (text: string): number => Date.parse(text) * 1000;

test('the gateway side: where it sent the request, under which id, and what failed', () => {
  const { entries, badCount } = readDocument(freb, ARR);
  assert.equal(badCount, 0);
  assert.equal(entries.length, 1);
  const { steps = [], ...entry } = entries[0] ?? assert.fail();
  assert.deepEqual(entry, {
    format: 'freb',
    kind: 'trace',
    atUs: utc('2011-07-18T16:50:50.907Z'),
    stamp: 'end',
    resolutionUs: 1000,
    method: 'GET',
    path: '/time/',
    host: 'test',
    userAgent: 'Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; WOW64; Trident/4.0)',
    ids: { arr: 'dbf06c50-adb0-4141-8c04-20bc2f193a61' },
    status: 502,
    substatus: 3,
    win32: 12_002,
    code: '0x80072ee2',
    durationUs: 29_889_000,
    durationResolutionUs: 1000,
    bytesSent: 1617,
    bytesReceived: 306,
    clientIp: '198.51.100.204',
    clientPort: 49_247,
    serverIp: '192.0.2.10',
    serverPort: 80,
    upstream: [{ address: '192.0.2.216' }],
    pool: 'DefaultAppPool',
    processId: 2208,
    extra: {
      siteId: '1',
      activityId: '{00000000-0000-0000-5900-0080000000FB}',
      failureReason: 'STATUS_CODE',
      triggerStatusCode: '502.3',
      authenticationType: 'anonymous',
      module: 'ApplicationRequestRouting',
      notification: 'EXECUTE_REQUEST_HANDLER',
      win32: '2147954402',
    },
  });
  const routed = steps.find(({ name }) => name === 'ARR_SERVER_ROUTED');
  assert.equal(routed?.atUs, utc('2011-07-18T16:50:21.033Z'));
  assert.equal(routed?.data['ResponseTime'], '15225');
  assert.ok(!steps.some(({ name }) => name.startsWith('NOTIFY_MODULE')), 'modules are not told one by one');
  assert.ok(!JSON.stringify(steps).includes('not-for-the-report'), 'cookies are masked');
});

test('the member side: the same id, and a client that had left', () => {
  const { entries } = readDocument(freb, MEMBER, {}, 100);
  const [entry] = entries;
  assert.equal(entry?.ids.arr, 'dbf06c50-adb0-4141-8c04-20bc2f193a61');
  assert.equal(entry?.clientGone, true);
  assert.deepEqual([entry?.status, entry?.substatus, entry?.durationUs], [200, 0, 45_207_000]);
  const flush = entry?.steps?.find(({ name }) => name === 'GENERAL_FLUSH_RESPONSE_END');
  assert.equal(flush?.atUs, utc('2011-07-18T16:51:06.240Z'));
  assert.equal(flush?.data['ErrorCode'], '2147943629');
});

test('the other spelling of routing, two members tried, no end event', () => {
  const { entries } = readDocument(freb, fixture('freb-rerouted.xml'));
  const [entry] = entries;
  assert.deepEqual(entry?.upstream, [{ address: 'web1.example.com' }, { address: 'web2.example.com' }]);
  assert.deepEqual(entry?.ids, {
    probe: '00f1e2d3c4b5a697',
    arr: 'aabbccdd-0011-2233-4455-66778899aabb',
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  });
  assert.equal(entry?.host, 'shop.example.com');
  assert.equal(entry?.query, 'id=7');
  assert.equal(entry?.win32, 12_030, 'the last error counts');
  assert.equal(entry?.atUs, utc('2026-03-02T09:15:03.180Z'));
  assert.equal(entry?.extra?.['notification'], 'EXECUTE_REQUEST_HANDLER', 'from its number');
});

test('several requests behind one another; a torn one is left alone, a broken event does not hurt the others', () => {
  const broken = MEMBER.replace('<TimeCreated', '<Time Created');
  const text = `${ARR}${broken}${MEMBER.slice(0, 3_000)}`;
  for (const length of [1_000, 65_536]) {
    const { entries, bad, badCount } = readDocument(freb, text, {}, length);
    assert.deepEqual(
      entries.map(({ status }) => status),
      [502, 200],
    );
    assert.equal(badCount, 2);
    assert.equal(bad[1]?.reason, 'cut off');
    assert.equal(text.slice(bad[0]?.offset, (bad[0]?.offset ?? 0) + 6), '<Event');
  }
  assert.deepEqual(readDocument(freb, '<failedRequest url="http://a:80/"></failedRequest>').entries, []);
});

test('status, address and error code in other forms', () => {
  const variant = (from: string, to: string) => readDocument(freb, ARR.replace(from, to)).entries[0];
  assert.equal(variant('statusCode="502.3"', 'statusCode="404"')?.status, 404);
  assert.equal(variant('2147954402', 'The operation timed out&#10; (0x80072EE2)')?.win32, 12_002);
  assert.equal(variant('2147954402', '-2147012894')?.win32, 12_002);
  assert.equal(variant('2147954402', '')?.win32, undefined);
  assert.equal(variant('url="http://test:80/time/"', `url='http://a:81/x?y=">'`)?.path, '/x');
});

test('deep, endless and hostile documents do not grow', () => {
  const open = '<failedRequest url="http://a:80/" statusCode="502.3">';
  const event = (data: string): string =>
    `<Event><System><TimeCreated SystemTime="2026-01-01T00:00:00.000Z"/></System><EventData>${data}</EventData>` +
    '<RenderingInfo><Opcode>ARR_SERVER_ROUTED</Opcode></RenderingInfo></Event>';
  const bomb = `<!DOCTYPE a [<!ENTITY x "${'y'.repeat(100)}"><!ENTITY z "&x;&x;&x;">]>`;
  const texts: readonly (readonly [string, number])[] = [
    [`${open}${event('<Data Name="Server">s</Data>').repeat(1_000)}</failedRequest>`, 1],
    [`${open}${event(`<Data Name="a">${'x'.repeat(200_000)}</Data>`)}</failedRequest>`, 1],
    [`${open}${event('<a>'.repeat(20_000))}${event('')}</failedRequest>`, 1],
    [`${bomb}${open}${event('<Data Name="Server">&z;&z;</Data>')}</failedRequest>`, 1],
    [`${open}<Event>${'x'.repeat(3_000_000)}`, 0],
    [`<failedRequest url="${'x'.repeat(3_000_000)}`, 0],
    ['<'.repeat(100_000), 0],
  ];
  for (const [text, count] of texts) {
    const { entries, badCount } = readDocument(freb, text, {}, 65_536);
    assert.equal(entries.length, count, text.slice(0, 80));
    assert.ok(JSON.stringify(entries).length < 100_000, text.slice(0, 80));
    assert.ok((entries[0]?.steps?.length ?? 0) <= 200);
    assert.ok(badCount < 100);
  }
});

test('mutated documents do no harm', () => {
  const pieces = [
    '<',
    '>',
    '"',
    "'",
    '&',
    '&x;',
    '<!--',
    '<![CDATA[',
    '\0',
    '<Event>',
    '</Event>',
    '</failedRequest>',
    '9'.repeat(40),
  ];
  for (let seed = 1; seed <= 150; seed++) {
    const { next } = createRandom(seed);
    let text = seed % 2 === 0 ? ARR : MEMBER;
    for (let change = 0; change < 4; change++) {
      const at = Math.floor(next() * text.length);
      const piece = pieces[Math.floor(next() * pieces.length)] ?? '';
      text = text.slice(0, at) + (next() < 0.8 ? piece + text.slice(at + Math.floor(next() * 30)) : '');
    }
    const { entries } = readDocument(freb, text, {}, 1 + Math.floor(next() * 5_000));
    for (const { atUs } of entries) assert.ok(Number.isSafeInteger(atUs), `seed ${seed}`);
    assert.ok(entries.length <= 3, `seed ${seed}`);
  }
});
