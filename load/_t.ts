import { startServer } from './servers.ts';
import { measureStages, stageCases, stageTable } from './stages.ts';
import { measurePauses } from './pauses.ts';
const s=await startServer(['dist/server.js']);
for(const c of stageCases) console.log(stageTable([await measureStages(s.url,c)]).at(-1));
for(const n of [100_000,1_000_000,4_000_000]) console.log(await measurePauses(s.url,n));
await s.stop();
