// The clients of the connections soak, in a process of their own: node bad-clients-child.ts VICTIM-AS-JSON NAME SECONDS
import { misbehaviours, type Victim } from './bad-clients.ts';

const [, , victim, name, seconds] = process.argv;
await misbehaviours[name](JSON.parse(victim) as Victim, AbortSignal.timeout(Math.round(Number(seconds) * 1000)));
process.exit(0);
