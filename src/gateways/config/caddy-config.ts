/** A Caddyfile: effective settings of every reverse_proxy, and of the servers towards clients. */
import { memberAddress } from './address.ts';
import { type Directive, lastOf } from './block.ts';
import { HEALTH, PROXY, TIMEOUTS, TRANSPORT } from './caddy-settings.ts';
import { readCaddyTree } from './caddy-tree.ts';
import type { Draft, Known, Written } from './draft.ts';
import type { FileTree } from './file-tree.ts';
import { goTime } from './values.ts';

const EVERYWHERE = { scope: 'all reverse_proxy', depth: 0 };

export function readCaddy(path: string, files: FileTree, draft: Draft): void {
  const root = readCaddyTree(path, files, draft);
  const options = root
    .filter(({ name, block }) => name === '' && block !== undefined)
    .flatMap(({ block }) => block ?? []);
  const sites = root.filter(({ name }) => name !== '');
  // One site may stand without braces: its address is the first line, the rest belongs to it.
  const bare =
    sites.length > 0 && sites.every(({ name, block }, i) => i > 0 || (block === undefined && name !== 'reverse_proxy'));
  const members = new Set<string>();
  for (const site of bare ? [] : sites) readProxies([site], siteName(site), draft, members);
  if (bare) readProxies(sites, sites[0]?.name ?? '', draft, members);
  const servers = options.filter(({ name }) => name === 'servers');
  for (const server of servers.length === 0 ? [undefined] : servers) {
    const timeouts = lastOf(server?.block, 'timeouts')?.block ?? [];
    const scope = server?.args.length ? `servers ${server.args.join(' ')}` : 'servers';
    for (const known of TIMEOUTS)
      declare(draft, known, writtenIn(timeouts, known.directive, scope, 0), [...members], {
        scope: 'servers',
        depth: 0,
      });
  }
}

function siteName({ name, args }: Directive): string {
  return [name, ...args].join(' ');
}

function readProxies(list: readonly Directive[], scope: string, draft: Draft, reached: Set<string>): void {
  for (const one of list) {
    if (one.name === 'reverse_proxy' || one.name === 'php_fastcgi') readProxy(one, scope, draft, reached);
    else if (one.block !== undefined) {
      const within = ['handle', 'handle_path', 'route', 'handle_errors'].includes(one.name);
      const path = one.args.join(' ');
      readProxies(one.block, within && path !== '' ? `${one.name} ${path} in ${scope}` : scope, draft, reached);
    }
  }
}

function readProxy(proxy: Directive, site: string, draft: Draft, reached: Set<string>): void {
  const block = proxy.block ?? [];
  const isAddress = (text: string) => !/^[/*@]/.test(text) || /^\/\//.test(text);
  const listed = [
    ...proxy.args.filter(isAddress).map((text) => ({ text, at: proxy })),
    ...block.filter(({ name }) => name === 'to').flatMap((one) => one.args.map((text) => ({ text, at: one }))),
  ];
  const members = listed.map(({ text, at }) => {
    const address = memberAddress(text.startsWith(':') ? `localhost${text}` : text, 80);
    draft.addMember({ address, file: at.file, line: at.line });
    reached.add(address);
    return address;
  });
  const scope = `${proxy.name} in ${site}`;
  const health = block.some(({ name }) => name === 'health_uri' || name === 'health_path' || name === 'health_port');
  for (const known of [...PROXY, ...(health ? HEALTH : [])])
    declare(draft, known, writtenIn(block, known.directive, scope, 2), members, EVERYWHERE);
  const transport = lastOf(block, 'transport');
  // php_fastcgi has the transport's settings directly.
  const inner = proxy.name === 'php_fastcgi' ? block : (transport?.block ?? []);
  const isFastCgi = proxy.name === 'php_fastcgi' || transport?.args[0] === 'fastcgi';
  for (const known of TRANSPORT) {
    const written = writtenIn(inner, known.directive, scope, 3);
    if (isFastCgi && written === undefined && known.directive !== 'dial_timeout') continue;
    declare(draft, known, written, members, EVERYWHERE);
  }
}

function writtenIn(list: readonly Directive[], name: string, scope: string, depth: number): Written | undefined {
  const found = lastOf(list, name);
  if (found === undefined) return undefined;
  return { file: found.file, line: found.line, value: found.args.join(' '), scope, depth };
}

function declare(
  draft: Draft,
  known: Known,
  written: Written | undefined,
  members: readonly string[],
  fallback: { readonly scope: string; readonly depth: number },
): void {
  draft.declare({ known, written, fallback, members, readTime: goTime });
}
