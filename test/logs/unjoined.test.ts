import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iisW3c } from '../../src/logs/formats/iis-w3c.ts';
import { nginxError } from '../../src/logs/formats/nginx-error.ts';
import type { ClientRequest } from '../../src/logs/join/journeys.ts';
import type { Group } from '../../src/logs/source-group.ts';
import { unjoinedNotes } from '../../src/logs/unjoined.ts';
import type { Journey } from '../../src/model/journey.ts';
import { line, NOON, SEC } from './join/lines.ts';

/** A log of ten minutes around noon. */
function group(more: Partial<Group> = {}): Group {
  return {
    index: 0,
    role: 'member',
    member: 'web1',
    format: iisW3c,
    files: [{ name: 'web1.log' }],
    results: [{ entries: 7, firstAtUs: NOON - 300 * SEC, lastAtUs: NOON + 300 * SEC }],
    collected: { probeLines: 0 },
    ...more,
  } as unknown as Group;
}

function request(more: Partial<ClientRequest> = {}): ClientRequest {
  return { status: 200, sentAtUs: NOON, elapsedUs: SEC, direct: 'web1', ...more } as ClientRequest;
}

const HOLDS = { gateway: { access: [], details: [] }, members: [{ access: [line(0, NOON, 1)], details: [] }] };

for (const [what, groups, journeys, requests, expected] of [
  ['a member that was asked', [group()], [], [request()], [/1 answered request is in it: 7 lines/]],
  ['a log with a line of the run', [group()], [HOLDS], [request()], []],
  ['another member', [group()], [], [request({ direct: 'web2' })], []],
  ['nobody answered', [group()], [], [{ ...request(), status: undefined }], []],
  ['an error log', [group({ format: nginxError })], [], [request()], []],
  ['a log of nobody', [group({ role: 'unknown' })], [], [request()], []],
  ['only the gateway was asked', [group()], [], [{ ...request(), direct: undefined }], [/may have asked others/]],
  ['the probe’s other run', [group({ collected: { probeLines: 3 } as never })], [], [request()], [/of other requests/]],
  ['no line could be read', [group({ results: [{ entries: 0 }] as never })], [], [request()], [/could be read as/]],
] as const)
  test(`a log without requests of the run: ${what}`, () => {
    const notes = unjoinedNotes(groups, journeys as unknown as Journey[], requests as readonly ClientRequest[]);
    assert.equal(notes.length, expected.length, notes.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(notes[index] ?? '', pattern);
  });
