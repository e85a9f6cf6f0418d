/** What must hold between values of a profile, and what its user should know. Names and limits have files of their own. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { EXPERIMENT_KINDS } from '../model/profile.ts';
import { parseOrigin } from './http-leaves.ts';
import type { Path } from './parsed.ts';
import { formatPath } from './parsed.ts';
import type { ProfileFault } from './problems.ts';
import { isMapping, listOf, mappingOf, textOf } from './raw.ts';

/** Methods that by their definition change nothing (RFC 9110 §9.2.1). */
const HARMLESS_METHODS = ['GET', 'HEAD', 'OPTIONS'];
/** Refused as methods already. */
const NEVER_SENT = ['CONNECT', 'TRACE'];

/** Contradictions between values. Works on values that may be wrong elsewhere; those are left to the shape. */
export function ruleFaults(profile: unknown): ProfileFault[] {
  const { gateway, members, requests, experiments, schedule, maintenance, auth } = mappingOf(profile);
  const targets: [Path, unknown][] = [
    [['gateway'], gateway],
    ...listOf(members).map((member, index): [Path, unknown] => [['members', index], member]),
  ];
  return [
    ...targets.flatMap(([path, target]) => targetFaults(path, mappingOf(target))),
    ...gatewayAsMember(gateway, members),
    ...listOf(requests).flatMap((request, index) => requestFaults(['requests', index], mappingOf(request))),
    ...listOf(experiments).flatMap((experiment, index) =>
      experimentFaults(['experiments', index], mappingOf(experiment), requests),
    ),
    ...oneOf(['schedule'], schedule, [['every'], ['cron']]),
    ...listOf(maintenance).flatMap((window, index) =>
      oneOf(['maintenance', index], window, [
        ['from', 'to'],
        ['cron', 'for'],
      ]),
    ),
    ...heavierFaults(schedule, experiments),
    ...listOf(maintenance).flatMap((window, index) => emptyWindow(['maintenance', index], mappingOf(window))),
    ...loginFaults(mappingOf(mappingOf(auth)['login'])),
  ];
}

/** A cron line for an experiment that the profile does not have would never send anything. */
function heavierFaults(schedule: unknown, experiments: unknown): ProfileFault[] {
  const own = new Set(listOf(experiments).flatMap((experiment) => Object.keys(mappingOf(experiment))));
  return listOf(mappingOf(schedule)['heavier']).flatMap((heavier, index) =>
    listOf(mappingOf(heavier)['experiments']).flatMap((kind, entry): ProfileFault[] =>
      // Words that are no kind at all are refused by the shape.
      own.has(kind as string) || !EXPERIMENT_KINDS.some((known) => known === kind)
        ? []
        : [
            {
              path: ['schedule', 'heavier', index, 'experiments', entry],
              message: `${kind} is not among the experiments of this profile`,
              hint: 'Add it to experiments.',
            },
          ],
    ),
  );
}

function emptyWindow(path: Path, { from, to }: Readonly<Record<string, unknown>>): ProfileFault[] {
  const lengthMs = Date.parse(textOf(to) ?? '') - Date.parse(textOf(from) ?? '');
  return lengthMs <= 0 ? [{ path: [...path, 'to'], message: 'not after from' }] : [];
}

function targetFaults(path: Path, target: Readonly<Record<string, unknown>>): ProfileFault[] {
  const { url, http, tls } = target;
  const { ca, cert, key } = mappingOf(tls);
  const faults: ProfileFault[] = [];
  if (http === 2 && textOf(url)?.toLowerCase().startsWith('http://') === true) {
    faults.push({
      path: [...path, 'http'],
      message: 'HTTP/2 needs an https url',
      hint: 'It is agreed on inside TLS.',
    });
  }
  if ((cert === undefined) !== (key === undefined) && isMapping(tls) && 'cert' in tls !== 'key' in tls) {
    faults.push({
      path: [...path, 'tls'],
      message: 'cert and key belong together',
      found: cert === undefined ? 'key only' : 'cert only',
      hint: 'Give both or neither.',
    });
  }
  for (const [part, pem] of [
    ['ca', ca],
    ['cert', cert],
  ] as const) {
    if (typeof pem === 'string' && certificateOf(pem) === undefined)
      faults.push({ path: [...path, 'tls', part], message: 'not a certificate that can be read' });
  }
  if (typeof key === 'string')
    faults.push(...keyFaults([...path, 'tls', 'key'], key, typeof cert === 'string' ? certificateOf(cert) : undefined));
  return faults;
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // The library tells by throwing; the caller tells the user.
    return undefined;
  }
}

function keyFaults(path: Path, pem: string, certificate: X509Certificate | undefined): ProfileFault[] {
  try {
    const key = createPrivateKey(pem);
    const isPair = certificate === undefined || certificate.checkPrivateKey(key);
    return isPair ? [] : [{ path, message: 'the key does not belong to the certificate' }];
  } catch {
    // Its messages are numbers of OpenSSL; the two usual reasons are said instead.
    return [
      {
        path,
        message: 'not a private key that can be read',
        hint: 'A key with a passphrase loses it with: openssl pkey -in key.pem -out plain.pem.',
      },
    ];
  }
}

/** A comparison of a thing with itself finds nothing. Another Host at the same address is another thing. */
function gatewayAsMember(gateway: unknown, members: unknown): ProfileFault[] {
  const identity = identityOf(gateway);
  return listOf(members).flatMap((member, index) => {
    if (identity === undefined || identityOf(member) !== identity) return [];
    return [
      {
        path: ['members', index, 'url'],
        message: "the same as the gateway's url",
        hint: 'A member is asked directly, past the gateway.',
      },
    ];
  });
}

function identityOf(target: unknown): string | undefined {
  const { url, host } = mappingOf(target);
  const origin = parseOrigin(url);
  return origin.ok ? `${origin.value} ${(textOf(host) ?? new URL(origin.value).host).toLowerCase()}` : undefined;
}

function requestFaults(path: Path, request: Readonly<Record<string, unknown>>): ProfileFault[] {
  const method = textOf(request['method']) ?? 'GET';
  if (request['safe'] === true || [...HARMLESS_METHODS, ...NEVER_SENT].includes(method.toUpperCase())) return [];
  return [
    {
      path: [...path, 'method'],
      message: `${method} is sent only with safe: true`,
      found: method,
      hint: 'Set safe: true where repeating it does no harm.',
    },
  ];
}

function experimentFaults(
  path: Path,
  experiment: Readonly<Record<string, unknown>>,
  requests: unknown,
): ProfileFault[] {
  const { burst, timeout, volley } = experiment;
  const faults = oneOf([...path, 'burst'], burst, [['rate'], ['connections'], ['replay']]);
  if (mappingOf(burst)['connections'] !== undefined && mappingOf(burst)['arrival'] !== undefined) {
    faults.push({
      path: [...path, 'burst', 'arrival'],
      message: 'arrival has no meaning with connections',
      hint: 'Leave it out: each connection sends again when it was answered.',
    });
  }
  if (mappingOf(burst)['replay'] !== undefined && mappingOf(burst)['arrival'] !== undefined) {
    faults.push({
      path: [...path, 'burst', 'arrival'],
      message: 'arrival has no meaning with replay',
      hint: 'Leave it out: the log says when requests are due.',
    });
  }
  const { request: slow, beside } = mappingOf(volley);
  if (beside !== undefined && (slow === undefined || slow === beside)) {
    faults.push({
      path: [...path, 'volley', slow === undefined ? 'request' : 'beside'],
      message: slow === undefined ? 'beside needs request, the slow one' : 'beside is the request of the volley itself',
      hint: 'Name a slow request as request and a quick one as beside.',
    });
  }
  const timed = ['rate', 'replay'].find((key) => mappingOf(burst)[key] !== undefined);
  if (timed !== undefined && mappingOf(burst)['engine'] !== undefined) {
    faults.push({
      path: [...path, 'burst', 'engine'],
      message: `engine has no meaning with ${timed}`,
      hint: 'Leave it out: requests that are due at a time are always sent by our own engine.',
    });
  }
  const name = textOf(mappingOf(timeout)['request']);
  const request = listOf(requests).find((entry) => name !== undefined && mappingOf(entry)['name'] === name);
  const requestPath = textOf(mappingOf(request)['path']);
  if (requestPath !== undefined && !/\{\s*delay[^}]*\}/i.test(requestPath)) {
    faults.push({
      path: [...path, 'timeout', 'request'],
      message: `the path of ${name} has no {delayMs}`,
      found: requestPath,
      hint: 'Name a request whose delay the probe can ask for, or leave request out.',
    });
  }
  return faults;
}

/** Exactly one group of keys is given, and completely. */
function oneOf(path: Path, value: unknown, groups: readonly (readonly string[])[]): ProfileFault[] {
  if (!isMapping(value)) return [];
  const given = groups.filter((group) => group.some((key) => value[key] !== undefined));
  const wanted = groups
    .map((group) => group.join(' and '))
    .join(groups.flat().length > groups.length ? ', or ' : ' or ');
  const missing = given.length === 1 ? (given[0] ?? []).filter((key) => value[key] === undefined) : [];
  if (given.length === 1 && missing.length === 0) return [];
  const found = given.length === 0 ? 'none of them' : given.length > 1 ? 'both' : `no ${missing.join(' and ')}`;
  return [{ path, message: `expected ${wanted}, found ${found}`, expected: wanted, found }];
}

function loginFaults(login: Readonly<Record<string, unknown>>): ProfileFault[] {
  if (login['form'] === undefined || login['body'] === undefined) return [];
  return [
    { path: ['auth', 'login'], message: 'expected form or body, found both', expected: 'form or body', found: 'both' },
  ];
}

/** What is not wrong but should be known. For a profile without faults. */
export function ruleNotes(profile: unknown): string[] {
  const { gateway, members, requests } = mappingOf(profile);
  const targets: [Path, Readonly<Record<string, unknown>>][] = [
    [['gateway'], mappingOf(gateway)],
    ...listOf(members).map((member, index): [Path, Readonly<Record<string, unknown>>] => [
      ['members', index],
      mappingOf(member),
    ]),
  ];
  const notes = targets.flatMap(([path, target]) => targetNotes(formatPath(path), target));
  const seen = new Map<string, string>();
  for (const [path, target] of targets.slice(1)) {
    const identity = identityOf(target) ?? '';
    const first = seen.get(identity);
    if (first !== undefined)
      notes.push(`${formatPath(path)}.url is the same as ${first}.url: what differs between the two is chance`);
    else seen.set(identity, formatPath(path));
  }
  listOf(requests).forEach((request, index) => {
    const names = Object.keys(mappingOf(mappingOf(request)['headers']));
    if (names.some((name) => name.toLowerCase() === 'user-agent')) {
      notes.push(
        `requests[${index}].headers sets User-Agent: in access logs its requests are found by traceparent only`,
      );
    }
  });
  return notes;
}

function targetNotes(path: string, target: Readonly<Record<string, unknown>>): string[] {
  const { url, sni, tls } = target;
  const notes: string[] = [];
  const isPlain = textOf(url)?.toLowerCase().startsWith('http://') === true;
  if (!isPlain && mappingOf(tls)['verify'] === false) {
    notes.push(`ATTENTION: ${path}.tls.verify is false: any certificate is accepted, also that of somebody in between`);
  }
  if (isPlain && sni !== undefined) notes.push(`${path}.sni has no effect: ${path}.url is plain http`);
  if (isPlain && tls !== undefined) notes.push(`${path}.tls has no effect: ${path}.url is plain http`);
  return notes;
}
