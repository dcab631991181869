// Times float64 kernels beside float32's and the reference, and writes the figures into the documentation.
import { writeFloat64Report } from './float64-report.ts';

await writeFloat64Report();
