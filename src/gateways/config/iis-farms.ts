/** ARR's part of applicationHost.config: farms with their members, and the proxy without a farm. */
import { memberAddress } from './address.ts';
import type { Draft } from './draft.ts';
import { declareElement, type IisFile } from './iis-element.ts';
import { FARM, FARM_HEALTH, FARM_MINIMUM, PROXY } from './iis-settings.ts';
import { attributeOf, childOf, childrenOf, type XmlElement } from './xml-lines.ts';

/** True when ARR forwards anything here. */
export function readFarms(configuration: XmlElement, file: IisFile, draft: Draft): boolean {
  const farms = childrenOf(childOf(configuration, 'webFarms'), 'webFarm');
  for (const farm of farms) readFarm(farm, file, draft);
  const webServers = [
    { element: configuration, where: '' },
    ...childrenOf(configuration, 'location').map((element) => ({
      element,
      where: attributeOf(element, 'path') ?? '',
    })),
  ];
  let forwards = false;
  for (const { element, where } of webServers) {
    const proxy = childOf(element, 'system.webServer', 'proxy');
    if (proxy === undefined) continue;
    forwards ||= attributeOf(proxy, 'enabled')?.toLowerCase() === 'true';
    const scope = where === '' ? 'server proxy (requests that no farm takes)' : `proxy at ${where}`;
    declareElement(draft, PROXY, {
      file,
      elements: [proxy],
      scope,
      depth: where === '' ? 0 : 1,
      prefix: 'system.webServer/proxy',
    });
  }
  return farms.length > 0 || forwards;
}

function readFarm(farm: XmlElement, file: IisFile, draft: Draft): void {
  const name = attributeOf(farm, 'name') ?? '';
  const members = childrenOf(farm, 'server').flatMap((server): readonly string[] => {
    const host = attributeOf(server, 'address');
    if (host === undefined) return [];
    // Members are asked by http unless the rewrite rule says https (SSL offloading is the default).
    const port = Number(attributeOf(childOf(server, 'applicationRequestRouting'), 'httpPort') ?? 80);
    const address = memberAddress(host, Number.isInteger(port) ? port : 80);
    draft.addMember({ address, name: host, file: file.shown, line: server.line });
    declareElement(draft, [{ path: [], name: 'enabled', meaning: 'enabled', kind: 'switch' }], {
      file,
      elements: [server],
      scope: `server ${host} in farm ${name}`,
      depth: 2,
      prefix: `webFarms/webFarm[@name='${name}']/server[@address='${host}']`,
      members: [address],
    });
    return [address];
  });
  const health = childOf(farm, 'applicationRequestRouting', 'healthCheck');
  const isTested = (attributeOf(health, 'url') ?? '') !== '';
  const isWatched = isTested || !/^(?:00:00:00)?$/.test(attributeOf(health, 'liveTrafficFailurePeriod') ?? '');
  declareElement(draft, [...FARM, ...(isTested ? FARM_HEALTH : []), ...(isWatched ? [FARM_MINIMUM] : [])], {
    file,
    elements: [farm],
    scope: `farm ${name}`,
    depth: 1,
    prefix: `webFarms/webFarm[@name='${name}']`,
    members,
  });
}
