import type { GeneralTable } from './general-advice.ts';
import { crashCommands, listeningCommands, reachCommands } from './member-commands.ts';
import { compareCommand, ofMeasured, theMember } from './remedy-words.ts';

type Ids =
  | 'connection/dropped-before-response'
  | 'connection/dropped-mid-response'
  | 'connection/invalid-response'
  | 'connection/keep-alive-race'
  | 'connection/silent-idle-drop'
  | 'connection/refused'
  | 'connection/unreachable'
  | 'connection/port-exhaustion'
  | 'connection/syn-loss'
  | 'dns/slow'
  | 'dns/failed'
  | 'tls/failed'
  | 'tls/slow'
  | 'tls/certificate-expiring'
  | 'path/delayed-ack'
  | 'path/retransmission';

export const CONNECTION_ADVICE: GeneralTable<Ids> = {
  'connection/refused': (context, family) => ({
    first: [
      `Start what should listen on ${theMember(context)}: the host answers, but the port is closed. Check that the service runs, listens on this port, and on an address that the gateway can reach (not only on 127.0.0.1).`,
    ],
    last: ['Let the gateway check its members, so that a closed port costs users nothing while others can answer.'],
    commands: listeningCommands(context, family),
    howToVerify: `${compareCommand(context)}: the member must answer directly, and no request through the gateway may fail.`,
  }),
  'connection/unreachable': (context, family) => ({
    first: [
      `Find out why packets do not reach ${theMember(context)}: host off, wrong address, missing route, or a firewall or security group that drops them. A closed port would be refused at once, so something on the way is silent.`,
    ],
    last: [
      "Shorten the gateway's connect timer and let it check its members, so that an unreachable one is left out quickly.",
    ],
    commands: reachCommands(context, family),
    howToVerify: `${compareCommand(context)}: connecting to the member must take about as long as to its peers.`,
  }),
  'connection/dropped-before-response': (context, family) => ({
    first: [
      `Look for what ended the connection on ${theMember(context)} at the time of the requests shown: a crash, a restart or recycle, a memory kill, a worker killed by its own timer, or an application that closes the response itself.`,
      'If it happens only on the first request after a pause, it is a keep-alive race: let the member keep idle connections longer than the gateway does.',
    ],
    last: [
      'Let the gateway repeat only requests that may safely be repeated; a repeated request that is not can do its work twice.',
    ],
    commands: crashCommands(family),
    howToVerify:
      'Run the same experiment again (gateprobe run <profile>): no reset or closed connection may remain, directly or through the gateway.',
  }),
  'connection/dropped-mid-response': (context, family) => ({
    first: [
      `Look for what ended the answer of ${theMember(context)} half-way: a crash while streaming, a restart, or a Content-Length that does not fit the body (often a filter that compresses or rewrites it).`,
    ],
    last: [
      'A gateway cannot repair this: the status has been sent. Some hide it: compare lengths directly and through the gateway.',
    ],
    commands: crashCommands(family),
    howToVerify:
      'Run the same experiment again (gateprobe run <profile>): no outcome may end in :truncated, and lengths must agree on every route.',
  }),
  'connection/invalid-response': (context) => ({
    first: [
      context.member === undefined
        ? 'Look at the raw answer that comes through the gateway (curl -v --raw): is it the gateway that listens there, and with TLS or without? Then headers that are too large or malformed, and two lengths.'
        : `Look at the raw answer of ${theMember(context)} (curl -v --raw): headers that are too large or malformed, two lengths, or TLS spoken to a plain port.`,
      'Make the headers smaller (cookies, tokens) before the limits of the gateway are raised.',
    ],
    howToVerify: `${compareCommand(context)}: the same request must succeed on both routes.`,
  }),
  'connection/keep-alive-race': (context) => ({
    first: [
      `Let ${theMember(context)} keep idle connections longer than the gateway does: the side that closes first must be the gateway. Now the member has an idle time${ofMeasured(context, 'memberIdleTimeoutUs')}.`,
      'Where the member cannot be changed, let the gateway close its idle connections a second or more before the member does, or not reuse them.',
    ],
    howToVerify:
      'Run the keep-alive experiment again, with upTo above the new idle time (gateprobe run <profile>): no request at the moment of the close may fail or be late.',
  }),
  'connection/silent-idle-drop': (context) => ({
    first: [
      `A device on the path forgets connections after an idle time${ofMeasured(context, 'idleLimitUs')}. Close idle connections on the gateway before that, or switch on TCP keep-alive with a shorter interval on both sides.`,
      'Raise the idle timer of the device (firewall, load balancer, address translation), or let it send resets.',
    ],
    howToVerify:
      'Run the idle experiment again (gateprobe run <profile>): the first request after the gap must not hang.',
  }),
  'connection/port-exhaustion': () => ({
    first: [
      'Reuse connections between gateway and members, so that requests do not need a new local port each.',
      'Where that is not possible, widen the range of local ports or give the gateway more addresses.',
    ],
    howToVerify: 'Run the burst again (gateprobe run <profile>): connect errors above a rate must be gone.',
  }),
  'connection/syn-loss': (context, family) => ({
    first: [
      `Look for full accept queues on ${theMember(context)} and for loss on the way: connects take one or more retransmission times.`,
      'Raise the accept backlog, or keep connections open so that fewer are made.',
    ],
    commands:
      family === 'any'
        ? [
            {
              gateway: 'member',
              title: 'Linux, on the member',
              text: 'ss -ltn\nnstat -az TcpExtListenOverflows TcpRetransSegs',
            },
          ]
        : [],
    howToVerify: 'Run again (gateprobe run <profile>): connect times must have one mode only.',
  }),
  'dns/slow': () => ({
    first: ['Ask each name server for the name and compare the times; replace or move the slow one, or cache nearer.'],
    howToVerify: 'Run again (gateprobe run <profile>): the DNS phase must be a few milliseconds.',
  }),
  'dns/failed': () => ({
    first: ['Check that the name exists in the view that this machine sees, and which name server answers.'],
    howToVerify: 'gateprobe check <profile> and one run: every target must resolve.',
  }),
  'tls/failed': () => ({
    first: [
      'Look at the certificate that is sent, its names and its chain (openssl s_client -connect <host>:<port> -servername <name>).',
      'Install the complete chain, use the name that the certificate has, and agree on a protocol version.',
    ],
    howToVerify: 'Run again (gateprobe run <profile>): no error:tls may remain.',
  }),
  'tls/slow': () => ({
    first: [
      'Reuse connections and TLS sessions; use ECDSA certificates and TLS 1.3; look for a slow revocation check.',
    ],
    howToVerify: 'Run again (gateprobe run <profile>): the TLS phase must be about two round trips or less.',
  }),
  'tls/certificate-expiring': () => ({
    first: ['Renew the certificate and reload the server; then find out why the automatic renewal did not.'],
    howToVerify: 'openssl s_client -connect <host>:<port> -servername <name> | openssl x509 -noout -dates',
  }),
  'path/delayed-ack': () => ({
    first: [
      'Write an answer with one system call, or switch off the Nagle algorithm (TCP_NODELAY) on the side that writes small pieces.',
    ],
    howToVerify: 'Run again (gateprobe run <profile>): the mode 40 ms above the fastest must be gone.',
  }),
  'path/retransmission': () => ({
    first: [
      'Look for loss on the way: duplex mismatch, a full link, a busy virtual switch, a failing cable or module.',
    ],
    howToVerify: 'Run again (gateprobe run <profile>): modes at +200 ms and its doublings must be gone.',
  }),
};
