import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProfileError } from '../../src/errors.ts';
import { parseText } from './fixture-profiles.ts';

const VALID =
  'name: shop\ngateway: { url: "https://shop.example.com" }\nmembers: [{ name: web1, url: "http://192.0.2.11" }]\n';

/** Anything but a profile or a ProfileError fails the property. */
function isToldOrValid(text: string): void {
  try {
    parseText(text);
  } catch (error) {
    assert.ok(error instanceof ProfileError, String(error));
    assert.ok(error.problems.length > 0);
  }
}

test('no text makes it throw anything but a ProfileError', () => {
  const token = fc.constantFrom(
    ...'{}[]:,-?&*!|>%@`#"\'\n\t '.split(''),
    '- ',
    ': ',
    '\n  ',
    '---\n',
    '&a ',
    '*a',
    '<<',
    '!!int',
    'name',
    'url',
    '1',
    '${env:',
    '}',
    '~',
  );
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isToldOrValid), { numRuns: 300 });
  fc.assert(
    fc.property(
      fc.array(token, { maxLength: 60 }).map((parts) => parts.join('')),
      isToldOrValid,
    ),
    { numRuns: 1_000 },
  );
});

test('no value in any place makes it throw anything but a ProfileError', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>(
      '20/s',
      '5s',
      '50%',
      'home',
      'gateway p50 < 1s',
      'http://192.0.2.9:1',
      '/x?{delayMs}',
      `\${env:SHOP_TOKEN}`,
      `\${file:x}`,
      '__proto__',
      'constructor',
    ),
  );
  const KEYS = [
    'name',
    'gateway',
    'members',
    'requests',
    'experiments',
    'limits',
    'thresholds',
    'logs',
    'memberId',
    'cookies',
    'auth',
    'mask',
    'schedule',
    'maintenance',
    'alerts',
    'config',
    'history',
    'failOn',
    '__proto__',
  ];
  const INNER = [
    'name',
    'url',
    'host',
    'sni',
    'tls',
    'ca',
    'cert',
    'key',
    'http',
    'httpProxy',
    'path',
    'method',
    'headers',
    'body',
    'expect',
    'status',
    'compare',
    'burst',
    'ramp',
    'volley',
    'idle',
    'timeout',
    'rate',
    'for',
    'from',
    'to',
    'sizes',
    'gaps',
    'upTo',
    'request',
    'requests',
    'maxRate',
    'maxRequests',
    'basic',
    'login',
    'bearer',
    'user',
    'password',
    'form',
    'constructor',
  ];
  const inner = fc.dictionary(
    fc.constantFrom(...INNER),
    fc.oneof(value, fc.dictionary(fc.constantFrom(...INNER), value, { maxKeys: 4 })),
    { maxKeys: 5 },
  );
  const profile = fc.dictionary(
    fc.constantFrom(...KEYS),
    fc.oneof(value, inner, fc.array(fc.oneof(inner, value), { maxLength: 3 })),
    { maxKeys: 8 },
  );
  fc.assert(
    fc.property(profile, (written) => isToldOrValid(JSON.stringify(written))),
    { numRuns: 1_000 },
  );
});

test('a file full of mistakes is answered soon', () => {
  const many = (line: (index: number) => string, count: number): string =>
    Array.from({ length: count }, (_, index) => line(index)).join('');
  const requests = many((index) => `  - { name: n${index}, path: / }\n`, 3_000);
  const experiments = many((index) => `  - volley: { sizes: [2], request: m${index} }\n`, 3_000);
  const texts = [
    `${VALID}experiments:\n${many(() => '  - {}\n', 20_000)}`,
    `${VALID}requests:\n${requests}experiments:\n${experiments}`,
    many((index) => `key${index}: 1\n`, 15_000),
    `${VALID}mask: ${'['.repeat(100_000)}`,
    `${VALID}auth: { bearer: "${`\${env:A}`.repeat(50_000)}" }`,
  ];
  for (const text of texts) {
    const before = process.cpuUsage();
    assert.throws(() => parseText(text), ProfileError);
    // A bound that only a quadratic mistake exceeds.
    assert.ok(process.cpuUsage(before).user < 20_000_000, text.slice(120, 160));
  }
});
