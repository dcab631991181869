import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';

export interface Round {
  /** Answers a second. */
  rate: number;
  /** Every answer's time in ms. */
  latencies: number[];
  /** The server's processor time for one answer in ms, NaN where the system does not say. */
  cpu: number;
  failures: string[];
}

/** Processor time that a process has used, in ms. Linux counts it in hundredths of a second. */
function processorTime(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}

export interface Load {
  url: string;
  pid: number;
  body: string;
  connections: number;
  seconds: number;
  /** Whether the client looks for answers all the time instead of sleeping until one comes. */
  polling: boolean;
}

/** Keeps the event loop from sleeping until the returned function is called. */
export function stayAwake(): () => void {
  let awake = true;
  const again = () => {
    if (awake) setImmediate(again);
  };
  again();
  return () => {
    awake = false;
  };
}

/** A closed loop: each connection sends its next request when the last one is answered. */
export async function measure({ url, pid, body, connections, seconds, polling }: Load): Promise<Round> {
  const latencies: number[] = [];
  let first = 0;
  let last = 0;
  const before = processorTime(pid);
  const sleepAgain = polling ? stayAwake() : undefined;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      // The client's own figures are sampled once a second; the listener below sees each answer instead.
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        connections,
        duration: seconds,
        timeout: 60,
        sampleInt: 100,
      },
      (error: Error | null, outcome) => {
        if (error) reject(error);
        else resolve(outcome);
      },
    );
    instance.on('response', (_client, _status, _bytes, time) => {
      last = performance.now();
      if (latencies.length === 0) first = last;
      latencies.push(time);
    });
  });
  sleepAgain?.();
  const after = processorTime(pid);
  const failures: string[] = [];
  if (result.non2xx > 0) {
    const codes = Object.entries(result.statusCodeStats ?? {}).map(([code, { count = 0 }]) => `${count} x ${code}`);
    failures.push(`${result.non2xx} answers other than 2xx (${codes.join(', ')})`);
  }
  if (result.errors > 0) failures.push(`${result.errors} errors, of which ${result.timeouts} timeouts`);
  if (latencies.length < 2) failures.push(`${latencies.length} answers in ${seconds} s`);
  return {
    rate: latencies.length < 2 ? 0 : ((latencies.length - 1) * 1000) / (last - first),
    latencies,
    cpu: (after - before) / latencies.length,
    failures,
  };
}
