import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestPieces } from '../../src/commands/run-export.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { directTo } from '../../src/model/route.ts';
import { type FullReply, fails, makeRecording, notSent, OK, refused } from '../helpers/make-recording.ts';

const given = ({ us, outcome = OK }: FullReply) => ({ us, outcome });

function recording() {
  return makeRecording({ noise: 0 })
    .experiment('compare', [
      { route: 'gateway', us: 4_000 },
      { route: directTo('web1'), dueUs: 1_500_000, ...given(fails(30_010_000, 502, 3)) },
      { route: directTo('web2'), dueUs: 2_000_000, ...given(refused()) },
      { route: 'gateway', dueUs: 3_000_000, ...given(notSent()) },
    ])
    .build();
}

/** Cells by name of the column; no cell of these tests holds a comma. */
function rows(text: string): Record<string, string>[] {
  const [head = '', ...lines] = text.trimEnd().split('\r\n');
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    assert.equal(cells.length, names.length, line);
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']));
  });
}

test('each kept request is a row of the table', () => {
  const { manifest, exchanges } = recording();
  const table = rows([...requestPieces(recording(), 'csv')].join(''));
  assert.equal(table.length, exchanges.length);
  const [ok, bad, unreachable, held] = table;
  assert.equal(Date.parse(ok?.['due_at'] ?? ''), Date.parse(manifest.startedAt) + (exchanges[0]?.dueUs ?? 0) / 1_000);
  assert.deepEqual(
    [ok?.['route'], ok?.['class'], ok?.['status'], ok?.['service_ms'], ok?.['substatus']],
    ['gateway', 'ok', '200', '4.000', ''],
  );
  assert.deepEqual(
    [bad?.['route'], bad?.['class'], bad?.['outcome'], bad?.['substatus'], bad?.['service_ms']],
    ['direct:web1', 'error', '502', '3', '30010.000'],
  );
  assert.deepEqual([unreachable?.['outcome'], unreachable?.['status']], ['error:refused', '']);
  assert.deepEqual(
    [held?.['class'], held?.['outcome'], held?.['response_ms'], held?.['service_ms']],
    ['not-sent', 'not-sent:cap', '', ''],
  );
});

test('what a spreadsheet would calculate is a text, and what would break the table is quoted', () => {
  const { exchanges, ...rest } = recording();
  const [first] = exchanges;
  const answeredBy = '=HYPERLINK("http://a/",1)\n';
  const changed: Exchange[] = [{ ...first!, answeredBy }];
  const text = [...requestPieces({ ...rest, exchanges: changed }, 'csv')].join('');
  assert.ok(text.includes(`,"'=HYPERLINK(""http://a/"",1)\n",`), text);
  const [line = ''] = [...requestPieces({ ...rest, exchanges: changed }, 'jsonl')];
  assert.equal((JSON.parse(line) as Exchange).answeredBy, answeredBy);
});

test('JSON lines hold what was recorded, with the moment and the class', () => {
  const { exchanges } = recording();
  const lines = [...requestPieces(recording(), 'jsonl')];
  assert.equal(lines.length, exchanges.length);
  for (const [index, line] of lines.entries()) {
    assert.match(line, /^[^\n]+\n$/);
    const { dueAt, class: cohort, ...exchange } = JSON.parse(line) as Exchange & { dueAt: string; class: string };
    assert.deepEqual(exchange, JSON.parse(JSON.stringify(exchanges[index])));
    assert.match(dueAt, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.ok(['ok', 'error', 'not-sent'].includes(cohort));
  }
});

test('without requests the table is its head, and there are no lines', () => {
  const empty = { ...recording(), exchanges: [] };
  assert.match([...requestPieces(empty, 'csv')].join(''), /^due_at,seq,[\w,]+\r\n$/);
  assert.deepEqual([...requestPieces(empty, 'jsonl')], []);
});
