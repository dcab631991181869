import { Counter, Reading, type Count } from '../observability/instruments.ts';
import { addProcessMetrics } from '../observability/process-metrics.ts';
import { Registry } from '../observability/registry.ts';

/** What the supervisor adds to the metrics of the processes: of them, and of itself as a process. */
export class SupervisorMetrics {
  readonly registry = new Registry();
  /** Processes that ended. */
  readonly lost: Count;
  /** Ends what watches the process. */
  readonly close: () => void;

  /** @param listening how many processes answer. */
  constructor(listening: () => number) {
    this.registry.add(Reading.of({ name: 'surrogate_processes', help: 'Processes that answer on the port.', read: listening }));
    this.lost = this.registry
      .add(
        new Counter({
          name: 'surrogate_process_lost_total',
          help: 'Processes that ended without being told to, and whose place another took.',
        }),
      )
      .labels({});
    this.close = addProcessMetrics(this.registry);
  }
}
