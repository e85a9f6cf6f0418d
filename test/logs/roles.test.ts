import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { freb } from '../../src/logs/formats/freb.ts';
import { httperr } from '../../src/logs/formats/httperr.ts';
import { iisW3c } from '../../src/logs/formats/iis-w3c.ts';
import { type RoleInput, tellRoles } from '../../src/logs/roles.ts';
import type { LogEntry, LogFormatId } from '../../src/model/log.ts';
import { readDocument, readLines } from '../helpers/read-log.ts';

const FOLDER = 'test/fixtures/logs/iis/';

function fixture(name: string): RoleInput {
  const text = readFileSync(FOLDER + name, 'utf8');
  if (name.endsWith('.xml')) return { name, format: 'freb', entries: readDocument(freb, text).entries };
  const format = name.includes('httperr') ? httperr : iisW3c;
  return { name, format: format.id, entries: readLines(format, text).entries };
}

function file(name: string, format: LogFormatId, entry: Partial<LogEntry> = {}, from?: string): RoleInput {
  const base = { format, kind: 'access', atUs: 0, stamp: 'end', resolutionUs: 1, ids: {} } as const;
  return { name, format, entries: [{ ...base, ...entry }], ...(from === undefined ? {} : { from }) };
}

const ARR = { extra: { 'x-arr-cache-hit': '0' } };

for (const [what, files, expected, members = []] of [
  [
    'ARR and member with their traces in one folder',
    [
      'seed-timeout/arr.log',
      'seed-timeout/member.log',
      'seed-timeout/arr-freb.xml',
      'seed-timeout/member-freb.xml',
    ].map(fixture),
    ['gateway', '192.0.2.216', 'gateway', '192.0.2.216'],
  ],
  [
    'HTTPERR of the member beside the log of ARR',
    ['seed-dropped/arr.log', 'seed-dropped/member-httperr.log'].map(fixture),
    ['gateway', '192.0.2.216'],
  ],
  ['only gateways write it', [file('h.log', 'haproxy'), file('a.log', 'combined')], ['gateway', 'a']],
  ['one log alone is a server’s', [file('logs/web7/access.log', 'combined')], ['web7']],
  [
    'one log alone that has a 504 is a gateway’s',
    [file('logs/web7/access.log', 'apache', { status: 504 })],
    ['gateway'],
  ],
  [
    'also with its error log, but not with a 503',
    [file('gw/access.log', 'apache', { status: 503 }), file('gw/error.log', 'apache-error', { kind: 'error' })],
    ['gw', 'gw'],
  ],
  [
    'beside another log a 502 tells nothing: it may be passed on',
    [file('a/access.log', 'combined', { status: 502 }), file('b/access.log', 'combined')],
    ['a', 'b'],
  ],
  [
    'an answer of another server in a log of Caddy',
    [file('a/access.log', 'caddy', { extra: { 'answered-by': 'Server: x' } }), file('b/access.log', 'caddy')],
    ['gateway', 'b'],
  ],
  [
    'which a member may have too, where something better tells',
    [file('a/access.log', 'caddy', { extra: { 'answered-by': 'Server: x' } }), file('n1/u.log', 'iis-w3c', ARR)],
    ['a', 'gateway'],
  ],
  [
    'a name of the profile in the path, though its application is called over WinHTTP',
    [file('logs/web1/u_ex.log', 'iis-w3c', { win32: 12_002 }), file('logs/gw/u_ex.log', 'iis-w3c', ARR)],
    ['web1', 'gateway'],
    ['web1'],
  ],
  [
    'a WinHTTP code tells a gateway only where nothing better does',
    [file('b/u_ex.log', 'iis-w3c', { win32: 12_002 }), file('a/u_ex.log', 'iis-w3c', ARR)],
    ['b', 'gateway'],
  ],
  [
    'a WinHTTP code alone',
    [file('b/u_ex.log', 'iis-w3c', { win32: 12_002 }), file('a/x.log', 'iis-w3c')],
    ['gateway', 'a'],
  ],
  [
    'an ARR id in a column of its own is a member’s',
    [
      file('b/u.log', 'iis-w3c', { ids: { arr: 'x' }, extra: { 'X-ARR-LOG-ID': 'x' } }),
      file('a/u.log', 'iis-w3c', ARR),
    ],
    ['b', 'gateway'],
  ],
  [
    'several nodes of a gateway',
    [file('n1/u.log', 'iis-w3c', ARR), file('n2/u.log', 'iis-w3c', ARR), file('w/u.log', 'iis-w3c')],
    ['gateway', 'gateway', 'w'],
  ],
  [
    'error logs go with the access log of their folder',
    [
      file('gw/access.log', 'nginx', { upstream: [] }),
      file('gw/error.log', 'nginx-error', { kind: 'error', message: 'x' }),
      file('web1/access.log', 'nginx'),
      file('web1/error.log', 'nginx-error', { kind: 'error', message: 'while reading upstream' }),
    ],
    ['gateway', 'gateway', 'web1', 'web1'],
  ],
  [
    'the access log beside a gateway’s error log, however rare its failures, and what rotation left of it',
    [
      file('log/access.log', 'combined'),
      file('log/access.log.1', 'combined'),
      file('log/access.log.2.gz', 'combined'),
      file('log/error.log', 'nginx-error', { kind: 'error', message: 'upstream timed out' }),
    ],
    ['gateway', 'gateway', 'gateway', 'gateway'],
  ],
  [
    'of several in a folder the one that is called like the error log',
    [
      file('access.log', 'combined'),
      file('web1.log', 'combined'),
      file('error.log', 'nginx-error', { kind: 'error', message: 'while connecting to upstream' }),
    ],
    ['gateway', 'web1', 'gateway'],
  ],
  [
    'logs of several members beside the gateway’s in one folder are called by their files',
    [
      file('farm/access.log', 'combined'),
      file('farm/error.log', 'nginx-error', { kind: 'error', message: 'while connecting to upstream' }),
      file('farm/web1.log', 'combined'),
      file('farm/web2.log', 'combined'),
      file('farm/web2.log.1', 'combined'),
      file('web3/access.log', 'combined'),
    ],
    ['gateway', 'gateway', 'web1', 'web2', 'web2', 'web3'],
  ],
  [
    'none of several in a folder that is called so',
    [
      file('a.log', 'combined'),
      file('b.log', 'combined'),
      file('e.log', 'nginx-error', { kind: 'error', message: 'while connecting to upstream' }),
    ],
    ['a', 'b', 'gateway'],
  ],
  [
    'the only log that is left where the others were said to be members’, with the error log beside it',
    [
      file('gw/access.log', 'combined'),
      file('gw/error.log', 'nginx-error', { kind: 'error', message: 'limiting requests' }),
      file('x/a.log', 'combined', {}, 'web1'),
      file('y/b.log', 'combined', {}, 'web2'),
    ],
    ['gateway', 'gateway', 'web1', 'web2'],
  ],
  [
    'several that are left stay members’',
    [file('gw/a.log', 'combined'), file('gw/b.log', 'combined'), file('x/a.log', 'combined', {}, 'web1')],
    ['gw', 'gw', 'web1'],
  ],
  [
    'where the gateway was said, calls of a member’s own make no second one',
    [file('g/a.log', 'combined', {}, 'gateway'), file('b/u_ex.log', 'iis-w3c', { win32: 12_002 })],
    ['gateway', 'b'],
  ],
  [
    'an error log that several could have written is nobody’s',
    [
      file('a.log', 'iis-w3c', { ...ARR, serverIp: '10.0.0.1' }),
      file('b.log', 'iis-w3c', { serverIp: '10.0.0.2' }),
      file('freb.xml', 'freb', { kind: 'trace' }),
    ],
    ['gateway', '10.0.0.2', 'unknown'],
  ],
  [
    'a server from whose address the requests of others come is in front of them',
    [
      file('b/u.log', 'iis-w3c', { serverIp: '10.0.0.2', clientIp: '10.0.0.1' }),
      file('a/u.log', 'iis-w3c', { serverIp: '10.0.0.1', clientIp: '203.0.113.7' }),
      file('c/u.log', 'iis-w3c', { serverIp: '10.0.0.3', clientIp: '10.0.0.1' }),
    ],
    ['10.0.0.2', 'gateway', '10.0.0.3'],
  ],
  [
    'members that ask each other are members',
    [
      file('b/u.log', 'iis-w3c', { serverIp: '10.0.0.2', clientIp: '10.0.0.1' }),
      file('a/u.log', 'iis-w3c', { serverIp: '10.0.0.1', clientIp: '10.0.0.2' }),
    ],
    ['10.0.0.2', '10.0.0.1'],
  ],
  [
    'what is beside the logs of a machine, as they are collected, is of that machine',
    [
      file('farm/arr1/logs/W3SVC1/a.log', 'iis-w3c', { ...ARR, serverIp: '10.0.0.1' }),
      file('farm/web1/logs/W3SVC2/u.log', 'iis-w3c', { serverIp: '10.0.0.2' }),
      file('farm/web2\\logs\\W3SVC2\\u.log', 'iis-w3c', { serverIp: '10.0.0.3' }),
      file('farm/arr1/events/System.xml', 'windows-events', { kind: 'event' }),
      file('farm/web1/events/System.xml', 'windows-events', { kind: 'event' }),
      file('farm/web2\\freb\\W3SVC2\\fr1.xml', 'freb', { kind: 'trace' }),
      file('farm/events/System.xml', 'windows-events', { kind: 'event' }),
    ],
    ['gateway', '10.0.0.2', '10.0.0.3', 'gateway', '10.0.0.2', '10.0.0.3', 'unknown'],
  ],
] as const satisfies readonly (readonly [string, readonly RoleInput[], readonly string[], (readonly string[])?])[])
  test(`roles: ${what}`, () => {
    const roles = tellRoles(files, members);
    assert.deepEqual(
      roles.map(({ role, member }) => (role === 'member' ? member : role)),
      expected,
      JSON.stringify(roles),
    );
    assert.ok(roles.every(({ because }) => because !== ''));
  });
