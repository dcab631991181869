import { connect } from 'node:net';
import { peerWorks } from '../bench/peers/works.ts';
import { prepare } from '../bench/peers/connection.ts';
const [port, which] = [process.argv[2]!, process.argv[3]!];
const work = peerWorks().find(w=>w.name.includes(which))!;
const req = prepare(process.argv[4] ? { ...work.ours, path: '/', headers: { 'x-answer-bytes': process.argv[4] } } : work.ours);
let onData: (n: number, b: Buffer) => void = () => {};
const s = connect({ host: '127.0.0.1', port: +port, noDelay: true, onread: { buffer: Buffer.allocUnsafe(65536), callback: (n, b) => { onData(n, b as Buffer); return true; } } });
const acc: Record<string, number[]> = {};
const add = (k: string, v: number) => (acc[k] ??= []).push(v);
for (let i = 0; i < 70; i++) {
  const t0 = performance.now(); let sent = 0, first = 0, st = '';
  await new Promise<void>((done) => {
    let left = -1;
    onData = (n, b) => {
      let body = n;
      if (left < 0) { first = performance.now(); const h = b.toString('latin1', 0, Math.min(n, 2000)); const e = h.indexOf('\r\n\r\n'); left = +/content-length: *(\d+)/i.exec(h)![1]!; st = /server-timing: (.*)/i.exec(h)?.[1] ?? ''; body = n - e - 4; }
      left -= body; if (left <= 0) done();
    };
    s.cork(); for (const p of req) s.write(p, () => { sent = performance.now(); }); s.uncork();
  });
  const t1 = performance.now();
  if (i < 20) continue;
  add('sent', sent - t0); add('first', first - t0); add('last', t1 - t0); add('receive', t1 - first);
  let sum = 0; for (const p of st.split(', ')) { const [n, d] = p.split(';dur='); if (n) { add(n, +d!); sum += +d!; } }
  add('first minus stages', first - t0 - sum);
}
for (const k in acc) console.log(k, acc[k]!.sort((a, b) => a - b)[25]!.toFixed(2));
s.destroy();
