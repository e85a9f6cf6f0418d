import { formatDuration } from '../model/quantity.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { RemedyContext } from './gateway.ts';
import type { GeneralTable } from './general-advice.ts';
import { reachCommands, slowWorkCommands } from './member-commands.ts';
import { compareCommand, ofMeasured, theMember, theRequests } from './remedy-words.ts';

const RERUN_TIMEOUT =
  'Run the timeout experiment again (gateprobe run <profile>): an answer that takes as long as the work needs must come back complete through the gateway.';

type Ids =
  | 'timeout/gateway-response'
  | 'timeout/gateway-read'
  | 'timeout/gateway-connect'
  | 'timeout/gateway-resolve'
  | 'timeout/gateway-send'
  | 'timeout/gateway-queue'
  | 'timeout/gateway-total'
  | 'timeout/member'
  | 'timeout/middlebox'
  | 'timeout/probe';

/** Above the longest default response timer of a gateway that we know (ARR without a farm, 120 s), with room for a connect. */
function probeLimitSeconds(context: RemedyContext): number {
  return Math.max(150, Math.ceil((context.suggestedUs ?? 0) / US_PER_SEC));
}

export const TIMEOUT_ADVICE: GeneralTable<Ids> = {
  'timeout/gateway-response': (context, family) => ({
    first: [
      `Decide first whether ${theRequests(context)} are meant to take longer than the gateway's timer${ofMeasured(context, 'timeoutUs')}. If not, make the slow work faster, or answer at once and do the work in the background: a longer timer only lets users wait longer and keeps more requests open.`,
      `If the work is expected to take that long, raise the response timer above the longest honest time${context.suggestedUs === undefined ? '' : `, here to ${formatDuration(context.suggestedUs)}`}, for this path only where the gateway can.`,
    ],
    last: ["Keep the order of the timers: client longer than gateway, gateway longer than the member's own limit."],
    commands: slowWorkCommands(family),
    howToVerify: RERUN_TIMEOUT,
  }),
  'timeout/gateway-read': (context) => ({
    first: [
      `The answer started and then paused for longer than the gateway's read timer${ofMeasured(context, 'timeoutUs')}. Let the application send something while it works, or end the answer sooner.`,
      'Raise the read timer only if such pauses are expected.',
    ],
    howToVerify:
      'Run the experiment again (gateprobe run <profile>): no answer may arrive truncated (200:truncated must be 0).',
  }),
  'timeout/gateway-connect': (context, family) => ({
    first: [
      `Find out why ${theMember(context)} does not answer connection attempts from the gateway: the host is off, a firewall or security group drops the packets, or its accept queue is full.`,
    ],
    last: [
      'Keep the connect timer short (a few seconds): a healthy member accepts within a round trip, and a long timer makes every user wait for a member that is off.',
    ],
    commands: reachCommands(context, family),
    howToVerify: `${compareCommand(context)}: the member must answer directly, and the gateway within its usual time.`,
  }),
  'timeout/gateway-resolve': () => ({
    first: [
      "Check the name servers that the gateway uses: ask each of them for the member's name and compare the times.",
      'Give members by address, or let the gateway cache the name, where names seldom change.',
    ],
    howToVerify: 'Run again (gateprobe run <profile>): the errors at the resolve timer must be gone.',
  }),
  'timeout/gateway-send': (context) => ({
    first: [
      `${theMember(context)} does not read the request body fast enough. Look for a handler that starts slow work before it reads the body.`,
      "Raise the gateway's send timer only for uploads that are expected to be slow.",
    ],
    howToVerify: 'Send the same upload directly and through the gateway: both must succeed in a similar time.',
  }),
  'timeout/gateway-queue': (_context, family) => ({
    first: [
      'Requests waited in the gateway for a free slot until its queue timer ended. Add capacity (members, or more concurrent requests per member) before the timer is raised.',
    ],
    last: ['A short queue timer with a clear 503 is better for users than a long wait, unless the peaks are short.'],
    commands: slowWorkCommands(family),
    howToVerify:
      'Run the burst again (gateprobe run <profile>): no 503 at the queue timer, and the wait must drain after the burst.',
  }),
  'timeout/gateway-total': (context) => ({
    first: [
      `The gateway ends every exchange at an absolute limit${ofMeasured(context, 'timeoutUs')}, also one that is still sending. Raise that limit for streams and downloads, or let clients fetch the answer in parts.`,
    ],
    howToVerify: RERUN_TIMEOUT,
  }),
  'timeout/member': (context, family) => ({
    first: [
      `${theMember(context)} ends the request itself${ofMeasured(context, 'timeoutUs')}, also without the gateway. Find the limit in the member (web server, framework, database or an upstream of its own).`,
      'Make the work fit into the limit, or raise the limit of the member. The gateway needs no change as long as its timer is longer.',
    ],
    commands: slowWorkCommands(family),
    howToVerify: `${compareCommand(context)}: the direct request must succeed first.`,
  }),
  'timeout/middlebox': (context) => ({
    first: [
      `Neither gateway nor member wrote this error${ofMeasured(context, 'timeoutUs')}. List what stands between the probe and the gateway (load balancer, firewall, content delivery network, VPN) and its idle and request timers.`,
      'Run the probe from inside that device: if the error is gone, it is the device.',
    ],
    howToVerify: 'Probe from both sides of the device (gateprobe compare): only the outer side may show the error.',
  }),
  'timeout/probe': (context) => ({
    first: [
      `The probe's own limit${ofMeasured(context, 'limitUs')} ended ${theRequests(context)}; this says nothing about the target yet.`,
      `Raise the limit in the profile (limits: requestTimeout: ${probeLimitSeconds(context)}s) above the gateway's own timer, so that the gateway's answer is seen. An ARR farm waits 30 s, nginx and Apache 60 s, ARR without a farm 120 s.`,
    ],
    howToVerify:
      'Run again (gateprobe run <profile>): the outcome must be an answer or an error of the target, not timeout:headers.',
  }),
};
