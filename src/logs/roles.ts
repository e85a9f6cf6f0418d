/** Whose log a file is, where nobody said so: told from its own lines, its name, and the files beside it. */
import type { LogEntry, LogFormatId, LogRole } from '../model/log.ts';

export type Role = { readonly role: LogRole; readonly member?: string; readonly because: string };

export type RoleInput = {
  readonly name: string;
  readonly format: LogFormatId;
  /** The first entries. */
  readonly entries: readonly LogEntry[];
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
/** Their lines are about requests or processes of a host whose access log is another file. */
const BARE_FORMATS: readonly LogFormatId[] = ['nginx-error', 'apache-error', 'httperr', 'freb', 'windows-events'];

/** Why a log is a member's that nothing tells of: the one reason that may well be wrong. */
export const NOT_FORWARDED = 'no line of it was forwarded';

type Clue = { readonly isCertain: boolean; readonly because: string };

/**
 * Roles of all files together. A file named after a member is that member's. One with traces of forwarding (ARR's keys in the query,
 * attempts at members) is a gateway's; codes that a member may write about calls of its own count only where nothing better is known.
 * Files of the same machine have the same role, and error logs go with their access log. What is left is a member's; a bare error log
 * that goes with none is `unknown`, and not joined.
 */
export function tellRoles(files: readonly RoleInput[], memberNames: readonly string[]): readonly Role[] {
  const named = files.map(({ name }) => memberNames.find((member) => name.split(/[/\\.]/).includes(member)));
  const isLone = files.filter(({ format }) => !BARE_FORMATS.includes(format)).length === 1;
  const clues = files.map((file, index) => (named[index] === undefined ? clueOf(file, isLone) : undefined));
  const isCertain = clues.some((clue) => clue?.isCertain === true);
  const gateway = files.flatMap((file, index) => {
    const clue = clues[index];
    return clue !== undefined && (clue.isCertain || !isCertain) ? [{ file, index, because: clue.because }] : [];
  });
  const first = files.map((file, index): Role | undefined => {
    const own = gateway.find((one) => one.index === index);
    if (own !== undefined) return { role: 'gateway', because: own.because };
    const member = named[index];
    if (member !== undefined) return { role: 'member', member, because: `it is named after ${member}` };
    const beside = gateway.find((one) => isSameMachine(file, one.file, files));
    if (beside !== undefined) return { role: 'gateway', because: `it is of the same machine as ${beside.file.name}` };
    return BARE_FORMATS.includes(file.format) && ipOf(file) === undefined ? undefined : memberRole(file, gateway);
  });
  const access = files.flatMap((file, index) => {
    const role = first[index];
    return role === undefined || BARE_FORMATS.includes(file.format) ? [] : [{ file, role }];
  });
  return files.map((file, index) => first[index] ?? bareRole(file, access, gateway.length > 0));
}

function memberRole(file: RoleInput, gateway: readonly { readonly file: RoleInput }[]): Role {
  const client = gateway.find(({ file: other }) => {
    const ip = ipOf(other);
    return ip !== undefined && !isLoopback(ip) && file.entries.some(({ clientIp }) => clientIp === ip);
  });
  const because = client === undefined ? NOT_FORWARDED : `its requests come from ${client.file.name}`;
  return { role: 'member', member: nameOf(file), because };
}

/** An error log without an address goes with the access log of its folder, or with the only one that there is. */
function bareRole(
  file: RoleInput,
  access: readonly { readonly file: RoleInput; readonly role: Role }[],
  hasGateway: boolean,
): Role {
  const ofProgram = access.filter((one) => programOf(one.file.format) === programOf(file.format));
  const inFolder = ofProgram.filter((one) => folderOf(one.file.name) === folderOf(file.name));
  const near = inFolder.length > 0 ? inFolder : ofProgram;
  const hosts = new Map(near.map(({ file: other, role }) => [`${role.role} ${role.member ?? ''}`, { other, role }]));
  const only = [...hosts.values()][0];
  if (hosts.size === 1 && only !== undefined)
    return { ...only.role, because: `it goes with ${only.other.name}, the only log of that kind` };
  if (hosts.size > 1 || (hasGateway && access.length > 0 && ofProgram.length === 0 && file.format !== 'windows-events'))
    return { role: 'unknown', because: 'it names no machine, and several could have written it' };
  return { role: 'member', member: nameOf(file), because: NOT_FORWARDED };
}

/** Access logs that say nothing of members unless they are told to. */
const QUIET_FORMATS: readonly LogFormatId[] = ['apache', 'caddy', 'combined', 'nginx'];

function clueOf({ format, entries }: RoleInput, isLone: boolean): Clue | undefined {
  if (GATEWAY_FORMATS.includes(format)) return { isCertain: true, because: 'only a gateway writes this format' };
  const certain = entries.map(forwardedBy).find((because) => because !== undefined);
  if (certain !== undefined) return { isCertain: true, because: `line with ${certain}` };
  const likely = entries.map(likelyForwarded).find((because) => because !== undefined);
  if (likely !== undefined) return { isCertain: false, because: `line with ${likely}` };
  // 502 and 504 are answers of gateways (RFC 9110 15.6.3, 15.6.5). Beside other logs it may be a member that passes on or asks an
  // application server; alone it is nearer to the clients than any other log that was given.
  const failed =
    isLone && QUIET_FORMATS.includes(format) ? entries.find(({ status }) => isOfGateways(status)) : undefined;
  return failed === undefined
    ? undefined
    : { isCertain: false, because: `line with ${failed.status}, which a server answers that asks others` };
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
  if (!BARE_FORMATS.includes(a.format) || programOf(a.format) !== programOf(b.format)) return false;
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

function hasOtherAccess(own: RoleInput, folder: string, all: readonly RoleInput[]): boolean {
  return all.some(
    (file) =>
      file !== own &&
      folderOf(file.name) === folder &&
      !BARE_FORMATS.includes(file.format) &&
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
function nameOf(file: RoleInput): string {
  const ip = ipOf(file);
  if (ip !== undefined && !isLoopback(ip)) return ip;
  const host = file.entries.find(({ hostName }) => hostName !== undefined)?.hostName;
  if (host !== undefined) return host;
  const parts = file.name.split(/[/\\]/);
  const folder = parts.at(-2);
  if (folder !== undefined && folder !== '' && folder !== '.' && folder !== '..') return folder;
  return parts.at(-1)?.replace(/\.\w+$/, '') ?? file.name;
}
