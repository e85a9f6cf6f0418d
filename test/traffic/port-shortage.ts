/** A program of its own for `defects.test.ts`: opens ten connections at once where the machine has ports for fewer. */
import { outcomeKey } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createServers, startTestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
const port = await servers.raw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${port}`) });
const shots = Array.from({ length: 10 }, (_, i) => ({
  route: GATEWAY,
  dueUs: i * 1_000,
  connection: 'new' as const,
  holdUs: 300_000,
}));
const exchanges = await sender.send(shots);
const { portShortages } = await sender.close();
await servers.close();
process.stdout.write(JSON.stringify({ outcomes: exchanges.map(({ outcome }) => outcomeKey(outcome)), portShortages }));
