/** Whose log a file is, where nobody said so: told from its own lines, its name, and the files beside it. */
import { DETAIL_FORMATS, type LogEntry, type LogFormatId, type LogRole } from '../model/log.ts';

export type Role = { readonly role: LogRole; readonly member?: string; readonly because: string };

export type RoleInput = {
  readonly name: string;
  readonly format: LogFormatId;
  /** The first entries. */
  readonly entries: readonly LogEntry[];
  /** `gateway`, or the name of a member, where the user said it: the rest is told in its light. */
  readonly from?: string;
};

/** Only gateways write these; error logs and nginx's and Apache's access logs are written by members too. */
const GATEWAY_FORMATS: readonly LogFormatId[] = [
  'haproxy',
  'envoy',
  'traefik',
  'varnish',
  'varnishlog',
  'aws-alb',
  'azure-application-gateway',
  'gcp',
];

/** Why a log is a member's that nothing tells of: the one reason that may well be wrong. */
export const NOT_FORWARDED = 'no line of it was forwarded';
const SAID = 'it was said so';
/** Why a log is a gateway's that has such answers, and no other log is nearer to the clients. */
export const ASKS_OTHERS = 'line with 502 or 504, which a server answers that asks others';

type Clue = { readonly isCertain: boolean; readonly because: string };

/**
 * Roles of all files together. A file named after a member is that member's. One with traces of forwarding (ARR's keys in the query,
 * attempts at members) is a gateway's; codes that a member may write about calls of its own count only where nothing better is known.
 * Files of the same machine have the same role, and error logs go with their access log. What is left is a member's; a bare error log
 * that goes with none is `unknown`, and not joined.
 */
export function tellRoles(files: readonly RoleInput[], memberNames: readonly string[]): readonly Role[] {
  const named = files.map(
    ({ name, from }) => from ?? memberNames.find((member) => name.split(/[/\\.]/).includes(member)),
  );
  const rest = loneRest(files, named);
  const clues = files.map((file, index) => {
    if (named[index] === 'gateway') return { isCertain: true, because: SAID };
    return named[index] === undefined ? (clueOf(file, rest) ?? askerOf(file, files)) : undefined;
  });
  const isCertain = clues.some((clue) => clue?.isCertain === true);
  const gateway = files.flatMap((file, index) => {
    const clue = clues[index];
    return clue !== undefined && (clue.isCertain || !isCertain) ? [{ file, index, because: clue.because }] : [];
  });
  const first = files.map((file, index): Role | undefined => {
    const own = gateway.find((one) => one.index === index);
    if (own !== undefined) return { role: 'gateway', because: own.because };
    const member = named[index];
    if (member !== undefined)
      return { role: 'member', member, because: file.from === undefined ? `it is named after ${member}` : SAID };
    const beside = gateway.find(
      (one) => isSameMachine(file, one.file, files) || isAccessOf(file, one.file, files, named),
    );
    if (beside !== undefined) return { role: 'gateway', because: `it is of the same machine as ${beside.file.name}` };
    return DETAIL_FORMATS.includes(file.format) && ipOf(file) === undefined ? undefined : memberRole(file, gateway);
  });
  const access = files.flatMap((file, index) => {
    const role = first[index];
    return role === undefined || DETAIL_FORMATS.includes(file.format) ? [] : [{ file, role }];
  });
  return files.map((file, index) => first[index] ?? bareRole(file, access, gateway.length > 0));
}

/**
 * What is left when the logs that have a name are put aside. `one`: a single access log, with its rotated files. `last`: the same, where
 * all the others are members': then the one that is left is nearest to the clients.
 */
type Rest = 'several' | 'one' | 'last';

function loneRest(files: readonly RoleInput[], named: readonly (string | undefined)[]): Rest {
  const left = files.filter(({ format }, index) => named[index] === undefined && !DETAIL_FORMATS.includes(format));
  if (named.includes('gateway') || new Set(left.map(({ name }) => logOf(name))).size !== 1) return 'several';
  return named.some((name) => name !== undefined) ? 'last' : 'one';
}

/** What rotation leaves of a file's name: `access.log` of `access.log.2.gz`, `access.log-20261121` or `access.log.1`. */
function logOf(name: string): string {
  return name.replace(/\.gz$/i, '').replace(/(?:\.\d{1,4}|[.-]\d{4}-?\d\d-?\d\d)$/, '');
}

function memberRole(file: RoleInput, gateway: readonly { readonly file: RoleInput }[]): Role {
  const client = gateway.find(({ file: other }) => {
    const ip = ipOf(other);
    return ip !== undefined && !isLoopback(ip) && file.entries.some(({ clientIp }) => clientIp === ip);
  });
  const because = client === undefined ? NOT_FORWARDED : `its requests come from ${client.file.name}`;
  // A folder that holds a log of the gateway is no member's: what else is in it is called by its file.
  const isShared = gateway.some(({ file: other }) => folderOf(other.name) === folderOf(file.name));
  return { role: 'member', member: nameOf(file, isShared), because };
}

/** An error log without an address goes with the access log of its folder, or with the only one that there is. */
function bareRole(
  file: RoleInput,
  access: readonly { readonly file: RoleInput; readonly role: Role }[],
  hasGateway: boolean,
): Role {
  const ofProgram = access.filter((one) => mayBeOf(file.format, one.file.format));
  const inFolder = ofProgram.filter((one) => folderOf(one.file.name) === folderOf(file.name));
  const paired = inFolder.filter((one) => logOf(one.file.name) === accessNameOf(file.name));
  const near = [paired, inFolder, aroundIn(file, ofProgram), ofProgram].find((some) => some.length > 0) ?? [];
  const hosts = new Map(near.map(({ file: other, role }) => [`${role.role} ${role.member ?? ''}`, { other, role }]));
  const only = [...hosts.values()][0];
  if (hosts.size === 1 && only !== undefined)
    return { ...only.role, because: `it goes with ${only.other.name}, the only log of that kind` };
  if (hosts.size > 1 || (hasGateway && access.length > 0 && ofProgram.length === 0 && file.format !== 'windows-events'))
    return { role: 'unknown', because: 'it names no machine, and several could have written it' };
  return { role: 'member', member: nameOf(file), because: NOT_FORWARDED };
}

/** Access logs below the nearest folder around the file that has any: `web1\\events\\System.xml` goes with `web1\\logs\\W3SVC2\\u_ex.log`. */
function aroundIn<Access extends { readonly file: RoleInput }>(
  file: RoleInput,
  access: readonly Access[],
): readonly Access[] {
  let folder = folderOf(file.name);
  while (folder !== '') {
    folder = folderOf(folder.slice(0, -1));
    const below = folder === '' ? [] : access.filter((one) => one.file.name.startsWith(folder));
    if (below.length > 0) return below;
  }
  return [];
}

/** Access logs that say nothing of members unless they are told to. */
const QUIET_FORMATS: readonly LogFormatId[] = ['apache', 'caddy', 'combined', 'nginx'];

function clueOf({ format, entries }: RoleInput, rest: Rest): Clue | undefined {
  if (GATEWAY_FORMATS.includes(format)) return { isCertain: true, because: 'only a gateway writes this format' };
  const certain = entries.map(forwardedBy).find((because) => because !== undefined);
  if (certain !== undefined) return { isCertain: true, because: `line with ${certain}` };
  const likely = entries.map(likelyForwarded).find((because) => because !== undefined);
  if (likely !== undefined) return { isCertain: false, because: `line with ${likely}` };
  // 502 and 504 are answers of gateways (RFC 9110 15.6.3, 15.6.5). Beside other logs it may be a member that passes on or asks an
  // application server; alone it is nearer to the clients than any other log that was given.
  if (!QUIET_FORMATS.includes(format) || rest === 'several') return undefined;
  if (rest === 'last')
    return { isCertain: false, because: 'the others are logs of members, and it is the only one left' };
  const failed = entries.find(({ status }) => isOfGateways(status));
  return failed === undefined ? undefined : { isCertain: false, because: ASKS_OTHERS };
}

/**
 * A server from whose address most requests of another log come, while its own come from elsewhere, is in front of it: ARR whose marks
 * in the query were not logged. Only likely, as members may ask each other.
 */
function askerOf(file: RoleInput, files: readonly RoleInput[]): Clue | undefined {
  const ip = ipOf(file);
  if (ip === undefined || isLoopback(ip) || DETAIL_FORMATS.includes(file.format)) return undefined;
  const others = files.filter((one) => !DETAIL_FORMATS.includes(one.format) && (ipOf(one) ?? ip) !== ip);
  if (others.some((one) => isMostlyFrom(file, ipOf(one)))) return undefined;
  const behind = others.find((one) => isMostlyFrom(one, ip));
  return behind === undefined
    ? undefined
    : { isCertain: false, because: `the requests of ${behind.name} come from it` };
}

function isMostlyFrom({ entries }: RoleInput, ip: string | undefined): boolean {
  return 2 * entries.filter(({ clientIp }) => clientIp === ip).length > entries.length;
}

/** Of a log that is alone, told when it was read to its end: failures may be too rare to be among the first lines. */
export function isLateGateway(format: LogFormatId, statuses: readonly number[], because: string | undefined): boolean {
  return because === NOT_FORWARDED && QUIET_FORMATS.includes(format) && statuses.some(isOfGateways);
}

function isOfGateways(status: number | undefined): boolean {
  return status === 502 || status === 504;
}

function forwardedBy({ format, upstream, extra = {}, ids, steps }: LogEntry): string | undefined {
  if (upstream !== undefined) return 'attempts at members';
  if (extra['server-status'] !== undefined || extra['x-arr-cache-hit'] !== undefined)
    return 'what ARR appends to the query';
  // A member logs the same id in a column of its own, which is then among the further fields.
  const isColumn = Object.keys(extra).some((name) => /^x-arr-log-id$/i.test(name));
  if (format.startsWith('iis-') && ids.arr !== undefined && !isColumn) return 'what ARR appends to the query';
  if (steps?.some(({ name }) => name.startsWith('ARR_')) === true) return 'events of ARR';
  return undefined;
}

function likelyForwarded({ win32 = 0, message, format, extra = {} }: LogEntry): string | undefined {
  if (format === 'caddy' && extra['answered-by'] !== undefined)
    return `an answer of another server (${extra['answered-by']})`;
  // An application that is hosted behind IIS on the member itself (ASP.NET Core) is called over WinHTTP too.
  if (win32 > 12_000 && win32 < 12_200) return `the WinHTTP code ${win32}`;
  // nginx and Apache on a member call their own application servers in the same words.
  if (/upstream|reverse_proxy|AH\d+: .*(?:backend|remote server)|proxy:/.test(message ?? ''))
    return 'a message about a member';
  return undefined;
}

function isSameMachine(a: RoleInput, b: RoleInput, all: readonly RoleInput[]): boolean {
  const [left, right] = [ipOf(a), ipOf(b)];
  if (left !== undefined && right !== undefined) return left === right && !isLoopback(left);
  if (!DETAIL_FORMATS.includes(a.format) || programOf(a.format) !== programOf(b.format)) return false;
  const folder = folderOf(a.name);
  if (folder !== folderOf(b.name)) return false;
  // A folder with logs of several machines is none of a machine.
  const machines = new Set(
    all
      .filter(({ name }) => folderOf(name) === folder)
      .map((file) => ipOf(file) ?? `by format ${programOf(file.format)}`),
  );
  return folder !== '' && machines.size <= 2 && !hasOtherAccess(b, folder, all);
}

/**
 * Whether an error log of a gateway is that of the same program as this access log: the only one of its folder, or the one of the same
 * name (`shop-error.log` and `shop-access.log`).
 */
function isAccessOf(
  own: RoleInput,
  error: RoleInput,
  all: readonly RoleInput[],
  named: readonly (string | undefined)[],
): boolean {
  if (!isOfProgram(own, error)) return false;
  const logs = all.flatMap((file, index) =>
    named[index] === undefined && isOfProgram(file, error) ? [logOf(file.name)] : [],
  );
  const pair = accessNameOf(error.name);
  return logs.includes(pair) ? logOf(own.name) === pair : new Set(logs).size === 1;
}

/** An access log that the program of the error log may have written, in the same folder. */
function isOfProgram({ format, name }: RoleInput, error: RoleInput): boolean {
  return isErrorLog(error.format) && mayBeOf(error.format, format) && folderOf(name) === folderOf(error.name);
}

function isErrorLog(format: LogFormatId): boolean {
  return format === 'nginx-error' || format === 'apache-error';
}

/** Whether one program may write both. nginx and Apache write `combined` where nobody chose a format. */
function mayBeOf(bare: LogFormatId, access: LogFormatId): boolean {
  return programOf(bare) === programOf(access) || (access === 'combined' && isErrorLog(bare));
}

/** By habit an error log is called like its access log: `shop-error.log` and `shop-access.log`. */
function accessNameOf(errorName: string): string {
  const folder = folderOf(errorName);
  return folder + logOf(errorName.slice(folder.length)).replace(/error/i, 'access');
}

function hasOtherAccess(own: RoleInput, folder: string, all: readonly RoleInput[]): boolean {
  return all.some(
    (file) =>
      file !== own &&
      folderOf(file.name) === folder &&
      !DETAIL_FORMATS.includes(file.format) &&
      programOf(file.format) === programOf(own.format) &&
      ipOf(file) !== ipOf(own),
  );
}

function folderOf(name: string): string {
  return name.replace(/[^/\\]*$/, '');
}

function ipOf({ entries }: RoleInput): string | undefined {
  return entries.find(({ serverIp }) => serverIp !== undefined)?.serverIp;
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

function programOf(format: LogFormatId): string {
  if (['iis-w3c', 'iis-native', 'httperr', 'freb', 'windows-events'].includes(format)) return 'iis';
  return format.replace(/-error$/, '');
}

/** The member's address, which all its logs have; else the name of its machine, folder or file. */
function nameOf(file: RoleInput, isShared = false): string {
  const ip = ipOf(file);
  if (ip !== undefined && !isLoopback(ip)) return ip;
  const host = file.entries.find(({ hostName }) => hostName !== undefined)?.hostName;
  if (host !== undefined) return host;
  const parts = file.name.split(/[/\\]/);
  const folder = parts.at(-2);
  const log = logOf(parts.at(-1) ?? file.name).replace(/\.\w+$/, '');
  if (isShared) return log;
  if (folder !== undefined && folder !== '' && folder !== '.' && folder !== '..') return folder;
  return parts.at(-1)?.replace(/\.\w+$/, '') ?? file.name;
}
