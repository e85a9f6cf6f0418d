/** nginx.conf: effective settings with http → server → location inheritance, and the members of upstream blocks. */
import { memberAddress } from './address.ts';
import type { Directive } from './block.ts';
import { lastOf } from './block.ts';
import type { Draft, Known, Written } from './draft.ts';
import type { FileTree } from './file-tree.ts';
import { CLIENT, EVENTS, MAIN, SERVER, STREAM, towardsMembers, UPSTREAM, UPSTREAM_KEPT } from './nginx-settings.ts';
import { readNginxTree } from './nginx-tree.ts';
import { nginxTime } from './values.ts';

/** A block in its surroundings, outermost first. */
type Frame = { readonly block: readonly Directive[]; readonly scope: string };
type Upstreams = ReadonlyMap<string, Directive>;

export function readNginx(path: string, files: FileTree, draft: Draft): void {
  const root = readNginxTree(path, files, draft);
  // A fragment (conf.d/*.conf, sites-enabled/*) stands inside http {}.
  const isWhole = root.some(({ name }) => ['http', 'stream', 'events'].includes(name));
  const http = isWhole ? root.filter(({ name }) => name === 'http').flatMap(({ block }) => block ?? []) : root;
  if (isWhole) {
    declareAll(draft, MAIN, [{ block: root, scope: 'main' }], [], 0);
    const events = root.find(({ name }) => name === 'events')?.block ?? [];
    declareAll(draft, EVENTS, [{ block: events, scope: 'events' }], [], 0);
  }
  readHttp(http, draft);
  for (const stream of root.filter(({ name }) => name === 'stream')) readStream(stream.block ?? [], draft);
}

function readHttp(http: readonly Directive[], draft: Draft): void {
  const upstreams = upstreamsOf(http);
  for (const server of http.filter(({ name }) => name === 'server')) {
    const block = server.block ?? [];
    const name = `server ${nameOfServer(block)}`;
    const frames = [
      { block: http, scope: 'http' },
      { block, scope: name },
    ];
    const reached = new Set<string>();
    readLocations(frames, name, upstreams, draft, reached);
    declareAll(draft, CLIENT, frames, [...reached], 0);
  }
  for (const upstream of upstreams.values()) declareUpstream(upstream, draft);
}

/** Adds to `reached` what requests of this block can come to. */
function readLocations(
  frames: readonly Frame[],
  server: string,
  upstreams: Upstreams,
  draft: Draft,
  reached: Set<string>,
): void {
  for (const directive of frames.at(-1)?.block ?? []) {
    const protocol = /^(proxy|fastcgi|uwsgi|scgi|grpc)_pass$/.exec(directive.name)?.[1];
    if (protocol !== undefined) {
      const members = membersOf(directive, upstreams);
      for (const { address, ...place } of members) draft.addMember({ address, ...place });
      const addresses = members.map(({ address }) => address);
      for (const address of addresses) reached.add(address);
      declareAll(draft, towardsMembers(protocol), frames, addresses, 0);
    }
    if (directive.block !== undefined && ['location', 'if', 'limit_except'].includes(directive.name)) {
      const own = `${directive.name} ${directive.args.join(' ')} in ${server}`;
      readLocations([...frames, { block: directive.block, scope: own }], server, upstreams, draft, reached);
    }
  }
}

function readStream(stream: readonly Directive[], draft: Draft): void {
  const upstreams = upstreamsOf(stream);
  for (const server of stream.filter(({ name }) => name === 'server')) {
    const block = server.block ?? [];
    const pass = lastOf(block, 'proxy_pass');
    if (pass === undefined) continue;
    const members = membersOf(pass, upstreams);
    for (const member of members) draft.addMember(member);
    const frames = [
      { block: stream, scope: 'stream' },
      { block, scope: `stream server ${nameOfServer(block)}` },
    ];
    declareAll(
      draft,
      STREAM,
      frames,
      members.map(({ address }) => address),
      0,
    );
  }
}

function declareUpstream(upstream: Directive, draft: Draft): void {
  const block = upstream.block ?? [];
  const scope = `upstream ${upstream.args[0] ?? ''}`;
  const servers = block.filter(({ name }) => name === 'server');
  const members = servers.map((server) => addressOf(server.args[0] ?? ''));
  const frames = [{ block, scope }];
  declareAll(draft, UPSTREAM, frames, members, 1);
  if (lastOf(block, 'keepalive') !== undefined) declareAll(draft, [UPSTREAM_KEPT], frames, members, 1);
  for (const { args, file, line } of servers) {
    const address = addressOf(args[0] ?? '');
    draft.addMember({ address, file, line });
    for (const known of SERVER) {
      const word = args.find((arg) => arg.startsWith(`${known.directive}=`));
      const written: Written | undefined =
        word === undefined
          ? undefined
          : {
              file,
              line,
              value: word.slice(known.directive.length + 1),
              scope: `server ${address} in ${scope}`,
              depth: 2,
            };
      draft.declare({ known, written, fallback: { scope, depth: 1 }, members: [address], readTime: nginxTime });
    }
  }
}

/** The innermost block that says something wins; a default belongs to the outermost. */
function declareAll(
  draft: Draft,
  table: readonly Known[],
  frames: readonly Frame[],
  members: readonly string[],
  depthOfDefault: number,
): void {
  for (const known of table) {
    let written: Written | undefined;
    for (let depth = frames.length - 1; depth >= 0 && written === undefined; depth--) {
      const frame = frames[depth] as Frame;
      const found = lastOf(frame.block, known.directive);
      if (found !== undefined) {
        const { file, line, args } = found;
        written = { file, line, value: textOf(known, args), scope: frame.scope, depth: depth + depthOfDefault };
      }
    }
    const fallback = { scope: frames[0]?.scope ?? 'http', depth: depthOfDefault };
    draft.declare({ known, written, fallback, members, readTime: nginxTime });
  }
}

/** keepalive_timeout may name a second value, which is only told to clients. */
function textOf({ directive, kind }: Known, args: readonly string[]): string {
  return directive === 'keepalive_timeout' && kind === 'time' ? (args[0] ?? '') : args.join(' ');
}

function upstreamsOf(block: readonly Directive[]): Upstreams {
  return new Map(block.filter(({ name }) => name === 'upstream').map((one) => [one.args[0] ?? '', one]));
}

function membersOf(
  pass: Directive,
  upstreams: Upstreams,
): readonly { readonly address: string; readonly file: string; readonly line: number }[] {
  const target = pass.args[0] ?? '';
  const scheme = /^[a-z]+:\/\//i.exec(target)?.[0] ?? '';
  const upstream = upstreams.get(target.slice(scheme.length).replace(/[/$].*$/, ''));
  if (upstream === undefined)
    return [{ address: memberAddress(target, scheme === '' ? undefined : 80), file: pass.file, line: pass.line }];
  return (upstream.block ?? [])
    .filter(({ name }) => name === 'server')
    .map(({ args, file, line }) => ({ address: addressOf(args[0] ?? ''), file, line }));
}

/** A server line of an upstream has port 80 unless it says another. */
function addressOf(text: string): string {
  return memberAddress(text, 80);
}

function nameOfServer(block: readonly Directive[]): string {
  const name = lastOf(block, 'server_name')?.args[0];
  if (name !== undefined && name !== '_' && name !== '') return name;
  return lastOf(block, 'listen')?.args[0] ?? '_';
}
