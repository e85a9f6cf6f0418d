/** autocannon as its users run it, in a process of its own; prints the processor time from its first to its last request as one line of JSON. */
import autocannon from 'autocannon';

type AutocannonOrder = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly isNewEach: boolean;
};

const { url, connections, seconds, isNewEach } = JSON.parse(process.argv[2] ?? '') as AutocannonOrder;
const cpu = process.cpuUsage();
await autocannon({ url, connections, duration: seconds, ...(isNewEach ? { reconnectRate: 1 } : {}) });
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ cpuUs: user + system }));
