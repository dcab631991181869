import fp from 'fastify-plugin';

/** Logs what happens to the back-ends: which get ready, which fail and for how long they are out, which come back. */
export const backendLog = fp(
  (app, _options, done) => {
    const { events } = app.engine;
    // Where nobody asked for it, a library that is not installed is no cause for concern.
    const isOptional = app.config.compute.backend === 'auto';

    events.on('ready', ({ name, device, dtype, details }, again) => {
      app.log.info({ backend: name, device, dtype, ...details }, again ? 'back-end is back' : 'back-end is ready');
    });
    events.on('failed', (name, { kind, error, pauseMs, again }) => {
      const facts = { backend: name, reason: kind, retry_in_ms: pauseMs };
      if (again) app.log.debug({ ...facts, err: error }, 'back-end is still out');
      else if (kind === 'unavailable' && isOptional) app.log.info({ ...facts, detail: messageOf(error) }, 'back-end is not available');
      else app.log.warn({ ...facts, err: error }, 'back-end is out');
    });
    events.on('fallback', (to, { from, reason }) => {
      app.log.debug({ backend: to, instead_of: from, reason }, 'job fell back');
    });
    events.on('measured', ({ name, device }, crossOvers) => {
      app.log.info({ backend: name, device, cross_overs: crossOvers }, 'back-end is measured');
    });
    done();
  },
  { name: 'backend-log' },
);

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
