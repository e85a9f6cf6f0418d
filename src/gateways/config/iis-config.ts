/** applicationHost.config and web.config: farms, pools, sites and applications with the defaults that they inherit. */
import type { GatewayKind } from '../../model/profile.ts';
import type { Draft } from './draft.ts';
import { type FileTree, folderOf, join } from './file-tree.ts';
import { declareElement, type IisFile } from './iis-element.ts';
import { readFarms } from './iis-farms.ts';
import { APPLICATION, FAST_CGI, MODULES, POOL, SITE } from './iis-settings.ts';
import { attributeOf, childOf, childrenOf, readXmlLines, type XmlElement } from './xml-lines.ts';

export function readIis(path: string, files: FileTree, draft: Draft): GatewayKind {
  let kind: GatewayKind = 'iis';
  files.within(path, { file: path, line: 0 }, (text) => {
    const configuration = readRoot(text, path, draft);
    if (configuration === undefined) return;
    const file = { shown: path };
    if (readFarms(configuration, file, draft)) kind = 'arr';
    const host = childOf(configuration, 'system.applicationHost');
    if (host !== undefined) {
      readPools(host, file, draft);
      readSites(host, file, draft, files);
    }
    const isServer = host !== undefined;
    readModules(configuration, file, draft, isServer ? 'server' : `application of ${path}`, isServer ? 0 : 2);
    for (const location of childrenOf(configuration, 'location'))
      readModules(location, file, draft, `location ${attributeOf(location, 'path') ?? '.'}`, 2);
    for (const application of childrenOf(childOf(configuration, 'system.webServer', 'fastCgi'), 'application')) {
      const name = attributeOf(application, 'fullPath') ?? '';
      const prefix = `system.webServer/fastCgi/application[@fullPath='${name}']`;
      declareElement(draft, FAST_CGI, { file, elements: [application], scope: `FastCGI ${name}`, depth: 2, prefix });
    }
  });
  return kind;
}

function readRoot(text: string, path: string, draft: Draft): XmlElement | undefined {
  const { root, problems } = readXmlLines(text);
  for (const { line, found } of problems)
    draft.addProblem({
      file: path,
      line,
      expected: 'well-formed XML',
      found,
      fix: 'Read what could be read; IIS itself refuses this file (500.19).',
    });
  if (root?.name === 'configuration') return root;
  draft.addProblem({
    file: path,
    line: root?.line ?? 1,
    expected: '<configuration>',
    found: root === undefined ? 'no element' : `<${root.name}>`,
    fix: 'Give applicationHost.config (from System32\\inetsrv\\config) or a web.config.',
  });
  return undefined;
}

function readPools(host: XmlElement, file: IisFile, draft: Draft): void {
  const pools = childOf(host, 'applicationPools');
  const defaults = childOf(pools, 'applicationPoolDefaults');
  for (const pool of childrenOf(pools, 'add')) {
    const name = attributeOf(pool, 'name') ?? '';
    const place = {
      file,
      scope: `application pool ${name}`,
      depth: 1,
      prefix: `applicationPools/add[@name='${name}']`,
      inherited: ['applicationPools/applicationPoolDefaults'],
    };
    declareElement(draft, POOL, { ...place, elements: [pool, defaults] });
    const own = childOf(pool, 'recycling', 'periodicRestart', 'schedule');
    const schedule = own ?? childOf(defaults, 'recycling', 'periodicRestart', 'schedule');
    for (const time of childrenOf(schedule, 'add')) {
      const prefix = `${own === undefined ? place.inherited[0] : place.prefix}/recycling/periodicRestart/schedule/add`;
      const row = { path: [], name: 'value', meaning: 'recycle-other', kind: 'text' } as const;
      declareElement(draft, [row], { ...place, prefix, elements: [time] });
    }
  }
}

function readSites(host: XmlElement, file: IisFile, draft: Draft, files: FileTree): void {
  const sites = childOf(host, 'sites');
  const siteDefaults = childOf(sites, 'siteDefaults');
  const allApplications = childOf(sites, 'applicationDefaults');
  for (const site of childrenOf(sites, 'site')) {
    const name = attributeOf(site, 'name') ?? '';
    const prefix = `sites/site[@name='${name}']`;
    const inherited = ['sites/siteDefaults'];
    declareElement(draft, SITE, {
      file,
      elements: [site, siteDefaults],
      scope: `site ${name}`,
      depth: 1,
      prefix,
      inherited,
    });
    const own = childOf(site, 'applicationDefaults');
    for (const application of childrenOf(site, 'application')) {
      const path = attributeOf(application, 'path') ?? '/';
      const pool =
        attributeOf(application, 'applicationPool') ??
        attributeOf(own, 'applicationPool') ??
        attributeOf(allApplications, 'applicationPool') ??
        'DefaultAppPool';
      const scope = `application ${name}${path} in pool ${pool}`;
      declareElement(draft, APPLICATION, {
        file,
        elements: [application, own, allApplications],
        scope,
        depth: 2,
        prefix: `${prefix}/application[@path='${path}']`,
        inherited: [`${prefix}/applicationDefaults`, 'sites/applicationDefaults'],
      });
      readApplication(application, `${name}${path}`, file, draft, files);
    }
  }
}

/**
 * The web.config of an application, when it is there: where the configuration says, or where the collecting script of the documentation
 * puts it (`web/<site><path>/web.config` beside applicationHost.config).
 */
function readApplication(application: XmlElement, name: string, file: IisFile, draft: Draft, files: FileTree): void {
  const folder = childrenOf(application, 'virtualDirectory').find((one) => attributeOf(one, 'path') === '/');
  const physical = attributeOf(folder, 'physicalPath')
    ?.replace(/%SystemDrive%/i, 'C:')
    .replace(/%windir%/i, 'C:\\Windows');
  const copied = join(folderOf(file.shown), `web/${name.replace(/[^\w.-]+/g, '_').replace(/_$/, '')}/web.config`);
  const place = { file: file.shown, line: application.line };
  for (const path of physical === undefined ? [copied] : [copied, join(physical, 'web.config')]) {
    const found = files.matches(path, '', place, true)[0];
    if (found === undefined) continue;
    files.within(found, place, (text) => {
      const configuration = readRoot(text, found, draft);
      if (configuration === undefined) return;
      readFarms(configuration, { shown: found }, draft);
      readModules(configuration, { shown: found }, draft, `application ${name}`, 3);
      for (const location of childrenOf(configuration, 'location'))
        readModules(
          location,
          { shown: found },
          draft,
          `location ${attributeOf(location, 'path') ?? '.'} in application ${name}`,
          4,
        );
    });
    return;
  }
}

function readModules(configuration: XmlElement, file: IisFile, draft: Draft, scope: string, depth: number): void {
  for (const { path, rows } of MODULES) {
    const element = childOf(configuration, ...path);
    if (element === undefined) continue;
    // In process there is no forwarding to a second process, so requestTimeout does nothing there.
    const inProcess =
      path.includes('aspNetCore') && attributeOf(element, 'hostingModel')?.toLowerCase() === 'inprocess';
    const table = inProcess ? rows.filter(({ name }) => name !== 'requestTimeout') : rows;
    declareElement(draft, table, { file, elements: [element], scope, depth, prefix: path.join('/') });
  }
}
