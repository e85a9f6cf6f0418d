import { apache } from '../../src/gateways/apache.ts';
import { arr } from '../../src/gateways/arr.ts';
import { caddy } from '../../src/gateways/caddy.ts';
import { envoy } from '../../src/gateways/envoy.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { haproxy } from '../../src/gateways/haproxy.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import { traefik } from '../../src/gateways/traefik.ts';
import { varnish } from '../../src/gateways/varnish.ts';
import { yarp } from '../../src/gateways/yarp.ts';

export const GATEWAYS: readonly Gateway[] = [arr, nginx, haproxy, apache, varnish, caddy, envoy, traefik, yarp];
