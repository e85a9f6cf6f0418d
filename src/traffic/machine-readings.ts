/** What Linux tells of a machine in text files; other systems have none of them. Pure: the texts are read by `machine-watch.ts`. */

/** Counts since the machine started; those that a text does not hold are undefined. */
export type StealReading = { readonly totalTicks: number; readonly stealTicks: number };
export type ThrottleReading = { readonly periods: number; readonly throttledUs: number };
export type TcpReading = { readonly segments: number; readonly retransmitted: number; readonly listenDrops: number };

/** First line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal (proc(5)); the guests' time is in the first two. */
export function readSteal(stat: string): StealReading | undefined {
  const fields = /^cpu\s+([\d ]+)$/m.exec(stat)?.[1]?.trim().split(/\s+/).map(Number).slice(0, 8);
  const stealTicks = fields?.[7];
  if (fields === undefined || stealTicks === undefined) return undefined;
  return { totalTicks: fields.reduce((sum, ticks) => sum + ticks, 0), stealTicks };
}

/** `cpu.stat` of a control group, version 2 (µs) or 1 (ns). Undefined where the group has no quota to speak of. */
export function readThrottle(text: string): ThrottleReading | undefined {
  const value = (name: string): number | undefined => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const periods = value('nr_throttled');
  const microseconds = value('throttled_usec');
  const nanoseconds = value('throttled_time');
  if (periods === undefined) return undefined;
  return { periods, throttledUs: microseconds ?? (nanoseconds ?? 0) / 1_000 };
}

/** Folders of the own control group below the mount point, most special first, out of `/proc/self/cgroup`. */
export function controlGroups(text: string): readonly string[] {
  const folders: string[] = [];
  for (const line of text.split('\n')) {
    const [, , controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers === '') folders.push(path, '/');
    else if (controllers.split(',').includes('cpu')) folders.push(`/cpu${path}`, `/${controllers}${path}`, '/cpu');
  }
  return [...new Set(folders.map((folder) => (folder === '/' ? '' : folder.replace(/\/$/, ''))))];
}

/** `/proc/net/snmp` and `/proc/net/netstat`: a line of names before each line of values. */
export function readTcp(snmp: string, netstat: string): TcpReading | undefined {
  const tcp = table(snmp, 'Tcp');
  const more = table(netstat, 'TcpExt');
  const segments = tcp.get('OutSegs');
  const retransmitted = tcp.get('RetransSegs');
  if (segments === undefined || retransmitted === undefined) return undefined;
  return {
    segments,
    // A segment that opens a connection is sent again where the other side does not accept: that is found elsewhere.
    retransmitted: retransmitted - (more.get('TCPSynRetrans') ?? 0),
    listenDrops: more.get('ListenOverflows') ?? 0,
  };
}

function table(text: string, name: string): ReadonlyMap<string, number> {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}: `))
    .map((line) =>
      line
        .slice(name.length + 2)
        .trim()
        .split(/\s+/),
    );
  return new Map((names ?? []).map((key, index) => [key, Number(values?.[index] ?? Number.NaN)]));
}

/** `/proc/sys/net/ipv4/ip_local_port_range`: the first and the last port. */
export function readPortRange(text: string): number | undefined {
  const [, first, last] = /^\s*(\d+)\s+(\d+)\s*$/.exec(text) ?? [];
  return first === undefined || last === undefined ? undefined : Number(last) - Number(first) + 1;
}
