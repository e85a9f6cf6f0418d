import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFormat } from '../../../src/logs/format.ts';
import { type RecogniseOptions, recogniseFormat } from '../../../src/logs/reading/recognise.ts';
import { smallDocument, smallLines } from './small-logs.ts';

const HEAD = Buffer.from('#x\n1 200 a\n2 200 b\n');

function format(id: LogFormat['id'], certainty: number, reading = smallLines.reading): LogFormat {
  return { ...smallLines, id, title: `title of ${id}`, recognise: () => certainty, reading };
}

function recognise(formats: readonly LogFormat[], more: Partial<RecogniseOptions> = {}, head = HEAD) {
  return recogniseFormat(head, { formats, name: 'x.log', mask: (text) => text.replaceAll('secret', '***'), ...more });
}

test('the surest format wins, wherever it stands', () => {
  const formats = [format('nginx', 0.6), format('caddy', 0.9), format('apache', 0.7)];
  for (const order of [formats, [...formats].reverse()]) {
    const found = recognise(order);
    assert.ok(found.kind === 'known');
    assert.deepEqual([found.format.id, found.certainty, found.doubt], ['caddy', 0.9, undefined]);
  }
});

test('a half is enough, less is not', () => {
  assert.equal(recognise([format('nginx', 0.5)]).kind, 'known');
  assert.equal(recognise([format('nginx', 0.49)]).kind, 'unknown');
  assert.equal(recognise([]).kind, 'unknown');
});

test('of equals the first wins, unless another one can read more', () => {
  const blind: LogFormat['reading'] = {
    unit: 'lines',
    open: (options) => {
      if (smallLines.reading.unit !== 'lines') throw new Error('not lines');
      return { ...smallLines.reading.open(options), read: () => 'bad' };
    },
  };
  const idOf = (...formats: LogFormat[]) => {
    const found = recognise(formats);
    return found.kind === 'known' ? found.format.id : found.kind;
  };
  assert.equal(idOf(format('nginx', 0.8), format('combined', 0.8)), 'nginx');
  assert.equal(idOf(format('combined', 0.8), format('nginx', 0.805)), 'combined');
  assert.equal(idOf(format('nginx', 0.8, blind), format('combined', 0.8)), 'combined');
  assert.equal(idOf(format('nginx', 0.82, blind), format('combined', 0.8)), 'nginx');
  assert.equal(idOf(format('freb', 0.8, smallDocument.reading), format('combined', 0.8)), 'combined');
});

test('one line without a line end is read too', () => {
  const found = recognise([smallLines, smallDocument], {}, Buffer.from('1 200 a'));
  assert.ok(found.kind === 'known' && found.format === smallLines);
});

test('what is not known says what was tried and how the file begins', () => {
  const head = Buffer.from('\n\x1b[31mfirst secret\r\nsecond \u202e\nthird\nfourth\n');
  const found = recognise([format('nginx', 0), format('caddy', 0.31)], {}, head);
  assert.ok(found.kind === 'unknown');
  assert.deepEqual(
    { ...found.problem, hint: found.problem.hint?.slice(0, 15) },
    {
      path: 'x.log',
      message: 'is of no format that is known',
      expected: 'one of caddy (31 %), nginx',
      found: '\\x1b[31mfirst ***\nsecond \\u202e\nthird',
      hint: 'Name its format',
    },
  );
});

test('a pattern alone is no format: the hint names the one it is of', () => {
  for (const [pattern, wanted] of [
    ['$time_iso8601|$status', /named too: nginx\.$/],
    ['%t|%>s', /named too: apache or varnish\.$/],
  ] as const) {
    const found = recognise([format('nginx', 0)], { formatOptions: { pattern } });
    assert.ok(found.kind === 'unknown');
    assert.match(found.problem.hint ?? '', wanted);
  }
});

test('nothing but blanks says nothing about the format', () => {
  for (const head of ['', '\n \r\n'])
    assert.equal(recognise([format('nginx', 1)], {}, Buffer.from(head)).kind, 'empty');
});

test('the format that the user named is taken, also for an empty file', () => {
  const formats = [format('nginx', 0.1), format('caddy', 0.8)];
  for (const head of [HEAD, Buffer.alloc(0)]) {
    const found = recognise(formats, { forced: 'nginx' }, head);
    assert.ok(found.kind === 'known');
    assert.deepEqual([found.format.id, found.doubt], ['nginx', undefined]);
  }
});

test('a named format that plainly does not fit is taken with a doubt', () => {
  const found = recognise([format('nginx', 0.1), format('caddy', 0.95)], { forced: 'nginx' });
  assert.ok(found.kind === 'known');
  assert.equal(found.format.id, 'nginx');
  assert.match(found.doubt?.message ?? '', /read as nginx, and looks like title of caddy/);
});

test('a named format that does not exist is a problem', () => {
  const found = recognise([format('nginx', 0.9)], { forced: 'caddy' });
  assert.ok(found.kind === 'unknown');
  assert.deepEqual([found.problem.expected, found.problem.found], ['nginx', 'caddy']);
});

test('what is no text is not shown', () => {
  const bytes = Buffer.from(Array.from({ length: 2_000 }, (_, at) => (at * 7) % 256));
  const found = recognise([format('nginx', 0.1)], {}, bytes);
  assert.ok(found.kind === 'unknown');
  assert.deepEqual([found.problem.message, found.problem.found], ['is no text', undefined]);
  const text = recognise([format('nginx', 0.1)], {}, Buffer.from('one\ttwo\r\n\u001b[31mred\u001b[0m\n'));
  assert.ok(text.kind === 'unknown');
  assert.equal(text.problem.message, 'is of no format that is known');
});
