import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { freb } from '../../../src/logs/formats/freb.ts';
import { httperr } from '../../../src/logs/formats/httperr.ts';
import { iisNative } from '../../../src/logs/formats/iis-native.ts';
import { iisW3c } from '../../../src/logs/formats/iis-w3c.ts';
import { windowsEvents } from '../../../src/logs/formats/windows-events.ts';

const FORMATS = [iisW3c, iisNative, httperr, freb, windowsEvents];
const FIXTURES = new URL('../../fixtures/', import.meta.url);

function headOf(path: string, encoding: BufferEncoding = 'utf8'): string {
  const text = readFileSync(new URL(path, FIXTURES), 'utf8');
  const bytes = encoding === 'utf8' ? Buffer.from(text) : Buffer.from(`\ufeff${text}`, encoding);
  return bytes.subarray(0, 65_536).toString('latin1');
}

const OWN: readonly (readonly [string, string])[] = [
  ['logs/iis/seed-timeout/arr.log', 'iis-w3c'],
  ['logs/iis/seed-timeout/member.log', 'iis-w3c'],
  ['logs/iis/seed-dropped/arr.log', 'iis-w3c'],
  ['logs/iis/w3c-blocks.log', 'iis-w3c'],
  ['logs/iis/w3c-advanced.log', 'iis-w3c'],
  ['logs/iis/w3c-no-date.log', 'iis-w3c'],
  ['logs/iis/native.log', 'iis-native'],
  ['logs/iis/seed-dropped/member-httperr.log', 'httperr'],
  ['logs/iis/httperr-layouts.log', 'httperr'],
  ['logs/iis/seed-timeout/arr-freb.xml', 'freb'],
  ['logs/iis/seed-timeout/member-freb.xml', 'freb'],
  ['logs/iis/freb-rerouted.xml', 'freb'],
  ['logs/iis/events-rootless.xml', 'windows-events'],
  ['logs/iis/events-rooted.xml', 'windows-events'],
];

test('each format knows its own files and no other', () => {
  for (const [path, id] of OWN)
    for (const format of FORMATS) {
      const certainty = format.recognise(headOf(path));
      if (format.id === id) assert.ok(certainty >= 0.9, `${path}: ${format.id} ${certainty}`);
      else assert.equal(certainty, 0, `${path}: ${format.id}`);
    }
});

test('documents in UTF-16 are known too', () => {
  assert.equal(windowsEvents.recognise(headOf('logs/iis/events-rooted.xml', 'utf16le')), 1);
  assert.equal(freb.recognise(headOf('logs/iis/freb-rerouted.xml', 'utf16le')), 1);
});

test("other gateways' logs, other W3C logs and nothing are not ours", () => {
  const raw = readdirSync(new URL('gateway-lab/raw/', FIXTURES)).map((name) => headOf(`gateway-lab/raw/${name}`));
  assert.ok(raw.length >= 9);
  const others = [
    '',
    '\n\n',
    '#Software: Microsoft Internet Information Services 10.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status x-session x-fullpath\n',
    '#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status\n',
    '<?xml version="1.0"?>\n<configuration><Event/></configuration>',
    '{"text":"<Event xmlns=\\"http://schemas.microsoft.com/win/2004/08/events/event\\">"}',
  ];
  for (const head of [...raw, ...others])
    for (const format of FORMATS) assert.equal(format.recognise(head), 0, `${format.id}: ${head.slice(0, 80)}`);
});

test('a head that ends in the middle of a line is enough', () => {
  const line = '2026-05-27 10:00:00 192.0.2.1 GET /a - 80 - 198.51.100.1 curl/8.5.0 - 200 0 0 15';
  assert.ok(iisW3c.recognise(`${line}\n${line}\n${line.slice(0, 33)}`) > 0.5);
});
