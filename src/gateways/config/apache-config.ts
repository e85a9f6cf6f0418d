/** Apache httpd: effective settings with main server → virtual host inheritance, per member where its worker says so. */
import { memberAddress } from './address.ts';
import { BALANCER, HOST, MAIN, WORKER, WORKER_CONNECT, WORKER_RESPONSE } from './apache-settings.ts';
import { readApacheTree } from './apache-tree.ts';
import type { Directive } from './block.ts';
import type { Draft, Known, Written } from './draft.ts';
import type { FileTree } from './file-tree.ts';
import { apacheTime } from './values.ts';

const SECONDS = apacheTime('s');

/** The main server or a virtual host. */
type Host = { readonly scope: string; readonly depth: number; readonly directives: readonly Directive[] };
type Parameters = ReadonlyMap<string, Written>;
type Worker = { readonly url: string; readonly own: Parameters; readonly at: Directive };
type Balancer = { readonly members: Worker[]; readonly set: Map<string, Written> };

export function readApache(path: string, files: FileTree, draft: Draft): void {
  const root = flat(readApacheTree(path, files, draft), undefined);
  const main: Host = { scope: 'main server', depth: 0, directives: root };
  const hosts = root
    .filter(({ name }) => name === '<virtualhost>')
    .map((one): Host => ({ scope: `VirtualHost ${nameOf(one)}`, depth: 1, directives: flat(one.block ?? [], root) }));
  const balancers = balancersOf([main, ...hosts]);
  for (const known of MAIN) declare(draft, known, [main], []);
  const passed = new Set<Worker>();
  for (const host of [main, ...hosts]) {
    const chain = host === main ? [main] : [host, main];
    const reached = passes(host).flatMap((pass) => workersOf(pass, host, balancers));
    for (const worker of reached) {
      declareWorker(draft, worker, chain);
      passed.add(worker);
    }
    const members = [...new Set(reached.map(addressOf))];
    for (const known of HOST) declare(draft, known, chain, members);
  }
  for (const [url, balancer] of balancers) declareBalancer(draft, url, balancer, passed, [main]);
}

/**
 * Sections that only ask a condition are taken as met, except for a multi-processing module that is not loaded and for `!`: which of them
 * hold is known to the running server alone.
 */
function flat(directives: readonly Directive[], root: readonly Directive[] | undefined): readonly Directive[] {
  const loaded = new Set(
    (root ?? directives).flatMap(({ name, args }) =>
      name === 'loadmodule' && /^mpm_\w+_module$/.test(args[0] ?? '') ? [args[0] ?? ''] : [],
    ),
  );
  const hold = ({ args: [condition = ''] }: Directive): boolean => {
    if (condition.startsWith('!')) return false;
    const mpm = /^(?:mod_)?(mpm_[a-z]+|prefork|worker|event)(?:_module|\.c)?$/.exec(condition)?.[1];
    if (mpm === undefined || loaded.size === 0) return true;
    return loaded.has(`${mpm.startsWith('mpm_') ? mpm : `mpm_${mpm}`}_module`);
  };
  const open = (list: readonly Directive[]): readonly Directive[] =>
    list.flatMap((one) =>
      ['<ifmodule>', '<ifdefine>', '<ifversion>', '<iffile>', '<ifdirective>', '<ifsection>'].includes(one.name)
        ? hold(one)
          ? open(one.block ?? [])
          : []
        : [one],
    );
  return open(directives);
}

function nameOf(host: Directive): string {
  const name = host.block?.findLast((one) => one.name === 'servername')?.args[0];
  return name === undefined ? host.args.join(' ') : `${name} (${host.args.join(' ')})`;
}

/** A ProxyPass: what it leads to, the words after it and where it stands. */
type Pass = { readonly url: string; readonly words: readonly string[]; readonly at: Directive; readonly scope: string };

function passes(host: Host): readonly Pass[] {
  const from = (list: readonly Directive[], location: string | undefined): readonly Pass[] =>
    list.flatMap((one): readonly Pass[] => {
      if (/^<(location|locationmatch)>$/.test(one.name))
        return from(flat(one.block ?? [], host.directives), one.args.filter((word) => word !== '~').join(' '));
      if (one.name !== 'proxypass' && one.name !== 'proxypassmatch') return [];
      // Inside <Location> the path is that of the section.
      const [first = '', second = '', ...rest] = one.args;
      const inside = location !== undefined && /^[a-z+]+:/i.test(first);
      const url = inside ? first : second;
      if (url === '!' || url === '') return [];
      const path = inside ? location : first;
      const where = host.depth === 0 ? '' : ` in ${host.scope}`;
      return [{ url, words: inside ? one.args.slice(1) : rest, at: one, scope: `ProxyPass ${path}${where}` }];
    });
  return from(host.directives, undefined);
}

function workersOf(pass: Pass, host: Host, balancers: ReadonlyMap<string, Balancer>): readonly Worker[] {
  const own = parametersOf(pass.words, pass.at, pass.scope, 2);
  if (!/^balancer:/i.test(pass.url)) {
    const set = proxySets(host, pass.url);
    return [{ url: pass.url, own: new Map([...own, ...set]), at: pass.at }];
  }
  const balancer = balancers.get(balancerName(pass.url));
  // Words after ProxyPass to a balancer are the balancer's.
  for (const [key, value] of own) balancer?.set.set(key, value);
  return balancer?.members ?? [];
}

function balancersOf(hosts: readonly Host[]): ReadonlyMap<string, Balancer> {
  const balancers = new Map<string, Balancer>();
  const of = (url: string): Balancer => {
    const name = balancerName(url);
    const known = balancers.get(name) ?? { members: [], set: new Map() };
    balancers.set(name, known);
    return known;
  };
  const add = (balancer: Balancer, url: string, words: readonly string[], at: Directive): void => {
    const own = parametersOf(words, at, `BalancerMember ${url}`, 3);
    balancer.members.push({ url, own, at });
  };
  for (const { directives } of hosts)
    for (const one of directives) {
      const [url = '', ...words] = one.args;
      if (one.name === 'balancermember') add(of(url), words[0] ?? '', words.slice(1), one);
      if (one.name === 'proxyset' && /^balancer:/i.test(url)) setAll(of(url).set, words, one, url);
      if (one.name !== '<proxy>' || !/^balancer:/i.test(url)) continue;
      for (const inner of flat(one.block ?? [], directives)) {
        if (inner.name === 'balancermember') add(of(url), inner.args[0] ?? '', inner.args.slice(1), inner);
        if (inner.name === 'proxyset') setAll(of(url).set, inner.args, inner, url);
      }
    }
  return balancers;
}

function setAll(set: Map<string, Written>, words: readonly string[], at: Directive, url: string): void {
  for (const [key, value] of parametersOf(words, at, url, 2)) set.set(key, value);
}

/** `<Proxy "http://web1:8080"> ProxySet …`. */
function proxySets(host: Host, url: string): Parameters {
  const sections = host.directives.filter(
    ({ name, args }) =>
      name === '<proxy>' && args[0] !== undefined && !args[0].includes('*') && url.startsWith(args[0]),
  );
  const set = new Map<string, Written>();
  for (const inner of sections.flatMap(({ block }) => block ?? []))
    if (inner.name === 'proxyset') setAll(set, inner.args, inner, `Proxy ${url}`);
  return set;
}

function parametersOf(words: readonly string[], at: Directive, scope: string, depth: number): Map<string, Written> {
  const result = new Map<string, Written>();
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals > 0)
      result.set(word.slice(0, equals).toLowerCase(), {
        file: at.file,
        line: at.line,
        value: word.slice(equals + 1),
        scope,
        depth,
      });
  }
  return result;
}

function balancerName(url: string): string {
  return url
    .toLowerCase()
    .replace(/^balancer:\/\//, '')
    .replace(/[/?].*$/, '');
}

function addressOf({ url }: Worker): string {
  return memberAddress(url, 80);
}

function declareWorker(draft: Draft, worker: Worker, chain: readonly Host[]): void {
  const { own, at } = worker;
  const members = [addressOf(worker)];
  const route = own.get('route')?.value;
  draft.addMember({
    address: members[0] ?? '',
    ...(route === undefined ? {} : { name: route }),
    file: at.file,
    line: at.line,
  });
  const fallback = { scope: 'main server', depth: 0 };
  const put = (known: Known, written: Written | undefined) =>
    draft.declare({ known, written, fallback, members, readTime: SECONDS });
  // What is not set on the worker comes from ProxyTimeout, and that from Timeout (mod_proxy documentation).
  const timeout = own.get('timeout');
  const general = find(chain, 'ProxyTimeout') ?? find(chain, 'Timeout');
  const generalName = find(chain, 'ProxyTimeout') === undefined ? 'Timeout' : 'ProxyTimeout';
  const named = (known: Known, name: string): Known => ({ ...known, directive: name });
  put(timeout === undefined ? named(WORKER_RESPONSE, generalName) : WORKER_RESPONSE, timeout ?? general);
  const connect = own.get('connectiontimeout');
  const instead = timeout === undefined ? generalName : 'timeout';
  put(connect === undefined ? named(WORKER_CONNECT, instead) : WORKER_CONNECT, connect ?? timeout ?? general);
  const reuses =
    !/^on$/i.test(own.get('disablereuse')?.value ?? '') && !/^off$/i.test(own.get('enablereuse')?.value ?? '');
  for (const known of WORKER) if (reuses || known.meaning !== 'keep-alive-member') put(known, own.get(known.directive));
}

function declareBalancer(
  draft: Draft,
  url: string,
  balancer: Balancer,
  passed: ReadonlySet<Worker>,
  chain: readonly Host[],
): void {
  const members = balancer.members.map(addressOf);
  const scope = `balancer://${url}`;
  for (const known of BALANCER)
    draft.declare({
      known,
      written: balancer.set.get(known.directive),
      fallback: { scope: 'all balancers', depth: 0 },
      members,
      readTime: SECONDS,
    });
  // A balancer that no ProxyPass names may be reached by a rewrite rule.
  for (const worker of balancer.members) if (!passed.has(worker)) declareWorker(draft, worker, chain);
  if (members.length === 0)
    draft.addProblem({
      file: '',
      line: 0,
      expected: `members of ${scope}`,
      found: 'none',
      fix: 'Give the file that has its BalancerMember lines.',
    });
}

function declare(draft: Draft, known: Known, chain: readonly Host[], members: readonly string[]): void {
  const written = find(chain, known.directive);
  draft.declare({ known, written, fallback: { scope: 'main server', depth: 0 }, members, readTime: SECONDS });
}

/** The innermost host that has the directive. */
function find(chain: readonly Host[], directive: string): Written | undefined {
  for (const { directives, scope, depth } of chain) {
    const found = directives.findLast(({ name }) => name === directive.toLowerCase());
    if (found !== undefined) return { file: found.file, line: found.line, value: found.args.join(' '), scope, depth };
  }
  return undefined;
}
