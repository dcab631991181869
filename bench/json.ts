// Times the codec of JSON's numbers, and writes the figures into the documentation.
import { writeJsonReport } from './json-report.ts';

await writeJsonReport();
